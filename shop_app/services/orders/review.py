"""Orders that need review: staff resolve what they were flagged for, with a note."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Invalid
from ...core.i18n import _
from ...models import OrderStatus, PaymentStatus
from ..staff import audit
from . import awaited_payment
from . import commands as order_commands
from .queries import order

PERMISSION = "orders.edit"
MAX_NOTE = 2000
A_DAY = timedelta(days=1)

# The flag has cleared `expires_at`; without a new one the order would keep its units for good.
_WAIT_AGAIN = (
    update(order)
    .where(
        order.c.id == bindparam("order"),
        order.c.status.in_([OrderStatus.PENDING.value, OrderStatus.PLACED.value]),
        order.c.payment_status.in_([PaymentStatus.NONE.value, PaymentStatus.VOIDED.value]),
        order.c.paid_at.is_(None),
    )
    .values(expires_at=bindparam("until"))
)


def resolve(session: Session, order_id: int, note: str, by: Principal) -> None:
    """Resolve what an order was flagged for; the same reason doesn't flag it again.

    An unpaid one gets a new `expires_at`: `transfer_days` where it is placed, a day where it is pending.

    Errors  Forbidden; Invalid without a note; Conflict for an order that isn't flagged; NotFound.
    """
    by.need(PERMISSION)
    note = note.strip()[:MAX_NOTE]
    if not note:
        raise Invalid(_("Write what you found, for whoever reads this later."), field="note")
    head = order_commands.lock(session, order_id)
    order_commands.resolve(session, order_id, note, actor=by.actor)
    is_placed = head.status == OrderStatus.PLACED
    until = awaited_payment.transfer_end(head.country) if is_placed else now() + A_DAY
    session.connection().execute(_WAIT_AGAIN, {"order": order_id, "until": until})
    audit.record(
        session,
        by.actor,
        "order.resolved",
        "order",
        str(head.number),
        before={"needs_review": head.needs_review},
        after={"needs_review": "", "note": note},
        staff_id=by.id or None,
    )
