"""The refund form: what the chosen lines come to, and the request that a typed amount makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.money import decimal_text, parse_minor, show
from ...core.settings import settings
from ...core.shop import shop
from ..orders.queries import head_of
from ..payments.refund_rows import RefundRequest, requested
from ..payments.refundable import Refundable, refundable

PERMISSION = "orders.refund"
GOODS = {"stay": None, "restock": True, "write_off": False}
"""What becomes of the goods, as `RefundRequest.restock` says it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the chosen lines, and the delivery, come to."""

    minor: int = 0
    typed: str = ""
    """As it stands in the field: "24.00", "" for nothing."""
    shown: str = ""
    """ "€24.00"."""


def proposal(
    session: Session, order_id: int, units: Mapping[int, int], *, delivery: bool, by: Principal
) -> Proposal:
    """Errors  Forbidden. Units beyond what is left count as all that is left."""
    by.need(PERMISSION)
    money = _left(session, order_id)
    minor = min(_lines_minor(money, units, delivery=delivery), money.free_minor)
    if not minor:
        return Proposal()
    return Proposal(minor, decimal_text(minor, money.currency), show(minor, money.currency, shop().locale))


def shown_amount(session: Session, order_id: int, typed: str, *, by: Principal) -> Proposal:
    """An amount as it is typed; nothing where it can't be read.

    Errors  Forbidden.
    """
    by.need(PERMISSION)
    money = _left(session, order_id)
    try:
        minor = parse_minor(typed, money.currency)
    except ValueError:
        return Proposal(typed=typed)
    return Proposal(minor, typed, show(minor, money.currency, shop().locale) if minor > 0 else "")


def is_large(session: Session, order_id: int, request: RefundRequest) -> bool:
    """Whether it comes to more than staff may refund without proving anew who they are."""
    money = _left(session, order_id)
    lines_minor = _lines_minor(money, request.lines, delivery=False) + request.shipping_minor
    return lines_minor + request.free_minor - request.kept_minor > settings().refund_limit_minor


def request_of(
    session: Session,
    order_id: int,
    request_key: str,
    units: Mapping[int, int],
    *,
    delivery: bool,
    typed: str,
    goods: str,
    reason: str,
    note: str,
    destination: str,
    by: Principal,
) -> RefundRequest:
    """The request that the form makes; what was asked with this key before, where it was.

    What the typed amount is more than the lines is an amount of its own; what it is less stays with the shop.

    Errors  Forbidden; Invalid for an amount that can't be read.
    """
    by.need(PERMISSION)
    if earlier := requested(session, order_id, request_key):
        return earlier
    money = _left(session, order_id)
    lines_minor = _lines_minor(money, units, delivery=delivery)
    try:
        amount = parse_minor(typed, money.currency) if typed.strip() else lines_minor
    except ValueError:
        raise Invalid(_("Enter an amount, such as 24.00"), field="amount") from None
    return RefundRequest(
        lines=dict(units),
        shipping_minor=money.shipping_minor if delivery else 0,
        free_minor=max(0, amount - lines_minor),
        kept_minor=max(0, lines_minor - amount),
        reason=reason,
        note=note,
        destination=destination,
        restock=GOODS[goods] if units else None,
    )


def _left(session: Session, order_id: int) -> Refundable:
    """Errors  NotFound."""
    head_of(session, order_id)
    return refundable(session, order_id)


def _lines_minor(money: Refundable, units: Mapping[int, int], *, delivery: bool) -> int:
    chosen = sum(
        money.lines[line].share(min(count, money.lines[line].quantity_left))
        for line, count in units.items()
        if line in money.lines and count > 0
    )
    return chosen + (money.shipping_minor if delivery else 0)
