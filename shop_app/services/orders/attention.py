"""What waits for a person: looked at and put aside, with a note, by somebody of the staff."""

from __future__ import annotations

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import Invalid
from ...core.i18n import _
from .. import audit
from . import order_life

PERMISSION = "orders.edit"
MAX_NOTE = 2000


def looked_at(session: Session, order_id: int, note: str, by: Principal) -> None:
    """Take the mark off an order; the same reason doesn't mark it again.

    Errors  Forbidden; Invalid without a note; Conflict where nothing is marked; NotFound.
    """
    by.need(PERMISSION)
    note = note.strip()[:MAX_NOTE]
    if not note:
        raise Invalid(_("Write what you found, for whoever reads this later."), field="note")
    head = order_life.lock(session, order_id)
    order_life.looked_at(session, order_id, note, actor=by.actor)
    audit.record(
        session, by.actor, "order.looked_at", "order", str(head.number),
        before={"attention": head.attention}, after={"attention": "", "note": note}, staff_id=by.id or None,
    )  # fmt: skip
