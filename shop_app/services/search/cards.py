"""Cards: what a list shows of a product, built from rows of the listing index and the stock of the moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...core import clock, fact_cache
from ...core.fact_cache import product_tag
from ...models import ListingItem, Product, StockLevel, Variant
from ..catalog import availability, price_tags
from ..catalog.views import PictureView, ProductCard, Swatch

NEW_FOR = timedelta(days=45)
COLUMNS = tuple(
    col(getattr(ListingItem, name))
    for name in (
        "product_id",
        "slug",
        "title",
        "price_minor",
        "price_max_minor",
        "compare_at_minor",
        "rating_milli",
        "review_count",
        "published_at",
        "card",
        "sold_count",
    )
)

_ids = bindparam("ids", expanding=True)
_stocks = (
    select(col(Variant.product_id), *availability.STOCK_COLUMNS)
    .outerjoin(StockLevel, col(StockLevel.variant_id) == Variant.id)
    .where(col(Variant.product_id).in_(_ids), col(Variant.active))
)
_by_id = select(*COLUMNS).where(col(ListingItem.product_id).in_(_ids))
_by_slug = (
    select(*COLUMNS)
    .join(Product, col(Product.id) == ListingItem.product_id)
    .where(col(Product.slug).in_(bindparam("slugs", expanding=True)))
)


def new_since(now: datetime) -> datetime:
    """Products published from then on are new; the same all day, so that counts can be cached."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - NEW_FOR


def cards(session: Session, rows: Sequence[Any]) -> list[ProductCard]:
    """The cards of these rows of the listing index (COLUMNS), in their order, with their stock."""
    if not rows:
        return []
    fact_cache.depends(*(product_tag(row[0]) for row in rows))
    # A product isn't new for ever, and a day of delivery comes.
    fact_cache.until(clock.tomorrow())
    stocks: dict[int, list[availability.Stock]] = defaultdict(list)
    for product_id, *stock in session.connection().execute(_stocks, {"ids": [row[0] for row in rows]}).all():
        stocks[product_id].append(availability.Stock(*stock))
    now = clock.now()
    as_of_ms, since = int(now.timestamp() * 1000), new_since(now)
    return [_card(row, stocks[row[0]], as_of_ms, since) for row in rows]


def of_products(session: Session, product_ids: Sequence[int]) -> list[ProductCard]:
    """The cards of these products, in that order, those that aren't for sale left out."""
    if not product_ids:
        return []
    fact_cache.depends(*map(product_tag, product_ids))
    rows = {row[0]: row for row in session.connection().execute(_by_id, {"ids": list(product_ids)}).all()}
    return cards(session, [rows[key] for key in product_ids if key in rows])


def of_slugs(session: Session, slugs: Sequence[str]) -> list[ProductCard]:
    """The same, by slug."""
    if not slugs:
        return []
    rows = {row[1]: row for row in session.connection().execute(_by_slug, {"slugs": list(slugs)}).all()}
    return cards(session, [rows[slug] for slug in slugs if slug in rows])


def rating_milli(stars_sum: int, review_count: int) -> int:
    """The average of the stars times 1,000, rounded half up; 0 without reviews."""
    return (2000 * stars_sum + review_count) // (2 * review_count) if review_count else 0


def rating_percent(rating_milli: int) -> int:
    """The average as a part of five stars, rounded half up.

    >>> rating_percent(3400), rating_percent(3000)
    (68, 60)
    """
    return (rating_milli + 25) // 50


def rating_text(rating_milli: int) -> str:
    """ "4.8", "" for 0: no reviews.

    >>> rating_text(4750), rating_text(0)
    ('4.8', '')
    """
    tenths = (rating_milli + 50) // 100
    return f"{tenths // 10}.{tenths % 10}" if rating_milli else ""


def picture(columns: Sequence[Any]) -> PictureView:
    """A picture from its columns in the listing index: key, alt, width, height, colour; [] for none."""
    return PictureView(*columns) if columns else PictureView()


def _card(row: Any, stocks: list[availability.Stock], as_of_ms: int, since: datetime) -> ProductCard:
    _id, slug, title, low, high, compare_at, rating_milli, review_count, published_at, rest, _sold = row
    price, crossed_out, saving = price_tags.tag(low, high, compare_at)
    return ProductCard(
        slug=slug,
        title=title,
        price=price,
        compare_at=crossed_out,
        saving=saving,
        is_new=published_at >= since,
        in_stock=any(stock.available for stock in stocks),
        stock_line=availability.card_line(stocks),
        picture=picture(rest["picture"]),
        second=picture(rest["second"]),
        swatches=[Swatch(*swatch) for swatch in rest["swatches"]],
        rating=rating_text(rating_milli),
        review_count=review_count,
        as_of_ms=as_of_ms,
    )
