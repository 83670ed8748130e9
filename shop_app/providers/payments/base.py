"""The Protocol of payment providers, and the values that go to a provider and come from it.

A provider keeps nothing and never sees the database; where it can't be reached it raises
`errors.ProviderDown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from ...core.errors import ShopError
from ...core.i18n import _
from ...core.money import MAX_MINOR


class Forged(ShopError):
    """A notice that the provider didn't sign, signed too long ago, or that isn't a notice at all."""

    code = "forged"


class NeverTaken(ShopError):
    """The provider refused the request for good: nothing was made or moved, and asking again is useless."""

    code = "never_taken"


class AmountRefused(NeverTaken):
    """It refused the amount: too small or too large for it, as it alone knows for some currencies."""

    code = "amount_refused"


@dataclass(frozen=True, slots=True)
class PayLine:
    """One thing to pay for; the lines of a payment add up to its amount."""

    title: str
    quantity: int
    total_minor: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StartPayment:
    """All that a provider needs to start a payment. Equal requests are one payment."""

    order_id: int
    attempt: int
    order_number: int
    order_token: str
    currency: str
    amount_minor: int
    email: str
    lines: tuple[PayLine, ...]
    started_at: datetime
    """When the attempt was written down, so that a repeated request is equal."""
    expires_at: datetime
    return_url: str
    cancel_url: str
    locale: str = "en"
    capture_later: bool = False
    """Only authorise: the money is taken when the goods leave."""
    asks_address_in: str = ""
    """The country in which the provider's page asks for the address; "" where the order has it."""

    @property
    def key(self) -> str:
        """The idempotency key of this attempt."""
        return f"order-{self.order_id}-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Started:
    reference: str
    """The provider's id of the payment."""
    redirect_url: str
    """Where the shopper pays, "" where nothing has to be done in a browser."""
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook event with a valid signature: a reason to retrieve the payment, nothing more."""

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
    """The shop's key; "" for a refund that was made at the provider's dashboard."""


@dataclass(frozen=True, slots=True)
class DisputeSnapshot:
    reference: str
    status: str
    """open, answered, won or lost."""
    amount_minor: int
    reason: str = ""
    due_at: datetime | None = None
    is_inquiry: bool = False
    """Whether the bank only inquires, and has taken no money."""


METHODS: dict[str, str] = {
    "card": _("Card"),
    "bank_debit": _("Bank debit"),
    "apple_pay": _("Apple Pay"),
    "google_pay": _("Google Pay"),
    "link": _("Link"),
    "paypal": _("PayPal"),
    "klarna": _("Klarna"),
}
"""What a payment can be made with at a provider's page, and what shoppers read for it."""
WALLETS = ("apple_pay", "google_pay", "link", "paypal")
"""Those of them that know the shopper's address."""


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who paid, as the provider's page has asked it; nothing of it is checked yet."""

    email: str
    name: str
    line1: str
    line2: str
    postal_code: str
    locality: str
    region: str
    country: str


@dataclass(frozen=True, slots=True)
class PaymentSnapshot:
    """What a provider says of a payment right now."""

    reference: str
    state: str
    """open, processing (a bank debit takes days), authorized, captured, expired, cancelled or failed."""
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    currency: str
    intent_reference: str = ""
    attempt_key: str = ""
    order_token: str = ""
    order_number: str = ""
    decline_message: str = ""
    """Why the last try failed, for the shopper to read; "" where none did."""
    decline_reference: str = ""
    """The provider's id of that try."""
    refunds: tuple[RefundSnapshot, ...] = ()
    disputes: tuple[DisputeSnapshot, ...] = ()
    authorized_until: datetime | None = None
    voided_by_us: bool = False
    """Whether the shop cancelled a cancelled payment; otherwise its authorisation ran out."""
    method: str = ""
    """What it was made with, a key of METHODS; "" where that isn't known."""
    shopper: Shopper | None = None
    """None where the provider's page didn't ask, or nobody has answered."""


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """One entry of a provider's own lists."""

    provider: str
    kind: str
    """session, intent, refund or dispute."""
    reference: str
    status: str = ""
    """Of a refund or a dispute, as in their snapshots."""
    intent_reference: str = ""
    attempt_key: str = ""
    order_token: str = ""
    amount_minor: int = 0
    currency: str = ""
    moved: bool = False
    """Whether money was taken or authorised."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The amounts that a provider takes in one payment, in minor units; none at all needs no payment."""

    least_minor: int = 1
    most_minor: int = MAX_MINOR

    def takes(self, amount_minor: int) -> bool:
        return amount_minor == 0 or self.least_minor <= amount_minor <= self.most_minor


class PaymentProvider(Protocol):
    name: str
    """The key of its `PaymentMethod`; stored with orders and payments."""
    pays_now: bool
    """Whether the shopper pays with the order; otherwise a person marks it as paid later."""

    def label(self, *, collected: bool) -> str:
        """The name of this way to pay, as shoppers read it at checkout and on their order.

        `collected` says whether the order is collected rather than delivered.
        """
        ...

    def note(self, *, collected: bool) -> str:
        """A sentence below the label at checkout: what happens when it is chosen."""
        ...

    def is_offered(self, *, collected: bool) -> bool:
        """Whether an order can be paid like this; asked with each checkout, so nothing is called outside."""
        ...

    def methods(self) -> tuple[str, ...]:
        """What can be paid with at its page, keys of METHODS, asked of the provider; () where it has none.

        Errors  ProviderDown.
        """
        ...

    def start(self, request: StartPayment) -> Started:
        """Open the payment; the same request again answers the same.

        Errors  ProviderDown when the outcome is unknown; NeverTaken when it is refused for good.
        """
        ...

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        """The webhook event in this request, None for one that doesn't matter; header names are lower-case.

        Errors  Forged, before the body is read.
        """
        ...

    def notice_of(self, body: str) -> Notice:
        """The event in a body whose signature was checked when it came."""
        ...

    def retrieve(self, reference: str, *, disputes: bool = False) -> PaymentSnapshot:
        """The payment right now. With `disputes`, also those that the charge itself doesn't show.

        Errors  ProviderDown; NotFound for a reference that the provider doesn't have.
        """
        ...

    def expire(self, reference: str) -> None:
        """Close it for paying; no error where it is paid or over already. Retrieve it afterwards."""
        ...

    def refund(self, intent_reference: str, amount_minor: int, key: str, reason: str = "") -> RefundSnapshot:
        """Refund a part of the money; the same key again is the same refund.

        Errors  NeverTaken when it is refused for good; NotFound for an intent that the provider doesn't have;
                ProviderDown.
        """
        ...

    def recent(self, since: datetime) -> list[ProviderRecord]:
        """All entries of the provider's lists since then, other shops' on the same account too.

        Errors  ProviderDown.
        """
        ...

    def capture(self, intent_reference: str, amount_minor: int, key: str) -> None:
        """Capture what was authorised, or a part of it: the rest is voided. Retrieve it afterwards.

        Errors  NeverTaken where it can't be captured (any more); ProviderDown.
        """
        ...

    def void(self, intent_reference: str) -> None:
        """Void what was authorised; no error where that is over already. Retrieve it afterwards."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """A payment provider that doesn't take every amount."""

    def bounds(self, currency: str) -> Bounds:
        """The amounts that it takes in the currency; asked with each cart, so nothing is called outside."""
        ...


@runtime_checkable
class Shown(Protocol):
    """A payment provider with pages that show staff its payments and disputes."""

    def page_of(self, reference: str) -> str:
        """The page's address by the provider's id; "" for an id that has none. Nothing is called outside."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered when it was called to see whether it does."""

    succeeded: bool
    text: str
    """In its own words, without a key or a part of one."""


@runtime_checkable
class Checked(Protocol):
    """A payment provider that can be called to see whether it answers."""

    def check(self) -> Answer:
        """Call it; nothing is made or moved. Whatever it answers is returned, never raised."""
        ...


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay: its key, and how its provider is made, once in each process."""

    key: str
    """As `PaymentProvider.name`; lower-case letters, digits and hyphens."""
    provider: Callable[[], PaymentProvider]
