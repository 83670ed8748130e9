"""Returns and withdrawals as the order's page shows them: status, and what happens next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from ...core.clock import day_of
from ...core.dates import day, full_day, full_moment
from ...core.i18n import _
from ...core.shop import shop
from ...core.working_days import period_end
from ...models import NOT_SENT, ReturnKind, ReturnStatus
from ..fulfilment.queries import thing
from ..orders.queries import order, order_line
from .returnable import WITHDRAW_DAYS, Free, return_line, return_request

MONEY_DAYS = 14
"""How soon the money is refunded: after the goods arrived, or the withdrawal from unsent units."""

_RETURNS = (
    select(return_request, order.c.country)
    .join(order, order.c.id == return_request.c.order_id)
    .where(return_request.c.order_id == bindparam("order"))
    .order_by(return_request.c.id.desc())
)
_LINES = (
    select(return_line, order_line.c.title, order_line.c.variant_title)
    .join(order_line, order_line.c.id == return_line.c.order_line_id)
    .where(order_line.c.order_id == bindparam("order"))
    .order_by(order_line.c.position)
)


@dataclass(frozen=True, slots=True)
class ReturnView:
    title: str
    """ "Return of 22 November", "Withdrawal of 22 November 2026, 15:06 CET"."""
    status: str
    """requested, approved, declined, received, refunded or cancelled."""
    status_text: str
    things: list[str]
    """ "2 × Dune Mug, Moss"."""
    next_text: str
    """What happens next, and when the money arrives."""
    answer: str
    """The shop's answer."""


@dataclass(frozen=True, slots=True)
class ReturnChoice:
    """A line of the form: how many units of it can be returned."""

    field: str
    """The name of its input."""
    name: str
    picture_key: str
    counts: list[int]
    """0 and up."""
    most: int


def of_order(session: Session, order_id: int, number: str, *, paid: bool) -> list[ReturnView]:
    """The order's returns and withdrawals, the last one first."""
    connection = session.connection()
    rows = connection.execute(_RETURNS, {"order": order_id}).all()
    if not rows:
        return []
    things: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(_LINES, {"order": order_id}):
        units = row.quantity_received or row.quantity
        things[row.return_id].append(f"{units} × {thing(row.title, row.variant_title)}")
    return [
        ReturnView(
            _title(row), row.status, _status(row), things[row.id], _next(row, number, paid), row.answer
        )
        for row in rows
    ]


def choices(free: Free, *, withdrawal: bool = False) -> list[ReturnChoice]:
    """The lines of which units can be returned, or withdrawn from."""
    counted = [(line, line.sent + (line.not_sent if withdrawal else 0)) for line in free.lines]
    return [
        ReturnChoice(f"quantity-{line.position}", line.name, line.picture_key, list(range(most + 1)), most)
        for line, most in counted
        if most
    ]


def last_day(free: Free, *, withdrawal: bool = False) -> str:
    """ "4 December"; "" while a part of the order is to be sent."""
    until = free.withdraw_until if withdrawal else free.return_until
    return day(until) if until else ""


def _title(row: Row[Any]) -> str:
    if row.kind == ReturnKind.WITHDRAWAL:
        return _("Withdrawal of {moment}").format(moment=full_moment(row.created_at))
    return _("Return of {day}").format(day=day(row.created_at))


def _status(row: Row[Any]) -> str:
    if row.kind == ReturnKind.WITHDRAWAL and row.status == ReturnStatus.APPROVED:
        return _("Won't be sent") if row.reason == NOT_SENT else _("Declared")
    return {
        ReturnStatus.REQUESTED: _("Requested"),
        ReturnStatus.APPROVED: _("Agreed"),
        ReturnStatus.DECLINED: _("Declined"),
        ReturnStatus.RECEIVED: _("Arrived here"),
        ReturnStatus.REFUNDED: _("Refunded"),
        ReturnStatus.CANCELLED: _("Ended"),
    }[ReturnStatus(row.status)]


def _next(row: Row[Any], number: str, paid: bool) -> str:
    match ReturnStatus(row.status):
        case ReturnStatus.REQUESTED:
            return _("We answer within two working days, by email.")
        case ReturnStatus.APPROVED:
            return _next_approved(row, number, paid)
        case ReturnStatus.RECEIVED:
            until = full_day(_money_by(row.received_at))
            return _("We have them. Your money goes back by {day}, and we write to you then.").format(
                day=until
            )
        case ReturnStatus.REFUNDED:
            return _("The money is on its way. It takes five to ten days to show on your account.")
        case ReturnStatus.DECLINED | ReturnStatus.CANCELLED:
            return _("You keep the things, and nothing else changes.")


def _next_approved(row: Row[Any], number: str, paid: bool) -> str:
    if row.reason == NOT_SENT:
        if not paid:
            return _("We don't send them, and you don't have to pay for them.")
        until = full_day(_money_by(row.created_at))
        return _("We don't send them. Your money for them goes back by {day}.").format(day=until)
    to = send_to(number)
    if row.kind == ReturnKind.WITHDRAWAL:
        until = full_day(period_end(day_of(row.created_at), WITHDRAW_DAYS, row.country))
        to = f"{to} {_('Send them by {day}.').format(day=until)}"
    back = _("Your money goes back within 14 days after they have arrived here.")
    return f"{to} {back}" if paid else to


def _money_by(moment: datetime) -> date:
    """The last day for the money. It is the shop's period, so that no weekend makes it longer."""
    return day_of(moment) + timedelta(days=MONEY_DAYS)


def send_to(number: str) -> str:
    """The sentence that says where to send goods."""
    return _("Send the things to {address}, with a note that names order {number}.").format(
        address=shop().returns_to, number=number
    )
