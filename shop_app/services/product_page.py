"""The product page: one product with its variants, pictures, facts, reviews and what goes well with it."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select
from sqlmodel import Session, col

from .. import clock
from ..errors import NotFound
from ..models import (
    OptionValue, Picture, Product, ProductOption, ProductPicture, ProductStatus, ProductTag, ShelfItem,
    SlugRedirect, StockLevel, Variant, VariantOption, VariantPicture,
)  # fmt: skip
from ..settings import settings
from ..words import _, plural
from . import cards, kept, price_history, prices, reviews, shipping, signals, storefront
from .catalog import Crumb, Fact, Moved, OptionChoice, OptionView, PictureView, ProductCard, ProductPage, VariantView
from .structured_data import Offered, json_ld

RELATED = 4
_RELATED_TAGS = 4
META_LENGTH = 155
_TAGS = re.compile(r"<[^>]*>")

_product = select(
    *(
        col(getattr(Product, name))
        for name in (
            "id", "slug", "title", "subtitle", "description_html", "care", "materials", "dimensions_mm", "attributes",
            "vendor", "category_id", "review_count", "stars_sum", "seo_description",
        )
    )
).where(
    col(Product.slug) == bindparam("slug"), col(Product.status) == ProductStatus.ACTIVE.value,
    col(Product.published_at) <= bindparam("now"),
)  # fmt: skip
_moved = (
    select(col(Product.slug))
    .join(SlugRedirect, col(SlugRedirect.product_id) == Product.id)
    .where(col(SlugRedirect.slug) == bindparam("slug"))
)
_variants = (
    select(
        col(Variant.id), col(Variant.sku), col(Variant.barcode), col(Variant.title), col(Variant.price_minor),
        col(Variant.compare_at_minor), col(Variant.weight_grams), *signals.STOCK_COLUMNS,
    )
    .outerjoin(StockLevel, col(StockLevel.variant_id) == Variant.id)
    .where(col(Variant.product_id) == bindparam("id"), col(Variant.active))
    .order_by(col(Variant.position), col(Variant.id))
)  # fmt: skip
_options = (
    select(
        col(VariantOption.variant_id), col(ProductOption.name), col(OptionValue.value), col(OptionValue.swatch)
    )
    .select_from(ProductOption)
    .join(OptionValue, col(OptionValue.option_id) == ProductOption.id)
    .join(VariantOption, col(VariantOption.value_id) == OptionValue.id)
    .where(col(ProductOption.product_id) == bindparam("id"))
    .order_by(col(ProductOption.position), col(ProductOption.id), col(OptionValue.position), col(OptionValue.id))
)  # fmt: skip
_pictures = (
    select(
        col(ProductPicture.id), col(Picture.key), col(ProductPicture.alt), col(Picture.width),
        col(Picture.height), col(Picture.colour),
    )
    .join(Picture, col(Picture.id) == ProductPicture.picture_id)
    .where(col(ProductPicture.product_id) == bindparam("id"))
    .order_by(col(ProductPicture.position), col(ProductPicture.id))
)  # fmt: skip
_shown_by = (
    select(col(VariantPicture.variant_id), col(VariantPicture.product_picture_id))
    .join(Variant, col(Variant.id) == VariantPicture.variant_id)
    .where(col(Variant.product_id) == bindparam("id"))
    .order_by(col(VariantPicture.position).desc())
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant as the page works with it."""

    id: int
    sku: str
    barcode: str
    title: str
    price_minor: int
    compare_at_minor: int | None
    weight_grams: int
    stock: signals.Stock
    options: dict[str, str]
    """The value of each option."""
    picture_index: int


def product(session: Session, slug: str, sku: str = "") -> ProductPage:
    """One published product, with the variant `sku` chosen, or the first that can be bought.

    Errors  NotFound; Moved when the slug is an old one.
    """
    row = session.connection().execute(_product, {"slug": slug, "now": clock.now()}).first()
    if row is None:
        raise _gone(session, slug)
    pictures = session.connection().execute(_pictures, {"id": row.id}).all()
    choices, swatches = _choices(session, row.id, [picture[0] for picture in pictures])
    if not choices:
        raise _gone(session, slug)
    chosen = next((choice for choice in choices if choice.sku == sku), None) or next(
        (choice for choice in choices if choice.stock.available), choices[0]
    )
    return _page(session, row, [PictureView(*picture[1:]) for picture in pictures], choices, swatches, chosen)


def _gone(session: Session, slug: str) -> Exception:
    now_at = session.connection().execute(_moved, {"slug": slug}).scalar()
    if now_at and now_at != slug:
        return Moved(now_at)
    return NotFound(_("There is no such product."))


def _choices(
    session: Session, product_id: int, picture_ids: list[int]
) -> tuple[list[Choice], dict[tuple[str, str], str]]:
    """The variants, and the swatch of each (option, value) in the order of the pickers."""
    connection = session.connection()
    shown_by = {key: picture for key, picture in connection.execute(_shown_by, {"id": product_id})}
    options: dict[int, dict[str, str]] = defaultdict(dict)
    swatches: dict[tuple[str, str], str] = {}
    for variant_id, name, value, swatch in connection.execute(_options, {"id": product_id}):
        options[variant_id][name] = value
        swatches[name, value] = swatch
    return [
        Choice(
            *row[:7], stock=signals.Stock(*row[7:]), options=options[row[0]],
            picture_index=picture_ids.index(shown_by[row[0]]) if shown_by.get(row[0]) in picture_ids else 0,
        )
        for row in connection.execute(_variants, {"id": product_id})
    ], swatches  # fmt: skip


def _page(
    session: Session, row: Row[Any], pictures: list[PictureView], choices: list[Choice],
    swatches: dict[tuple[str, str], str], chosen: Choice,
) -> ProductPage:  # fmt: skip
    now = clock.now()
    crumbs = _crumbs(session, row.category_id, row.title)
    rating_milli = 1000 * row.stars_sum // row.review_count if row.review_count else 0
    shown = reviews.page(session, row.id) if row.review_count else []
    meta = row.seo_description or _cut(f"{row.subtitle}. {plain_text(row.description_html)}".lstrip(". "))
    delivery, cost = _delivery(session, chosen, now)
    variants = [_variant(choice, choices, swatches) for choice in choices]
    return ProductPage(
        slug=row.slug, title=row.title, subtitle=row.subtitle, crumbs=crumbs,
        description_html=row.description_html, pictures=pictures, variants=variants, chosen_sku=chosen.sku,
        lowest_30_days=_lowest(session, chosen), delivery_line=delivery, delivery_cost_line=cost,
        facts=_facts(row, chosen), care=row.care, rating=cards.rating_text(rating_milli),
        review_count=row.review_count,
        review_text=plural("{count} review", "{count} reviews", row.review_count),
        stars=reviews.spread(session, row.id) if row.review_count else [], reviews=shown,
        more_reviews=max(0, row.review_count - len(shown)), related=related(session, row.id, row.category_id),
        as_of_ms=int(now.timestamp() * 1000), meta_description=meta,
        json_ld=json_ld(
            slug=row.slug, title=row.title, description=meta, brand=row.vendor,
            picture_keys=[picture.key for picture in pictures], rating_milli=rating_milli,
            review_count=row.review_count, crumbs=crumbs,
            offers=[
                Offered(choice.sku, choice.barcode, choice.title, choice.price_minor, choice.stock.kind)
                for choice in choices
            ],
        ),
    )  # fmt: skip


def _variant(
    choice: Choice, choices: list[Choice], swatches: dict[tuple[str, str], str]
) -> VariantView:
    said = signals.variant_signal(choice.title, choice.price_minor, choice.compare_at_minor, choice.stock)
    return VariantView(
        sku=choice.sku, title=choice.title, price=said.price, price_minor=choice.price_minor,
        compare_at=said.compare_at, saving=said.saving, available=said.available, signal=said.signal,
        stock_line=said.stock_line, max_quantity=said.max_quantity, picture_index=choice.picture_index,
        options=_pickers(choice, choices, swatches),
    )  # fmt: skip


def _pickers(chosen: Choice, choices: list[Choice], swatches: dict[tuple[str, str], str]) -> list[OptionView]:
    """The pickers when this variant is chosen."""
    pickers: dict[str, list[OptionChoice]] = {name: [] for name in chosen.options}
    for (name, value), swatch in swatches.items():
        having = [choice for choice in choices if choice.options.get(name) == value]
        if name not in pickers or not having:
            continue
        wanted = {**chosen.options, name: value}
        exact = next((choice for choice in having if choice.options == wanted), None)
        # A combination that isn't made leads to the nearest one that is, but can't be bought as asked.
        target = exact or max(having, key=lambda choice: (_alike(choice, wanted), choice.stock.available))
        pickers[name].append(
            OptionChoice(
                value, swatch, chosen.options[name] == value, bool(exact and exact.stock.available), target.sku
            )
        )
    return [OptionView(name, chosen.options[name], made) for name, made in pickers.items()]


def _alike(choice: Choice, wanted: dict[str, str]) -> int:
    return sum(choice.options.get(name) == value for name, value in wanted.items())


def _crumbs(session: Session, category_id: int | None, title: str) -> list[Crumb]:
    by_id = storefront.tree.get(session, kept.stamp(session)).by_id
    branch = by_id.get(category_id) if category_id else None
    between = [by_id[key] for key in branch.path] if branch else []
    return [
        Crumb(_("Home"), "/"),
        *(Crumb(step.title, f"/products?category={step.slug}") for step in between),
        Crumb(title, ""),
    ]


def _lowest(session: Session, chosen: Choice) -> str:
    if not chosen.compare_at_minor:
        return ""
    lowest = price_history.lowest(session, [chosen.id]).get(chosen.id)
    if lowest is None:
        return ""
    return _("Lowest price of the last 30 days: {price}").format(price=prices.shown(lowest))


def _delivery(session: Session, chosen: Choice, now: datetime) -> tuple[str, str]:
    """When it would arrive in the shop's own country, and for how much; "" where nothing is delivered."""
    ways = shipping.methods(session).get(settings().country, ())
    best = shipping.cheapest(ways, chosen.price_minor, chosen.weight_grams)
    if best is None:
        return "", ""
    method, price_minor = best
    first, last = shipping.arrival_range(now.date(), method.min_days, method.max_days)
    dates = shipping.arrival_text(first, last, settings().locale, pick_up=method.is_pick_up)
    line = dates if method.is_pick_up else _("With you {dates}").format(dates=dates)
    if chosen.stock.kind in ("out", "backorder"):
        line = ""
    if price_minor == 0:
        return line, _("Free delivery")
    cost = _("Delivery {price}").format(price=prices.shown(price_minor))
    if method.free_above_minor is not None:
        cost = _("Delivery {price}, free from {limit}").format(
            price=prices.shown(price_minor), limit=prices.shown(method.free_above_minor)
        )
    return line, cost


def _facts(row: Row[Any], chosen: Choice) -> list[Fact]:
    facts = [Fact(_("Materials"), ", ".join(row.materials))] if row.materials else []
    sizes = row.dimensions_mm
    known = [(_("width"), sizes.get("width")), (_("depth"), sizes.get("depth")), (_("height"), sizes.get("height"))]
    measured = [(name, size) for name, size in known if size]
    if measured:
        text = " × ".join(_length(size) for _name, size in measured)
        names = ", ".join(name for name, _size in measured)
        facts.append(Fact(_("Size"), f"{text} cm ({names})"))
    if chosen.weight_grams:
        facts.append(Fact(_("Weight"), _weight(chosen.weight_grams)))
    facts += [Fact(made["name"], made["value"]) for made in row.attributes if made.get("name") and made.get("value")]
    return facts


def _length(mm: int) -> str:
    return prices.number(mm, 10)


def _weight(grams: int) -> str:
    return f"{prices.number(grams, 1000)} kg" if grams >= 1000 else f"{grams} g"


def plain_text(markup: str) -> str:
    """The words of sanitised HTML on one line.

    >>> plain_text("<p>One.</p><p>Two &amp; three.</p>")
    'One. Two & three.'
    """
    return " ".join(html.unescape(_TAGS.sub(" ", markup)).split())


def _cut(text: str) -> str:
    if len(text) <= META_LENGTH:
        return text
    return text[:META_LENGTH].rsplit(" ", 1)[0].rstrip(",;:.") + "…"


_own_tags = select(col(ProductTag.tag_id)).where(col(ProductTag.product_id) == bindparam("id"))
_alike_by_tag = (
    select(col(ProductTag.product_id))
    .where(col(ProductTag.tag_id) == bindparam("tag"), col(ProductTag.product_id) != bindparam("id"))
    .limit(24)
)
_alike_by_category = (
    select(col(ShelfItem.product_id), col(ShelfItem.in_stock))
    .where(
        or_(col(ShelfItem.category_id) == bindparam("category")), col(ShelfItem.product_id) != bindparam("id")
    )
    .order_by(col(ShelfItem.sold_count).desc(), col(ShelfItem.product_id).desc())
    .limit(24)
)
_stocked = select(col(ShelfItem.product_id), col(ShelfItem.in_stock)).where(
    col(ShelfItem.product_id).in_(bindparam("ids", expanding=True))
)


def related(session: Session, product_id: int, category_id: int | None) -> list[ProductCard]:
    """Four products with the same tags or of the same category, in stock ones first."""
    connection = session.connection()
    score: dict[int, int] = defaultdict(int)
    for (tag,) in connection.execute(_own_tags, {"id": product_id}).all()[:_RELATED_TAGS]:
        for (other,) in connection.execute(_alike_by_tag, {"tag": tag, "id": product_id}):
            score[other] += 2
    stocked: dict[int, bool] = {}
    if category_id is not None:
        near = connection.execute(_alike_by_category, {"category": category_id, "id": product_id}).all()
        stocked.update((other, in_stock) for other, in_stock in near)
        for other in stocked:
            score[other] += 1
    unread = [other for other in score if other not in stocked]
    if unread:
        stocked.update((row[0], row[1]) for row in connection.execute(_stocked, {"ids": unread}))
    best = sorted(stocked, key=lambda other: (not stocked[other], -score[other], other))
    return cards.of_products(session, best[:RELATED])
