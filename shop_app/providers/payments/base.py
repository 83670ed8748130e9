"""What the shop asks of a payment provider, and what one answers: plain data, a Protocol, a way to pay.

A provider is told what to take and is asked what has happened. It keeps nothing and never sees the
database; its failures are `errors.ProviderDown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...core.errors import ShopError


class Forged(ShopError):
    """A notice that the provider didn't sign, signed too long ago, or that isn't a notice at all."""

    code = "forged"


class NeverTaken(ShopError):
    """The provider refused to start the payment for good: nothing exists there, and never will."""

    code = "never_taken"


@dataclass(frozen=True, slots=True)
class PayLine:
    """One thing to pay for; the lines of a payment add up to its amount."""

    title: str
    quantity: int
    total_minor: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StartPayment:
    """All that a provider needs to take a payment. Equal requests are one payment."""

    order_id: int
    attempt: int
    order_number: int
    order_token: str
    currency: str
    amount_minor: int
    email: str
    lines: tuple[PayLine, ...]
    started_at: datetime
    """When the attempt was written down: a request that is sent again still says the same."""
    expires_at: datetime
    return_url: str
    cancel_url: str
    locale: str = "en"
    capture_later: bool = False
    """Only authorise: the money is taken when the goods leave."""

    @property
    def key(self) -> str:
        """The name of this attempt, the same however often it is sent: the idempotency key."""
        return f"order-{self.order_id}-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Started:
    reference: str
    """The provider's name of the payment."""
    redirect_url: str
    """Where the shopper pays, "" where nothing has to be done in a browser."""
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the provider told us, its signature checked: a reason to look, not a truth."""

    provider: str
    event_id: str
    kind: str
    payload: str
    reference: str = ""
    intent_reference: str = ""
    attempt_key: str = ""


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    reference: str
    amount_minor: int
    status: str
    """pending, succeeded or failed."""
    request_key: str = ""
    """Ours, where the shop asked for it."""


@dataclass(frozen=True, slots=True)
class DisputeSnapshot:
    reference: str
    status: str
    """open, answered, won or lost."""
    amount_minor: int
    reason: str = ""
    due_at: datetime | None = None
    is_inquiry: bool = False
    """A question of the bank that hasn't moved any money."""


@dataclass(frozen=True, slots=True)
class PaymentSnapshot:
    """The truth as the provider tells it, read a moment ago."""

    reference: str
    state: str
    """open, processing (the bank takes its time), authorized, captured, expired, cancelled or failed."""
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    currency: str
    intent_reference: str = ""
    attempt_key: str = ""
    order_token: str = ""
    order_number: str = ""
    decline_message: str = ""
    """Why the last try failed, in words for the shopper; "" where none did."""
    decline_reference: str = ""
    """The provider's name of that try."""
    refunds: tuple[RefundSnapshot, ...] = ()
    disputes: tuple[DisputeSnapshot, ...] = ()
    authorized_until: datetime | None = None
    voided_by_us: bool = False
    """Whether a cancelled payment was cancelled by us; otherwise it ran out."""


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """One record in the provider's own books."""

    provider: str
    kind: str
    """session, intent, refund or dispute."""
    reference: str
    status: str = ""
    """Of a refund or a dispute: as their snapshots say it."""
    intent_reference: str = ""
    attempt_key: str = ""
    order_token: str = ""
    amount_minor: int = 0
    currency: str = ""
    moved: bool = False
    """Whether money was taken or authorised."""


class PaymentProvider(Protocol):
    name: str
    """The key of its `PaymentMethod`; stored with orders and payments."""
    pays_now: bool
    """Whether the shopper pays with the order; otherwise a person marks it as paid later."""

    @property
    def label(self) -> str:
        """The name of this way to pay, as shoppers read it at checkout and on their order."""
        ...

    @property
    def note(self) -> str:
        """A sentence below the label at checkout: what happens when it is chosen."""
        ...

    def start(self, request: StartPayment) -> Started:
        """Open the payment; the same request again answers the same.

        Errors  ProviderDown when nothing is known to have happened; NeverTaken when it is refused for good.
        """
        ...

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        """What the provider sent, or None where it is of no concern; header names are lower-case.

        Errors  Forged, before anything of the body is believed.
        """
        ...

    def notice_of(self, body: str) -> Notice:
        """What a body says whose signature was checked when it came."""
        ...

    def retrieve(self, reference: str, *, disputes: bool = False) -> PaymentSnapshot:
        """With `disputes`, also ask for those that the charge itself doesn't show.

        Errors  ProviderDown; NotFound for a reference that the provider doesn't know."""
        ...

    def expire(self, reference: str) -> None:
        """Let nobody pay it any more; no error where it is paid or over already. Retrieve it afterwards."""
        ...

    def refund(self, intent_reference: str, amount_minor: int, key: str, reason: str = "") -> RefundSnapshot:
        """Give money back; the same key again is the same refund."""
        ...

    def recent(self, since: datetime) -> list[ProviderRecord]:
        """All that the provider's books have since then, of whichever shop.

        Errors  ProviderDown.
        """
        ...

    def capture(self, intent_reference: str, amount_minor: int, key: str) -> None:
        """Take what was authorised, or a part of it: the rest is voided. Retrieve it afterwards.

        Errors  NeverTaken where it can't be taken (any more); ProviderDown.
        """
        ...

    def void(self, intent_reference: str) -> None:
        """Void what was authorised; no error where that is over already. Retrieve it afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay: its key, and how its provider is made, once in each process."""

    key: str
    """As `PaymentProvider.name`; lower-case letters, digits and hyphens."""
    provider: Callable[[], PaymentProvider]
