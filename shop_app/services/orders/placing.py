"""Placing an order: a visitor's cart becomes an order with frozen copies, allocated stock and a number."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlmodel import Session

from ...core import clock, events
from ...core.clock import now
from ...core.errors import Conflict, Invalid, OutOfStock
from ...core.i18n import _
from ...core.money import step
from ...core.shop import shop
from ...models import (
    Cart,
    FulfilmentStatus,
    OptionValue,
    OrderStatus,
    OrderTaxLine,
    PaymentStatus,
    ProductOption,
    VariantOption,
    table_of,
)
from ...providers.payments import registry
from .. import terms_cache
from ..cart import billing, checkout, price_changes, unpaid, ways_to_pay
from ..cart import express as express_cart
from ..cart import lines as cart_lines
from ..cart.checkout import CheckoutForm
from ..cart.lines import Head, Line
from ..cart.priced_cart import Priced
from ..cart.unpaid import Buyer
from ..credit import payments as credit_payments
from ..credit.payments import Part
from ..inventory import commands as inventory_commands
from ..promotions import commands as promotions_commands
from ..shipping import queries as shipping_queries
from ..shop import legal
from . import awaited_payment, claims, finding, numbers
from . import commands as order_commands
from .queries import OrderHead, head_of, order, order_discount, order_line

PAY_WITHIN = timedelta(minutes=40)
"""How long an unpaid order keeps its units. Stripe's shortest session lasts 30 minutes."""
SAME_CLICK = timedelta(minutes=30)
"""So long after an order, placing a cart that has become it gives that order back."""
_order_tax_line = table_of(OrderTaxLine)
_cart = table_of(Cart)
_variant_option = table_of(VariantOption)
_product_option = table_of(ProductOption)
_option_value = table_of(OptionValue)

_PLACED_COLUMNS = (
    order.c.id, order.c.number, order.c.token, order.c.status, order.c.needs_review, order.c.cart_version,
    order.c.total_minor, order.c.currency, order.c.email, order.c.phone, order.c.ship_to,
    order.c.shipping_method, order.c.payment_provider, order.c.note, order.c.expires_at,
    order.c.vat_number, order.c.bill_to,
)  # fmt: skip
_WAITING = select(*_PLACED_COLUMNS).where(
    order.c.cart_id == bindparam("cart"), order.c.status == OrderStatus.PENDING.value
)
_JUST_PLACED = (
    select(*_PLACED_COLUMNS)
    .join(_cart, _cart.c.id == order.c.cart_id)
    .where(
        _cart.c.key_hash == bindparam("key"),
        _cart.c.completed_at >= bindparam("since"),
        order.c.status.in_([OrderStatus.PLACED.value, OrderStatus.COMPLETED.value]),
    )
    .order_by(order.c.id.desc())
    .limit(1)
)
_OPTIONS = (
    select(_variant_option.c.variant_id, _product_option.c.name, _option_value.c.value)
    .join(_product_option, _product_option.c.id == _variant_option.c.option_id)
    .join(_option_value, _option_value.c.id == _variant_option.c.value_id)
    .where(_variant_option.c.variant_id.in_(bindparam("ids", expanding=True)))
    .order_by(_product_option.c.position)
)
_INSERT_ORDER = insert(order).returning(order.c.id)
_INSERT_LINES = insert(order_line).returning(order_line.c.id, sort_by_parameter_order=True)
_INSERT_TAXES = insert(_order_tax_line)
_INSERT_DISCOUNTS = insert(order_discount)


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """What paying needs of an order that has been placed now, or before."""

    order_id: int
    number: int
    token: str
    provider: str
    total_minor: int
    currency: str
    email: str
    awaits_payment: bool = True
    """Whether the shopper has to be sent to pay; False once it is paid, free, or to be paid later."""
    expires_at: datetime | None = None
    """Until when it keeps its units unpaid."""


class Superseded(Conflict):
    """The cart, or what was typed, changed after its order was placed, and that order still waits.

    End that order first (`workflows/pay.py` `end_unpaid_order`), then place again. Where it turns out to be
    paid, it stays the visitor's order.
    """

    code = "superseded"

    def __init__(self, order_id: int) -> None:
        super().__init__(_("Your cart changed after this order was placed. Try again."))
        self.order_id = order_id


def place(
    session: Session, key_hash: str, form: CheckoutForm, *, expected_total_minor: int,
    expected_credit_minor: int = 0, shown_parts: str = "", address_hash: str = "", express: bool = False,
) -> PlacedOrder:  # fmt: skip
    """Make the visitor's cart an order: frozen copies, stock taken in SKU order, numbers and codes counted.

    Placing the same cart again gives the same order back. The page says what it showed: the order's total,
    and how much of it gift cards and credit pay. Two amounts may not have risen since then: the total,
    or a gift card that covers everything would hide a higher price; and what is left to pay (total less
    credit), or more would go to the bank card where a gift card was spent elsewhere. `shown_parts` are what
    the page said the total is made of (`price_changes`); they only explain a rise. `address_hash` is the
    keyed hash of the client's IP address, whose unpaid units are limited too (`unpaid`). An `express` order
    has a form with nothing but its country: who pays it tells the rest (`shopper.fill_in`).

    Errors  Invalid with the first wrong field; OutOfStock with what is left by SKU; Conflict when the
            total, or what is left to pay, has risen, with the difference; NotFound for an empty cart;
            TooMany for more unpaid units than are allowed; Superseded when another order of this cart has to
            be ended first.
    """
    if type(expected_total_minor) is not int or type(expected_credit_minor) is not int:
        raise Invalid(_("The page is out of date. Reload it and try again."))
    wrong = [] if express else checkout.problems(session, form)
    if wrong:
        raise Invalid(wrong[0].message, field=wrong[0].field)
    form = checkout.normal(form)
    head = cart_lines.head(session, key_hash, lock=True)
    lines = cart_lines.lines(session, head.id) if head else []
    bought = [line for line in lines if not line.saved]
    placed = _placed_already(session, key_hash, head if bought else None, form)
    if placed:
        return placed
    if head is None or not bought:
        raise checkout.empty_cart()
    _refuse_what_is_gone(bought)
    in_country = replace(head, country=form.country)
    priced = checkout.price(session, in_country, bought, form, fresh=True)
    _check_delivery(priced, form)
    if express:
        express_cart.refuse_unless_possible(in_country, priced)
    if priced.totals.total_minor > expected_total_minor:
        terms_cache.clear_all()
        raise price_changes.risen(priced, expected_total_minor, shown_parts, head.currency)
    buyer = Buyer(key_hash, head.id, address_hash)
    if not priced.gifts:
        return _cover_and_freeze(
            session, head, priced, form, expected_total_minor, expected_credit_minor, buyer
        )
    try:
        with session.begin_nested():
            return _cover_and_freeze(
                session, head, priced, form, expected_total_minor, expected_credit_minor, buyer
            )
    except OutOfStock:
        # Where a gift is sold out meanwhile, the order is placed without it.
        plain = checkout.price(session, in_country, bought, form, fresh=True, with_gifts=False)
        if plain.totals.total_minor > expected_total_minor:
            raise price_changes.risen(plain, expected_total_minor, shown_parts, head.currency) from None
        return _cover_and_freeze(
            session, head, plain, form, expected_total_minor, expected_credit_minor, buyer
        )


def _cover_and_freeze(
    session: Session, head: Head, priced: Priced, form: CheckoutForm, expected_total_minor: int,
    expected_credit_minor: int, buyer: Buyer,
) -> PlacedOrder:  # fmt: skip
    """Check what credit pays and what is left to pay, then write the order."""
    total_minor = priced.totals.total_minor
    collected = priced.method is not None and priced.method.is_pick_up
    way = ways_to_pay.of_order(session, head, total_minor, form.payment_provider, collected=collected)
    left_minor = way.left_minor
    if left_minor > expected_total_minor - expected_credit_minor:
        raise Conflict(
            price_changes.less_credit(left_minor, expected_total_minor - expected_credit_minor, head.currency)
        )
    if way.problem:
        raise Invalid(way.problem, field="payment_provider")
    if left_minor:
        kept = sum(line.quantity for line in priced.lines if line.tracked)
        unpaid.refuse_above(session, buyer, kept)
    return _freeze(session, head, priced, form, way.paid_with, buyer.address_hash)


def _placed_already(
    session: Session, key_hash: str, head: Head | None, form: CheckoutForm
) -> PlacedOrder | None:
    connection = session.connection()
    if head is None:
        since = now() - SAME_CLICK
        row = connection.execute(_JUST_PLACED, {"key": key_hash, "since": since}).first()
        return _placed(row) if row and _same_request(row, form) else None
    row = connection.execute(_WAITING, {"cart": head.id}).first()
    if row is None:
        return None
    fresh = row.expires_at is not None and row.expires_at > now()
    if row.needs_review or (fresh and row.cart_version == head.version and _same_request(row, form)):
        return _placed(row)
    raise Superseded(row.id)


def _placed(row: Any) -> PlacedOrder:
    return PlacedOrder(
        row.id, row.number, row.token, row.payment_provider, row.total_minor, row.currency, row.email,
        awaits_payment=row.status == OrderStatus.PENDING and not row.needs_review, expires_at=row.expires_at,
    )  # fmt: skip


def _same_request(row: Any, form: CheckoutForm) -> bool:
    same_way = form.shipping_method in ("", row.shipping_method)
    typed = (form.email, form.phone, form.vat_number, form.payment_provider, form.note)
    addresses = (_address(form), _bill_to(form))
    return same_way and (*typed, *addresses) == (
        row.email, row.phone, row.vat_number, row.payment_provider, row.note, row.ship_to, row.bill_to
    )  # fmt: skip


def _address(form: CheckoutForm) -> dict[str, str]:
    return {name: getattr(form, name) for name in billing.PARTS}


def _bill_to(form: CheckoutForm) -> dict[str, str]:
    return billing.address_of(asdict(form)) if form.billing == billing.OTHER else _address(form)


def _refuse_what_is_gone(lines: list[Line]) -> None:
    gone = [line for line in lines if not line.for_sale]
    if gone:
        sentences = [_("{title} isn't sold any more.").format(title=line.full_title) for line in gone]
        left = {
            line.sku: max(0, min(line.quantity, line.available)) if line.for_sale else 0 for line in lines
        }
        raise OutOfStock(" ".join(sentences), left=left)


def _check_delivery(priced: Priced, form: CheckoutForm) -> None:
    if priced.method is None:
        raise Invalid(_("We can't deliver this cart to that country."), field="country")
    if form.shipping_method and priced.method.code != form.shipping_method:
        text = _("This delivery isn't offered for your cart any more. Choose another one.")
        raise Invalid(text, field="shipping_method")
    wrong = ways_to_pay.problem(form.payment_provider, collected=priced.method.is_pick_up)
    if wrong:
        raise Invalid(wrong, field="payment_provider")


def _freeze(
    session: Session, head: Head, priced: Priced, form: CheckoutForm, paid_with: tuple[Part, ...],
    address_hash: str,
) -> PlacedOrder:  # fmt: skip
    totals, connection = priced.totals, session.connection()
    pays_now = registry.provider(form.payment_provider).pays_now
    left_minor = totals.total_minor - credit_payments.sum_of(paid_with)
    waits = pays_now and left_minor > 0
    row = _order_row(head, priced, form, waits)
    if left_minor:
        until = row["placed_at"] + PAY_WITHIN if waits else awaited_payment.transfer_end(form.country)
        row |= {"expires_at": until, "address_hash": address_hash}
    else:
        row |= {"paid_at": row["placed_at"]}
    order_id: int = connection.execute(_INSERT_ORDER, row).scalar_one()
    finding.write_words(session, order_id, form.email, row["ship_to"], row["bill_to"], new=True)
    claims.claim_one(session, order_id)
    _freeze_lines(session, order_id, priced)
    # From here on others wait for what this order changes: first what few want, last what everybody does.
    units: dict[int, int] = {}
    for line in priced.lines:
        units[line.variant_id] = units.get(line.variant_id, 0) + line.quantity
    inventory_commands.allocate(session, order_id, units, cart_id=head.id)
    promotions_commands.take(session, order_id, form.email, totals.discounts)
    if paid_with:
        credit_payments.take(session, order_id, paid_with, head.currency, settled=not left_minor)
    order_commands.record_event(session, order_id, "placed", public=True, total_minor=totals.total_minor)
    if not waits:
        order_commands.confirm(session, order_id, head.id)
    if not left_minor:
        order_commands.set_payment_status(session, order_id, PaymentStatus.PAID)
        order_commands.record_event(session, order_id, "paid", public=True)
    written = None if waits else head_of(session, order_id)
    number = numbers.take(session, order_id)
    events.publish(session, events.OrderPlaced(order_id))
    events.publish(session, events.CartChanged(head.id))
    if written:
        _write_letter(session, replace(written, number=number), left_minor)
    return PlacedOrder(
        order_id, number, row["token"], form.payment_provider, totals.total_minor, head.currency,
        form.email, awaits_payment=waits, expires_at=row["expires_at"],
    )  # fmt: skip


def _write_letter(session: Session, placed: OrderHead, left_minor: int) -> None:
    if left_minor:
        order_commands.write_letter(session, placed, "order_placed")
    else:
        order_commands.write_letter(session, placed, "order_paid", paid=placed.total_minor > 0)


def _order_row(head: Head, priced: Priced, form: CheckoutForm, waits: bool) -> dict[str, Any]:
    totals, method, at = priced.totals, priced.method, now()
    assert method
    first, last = shipping_queries.arrival_range(clock.day_of(at), method, form.country)
    return {
        "number": numbers.until_taken(head.id), "token": secrets.token_urlsafe(24), "cart_id": head.id,
        "cart_version": head.version, "customer_id": head.customer_id, "email": form.email,
        "phone": form.phone, "status": (OrderStatus.PENDING if waits else OrderStatus.PLACED).value,
        "payment_status": PaymentStatus.NONE.value, "fulfilment_status": FulfilmentStatus.NONE.value,
        "needs_review": "", "currency": head.currency, "subtotal_minor": totals.subtotal_minor,
        "discount_minor": totals.discount_minor, "shipping_minor": totals.shipping_minor,
        "tax_minor": totals.tax_minor, "total_minor": totals.total_minor,
        "tax_included": totals.tax_included, "step_minor": step(head.currency),
        "ship_to": _address(form), "bill_to": _bill_to(form),
        "country": form.country, "shipping_method": method.code, "shipping_label": method.label,
        "arrives_from": first, "arrives_until": last,
        "payment_provider": form.payment_provider, "locale": shop().locale,
        "terms_version": legal.terms_version(), "vat_number": form.vat_number,
        "reverse_charge": totals.reverse_charge, "note": form.note, "placed_at": at, "paid_at": None,
        "expires_at": None, "address_hash": "", "version": 1,
    }  # fmt: skip


def _freeze_lines(session: Session, order_id: int, priced: Priced) -> None:
    connection, totals, lines = session.connection(), priced.totals, priced.lines
    options: dict[int, dict[str, str]] = {}
    for variant_id, name, value in connection.execute(_OPTIONS, {"ids": [line.variant_id for line in lines]}):
        options.setdefault(variant_id, {})[name] = value
    rows = [
        {
            "order_id": order_id, "variant_id": line.variant_id, "position": position, "slug": line.slug,
            "title": line.title, "variant_title": line.variant_title, "sku": line.sku,
            "options": options.get(line.variant_id, {}), "picture_key": line.picture_key or "",
            "picture_alt": line.picture_alt or "", "quantity": line.quantity,
            "unit_price_minor": part.unit_minor, "unit_compare_at_minor": _compare_at(line, priced),
            "subtotal_minor": part.subtotal_minor, "discount_minor": part.discount_minor,
            "tax_minor": part.tax_minor, "total_minor": part.total_minor, "tax_class": line.tax_class,
            "weight_grams": line.weight_grams, "quantity_fulfilled": 0, "quantity_returned": 0,
            "quantity_cancelled": 0, "is_gift": line.is_gift, "promised_on": line.promised_on,
        }
        for position, (line, part) in enumerate(zip(lines, totals.lines, strict=True))
    ]  # fmt: skip
    line_ids = connection.execute(_INSERT_LINES, rows).scalars().all()
    of_key: dict[str, int | None] = dict(zip((line.key for line in lines), line_ids, strict=True))
    of_key[""] = None
    delivery = totals.shipping.parts if totals.shipping else ()
    # A delivery that is taxed in part has a row for its untaxed part too: its rows come to its price.
    most_ppm = max((part.rate.ppm for part in delivery), default=0)
    taxed = [(of_key[part.key], part, part.rate.ppm) for part in totals.lines]
    taxed += [(None, part, most_ppm) for part in delivery]
    taxes = [
        {
            "order_id": order_id, "line_id": line_id, "label": part.rate.label, "rate_ppm": part.rate.ppm,
            "base_minor": part.total_minor - (part.tax_minor if totals.tax_included else 0),
            "amount_minor": part.tax_minor, "included": totals.tax_included,
        }
        for line_id, part, ppm in taxed
        if ppm or totals.reverse_charge
    ]  # fmt: skip
    if taxes:
        connection.execute(_INSERT_TAXES, taxes)
    discounts = [
        {
            "order_id": order_id, "line_id": of_key[part.key], "promotion_id": part.offer.id,
            "code": part.offer.code, "label": part.offer.label, "amount_minor": part.amount_minor,
        }
        for part in totals.applied
    ]  # fmt: skip
    if discounts:
        connection.execute(_INSERT_DISCOUNTS, discounts)


def _compare_at(line: Line, priced: Priced) -> int | None:
    if line.compare_at_minor is None:
        return None
    return priced.shown_minor(line.compare_at_minor, line.tax_class)
