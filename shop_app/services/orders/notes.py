"""What staff write down about an order: notes, another address, away into the archive, a letter once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...models import FulfilmentStatus, Letter, OrderStatus, PaymentStatus, table_of
from .. import outbox
from ..customers import addresses
from ..staff import audit
from . import commands as order_commands
from . import finding
from .queries import OrderHead, order

PERMISSION, EDIT = "orders.fulfil", "orders.edit"
MAX_NOTE = 2000

_letter = table_of(Letter)
_LETTER = select(_letter).where(_letter.c.id == bindparam("letter"), _letter.c.order_id == bindparam("order"))
_KEYS = select(_letter.c.dedupe_key).where(_letter.c.order_id == bindparam("order"))
_ADDRESSES = select(order.c.ship_to, order.c.bill_to, order.c.email, order.c.country).where(
    order.c.id == bindparam("order")
)
_OPEN_MONEY = (PaymentStatus.AUTHORIZED, PaymentStatus.PARTIALLY_PAID, PaymentStatus.DISPUTED)


class ChangedMeanwhile(Conflict):
    """Somebody else has changed the address since it was read; `theirs` is what it is now."""

    def __init__(self, theirs: dict[str, str]) -> None:
        text = _("Somebody has changed this address while you were writing. Compare both, then save again.")
        super().__init__(text, code="changed_meanwhile")
        self.theirs = theirs


def add_note(session: Session, order_id: int, text: str, *, by: Principal) -> None:
    """Add a note to the order's history, for staff alone; nobody can take it out.

    Errors  Forbidden; NotFound; Invalid for an empty note, or one that is too long.
    """
    by.need(PERMISSION)
    text = text.strip()
    if not text or len(text) > MAX_NOTE:
        raise Invalid(_("Write a note of {most} characters at most.").format(most=MAX_NOTE), field="note")
    head = order_commands.lock(session, order_id)
    order_commands.record_event(session, order_id, "note", actor=by.actor, text=text)
    _audit(session, head, by, "order.noted")


def change_address(
    session: Session, order_id: int, typed: Mapping[str, str], *, seen: Mapping[str, str], by: Principal
) -> None:
    """Change where an order goes, while nothing of it has left; the country stays, its taxes are for it.

    `seen` is the address that the change was made to. The billing address changes along where it is the
    same one. What it was stays out of the audit, because an address is forgotten at its age.

    Errors  Forbidden; NotFound; Invalid for a field, by its name; ChangedMeanwhile; Conflict once something
            was sent.
    """
    by.need(EDIT)
    head = order_commands.lock(session, order_id)
    row = session.connection().execute(_ADDRESSES, {"order": order_id}).one()
    if head.fulfilment_status != FulfilmentStatus.NONE or head.status not in ("pending", "placed"):
        raise Conflict(_("The address can't be changed any more: the order has left, or has ended."))
    if row.ship_to != dict(seen):
        raise ChangedMeanwhile(dict(row.ship_to))
    wanted = {**row.ship_to, **typed, "country": row.country}
    for name, problem in addresses.problems(wanted):
        if problem:
            raise Invalid(problem, field=name)
    address = addresses.normal(wanted)
    if address == row.ship_to:
        return
    bill_to = address if row.bill_to == row.ship_to else row.bill_to
    change = update(order).where(order.c.id == order_id)
    session.connection().execute(change.values(ship_to=address, bill_to=bill_to, version=order.c.version + 1))
    finding.write_words(session, order_id, row.email, address, bill_to)
    fields = sorted(name for name in address if address[name] != row.ship_to.get(name, ""))
    order_commands.record_event(
        session, order_id, "address_changed", actor=by.actor, public=True, fields=fields
    )
    _audit(session, head, by, "order.address_changed", after={"fields": fields})


def archive(session: Session, order_id: int, *, archived: bool, by: Principal) -> None:
    """Put an order away, or get it out again; repeating it changes nothing.

    Errors  Forbidden; NotFound; Conflict for an order that somebody still has to do something about.
    """
    by.need(PERMISSION)
    head = order_commands.lock(session, order_id)
    if archived and (why := why_not_archived(head.status, head.payment_status, head.needs_review)):
        raise Conflict(why)
    change = update(order).where(order.c.id == order_id)
    missing = order.c.archived_at.is_(None) if archived else order.c.archived_at.is_not(None)
    change = change.where(missing).values(archived_at=now() if archived else None)
    if session.connection().execute(change.values(version=order.c.version + 1)).rowcount:
        kind = "archived" if archived else "unarchived"
        order_commands.record_event(session, order_id, kind, actor=by.actor)
        _audit(session, head, by, f"order.{kind}")


def why_not_archived(status: str, payment_status: str, needs_review: str) -> str:
    """Why an order can't be put away; "" where it can."""
    if needs_review:
        return _("Something about it waits for a person.")
    if status in (OrderStatus.PENDING, OrderStatus.PLACED):
        return _("It isn't over: something is to be sent, to arrive or to be paid.")
    return _("Its payment isn't over.") if payment_status in _OPEN_MONEY else ""


def send_letter_again(session: Session, order_id: int, letter_id: int, *, by: Principal) -> None:
    """Send a letter about the order once more, to the address that the order has now.

    Errors  Forbidden; NotFound for a letter about another order; Conflict for one that was forgotten at
            its age.
    """
    by.need(PERMISSION)
    head = order_commands.lock(session, order_id)
    row = session.connection().execute(_LETTER, {"letter": letter_id, "order": order_id}).first()
    if row is None:
        raise NotFound(_("There is no such letter about this order."))
    if not row.to_email or not head.email or not row.data:
        raise Conflict(_("This letter was forgotten at its age. It can't be sent again."))
    first = row.dedupe_key.partition(":again:")[0]
    keys = session.connection().execute(_KEYS, {"order": order_id}).scalars()
    times = sum(key.startswith(f"{first}:again:") for key in keys)
    outbox.write(
        session, row.kind, head.email, f"{first}:again:{times + 1}", dict(row.data) | {"order_id": order_id}
    )
    order_commands.record_event(session, order_id, "letter_sent_again", actor=by.actor, letter=row.kind)
    _audit(session, head, by, "order.letter_sent_again", after={"letter": row.kind})


def _audit(
    session: Session, head: OrderHead, by: Principal, action: str, after: dict[str, Any] | None = None
) -> None:
    number, staff_id = str(head.number), by.id or None
    audit.record(session, by.actor, action, "order", number, after=after or {}, staff_id=staff_id)
