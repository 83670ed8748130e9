"""Availability: what is said about a variant's stock, on pages and in live pushes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select
from sqlmodel import Session, col

from ...core import clock
from ...core.dates import day
from ...core.i18n import _
from ...models import FOR_SALE, MAX_QUANTITY, Product, StockLevel, StockPolicy, Variant
from . import price_history, price_tags
from .views import ProductAvailability, VariantAvailability


class Stock(NamedTuple):
    """What a variant's stock level says, as read from the table; all None where it has no level."""

    on_hand: int | None
    allocated: int | None
    held: int | None
    low_at: int | None
    policy: str | None
    backorder_on: date | None

    @property
    def left(self) -> int:
        return left(self.on_hand or 0, self.allocated or 0, self.held or 0)

    @property
    def kind(self) -> str:
        """in, low, out or backorder; what is untracked is always in."""
        if self.policy == StockPolicy.UNTRACKED:
            return "in"
        backorder = self.policy == StockPolicy.BACKORDER
        if self.left <= 0:
            return "backorder" if backorder else "out"
        return "low" if self.left <= (self.low_at or 0) and not backorder else "in"

    @property
    def unlimited(self) -> bool:
        """Whether more can be bought than is on hand: backordered, or untracked."""
        return self.policy in (StockPolicy.BACKORDER, StockPolicy.UNTRACKED)

    @property
    def available(self) -> bool:
        return self.kind != "out"

    @property
    def max_quantity(self) -> int:
        """The most units that one line can take."""
        return MAX_QUANTITY if self.unlimited else max(0, min(self.left, MAX_QUANTITY))


class Numbers(NamedTuple):
    """A variant's prices, contents and stock."""

    id: int
    sku: str
    title: str
    price_minor: int
    compare_at_minor: int | None
    contents: int
    contents_unit: str
    stock: Stock


BUYABLE = or_(
    col(StockLevel.policy) != StockPolicy.DENY.value,
    col(StockLevel.on_hand) - col(StockLevel.allocated) - col(StockLevel.held) > 0,
)
"""Whether a variant with that stock level can be bought, in SQL."""
PUBLISHED = and_(col(Product.status).in_(FOR_SALE), col(Product.published_at) <= bindparam("now"))
"""Whether a product has a page at the moment `now`, in SQL."""
STOCK_COLUMNS = tuple(col(getattr(StockLevel, name)) for name in Stock._fields)


def left(on_hand: int, allocated: int, held: int) -> int:
    """Units that can still be bought.

    >>> left(10, 3, 2)
    5
    """
    return on_hand - allocated - held


def stock_line(stock: Stock, variant_title: str = "") -> str:
    """What is said about a variant: "In stock", "Only 3 left in Moss", "Sold out in Clay", "Available"."""
    if stock.policy == StockPolicy.UNTRACKED:
        return _("Available")
    kind = stock.kind
    if kind == "in":
        return _("In stock")
    if kind == "low":
        sentence = _("Only {count} left in {variant}") if variant_title else _("Only {count} left")
        return sentence.format(count=stock.left, variant=variant_title)
    if kind == "out":
        return _("Sold out in {variant}").format(variant=variant_title) if variant_title else _("Sold out")
    if stock.backorder_on is None or stock.backorder_on <= clock.today():
        return _("Made to order")
    return _("Ships from {date}").format(date=day(stock.backorder_on))


def card_line(stocks: Sequence[Stock]) -> str:
    """What a card says about all variants together: "Only 3 left", "Sold out", or nothing."""
    buyable = [stock for stock in stocks if stock.available]
    if not buyable:
        return _("Sold out")
    if any(stock.unlimited for stock in buyable):
        return ""
    together = sum(stock.left for stock in buyable)
    if together > max(stock.low_at or 0 for stock in buyable):
        return ""
    return _("Only {count} left").format(count=together)


_owners = select(Variant.product_id).where(col(Variant.id).in_(bindparam("ids", expanding=True)))
_numbers = (
    select(
        col(Product.slug),
        col(Variant.product_id),
        col(Variant.id),
        col(Variant.sku),
        col(Variant.title),
        col(Variant.price_minor),
        col(Variant.compare_at_minor),
        col(Variant.contents),
        col(Variant.contents_unit),
        *STOCK_COLUMNS,
    )
    .join(Variant, col(Variant.product_id) == Product.id)
    .outerjoin(StockLevel, col(StockLevel.variant_id) == Variant.id)
    .where(col(Variant.active), col(Product.id).in_(_owners), PUBLISHED)
    .order_by(col(Variant.product_id), col(Variant.position), col(Variant.id))
)


_one_of_each = (
    select(func.min(Variant.id))
    .join(Product, col(Variant.product_id) == Product.id)
    .where(col(Product.slug).in_(bindparam("slugs", expanding=True)))
    .group_by(col(Variant.product_id))
)


def of_variants(session: Session, variant_ids: tuple[int, ...]) -> list[ProductAvailability]:
    """The live numbers of the published products that these variants belong to, in the order of their ids."""
    if not variant_ids:
        return []
    now = clock.now()
    at_ms = int(now.timestamp() * 1000)
    by_slug: dict[str, list[Numbers]] = defaultdict(list)
    for slug, _owner, *numbers in session.connection().execute(
        _numbers, {"ids": list(variant_ids), "now": now}
    ):
        by_slug[slug].append(Numbers(*numbers[:7], stock=Stock(*numbers[7:])))
    lowest = price_history.lowest_lines(
        session, {one.id: one.compare_at_minor for variants in by_slug.values() for one in variants}
    )
    return [_product_availability(slug, variants, lowest, at_ms) for slug, variants in by_slug.items()]


def of_products(session: Session, slugs: Sequence[str]) -> list[ProductAvailability]:
    """The same for the published products with these slugs."""
    ids = session.connection().execute(_one_of_each, {"slugs": list(slugs)}).scalars()
    return of_variants(session, tuple(ids))


def _product_availability(
    slug: str, variants: list[Numbers], lowest: Mapping[int, str], at_ms: int
) -> ProductAvailability:
    tag = price_tags.range_tag([(one.price_minor, one.compare_at_minor) for one in variants])
    stocks = [one.stock for one in variants]
    return ProductAvailability(
        slug=slug,
        price=tag.price,
        compare_at=tag.compare_at,
        saving=tag.saving,
        in_stock=any(stock.available for stock in stocks),
        stock_line=card_line(stocks),
        at_ms=at_ms,
        variants={one.sku: variant_availability(one, lowest.get(one.id, "")) for one in variants},
    )


def variant_availability(variant: Numbers, lowest_30_days: str) -> VariantAvailability:
    price_minor, compare_at_minor, stock = variant.price_minor, variant.compare_at_minor, variant.stock
    return VariantAvailability(
        price=price_tags.shown(price_minor),
        compare_at=price_tags.shown(compare_at_minor) if compare_at_minor else "",
        saving=price_tags.saved(price_minor, compare_at_minor),
        available=stock.available,
        availability=stock.kind,
        stock_line=stock_line(stock, variant.title),
        max_quantity=stock.max_quantity,
        unit_price=price_tags.unit_price(price_minor, variant.contents, variant.contents_unit),
        lowest_30_days=lowest_30_days,
        price_minor=price_tags.sold_minor(price_minor),
    )
