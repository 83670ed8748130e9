"""Returns: what shoppers want to send back, and withdrawals, which need no approval."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from .base import check, key, moment, one_of, refers, word


class ReturnKind(StrEnum):
    RETURN = "return"
    WITHDRAWAL = "withdrawal"
    """The right of consumers in the EU to withdraw within 14 days, without a reason."""


NOT_SENT = "not_sent"
"""The reason of a withdrawal from units that hadn't left: they are cancelled, and don't come back."""


class ReturnStatus(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    RECEIVED = "received"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


RETURN_MOVES: dict[ReturnStatus, frozenset[ReturnStatus]] = {
    ReturnStatus.REQUESTED: frozenset({ReturnStatus.APPROVED, ReturnStatus.DECLINED, ReturnStatus.CANCELLED}),
    ReturnStatus.APPROVED: frozenset(
        # Money may go back before, or without, the goods coming back.
        {ReturnStatus.RECEIVED, ReturnStatus.REFUNDED, ReturnStatus.CANCELLED}
    ),
    ReturnStatus.DECLINED: frozenset(),
    ReturnStatus.RECEIVED: frozenset({ReturnStatus.REFUNDED}),
    ReturnStatus.REFUNDED: frozenset(),
    ReturnStatus.CANCELLED: frozenset(),
}


class ReturnRequest(SQLModel, table=True):
    __tablename__ = "return_request"
    __table_args__ = (
        one_of("kind", ReturnKind),
        one_of("status", ReturnStatus),
        Index("ix_return_request_status_order_id", "status", "order_id"),
    )

    id: int | None = key()
    order_id: int = refers("customer_order.id")
    request_key: str = Field(max_length=64, unique=True)
    """Made when the form is opened: a double click is one request."""
    kind: str = word(ReturnKind.RETURN)
    status: str = word(ReturnStatus.REQUESTED)
    email: str = Field(max_length=254)
    """Where the receipt goes."""
    reason: str = Field(default="", max_length=100)
    note: str = ""
    """In the shopper's words."""
    answer: str = ""
    """What the shop said to it."""
    staff_note: str = ""
    """What staff alone read."""
    actor: str = Field(default="system", max_length=200)
    """Who decided."""
    created_at: datetime = moment()
    decided_at: datetime | None = None
    received_at: datetime | None = None
    version: int = 1


class ReturnLine(SQLModel, table=True):
    __tablename__ = "return_line"
    __table_args__ = (
        check("quantity > 0 AND quantity_received BETWEEN 0 AND quantity", "quantities_in_bounds"),
        check("quantity_restocked BETWEEN 0 AND quantity_received", "restocked_in_bounds"),
    )

    return_id: int = refers("return_request.id", primary_key=True, index=False)
    order_line_id: int = refers("order_line.id", primary_key=True)
    quantity: int
    quantity_received: int = 0
    quantity_restocked: int = 0
