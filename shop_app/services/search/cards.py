"""Cards: what a list shows of a product, built from rows of the listing index and the stock of the moment."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import String, bindparam, cast, select
from sqlmodel import Session, col

from ...core import clock, fact_cache
from ...core.fact_cache import product_tag
from ...models import ListingItem, ListingVariant, Product, StockLevel, Variant
from ..catalog import availability, price_tags
from ..catalog.views import ListingQuery, PictureView, ProductCard, Swatch
from .facet_keys import in_json
from .folding import looks_like_code, squashed

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
_narrowed = (
    select(
        col(ListingVariant.product_id),
        col(ListingVariant.sku),
        col(ListingVariant.price_minor),
        col(ListingVariant.compare_at_minor),
        # As text: options are the same for many, and a picture is shown for few.
        cast(col(ListingVariant.options), String),
        cast(col(ListingVariant.picture), String),
        *availability.STOCK_COLUMNS,
    )
    .outerjoin(StockLevel, col(StockLevel.variant_id) == ListingVariant.variant_id)
    .where(col(ListingVariant.product_id).in_(_ids))
    .order_by(col(ListingVariant.product_id), col(ListingVariant.place))
)
_by_id = select(*COLUMNS).where(col(ListingItem.product_id).in_(_ids))
_by_slug = (
    select(*COLUMNS)
    .join(Product, col(Product.id) == ListingItem.product_id)
    .where(col(Product.slug).in_(bindparam("slugs", expanding=True)))
)


def new_since(now: datetime) -> datetime:
    """Products published from then on are new; the same all day, so that counts can be cached."""
    return clock.start_of(clock.day_of(now) - NEW_FOR)


class _Offer(NamedTuple):
    """A variant, as a filtered list looks at it."""

    sku: str
    price_minor: int
    compare_at_minor: int | None
    options: dict[str, str]
    picture_json: str
    stock: availability.Stock


def cards(session: Session, rows: Sequence[Any], query: ListingQuery | None = None) -> list[ProductCard]:
    """The cards of these rows of the listing index (COLUMNS), in their order, with their stock.

    Where the filters of `query`, or a SKU as its words, fit some of a product's variants and not others, its
    card is about those.
    """
    if not rows:
        return []
    fact_cache.depends(*(product_tag(row[0]) for row in rows))
    # A product isn't new for ever, and a day of delivery comes.
    fact_cache.until(clock.end_of(clock.today()))
    now = clock.now()
    as_of_ms, since = int(now.timestamp() * 1000), new_since(now)
    ids = {"ids": [row[0] for row in rows]}
    if query and (
        query.facets or query.in_stock or query.on_sale or _is_ranged(query) or looks_like_code(query.text)
    ):
        offers: dict[int, list[_Offer]] = defaultdict(list)
        for product_id, sku, price, compare_at, options, image, *stock in session.connection().execute(
            _narrowed, ids
        ):
            offer = _Offer(sku, price, compare_at, _parsed(options), image, availability.Stock(*stock))
            offers[product_id].append(offer)
        return [_narrowed_card(row, offers[row[0]], query, as_of_ms, since) for row in rows]
    stocks: dict[int, list[availability.Stock]] = defaultdict(list)
    for product_id, *stock in session.connection().execute(_stocks, ids):
        stocks[product_id].append(availability.Stock(*stock))
    return [_card(row, stocks[row[0]], as_of_ms, since) for row in rows]


def _is_ranged(query: ListingQuery) -> bool:
    return query.price_min_minor is not None or query.price_max_minor is not None


def _narrowed_card(
    row: Any, offers: list[_Offer], query: ListingQuery, as_of_ms: int, since: datetime
) -> ProductCard:
    """The card of a product, about the variants that fit where others don't; it leads to one in stock."""
    names = {name for offer in offers for name in offer.options} if query.facets else set()
    code = squashed(query.text) if query.text else ""
    typed = [offer for offer in offers if code and squashed(offer.sku) == code]
    fitting = typed or [offer for offer in offers if _fits(offer, query, names)]
    if not fitting or len(fitting) == len(offers):
        return _card(row, [offer.stock for offer in offers], as_of_ms, since)
    chosen = next((offer for offer in fitting if offer.stock.available), fitting[0])
    tag = price_tags.range_tag([(offer.price_minor, offer.compare_at_minor) for offer in fitting])
    shown = _parsed(chosen.picture_json)
    return _card(row, [offer.stock for offer in fitting], as_of_ms, since, tag, shown, chosen.sku)


@lru_cache(maxsize=65536)
def _parsed(text: str) -> Any:
    return json.loads(text)


def _fits(offer: _Offer, query: ListingQuery, names: Set[str]) -> bool:
    """Whether a variant fulfils all filters; its product has the properties that aren't among its options."""
    low, high = query.price_min_minor, query.price_max_minor
    return (
        (low is None or offer.price_minor >= low)
        and (high is None or offer.price_minor <= high)
        and (not query.in_stock or offer.stock.available)
        and (not query.on_sale or offer.compare_at_minor is not None)
        and all(
            offer.options.get(in_json(name)) in values
            for name, values in query.facets
            if in_json(name) in names
        )
    )


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
    """A picture from the listing index: key, alt, width, height, colour, and perhaps focus; [] for none."""
    return PictureView(*columns) if columns else PictureView()


def _card(
    row: Any,
    stocks: list[availability.Stock],
    as_of_ms: int,
    since: datetime,
    tag: price_tags.Tag | None = None,
    shown: Sequence[Any] = (),
    sku: str = "",
) -> ProductCard:
    _id, slug, title, low, high, compare_at, rating_milli, review_count, published_at, rest, _sold = row
    price, crossed_out, saving = tag or price_tags.tag(low, high, compare_at)
    return ProductCard(
        slug=slug,
        title=title,
        price=price,
        compare_at=crossed_out,
        saving=saving,
        is_new=published_at >= since,
        in_stock=any(stock.available for stock in stocks),
        stock_line=availability.card_line(stocks),
        picture=picture(shown or rest["picture"]),
        second=picture(rest["second"]),
        swatches=[Swatch(*swatch) for swatch in rest["swatches"]],
        rating=rating_text(rating_milli),
        review_count=review_count,
        as_of_ms=as_of_ms,
        variant_query=f"?variant={quote(sku, safe='')}" if sku else "",
    )
