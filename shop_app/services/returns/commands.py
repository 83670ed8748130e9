"""Shoppers' commands: requesting a return, and declaring a withdrawal; each once, with its receipt.

A return needs the shop's approval. A withdrawal doesn't: it takes effect when it is written, with its
receipt in the same transaction. Staff's commands are in `admin`, what may be returned in `returnable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlmodel import Session

from ...core import links
from ...core.clock import now, today
from ...core.dates import full_day, full_moment
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.typed_text import prose
from ...core.working_days import period_end
from ...models import NOT_SENT, Letter, ReturnKind, ReturnStatus, table_of
from .. import outbox
from ..cart.checkout import FieldProblem
from ..customers import addresses
from ..orders import commands as order_commands
from ..orders import reasons
from ..orders.queries import look_up
from . import queries as return_queries
from . import returnable
from .queries import ReturnChoice
from .returnable import (
    RETURN_DAYS,
    WITHDRAW_DAYS,
    Free,
    FreeLine,
    return_line,
    return_request,
)

MAX_NOTE, MAX_NAME, MAX_KEY = 500, 200, 48

_letter = table_of(Letter)
_BY_KEY = select(return_request.c.id, return_request.c.order_id).where(
    return_request.c.request_key == bindparam("key")
)
_RECEIPT = select(_letter.c.data).where(_letter.c.dedupe_key == bindparam("key"))


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of a return or withdrawal, as the letter has it too."""

    number: str = ""
    token: str = ""
    name: str = ""
    email: str = ""
    at: str = ""
    """ "22 November 2026, 15:06 CET"."""
    things: list[str] = field(default_factory=list)
    """ "2 × Dune Mug, Moss": everything that is returned or withdrawn from."""
    send_back: list[str] = field(default_factory=list)
    """Of these, what the shopper has to send back."""
    not_sent: list[str] = field(default_factory=list)
    """Of these, what wasn't sent and won't be."""
    send_until: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be withdrawn from, for whoever has given the order's number and e-mail address."""

    number: str = ""
    email: str = ""
    name: str = ""
    choices: list[ReturnChoice] = field(default_factory=list)
    until: str = ""
    """ "4 December 2026"; "" while a part of the order is to be sent."""


def request(
    session: Session, token: str, quantities: Mapping[int, int], reason: str, note: str, request_key: str
) -> Receipt:
    """Request a return of units, by the positions of their lines. The same key is the same request.

    Errors  NotFound for a token that no order has; Invalid for nothing chosen or no reason; Conflict
            for more than can be returned, and after the last day.
    """
    order_id = returnable.by_token(session, token).order_id
    order_commands.lock(session, order_id)
    if earlier_receipt := _earlier_receipt(session, order_id, request_key, "return_requested"):
        return earlier_receipt
    free = returnable.by_id(session, order_id)
    if not _is_reason(session, reason):
        raise Invalid(_("Choose a reason"), field="reason")
    if not free.may_return:
        raise Conflict(_over(free, free.return_until, RETURN_DAYS))
    chosen = _chosen(free, quantities, {line.position: line.sent for line in free.lines})
    taken = {line.id: units for line, units in chosen}
    return_id = _write(session, free, ReturnKind.RETURN, reason, note, request_key, taken)
    receipt = _receipt(free, free.name, note, chosen, {}, "")
    _record_and_write(session, free, return_id, "return_requested", receipt)
    return receipt


def problems(session: Session, quantities: Mapping[int, int], reason: str) -> list[FieldProblem]:
    """What is wrong with the form, by field."""
    form_problems = []
    if not any(quantities.values()):
        form_problems.append(FieldProblem("lines", _("Choose what you want to send back")))
    if not _is_reason(session, reason):
        form_problems.append(FieldProblem("reason", _("Choose a reason")))
    return form_problems


def _is_reason(session: Session, code: str) -> bool:
    return any(reason.code == code for reason in reasons.of_kind(session, "return"))


def name_problem(name: str) -> str:
    """What is wrong with the name of who withdraws; "" where nothing is."""
    if not (clean_name := prose(name)):
        return _("Enter your name")
    return links.problem(clean_name) or addresses.name_problem(clean_name)


def offer(session: Session, number: str, email: str) -> Offer:
    """What can be withdrawn from, by the order's number and e-mail address.

    Errors  NotFound, the same sentence whichever of the two is wrong; Conflict where nothing is left
            or the last day has passed.
    """
    free = returnable.by_token(session, look_up(session, number, email))
    _may_withdraw(free)
    until = full_day(free.withdraw_until) if free.withdraw_until else ""
    return Offer(free.number, free.email, free.name, return_queries.choices(free, withdrawal=True), until)


def withdraw(
    session: Session,
    number: str,
    email: str,
    name: str,
    quantities: Mapping[int, int] | None,
    note: str,
    request_key: str,
) -> Receipt:
    """Declare the withdrawal from these units, by position, or from all that is left (None).

    It takes effect at once. Units that weren't sent are recorded here; staff cancel them.

    Errors  as `offer` has them; Invalid for no name or nothing chosen; Conflict for more than is left.
    """
    order_id = returnable.by_token(session, look_up(session, number, email)).order_id
    order_commands.lock(session, order_id)
    if earlier_receipt := _earlier_receipt(session, order_id, request_key, "withdrawal_received"):
        return earlier_receipt
    free = returnable.by_id(session, order_id)
    if wrong := name_problem(name):
        raise Invalid(wrong, field="name")
    _may_withdraw(free)
    most = {line.position: line.sent + line.not_sent for line in free.lines}
    chosen = _chosen(free, most if quantities is None else quantities, most)
    # Units that weren't sent count first, so that as few as possible are sent back.
    ended = {line.id: min(units, line.not_sent) for line, units in chosen}
    back = {line.id: units - ended[line.id] for line, units in chosen}
    kind, keys = ReturnKind.WITHDRAWAL, [(back, "", request_key), (ended, NOT_SENT, f"{request_key}:rest")]
    if not any(back.values()):
        keys = [(ended, NOT_SENT, request_key)]
    ids = [
        _write(session, free, kind, why, note, key, units) for units, why, key in keys if any(units.values())
    ]
    until = full_day(period_end(today(), WITHDRAW_DAYS, free.country)) if any(back.values()) else ""
    # Cleaned to one line: a stranger may have written it, and the receipt goes by e-mail.
    receipt = _receipt(free, prose(name)[:MAX_NAME], note, chosen, ended, until)
    _record_and_write(session, free, ids[0], "withdrawal_received", receipt)
    return receipt


def _may_withdraw(free: Free) -> None:
    if not free.may_withdraw:
        raise Conflict(_over(free, free.withdraw_until, WITHDRAW_DAYS))


def _over(free: Free, until: date | None, days: int) -> str:
    """Why nothing can be returned, or nothing withdrawn from any more."""
    if until is None or today() <= until:
        return _("Nothing of order {number} is left to send back.").format(number=free.number)
    ended = _("The {days} days for order {number} ended on {day}.").format(
        days=days, number=free.number, day=full_day(until)
    )
    if days == WITHDRAW_DAYS and free.may_return and free.return_until:
        later = _("You can still ask to send things back until {day}, on the page of your order.")
        return f"{ended} {later.format(day=full_day(free.return_until))}"
    return ended


def _chosen(free: Free, quantities: Mapping[int, int], most: Mapping[int, int]) -> list[tuple[FreeLine, int]]:
    by_position = {line.position: line for line in free.lines}
    chosen = [(at, units) for at, units in sorted(quantities.items()) if units]
    if not chosen:
        raise Invalid(_("Choose what you want to send back"), field="lines")
    for at, units in chosen:
        if at not in by_position or units < 0:
            raise Invalid(_("Choose what you want to send back"), field="lines")
        if units > most[at]:
            raise Conflict(
                _("Of {title}, {count} can still go back.").format(title=by_position[at].name, count=most[at])
            )
    return [(by_position[at], units) for at, units in chosen]


def _earlier_receipt(session: Session, order_id: int, request_key: str, kind: str) -> Receipt | None:
    """The receipt of the request that was made with this key; None for a new key.

    Errors  Invalid for a key out of bounds; Conflict where it belongs to another order, or is too old.
    """
    if not 16 <= len(request_key) <= MAX_KEY:
        raise Invalid(_("Open the form again, then send it."))
    row = session.connection().execute(_BY_KEY, {"key": request_key}).first()
    if row is None:
        return None
    data = session.connection().execute(_RECEIPT, {"key": f"{kind}:{row.id}"}).scalar()
    # `retention` empties old letters: their receipt is gone.
    if row.order_id != order_id or not data:
        raise Conflict(_("Open the form again, then send it."))
    return Receipt(**data["receipt"])


def _write(
    session: Session, free: Free, kind: ReturnKind, reason: str, note: str, key: str, units: dict[int, int]
) -> int:
    connection, at = session.connection(), now()
    approved = kind == ReturnKind.WITHDRAWAL
    values: dict[str, Any] = {
        "order_id": free.order_id,
        "request_key": key,
        "kind": kind.value,
        "email": free.email,
        "reason": reason,
        "note": note.strip()[:MAX_NOTE],
        "answer": "",
        "actor": "shopper",
        "status": (ReturnStatus.APPROVED if approved else ReturnStatus.REQUESTED).value,
        "created_at": at,
        "decided_at": at if approved else None,
        "version": 1,
    }
    return_id = connection.execute(
        insert(return_request).values(**values).returning(return_request.c.id)
    ).scalar_one()
    lines = [
        {
            "return_id": return_id,
            "order_line_id": line,
            "quantity": count,
            "quantity_received": 0,
            "quantity_restocked": 0,
        }
        for line, count in units.items()
        if count
    ]
    connection.execute(insert(return_line), lines)
    return return_id


def _receipt(
    free: Free,
    name: str,
    note: str,
    chosen: list[tuple[FreeLine, int]],
    ended: dict[int, int],
    until: str,
) -> Receipt:
    def listed(counted: list[tuple[FreeLine, int]]) -> list[str]:
        return [f"{units} × {line.name}" for line, units in counted if units]

    return Receipt(
        free.number,
        free.token,
        name,
        free.email,
        full_moment(now()),
        listed(chosen),
        listed([(line, units - ended.get(line.id, 0)) for line, units in chosen]),
        listed([(line, ended.get(line.id, 0)) for line, _units in chosen]),
        until,
        note.strip()[:MAX_NOTE],
    )


def _record_and_write(session: Session, free: Free, return_id: int, kind: str, receipt: Receipt) -> None:
    frozen = {field: getattr(receipt, field) for field in Receipt.__slots__}
    order_commands.record_event(
        session,
        free.order_id,
        kind,
        actor="shopper",
        public=True,
        return_id=return_id,
        things=receipt.things,
        not_sent=receipt.not_sent,
    )
    outbox.write(
        session,
        kind,
        free.email,
        f"{kind}:{return_id}",
        {"order_id": free.order_id, "number": free.number, "token": free.token, "receipt": frozen},
        paid=free.paid,
    )
