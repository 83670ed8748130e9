"""Commands of a placed order: its statuses, payments that come in, confirming, expiring, review.

Each status has one writer here. Every writer locks the cart first and the order second, as placing does,
so that a click and a webhook can't deadlock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from ...core import events
from ...core.clock import now
from ...core.errors import Conflict, ShopError
from ...core.i18n import _
from ...core.money import show
from ...models import (
    LEGAL_MOVES,
    Cart,
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
    Product,
    Variant,
    table_of,
)
from .. import outbox
from ..credit import payments as credit_payments
from ..inventory import commands as inventory_commands
from ..promotions import commands as promotions_commands
from ..promotions.discounts import DiscountLine, Offer
from ..search import listing_index
from . import cart_completion
from .queries import HEAD, OrderHead, due_minor, head_of, order, order_discount, order_event, order_line

cart = table_of(Cart)
product = table_of(Product)
variant = table_of(Variant)

_NO_MONEY = (PaymentStatus.NONE, PaymentStatus.VOIDED)
Settled = Literal["paid", "already", "needs_review", "nothing"]

_cart_of = select(order.c.cart_id).where(order.c.id == bindparam("order")).scalar_subquery()
_LOCK_CART = select(cart.c.id).where(cart.c.id == _cart_of).with_for_update()
_LOCK = HEAD.with_for_update()
_WAITS_NO_MORE = {"expires_at": None, "address_hash": ""}
_MOVES = {
    to: update(order)
    .where(
        order.c.id == bindparam("order"),
        order.c.status.in_([start.value for start, ends in LEGAL_MOVES.items() if to in ends]),
    )
    .values(
        status=to.value,
        version=order.c.version + 1,
        paid_at=func.coalesce(bindparam("paid", type_=order.c.paid_at.type), order.c.paid_at),
        **_WAITS_NO_MORE,
    )
    for to in OrderStatus
}
_SET_PAYMENT_STATUS = (
    update(order)
    .where(order.c.id == bindparam("order"), order.c.payment_status != bindparam("to"))
    .values(payment_status=bindparam("to"), version=order.c.version + 1)
)
_SET_FULFILMENT_STATUS = (
    update(order)
    .where(order.c.id == bindparam("order"), order.c.fulfilment_status != bindparam("to"))
    .values(fulfilment_status=bindparam("to"), version=order.c.version + 1)
)
_SET_PAID_AT = (
    update(order).where(order.c.id == bindparam("order")).values(paid_at=bindparam("at"), **_WAITS_NO_MORE)
)
_SET_NEEDS_REVIEW = (
    update(order)
    .where(order.c.id == bindparam("order"))
    .values(needs_review=bindparam("why"), version=order.c.version + 1, **_WAITS_NO_MORE)
)
_RESOLVED = select(order_event.c.data).where(
    order_event.c.order_id == bindparam("order"), order_event.c.kind == "resolved"
)
_INSERT_EVENT = insert(order_event)
_SOLD = (
    select(variant.c.product_id, order_line.c.quantity)
    .join(variant, variant.c.id == order_line.c.variant_id)
    .where(order_line.c.order_id == bindparam("order"))
)
_sold = product.c.sold_count + bindparam("units")
_COUNT_SOLD = (
    update(product)
    .where(product.c.id == bindparam("sold_product"))
    .values(sold_count=case((_sold < 0, 0), else_=_sold))
)
# A gift may be a unit of what was bought too.
_WANTED = (
    select(
        order_line.c.variant_id,
        func.sum(order_line.c.quantity - order_line.c.quantity_cancelled).label("units"),
    )
    .where(
        order_line.c.order_id == bindparam("order"),
        order_line.c.quantity > order_line.c.quantity_cancelled,
    )
    .group_by(order_line.c.variant_id)
)
_GIVEN = select(order_discount.c.promotion_id, order_discount.c.code, order_discount.c.amount_minor).where(
    order_discount.c.order_id == bindparam("order"), order_discount.c.promotion_id.is_not(None)
)


def lock(session: Session, order_id: int) -> OrderHead:
    """The order as it is, with its cart and itself locked until the commit.

    Errors  NotFound for an id that no order has.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        # SQLite has one writer at a time: its transaction has locked everything.
        connection.execute(_LOCK_CART, {"order": order_id})
    return head_of(session, order_id, _LOCK)


def record_event(
    session: Session, order_id: int, kind: str, *, actor: str = "system", public: bool = False, **data: Any
) -> None:
    """Add a line to the order's history."""
    session.connection().execute(
        _INSERT_EVENT,
        {"order_id": order_id, "kind": kind, "data": data, "actor": actor, "public": public, "at": now()},
    )
    events.publish(session, events.OrderChanged(order_id))


def move(
    session: Session,
    order_id: int,
    to: OrderStatus,
    *,
    actor: str = "system",
    paid_at: datetime | None = None,
    **data: Any,
) -> None:
    """Bring the order to another status; the only writer of it. Its `expires_at` is cleared.

    Errors  Conflict for a move that isn't legal from its present status.
    """
    result = session.connection().execute(_MOVES[to], {"order": order_id, "paid": paid_at})
    if result.rowcount != 1:
        raise Conflict(_("The order has moved on in the meantime."))
    record_event(session, order_id, to.value, actor=actor, public=True, **data)


def set_payment_status(session: Session, order_id: int, status: PaymentStatus) -> bool:
    """Store the payment status that the ledger comes to; its only writer. True where it changed."""
    result = session.connection().execute(_SET_PAYMENT_STATUS, {"order": order_id, "to": status.value})
    if result.rowcount:
        record_event(session, order_id, "payment_status", status=status.value)
    return bool(result.rowcount)


def set_fulfilment_status(session: Session, order_id: int, status: FulfilmentStatus) -> bool:
    """Store the fulfilment status that quantities come to; its only writer. True where it changed."""
    result = session.connection().execute(_SET_FULFILMENT_STATUS, {"order": order_id, "to": status.value})
    if result.rowcount:
        record_event(session, order_id, "fulfilment_status", status=status.value)
    return bool(result.rowcount)


def apply_payments(
    session: Session, order_id: int, captured_minor: int, currency: str, *, credit_minor: int = 0
) -> Settled:
    """Apply all money that has come in for the order; safe to repeat, in any order.

    Units   `captured_minor` is all that was ever captured for this order, in minor units; `credit_minor`
            is what gift cards and credit pay once the rest is captured.
    What doesn't fit (another amount or currency, too late, paid twice) flags the order for review, and it
    keeps its units.
    """
    if captured_minor <= 0 and not credit_minor:
        return "nothing"
    order = lock(session, order_id)
    if credit_minor:
        due = due_minor(session, order_id)
        if captured_minor <= 0 and (order.status != OrderStatus.PLACED or credit_minor < due):
            return "nothing"
        credit_minor = max(0, min(credit_minor, due - captured_minor))
    if currency.upper() != order.currency:
        paid = f"{captured_minor} {currency.upper()} (minor units)"
        return _flag_for_review(
            session, order, f"Paid in another currency: {paid} for an order in {order.currency}."
        )
    whole_minor = captured_minor + credit_minor
    paid, total_text = show(whole_minor, currency), show(order.total_minor, currency)
    if whole_minor < order.total_minor and whole_minor < due_minor(session, order_id):
        return _flag_for_review(session, order, f"Paid {paid} of {total_text}.")
    outcome = _pay(session, order, credit_minor)
    if whole_minor > order.total_minor:
        return _flag_for_review(session, order, f"Paid too much: {paid} for {total_text}.")
    return outcome


def end_unpaid(session: Session, order_id: int, *, why: str) -> None:
    """End an unpaid order, as cancelled or expired: units, credit and code uses are released.

    `why` is expired, cancelled, superseded or failed. Nothing happens to an order that isn't pending.

    Errors  Conflict where money has come in for it: then a person decides.
    """
    order = lock(session, order_id)
    if order.status != OrderStatus.PENDING:
        return
    if order.needs_review or order.payment_status not in _NO_MONEY:
        raise Conflict(_("Money has come in for this order, so it can't be given up."))
    _end_unpaid(session, order_id, why)
    if order.cart_id is not None:
        events.publish(session, events.CartChanged(order.cart_id))


def expire_placed(session: Session, order_id: int) -> bool:
    """Expire a placed order whose transfer didn't come in time; False for one that doesn't await any.

    Its units don't count as sold any more; money that comes later counts them again (`reactivate`).
    """
    order = lock(session, order_id)
    waits = order.status == OrderStatus.PLACED and order.fulfilment_status == FulfilmentStatus.NONE
    unpaid = order.paid_at is None and order.payment_status in _NO_MONEY
    if not (waits and unpaid) or order.needs_review:
        return False
    _end_unpaid(session, order_id, "expired")
    _count_sold(session, order_id, -1)
    return True


def _end_unpaid(session: Session, order_id: int, why: str) -> None:
    move(session, order_id, OrderStatus.EXPIRED if why == "expired" else OrderStatus.CANCELLED, why=why)
    inventory_commands.release(session, order_id, reason=f"order {why}")
    promotions_commands.give_back(session, order_id)
    credit_payments.release(session, order_id)


def flag_for_review(session: Session, order_id: int, why: str) -> None:
    """Flag the order for review. Staff read `why`."""
    _flag_for_review(session, lock(session, order_id), why)


def resolve(session: Session, order_id: int, note: str, *, actor: str) -> None:
    """Resolve what the order was flagged for; the same reason doesn't flag it again.

    Errors  Conflict for an order that isn't flagged.
    """
    order_head = lock(session, order_id)
    if not order_head.needs_review:
        raise Conflict(_("Nothing about this order waits for a person."))
    clear = update(order).where(order.c.id == order_id).values(needs_review="", version=order.c.version + 1)
    session.connection().execute(clear)
    record_event(session, order_id, "resolved", actor=actor, why=order_head.needs_review, note=note)


def confirm(session: Session, order_id: int, cart_id: int | None) -> None:
    """An order is placed for good: complete its cart, and count its units as sold.

    A cart that stayed open could have only one order, and this one would block the next.
    """
    if cart_id is not None:
        cart_completion.complete(session, order_id, cart_id)
    _count_sold(session, order_id, 1)


def _count_sold(session: Session, order_id: int, sign: int) -> None:
    sold: dict[int, int] = {}
    for product_id, units in session.connection().execute(_SOLD, {"order": order_id}):
        sold[product_id] = sold.get(product_id, 0) + sign * units
    if sold:
        rows = [{"sold_product": product_id, "units": units} for product_id, units in sorted(sold.items())]
        session.connection().execute(_COUNT_SOLD, rows)
        listing_index.refresh_sold(session, sorted(sold))


def _pay(session: Session, order: OrderHead, credit_minor: int = 0) -> Settled:
    if order.paid_at is not None:
        return "already"
    at = now()
    if order.status in (OrderStatus.PLACED, OrderStatus.COMPLETED):
        session.connection().execute(_SET_PAID_AT, {"order": order.id, "at": at})
    elif order.status == OrderStatus.PENDING:
        move(session, order.id, OrderStatus.PLACED, paid_at=at)
        confirm(session, order.id, order.cart_id)
    elif order.status != OrderStatus.EXPIRED or not reactivate(session, order, at):
        gone = "its units or its credit were gone" if credit_minor else "its units were gone"
        state = f"had expired and {gone}" if order.status == OrderStatus.EXPIRED else "was cancelled"
        return _flag_for_review(session, order, f"Paid after the order {state}.")
    if credit_minor:
        credit_payments.capture(session, order.id, credit_minor)
    record_event(session, order.id, "paid", public=True)
    write_letter(session, order, "order_paid", paid=order.total_minor > 0)
    return "paid"


def write_letter(session: Session, order: OrderHead, kind: str, *, paid: bool = False) -> None:
    """Write a letter about the whole order, one of a kind; `paid` as in `outbox.write`."""
    outbox.write(
        session,
        kind,
        order.email,
        f"{kind}:{order.number}",
        {
            "order_id": order.id,
            "number": order.number,
            "token": order.token,
            "total": show(order.total_minor, order.currency, order.locale),
        },
        paid=paid,
    )


def reactivate(session: Session, order: OrderHead, at: datetime | None) -> bool:
    """Take an expired order's units, code uses and credit again, and place it.

    False, with nothing changed, where one of them isn't available any more, or the e-mail address is gone.
    """
    connection = session.connection()
    units = {row.variant_id: row.units for row in connection.execute(_WANTED, {"order": order.id})}
    if None in units or not order.email:
        return False
    try:
        with session.begin_nested():
            inventory_commands.allocate(session, order.id, units, offers_of=order.cart_id)
            promotions_commands.take(session, order.id, order.email, _discounts(session, order.id))
            credit_payments.take_again(session, order.id)
            move(session, order.id, OrderStatus.PLACED, paid_at=at, late=True)
    except (ShopError, IntegrityError):
        return False
    confirm(session, order.id, order.cart_id)
    return True


def _discounts(session: Session, order_id: int) -> list[DiscountLine]:
    sums: dict[tuple[int, str], int] = {}
    for promotion_id, code, amount in session.connection().execute(_GIVEN, {"order": order_id}):
        sums[promotion_id, code] = sums.get((promotion_id, code), 0) + amount
    return [
        DiscountLine(Offer(promotion_id, "", "", code=code), amount)
        for (promotion_id, code), amount in sums.items()
    ]


def _flag_for_review(session: Session, order: OrderHead, why: str) -> Settled:
    """Flag the order for review, unless this reason was resolved before. Staff read `why`."""
    if why not in order.needs_review and not _was_resolved(session, order.id, why):
        whole = f"{order.needs_review} {why}".strip()
        session.connection().execute(_SET_NEEDS_REVIEW, {"order": order.id, "why": whole})
        record_event(session, order.id, "needs_review", why=why)
    return "needs_review"


def _was_resolved(session: Session, order_id: int, why: str) -> bool:
    seen = session.connection().execute(_RESOLVED, {"order": order_id}).scalars()
    return any(why in data.get("why", "") for data in seen)
