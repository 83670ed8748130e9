"""Credit as a means of payment: set aside when an order is placed, then captured or released.

Each card that pays is a payment of the order with the provider "credit": authorised while the order is
pending, captured in the transaction that settles it, cancelled when the order ends. No provider is called.
Locks are taken in one order: stock first, promotions second, accounts last and by their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, bindparam, cast, func, literal, or_, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from ...core.clock import now
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...core.money import show, step
from ...core.shop import shop
from ...models import (
    Cart,
    CreditEntryKind,
    CreditKind,
    Order,
    OrderStatus,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    PaymentState,
    table_of,
)
from ...providers.payments.base import Bounds
from . import commands as credit_commands
from .commands import account, entry

PROVIDER = "credit"
MAX_CARDS = 5
"""For one cart."""

_payment = table_of(Payment)
_order = table_of(Order)

# What the cart's own unpaid order has set aside can be spent by this cart.
_own = (
    select(func.coalesce(func.sum(_payment.c.amount_minor), 0))
    .select_from(entry)
    .join(_payment, _payment.c.id == entry.c.payment_id)
    .join(_order, _order.c.id == _payment.c.order_id)
    .where(
        entry.c.account_id == account.c.id,
        entry.c.kind == CreditEntryKind.SPENT.value,
        _payment.c.state == PaymentState.AUTHORIZED.value,
        _order.c.cart_id == bindparam("cart"),
        _order.c.status == OrderStatus.PENDING.value,
    )
    .correlate(account)
    .scalar_subquery()
)
_key_of_cart = (
    select(table_of(Cart).c.key_hash).where(table_of(Cart).c.id == bindparam("cart")).scalar_subquery()
)
# A gift card that was redeemed to an account pays for that account's cart alone.
_is_open_to_cart = or_(
    account.c.customer_id.is_(None),
    account.c.kind == CreditKind.STORE_CREDIT.value,
    _key_of_cart == literal("customer:") + cast(account.c.customer_id, String),
)
_SPENDABLE = select(
    account.c.id,
    account.c.kind,
    account.c.last_four,
    (account.c.balance_minor + _own).label("spendable_minor"),
).where(
    account.c.id.in_(bindparam("ids", expanding=True)),
    account.c.currency == bindparam("money"),
    account.c.active,
    or_(account.c.expires_at.is_(None), account.c.expires_at > bindparam("at")),
    _is_open_to_cart,
)
_NAMES = select(account.c.id, account.c.kind, account.c.last_four).where(
    account.c.id.in_(bindparam("ids", expanding=True))
)
_PAID_WITH = (
    select(_payment.c.id, account.c.kind, account.c.last_four)
    .select_from(_payment)
    .join(entry, entry.c.payment_id == _payment.c.id)
    .join(account, account.c.id == entry.c.account_id)
    .where(
        _payment.c.order_id == bindparam("order"),
        _payment.c.provider == PROVIDER,
        entry.c.kind == CreditEntryKind.SPENT.value,
    )
)


@dataclass(frozen=True, slots=True)
class CreditView:
    """One card beside a total: "Gift card ending 4F2K", "−€20.00"."""

    account_id: int
    label: str
    amount: str
    note: str = ""
    """Why it pays nothing, or less than it could; "" where it does."""


@dataclass(frozen=True, slots=True)
class Card:
    """A gift card or store credit of a cart."""

    account_id: int
    label: str
    spendable_minor: int
    """0 where nothing is left on it, or where it can't be used any more."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one account pays of a total."""

    account_id: int
    label: str
    amount_minor: int
    note: str = ""


def cards(session: Session, cart_id: int, account_ids: Sequence[int], currency: str) -> tuple[Card, ...]:
    """The cart's accounts in the order in which they were entered, with what the cart can spend of each."""
    if not account_ids:
        return ()
    run = session.connection().execute
    params = {"ids": list(account_ids), "cart": cart_id, "money": currency, "at": now()}
    # What a balance from before steps has beyond whole ones stays on it.
    balances = {
        row.id: row.spendable_minor - row.spendable_minor % step(currency) for row in run(_SPENDABLE, params)
    }
    names = {
        row.id: credit_commands.name_of(row.kind, row.last_four)
        for row in run(_NAMES, {"ids": params["ids"]})
    }
    return tuple(
        Card(account_id, names.get(account_id, ""), int(balances.get(account_id, 0)))
        for account_id in account_ids
    )


def cover(cards: Sequence[Card], total_minor: int, currency: str, bounds: Bounds) -> tuple[Part, ...]:
    """What each card pays of a total, the first ones first, where `bounds` are those of how the rest is paid.

    They leave nothing, or as much as has to be paid at least: then the last ones pay less than they could.
    """
    left, amounts = total_minor, []
    for card in cards:
        amounts.append(min(left, card.spendable_minor))
        left -= amounts[-1]
    kept = [0] * len(cards)
    if 0 < left < bounds.least_minor <= total_minor:
        missing = bounds.least_minor - left
        for place in reversed(range(len(cards))):
            kept[place] = min(missing, amounts[place])
            missing -= kept[place]
    return tuple(
        Part(
            card.account_id,
            card.label,
            amount - kept_minor,
            _note(card, amount, kept_minor, currency, bounds),
        )
        for card, amount, kept_minor in zip(cards, amounts, kept, strict=True)
    )


def _note(card: Card, amount_minor: int, kept_minor: int, currency: str, bounds: Bounds) -> str:
    """Why a card pays nothing, or less than it has; "" where it pays all that it can."""
    if kept_minor:
        return _("{amount} stays on it, because the rest has to be a payment of at least {least}").format(
            amount=show(kept_minor, currency, shop().locale),
            least=show(bounds.least_minor, currency, shop().locale),
        )
    if amount_minor:
        return ""
    return (
        _("Isn't needed, the others pay for all of it")
        if card.spendable_minor
        else _("Nothing is left on it")
    )


def sum_of(parts: Iterable[Part]) -> int:
    return sum(part.amount_minor for part in parts)


def shown(parts: Iterable[Part], currency: str) -> list[CreditView]:
    """The rows below a total."""
    locale = shop().locale
    return [
        CreditView(
            part.account_id,
            part.label,
            f"−{show(part.amount_minor, currency, locale)}" if part.amount_minor else "",
            part.note,
        )
        for part in parts
    ]


def usable(session: Session, code: str, cart_id: int, currency: str) -> int:
    """The account of a code, if it has a balance to spend.

    Errors  NotFound, with the same sentence for every reason.
    """
    account_id = credit_commands.find(session, code)
    if account_id is not None and has_money(session, account_id, cart_id, currency):
        return account_id
    raise NotFound(
        _("This code has nothing left to spend, or isn't one of ours. Check it, please: every sign counts.")
    )


def has_money(session: Session, account_id: int, cart_id: int, currency: str) -> bool:
    """Whether that cart can spend something of the account."""
    params = {"ids": [account_id], "cart": cart_id, "money": currency, "at": now()}
    row = session.connection().execute(_SPENDABLE, params).first()
    return row is not None and row.spendable_minor > 0


# --- The order ----------------------------------------------------------------------------------


def take(session: Session, order_id: int, parts: Sequence[Part], currency: str, *, settled: bool) -> None:
    """Set these amounts aside for the order; `settled` where nothing else is to be paid.

    Errors  Conflict where an account has less than that by now; the caller's transaction fails.
    """
    attempt = min((payment.attempt for payment in _of_order(session, order_id)), default=0)
    for part in sorted(parts, key=lambda part: part.account_id):
        if not part.amount_minor:
            continue
        # Negative, so that attempts at payment providers still count from 1.
        attempt = min(attempt, 0) - 1
        payment = Payment(
            order_id=order_id,
            attempt=attempt,
            provider=PROVIDER,
            reference=f"{order_id}{attempt}",
            state=PaymentState.AUTHORIZED,
            currency=currency,
            amount_minor=part.amount_minor,
        )
        session.add(payment)
        session.flush()
        _append(session, payment, PaymentEventKind.AUTHORIZED, part.amount_minor)
        try:
            credit_commands.add_entry(
                session,
                part.account_id,
                -part.amount_minor,
                CreditEntryKind.SPENT,
                f"spent:order-{payment.reference}",
                order_id=order_id,
                payment_id=payment.id,
            )
        except Conflict:
            text = _("{card} has less on it than a moment ago. Look at what is left to pay.")
            raise Conflict(text.format(card=part.label), code="credit_shrank") from None
    if settled:
        capture(session, order_id, sum_of(parts))


def capture(session: Session, order_id: int, amount_minor: int) -> None:
    """Capture `amount_minor` of what was set aside, and return the rest to its accounts.

    Doing it twice is harmless.
    """
    left = amount_minor
    for account_id, payment in _set_aside(session, order_id):
        payment.captured_minor = min(left, payment.amount_minor)
        left -= payment.captured_minor
        if payment.captured_minor:
            payment.state = PaymentState.CAPTURED
            _append(session, payment, PaymentEventKind.CAPTURED, payment.captured_minor)
        else:
            payment.state = PaymentState.CANCELLED
            _append(session, payment, PaymentEventKind.VOIDED, 0)
        if payment.captured_minor < payment.amount_minor:
            credit_commands.add_entry(
                session,
                account_id,
                payment.amount_minor - payment.captured_minor,
                CreditEntryKind.RETURNED,
                f"returned:order-{payment.reference}",
                order_id=order_id,
                payment_id=payment.id,
            )


def release(session: Session, order_id: int) -> None:
    """The order ended unpaid: return what was set aside to its accounts; doing it twice is harmless."""
    capture(session, order_id, 0)


def set_aside(session: Session, order_id: int) -> bool:
    """Whether the order has credit that is neither captured nor released."""
    return bool(_set_aside(session, order_id))


def take_again(session: Session, order_id: int) -> None:
    """An expired order was paid late: set the same amounts aside again.

    Errors  Conflict where a balance has become too small.
    """
    gone = [payment for payment in _of_order(session, order_id) if payment.state == PaymentState.CANCELLED]
    parts = [
        Part(credit_commands.account_of_payment(session, payment.id or 0), "", payment.amount_minor)
        for payment in gone
    ]
    take(session, order_id, parts, gone[0].currency if gone else "", settled=False)


def waiting_minor(payments: Iterable[Payment], status: str) -> int:
    """Credit that counts towards paying the order: set aside now, or released when it ended."""
    own = [payment for payment in payments if payment.provider == PROVIDER]
    held = sum(payment.amount_minor for payment in own if payment.state == PaymentState.AUTHORIZED)
    ended = status in (OrderStatus.EXPIRED, OrderStatus.CANCELLED)
    if held or not ended:
        return held
    return sum(payment.amount_minor for payment in own if payment.state == PaymentState.CANCELLED)


def names_of(session: Session, order_id: int) -> dict[int, str]:
    """The names of the cards that an order was paid with, by payment id."""
    rows = session.connection().execute(_PAID_WITH, {"order": order_id})
    return {row.id: credit_commands.name_of(row.kind, row.last_four) for row in rows}


def covered_minor(payments: Iterable[Any]) -> int:
    """The part of an order's total that credit pays."""
    counted = (PaymentState.AUTHORIZED, PaymentState.CAPTURED)
    return sum(
        payment.amount_minor
        for payment in payments
        if payment.provider == PROVIDER and payment.state in counted
    )


def _set_aside(session: Session, order_id: int) -> list[tuple[int, Payment]]:
    """(account id, payment) of what is set aside for the order, by account id."""
    held = [payment for payment in _of_order(session, order_id) if payment.state == PaymentState.AUTHORIZED]
    pairs = [(credit_commands.account_of_payment(session, payment.id or 0), payment) for payment in held]
    return sorted(pairs, key=lambda pair: pair[0])


def _of_order(session: Session, order_id: int) -> list[Payment]:
    statement = (
        rows_of(Payment)
        .where(Payment.order_id == order_id, Payment.provider == PROVIDER)
        .order_by(col(Payment.attempt).desc())
    )
    return list(session.exec(statement))


def _append(session: Session, payment: Payment, kind: PaymentEventKind, amount_minor: int) -> None:
    assert payment.id
    assert payment.reference
    session.add(
        PaymentEvent(
            payment_id=payment.id,
            kind=kind.value,
            amount_minor=amount_minor,
            provider_reference=payment.reference,
        )
    )
    session.flush()
