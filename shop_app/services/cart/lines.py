"""A cart's own row and its lines, joined with catalogue and stock; and the lines of gifts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, false, func, literal, null, select, true
from sqlmodel import Session

from ...core.clock import today
from ...models import (
    FOR_SALE,
    MAX_QUANTITY,
    Cart,
    CartLine,
    Order,
    OrderLine,
    OrderStatus,
    Picture,
    Product,
    ProductPicture,
    StockHold,
    StockLevel,
    StockOffer,
    StockPolicy,
    Variant,
    VariantPicture,
    table_of,
)

cart = table_of(Cart)
cart_line = table_of(CartLine)
variant = table_of(Variant)
product = table_of(Product)
level = table_of(StockLevel)
_stock_hold = table_of(StockHold)
_stock_offer = table_of(StockOffer)
_order = table_of(Order)
_order_line = table_of(OrderLine)
_picture = table_of(Picture)
_product_picture = table_of(ProductPicture)
_variant_picture = table_of(VariantPicture)

HEAD_COLUMNS = (
    cart.c.id,
    cart.c.country,
    cart.c.currency,
    cart.c.codes,
    cart.c.checkout,
    cart.c.version,
    cart.c.customer_id,
    cart.c.credits,
    cart.c.joined,
)
_IS_OPEN = and_(cart.c.key_hash == bindparam("key"), cart.c.completed_at.is_(None))
_HEAD = select(*HEAD_COLUMNS).where(_IS_OPEN)
_LOCKED_HEAD = _HEAD.with_for_update()

_first_picture = _product_picture.alias()


def line_of_order(order_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Joins the order's line of a cart line's variant.

    Without the zero SQLite looks through all orders of that variant instead of the lines of one order.
    """
    return and_(
        _order_line.c.order_id == order_id,
        _order_line.c.variant_id + 0 == cart_line.c.variant_id,
        _order_line.c.is_gift.is_(False),
    )


shown_picture = func.coalesce(
    select(_variant_picture.c.product_picture_id)
    .where(_variant_picture.c.variant_id == variant.c.id)
    .order_by(_variant_picture.c.position)
    .limit(1)
    .correlate(variant)
    .scalar_subquery(),
    select(_first_picture.c.id)
    .where(_first_picture.c.product_id == product.c.id)
    .order_by(_first_picture.c.position)
    .limit(1)
    .correlate(product)
    .scalar_subquery(),
)
"""The picture of a product that shows the variant."""
_offered_to = cart.alias()
_offered = (
    select(func.count())
    .select_from(_stock_offer)
    .join(_offered_to, _offered_to.c.key_hash == _stock_offer.c.key_hash)
    .where(
        _offered_to.c.id == cart_line.c.cart_id,
        _stock_offer.c.variant_id == cart_line.c.variant_id,
        _stock_offer.c.order_id.is_(None),
    )
    .correlate(cart_line)
    .scalar_subquery()
)
# What its own unpaid order and its own hold have, and what is kept for its shopper, is available to the cart.
_own_order = and_(_order.c.cart_id == cart_line.c.cart_id, _order.c.status == OrderStatus.PENDING.value)
_available = (
    func.coalesce(level.c.on_hand - level.c.allocated - level.c.held, 0)
    + func.coalesce(_order_line.c.quantity, 0)
    + func.coalesce(_stock_hold.c.quantity, 0)
    + _offered
)
_is_tracked = func.coalesce(level.c.policy != StockPolicy.UNTRACKED.value, true())
_LINES = (
    select(
        cart_line.c.variant_id,
        variant.c.sku,
        product.c.slug,
        product.c.title,
        variant.c.title.label("variant_title"),
        _picture.c.key,
        _product_picture.c.alt,
        cart_line.c.quantity,
        cart_line.c.saved,
        cart_line.c.seen_price_minor,
        variant.c.price_minor,
        variant.c.compare_at_minor,
        variant.c.weight_grams,
        product.c.tax_class,
        case((and_(variant.c.active, product.c.status.in_(FOR_SALE)), 1), else_=0),
        case((level.c.policy != StockPolicy.DENY.value, MAX_QUANTITY), else_=_available),
        func.coalesce(_stock_hold.c.quantity, 0),
        case(
            (
                and_(level.c.policy == StockPolicy.BACKORDER.value, _available < cart_line.c.quantity),
                level.c.backorder_on,
            )
        ),
        product.c.id,
        product.c.category_id,
        _is_tracked,
        variant.c.requires_shipping,
    )
    .select_from(cart_line)
    .join(variant, variant.c.id == cart_line.c.variant_id)
    .join(product, product.c.id == variant.c.product_id)
    .outerjoin(level, level.c.variant_id == variant.c.id)
    .outerjoin(_order, _own_order)
    .outerjoin(_order_line, line_of_order(_order.c.id))
    .outerjoin(
        _stock_hold,
        and_(
            _stock_hold.c.cart_id == cart_line.c.cart_id, _stock_hold.c.variant_id == cart_line.c.variant_id
        ),
    )
    .outerjoin(_product_picture, _product_picture.c.id == shown_picture)
    .outerjoin(_picture, _picture.c.id == _product_picture.c.picture_id)
    .where(cart_line.c.cart_id == bindparam("cart"))
    .order_by(cart_line.c.id)
)
_units_of_own_order = (
    select(func.coalesce(func.sum(_order_line.c.quantity), 0))
    .join(_order, _order.c.id == _order_line.c.order_id)
    .where(
        _order.c.cart_id == bindparam("cart"),
        _order.c.status == OrderStatus.PENDING.value,
        _order_line.c.variant_id == variant.c.id,
    )
    .correlate(variant)
    .scalar_subquery()
)
_GIFTS = (
    select(
        variant.c.id,
        variant.c.sku,
        product.c.slug,
        product.c.title,
        variant.c.title.label("variant_title"),
        _picture.c.key,
        _product_picture.c.alt,
        literal(1),
        false(),
        variant.c.price_minor.label("seen_price_minor"),
        variant.c.price_minor,
        variant.c.compare_at_minor,
        variant.c.weight_grams,
        product.c.tax_class,
        case((and_(variant.c.active, product.c.status.in_(FOR_SALE)), 1), else_=0),
        case(
            (level.c.policy != StockPolicy.DENY.value, MAX_QUANTITY),
            else_=func.coalesce(level.c.on_hand - level.c.allocated - level.c.held, 0)
            + func.coalesce(_stock_hold.c.quantity, 0)
            + _units_of_own_order,
        ),
        literal(0),
        null(),
        product.c.id,
        product.c.category_id,
        _is_tracked,
        variant.c.requires_shipping,
    )
    .select_from(variant)
    .join(product, product.c.id == variant.c.product_id)
    .outerjoin(level, level.c.variant_id == variant.c.id)
    .outerjoin(
        _stock_hold,
        and_(_stock_hold.c.cart_id == bindparam("cart"), _stock_hold.c.variant_id == variant.c.id),
    )
    .outerjoin(_product_picture, _product_picture.c.id == shown_picture)
    .outerjoin(_picture, _picture.c.id == _product_picture.c.picture_id)
    .where(variant.c.id.in_(bindparam("variants", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Head:
    """The cart's own row."""

    id: int
    country: str
    currency: str
    codes: list[str]
    checkout: dict[str, Any]
    version: int
    customer_id: int | None
    credits: list[int]
    """The credit accounts that pay, in that order."""
    joined: list[dict[str, Any]] | None = None
    """What has changed as carts joined (`joining`), unread."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its variant as it is now; fields in the order of the statement's columns."""

    variant_id: int
    sku: str
    slug: str
    title: str
    variant_title: str
    picture_key: str | None
    picture_alt: str | None
    quantity: int
    saved: bool
    seen_price_minor: int
    price_minor: int
    compare_at_minor: int | None
    weight_grams: int
    tax_class: str
    for_sale: int
    available: int
    """Units that this cart could have."""
    held: int = 0
    """Units that it holds."""
    backorder_on: date | None = None
    """When backordered units arrive; None where all are in stock, or no day is set."""
    product_id: int = 0
    category_id: int | None = None
    tracked: bool = True
    """Whether its stock is tracked, so that its units are held in checkout."""
    requires_shipping: bool = True
    gift_of: int = 0
    """The promotion that gives it for nothing; 0 for what the shopper chose."""

    @property
    def is_gift(self) -> bool:
        return self.gift_of > 0

    @property
    def key(self) -> str:
        """Unique among the lines; a gift may be of a variant that is in the cart as well."""
        return f"gift {self.gift_of}" if self.gift_of else self.sku

    @property
    def promised_on(self) -> date | None:
        """The arrival day to show; None for one that has passed."""
        return self.backorder_on if self.backorder_on and self.backorder_on > today() else None

    @property
    def full_title(self) -> str:
        return f"{self.title}, {self.variant_title}" if self.variant_title else self.title


def head(session: Session, key_hash: str, *, lock: bool = False) -> Head | None:
    """The visitor's open cart. `lock` makes others wait with theirs until the commit."""
    statement = _LOCKED_HEAD if lock else _HEAD
    row = session.connection().execute(statement, {"key": key_hash}).first()
    return Head(*row) if row else None


def lines(session: Session, cart_id: int) -> list[Line]:
    """All lines in the order in which they were added, saved ones too."""
    return [Line(*row) for row in session.connection().execute(_LINES, {"cart": cart_id})]


def gift_lines(session: Session, cart_id: int, variant_ids: Iterable[int]) -> dict[int, Line]:
    """One unit of each of these variants as a line, by variant; `available` counts what the cart has too."""
    rows = session.connection().execute(_GIFTS, {"cart": cart_id, "variants": list(variant_ids)})
    return {row[0]: Line(*row) for row in rows}
