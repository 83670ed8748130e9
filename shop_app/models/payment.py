"""Tables of payments, their append-only events, the inbox of webhooks, refunds and disputes."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, key, minor, moment, one_of, refers, word


class RefundDestination(StrEnum):
    ORIGINAL = "original"
    """To the payment that it was paid with."""
    CREDIT = "credit"
    """As store credit: the payment provider isn't called."""


class PaymentState(StrEnum):
    """The state of one attempt to pay; the order's payment status is computed from all events."""

    STARTED = "started"
    """Written down; the provider hasn't answered yet."""
    OPEN = "open"
    """The shopper is, or may be, at the provider's page."""
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class PaymentEventKind(StrEnum):
    OPENED = "opened"
    DECLINED = "declined"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    EXPIRED = "expired"
    VOIDED = "voided"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Payment(SQLModel, table=True):
    __table_args__ = (
        one_of("state", PaymentState),
        UniqueConstraint("provider", "reference"),
        UniqueConstraint("order_id", "attempt"),
        check("amount_minor > 0", "amount_positive"),
        check("captured_minor BETWEEN 0 AND amount_minor", "captured_in_bounds"),
        check(
            "refunded_minor >= 0 AND refund_pending_minor >= 0"
            " AND refunded_minor + refund_pending_minor <= captured_minor",
            "refunds_in_bounds",
        ),
        Index("ix_payment_state_created_at", "state", "created_at"),
    )

    id: int | None = key()
    order_id: int = refers("customer_order.id", index=False)
    attempt: int = 1
    """1 for the first try to pay the order; its idempotency key at the provider is made from it."""
    provider: str = Field(max_length=32)
    reference: str | None = Field(default=None, max_length=255, index=True)
    """The provider's id of it: a Checkout Session's at Stripe."""
    intent_reference: str | None = Field(default=None, max_length=255, index=True)
    """The provider's id of the money: a PaymentIntent's at Stripe."""
    state: str = word(PaymentState.STARTED)
    currency: str = Field(max_length=3)
    amount_minor: int = minor()
    captured_minor: int = minor(default=0)
    refunded_minor: int = minor(default=0)
    refund_pending_minor: int = minor(default=0)
    redirect_url: str = ""
    method: str = Field(default="", max_length=32)
    """What it was made with at the provider: card, bank_debit, apple_pay, …; "" until that is known."""
    decline_message: str = ""
    """Why the last try failed, for the shopper to read."""
    authorized_until: datetime | None = None
    """Until when an authorised amount can be captured."""
    expires_at: datetime | None = None
    created_at: datetime = moment()


class PaymentEvent(SQLModel, table=True):
    """One thing that happened to a payment; amounts are computed from these. Append-only."""

    __tablename__ = "payment_event"
    __table_args__ = (
        one_of("kind", PaymentEventKind),
        UniqueConstraint("payment_id", "kind", "provider_reference"),
    )

    id: int | None = key()
    payment_id: int = refers("payment.id", index=False)
    kind: str = Field(max_length=32)
    amount_minor: int = minor(default=0)
    provider_reference: str = Field(max_length=255)
    at: datetime = moment()


class ProviderEvent(SQLModel, table=True):
    """The inbox: a provider's webhook, stored under the provider's event id before it is applied."""

    __tablename__ = "provider_event"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_provider_event_applied_at_received_at", "applied_at", "received_at"),
        Index("ix_provider_event_received_at", "received_at", "id"),
        Index("ix_provider_event_kind_received_at", "kind", "received_at", "id"),
        Index("ix_provider_event_outcome_received_at", "outcome", "received_at", "id"),
    )

    id: int | None = key()
    provider: str = Field(max_length=32)
    event_id: str = Field(max_length=255)
    kind: str = Field(max_length=100)
    payload: str
    """The body as received, after its signature was verified."""
    received_at: datetime = moment()
    applied_at: datetime | None = None
    outcome: str = Field(default="", max_length=64)
    """applied, already known, ignored or refused; `problem` says why."""
    problem: str = ""


class Refund(SQLModel, table=True):
    __table_args__ = (
        one_of("status", RefundStatus),
        one_of("destination", RefundDestination),
        check("amount_minor > 0", "amount_positive"),
    )

    id: int | None = key()
    payment_id: int = refers("payment.id")
    request_key: str = Field(max_length=64, unique=True)
    """Made when the form is opened: a double click is one refund."""
    amount_minor: int = minor()
    status: str = word(RefundStatus.PENDING)
    destination: str = word(RefundDestination.ORIGINAL)
    return_id: int | None = refers("return_request.id", default=None)
    """The return that is refunded."""
    reason: str = Field(default="", max_length=100)
    note: str = ""
    provider_reference: str | None = Field(default=None, max_length=255, unique=True)
    actor: str = Field(default="system", max_length=200)
    created_at: datetime = moment()
    settled_at: datetime | None = None


class RefundLine(SQLModel, table=True):
    """What a refund is for; a refund without lines is a free amount."""

    __tablename__ = "refund_line"
    __table_args__ = (check("quantity >= 0 AND amount_minor >= 0", "not_negative"),)

    id: int | None = key()
    refund_id: int = refers("refund.id")
    order_line_id: int | None = refers("order_line.id", default=None, index=False)
    """None for shipping."""
    quantity: int = 0
    amount_minor: int = minor()
    restocked: bool = False


class DisputeStatus(StrEnum):
    OPEN = "open"
    """A person has to answer by `due_at`."""
    ANSWERED = "answered"
    WON = "won"
    LOST = "lost"


class Dispute(SQLModel, table=True):
    """A shopper's bank takes the money back; it changes the order's payment status alone."""

    __table_args__ = (one_of("status", DisputeStatus), check("amount_minor >= 0", "amount_not_negative"))

    id: int | None = key()
    payment_id: int = refers("payment.id")
    provider_reference: str = Field(max_length=255, unique=True)
    status: str = word(DisputeStatus.OPEN)
    reason: str = Field(default="", max_length=100)
    amount_minor: int = minor()
    due_at: datetime | None = None
    created_at: datetime = moment()
    closed_at: datetime | None = None
