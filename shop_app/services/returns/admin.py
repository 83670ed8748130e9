"""Staff's commands on returns: approve, decline, receive, cancel; the refund workflow moves the money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Invalid
from ...core.i18n import _
from ...models import NOT_SENT, ReturnKind, ReturnStatus
from .. import outbox
from ..orders import commands as order_commands
from ..orders import units as order_units
from ..orders.queries import order_line
from ..payments import refundable
from ..payments.refund_rows import RefundRequest
from ..staff import audit
from .returnable import return_line, return_request
from .status import lock, move

MAX_ANSWER = 2000


@dataclass(frozen=True, slots=True)
class ReturnRefund:
    """The refund of a return, for the refund workflow."""

    order_id: int
    request: RefundRequest


_LINES = (
    select(return_line, order_line.c.variant_id, order_line.c.title, order_line.c.variant_title)
    .join(order_line, order_line.c.id == return_line.c.order_line_id)
    .where(return_line.c.return_id == bindparam("return"))
    .order_by(order_line.c.position)
)
_RECEIVE_LINE = (
    update(return_line)
    .where(
        return_line.c.return_id == bindparam("of_return"), return_line.c.order_line_id == bindparam("line")
    )
    .values(quantity_received=bindparam("received"), quantity_restocked=bindparam("restocked"))
)


def approve(session: Session, return_id: int, *, by: Principal, answer: str = "") -> None:
    """Approve a return, and write to the shopper where to send it. Repeating it changes nothing.

    Errors  Forbidden; NotFound; Conflict for one whose status doesn't allow it.
    """
    by.need("orders.edit")
    _decide(session, return_id, ReturnStatus.APPROVED, "return_approved", by, answer)


def decline(session: Session, return_id: int, *, by: Principal, answer: str) -> None:
    """Decline a return, with the reason that the shopper reads.

    Errors  Forbidden; NotFound; Invalid without an answer; Conflict for one whose status doesn't allow it,
            and for every withdrawal.
    """
    by.need("orders.edit")
    if not answer.strip():
        raise Invalid(_("Say why: the shopper reads it."), field="answer")
    _decide(session, return_id, ReturnStatus.DECLINED, "return_declined", by, answer)


def cancel(session: Session, return_id: int, *, by: Principal, answer: str = "") -> None:
    """Cancel a return whose goods never came; no letter is written.

    Errors  Forbidden; NotFound; Conflict for one whose status doesn't allow it.
    """
    by.need("orders.edit")
    _decide(session, return_id, ReturnStatus.CANCELLED, "", by, answer)


def note(session: Session, return_id: int, text: str, *, by: Principal) -> None:
    """Write the note on a return that staff alone read, in place of the one before.

    Errors  Forbidden; NotFound; Invalid for one that is too long.
    """
    by.need("orders.fulfil")
    text = text.strip()
    if len(text) > MAX_ANSWER:
        raise Invalid(_("Write {most} characters at most.").format(most=MAX_ANSWER), field="note")
    return_row = lock(session, return_id)
    if text == return_row.staff_note:
        return
    change = update(return_request).where(return_request.c.id == return_id)
    session.connection().execute(change.values(staff_note=text))
    order_commands.record_event(
        session, return_row.order_id, "return_noted", actor=by.actor, return_id=return_id
    )
    key, staff_id = f"{return_row.number}/{return_id}", by.id or None
    audit.record(session, by.actor, "return.noted", "return", key, staff_id=staff_id)


def receive(
    session: Session,
    return_id: int,
    received: Mapping[int, int],
    restocked: Mapping[int, int],
    *,
    by: Principal,
) -> None:
    """Record how many units of each order line arrived, and how many of those are restocked.

    Shape   both by the order line's id; a line that is missing counts as none.
    Errors  Forbidden; NotFound; Invalid for quantities that don't fit; Conflict for a return whose status
            doesn't allow it, and for units that weren't sent. Repeating it changes nothing.
    """
    by.need("orders.fulfil")
    return_row = lock(session, return_id)
    if not move(session, return_row, ReturnStatus.RECEIVED, received_at=now()):
        return
    lines = _lines(session, return_id)
    _check(lines, received, restocked)
    units = {line: count for line, count in received.items() if count}
    restocked_units = {line: count for line, count in restocked.items() if count}
    order_units.receive_return(
        session,
        return_row.order_id,
        units,
        restock=restocked_units,
        reason=f"return {return_id}",
        actor=by.actor,
    )
    rows = [
        {"of_return": return_id, "line": line, "received": count, "restocked": restocked_units.get(line, 0)}
        for line, count in units.items()
    ]
    session.connection().execute(_RECEIVE_LINE, rows)
    things = [f"{units[line.order_line_id]} × {_name(line)}" for line in lines if line.order_line_id in units]
    _note(session, return_row, ReturnStatus.RECEIVED, by, received=things)
    _write(session, return_row, "return_received", things=things)


def refund_request(
    session: Session, return_id: int, *, by: Principal, destination: str = "original"
) -> ReturnRefund | None:
    """The refund that belongs to a return: the units that arrived, or all of them before it is received.

    None where it was refunded already. A withdrawal from the whole order refunds delivery too, as the law
    demands.

    Errors  Forbidden; NotFound.
    """
    by.need("orders.refund")
    return_row = lock(session, return_id)
    if return_row.status == ReturnStatus.REFUNDED:
        return None
    lines = _lines(session, return_id)
    units = {
        line.order_line_id: line.quantity_received if return_row.received_at else line.quantity
        for line in lines
    }
    withdrawal = return_row.kind == ReturnKind.WITHDRAWAL
    whole = withdrawal and _is_whole(session, return_row, units)
    shipping = refundable.refundable(session, return_row.order_id).shipping_minor if whole else 0
    return ReturnRefund(
        return_row.order_id,
        RefundRequest(
            lines={line: count for line, count in units.items() if count},
            shipping_minor=shipping,
            reason=_("Withdrawal") if withdrawal else _("Return"),
            destination=destination,
            restock=True if return_row.reason == NOT_SENT else None,
            return_id=return_id,
        ),
    )


def _is_whole(session: Session, return_row: Row[Any], units: Mapping[int, int]) -> bool:
    """Whether the shopper keeps nothing of the order after this return, and nothing is to be sent."""
    lines = order_units.lines_of(session, return_row.order_id).values()
    # Received units are in the lines' quantities already.
    coming = {} if return_row.received_at else units
    return all(line.cancelled + line.returned + coming.get(line.id, 0) >= line.quantity for line in lines)


def _decide(
    session: Session, return_id: int, to: ReturnStatus, letter: str, by: Principal, answer: str
) -> None:
    return_row = lock(session, return_id)
    text = answer.strip()[:MAX_ANSWER]
    if not move(session, return_row, to, decided_at=now(), answer=text, actor=by.actor):
        return
    _note(session, return_row, to, by, answer=text)
    if letter:
        _write(session, return_row, letter, answer=text)


def _lines(session: Session, return_id: int) -> list[Row[Any]]:
    return list(session.connection().execute(_LINES, {"return": return_id}))


def _check(lines: list[Row[Any]], received: Mapping[int, int], restocked: Mapping[int, int]) -> None:
    lines_by_id = {line.order_line_id: line for line in lines}
    if not any(received.values()):
        raise Invalid(_("Enter how many have arrived."), field="received")
    for line_id in received.keys() | restocked.keys():
        units, back = received.get(line_id, 0), restocked.get(line_id, 0)
        if line_id not in lines_by_id or not 0 <= back <= units:
            raise Invalid(_("No more can go on the shelf than have arrived."), field="received")
        if units > lines_by_id[line_id].quantity:
            raise Invalid(
                _("The return is about {count} of {title}.").format(
                    count=lines_by_id[line_id].quantity, title=_name(lines_by_id[line_id])
                ),
                field="received",
            )
        if back and lines_by_id[line_id].variant_id is None:
            raise Invalid(
                _("{title} isn't in the catalogue any more, so it has no shelf.").format(
                    title=_name(lines_by_id[line_id])
                ),
                field="received",
            )


def _name(line: Row[Any]) -> str:
    return f"{line.title}, {line.variant_title}" if line.variant_title else str(line.title)


def _note(session: Session, return_row: Row[Any], to: ReturnStatus, by: Principal, **data: Any) -> None:
    """Into the order's history and the audit."""
    order_commands.record_event(
        session,
        return_row.order_id,
        f"return_{to.value}",
        actor=by.actor,
        public=True,
        return_id=return_row.id,
        **data,
    )
    audit.record(
        session,
        by.actor,
        f"return.{to.value}",
        "return",
        f"{return_row.number}/{return_row.id}",
        before={"status": return_row.status},
        after={"status": to.value, **data},
        staff_id=by.id or None,
    )


def _write(session: Session, return_row: Row[Any], kind: str, **data: Any) -> None:
    things = [f"{line.quantity} × {_name(line)}" for line in _lines(session, return_row.id)]
    outbox.write(
        session,
        kind,
        return_row.email,
        f"{kind}:{return_row.id}",
        {
            "order_id": return_row.order_id,
            "number": return_row.number,
            "token": return_row.token,
            "things": things,
            **data,
        },
    )
