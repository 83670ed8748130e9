"""Stripe: hosted Checkout Sessions through the official package, at Stripe itself or at the sandbox."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ...core import currencies, money
from ...core.clock import now
from ...core.email_addresses import sent_form
from ...core.errors import NotFound, ProviderDown
from ...core.i18n import _
from ...core.settings import settings
from ...core.shop import shop
from . import stripe_check
from . import stripe_mapping as snapshots
from .base import (
    AmountRefused,
    Answer,
    Bounds,
    Forged,
    NeverTaken,
    Notice,
    PayLine,
    PaymentMethod,
    PaymentSnapshot,
    ProviderRecord,
    RefundSnapshot,
    Started,
    StartPayment,
)
from .stripe_event import Event

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params.checkout import (
        SessionCreateParams,
        SessionCreateParamsLineItem,
        SessionCreateParamsPaymentIntentData,
    )

log = logging.getLogger(__name__)

API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = 10
RETRIES = 2
SIGNATURE_SECONDS = 300
SIGNATURE_CHARS = 2_000
"""A header has a signature of 64 digits for each secret; Stripe has two secrets at most."""
_SIGNED_AT = re.compile(r"(?:^|,)t=(\d{1,10})(?:,|$)", re.ASCII)
SHORTEST_SESSION_SECONDS = 30 * 60
LONGEST_SESSION_SECONDS = 24 * 3600
MAX_LINES = 100
AMOUNT_CODES = ("amount_too_small", "amount_too_large")
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
"""What Stripe accepts as the reason of a refund; the shop's own reasons stay in its database."""


class StripeProvider:
    name = "stripe"
    pays_now = True

    def __init__(self, *, key: str, base: str, webhook_secrets: tuple[str, ...]) -> None:
        self._key = key
        self._base = base
        self._secrets = webhook_secrets

    @classmethod
    def from_settings(cls) -> StripeProvider:
        chosen = settings()
        return cls(key=chosen.stripe_key, base=chosen.stripe_base, webhook_secrets=chosen.webhook_secrets)

    def label(self, *, collected: bool) -> str:
        return _("Card")

    def note(self, *, collected: bool) -> str:
        return _("You pay on the next page. Nothing is charged before you confirm there.")

    def is_offered(self, *, collected: bool) -> bool:
        return True

    def bounds(self, currency: str) -> Bounds:
        """Stripe's own. Where it pays the shop out in another currency, that one's smallest charge counts
        too, as converted on the day: then its refusal of the payment is the first to say so."""
        known = currencies.currency(currency)
        return Bounds(known.least_minor, known.most_minor)

    def page_of(self, reference: str) -> str:
        return snapshots.page_of(reference, self._key, self._base)

    def methods(self) -> tuple[str, ...]:
        """What the account has switched on; wallets too, which the page shows where the browser has them."""
        with _refusals():
            listed = self.client.v1.payment_method_configurations.list({"limit": 100})
        default = [one for one in listed.data if one.is_default and one.active]
        methods = snapshots.methods(default[0]) if default else ()
        later = shop().capture == "at_fulfilment"
        # A bank debit can't be authorised now and captured later.
        return tuple(method for method in methods if not (later and method == "bank_debit"))

    def check(self) -> Answer:
        """Ask for what the account takes, which moves nothing; refusals are Stripe's own sentences."""
        return stripe_check.ask(self.client)

    @cached_property
    def client(self) -> StripeClient:
        return connected(self._key, self._base)

    def start(self, request: StartPayment) -> Started:
        """A Checkout Session; the same request again gives the same one.

        Errors  ProviderDown when the outcome is unknown; NeverTaken when Stripe refused the request.
        """
        with _refusals():
            session = self.client.v1.checkout.sessions.create(
                session_params(request), {"idempotency_key": request.key}
            )
        return Started(
            reference=session.id,
            redirect_url=session.url or "",
            expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        )

    def retrieve(self, reference: str, *, disputes: bool = False) -> PaymentSnapshot:
        with _refusals():
            session = self.client.v1.checkout.sessions.retrieve(
                reference, {"expand": ["payment_intent.latest_charge.refunds"]}
            )
            intent: Any = session.payment_intent
            charge: Any = intent.latest_charge if intent else None
            listed_refunds = getattr(charge, "refunds", None)
            refunds = listed_refunds.data if listed_refunds else []
            if listed_refunds and listed_refunds.has_more:
                whole = self.client.v1.refunds.list({"payment_intent": intent.id, "limit": 100})
                refunds = list(whole.auto_paging_iter())
            listed_disputes = []
            if charge and (disputes or charge.disputed):
                listed = self.client.v1.disputes.list({"payment_intent": intent.id, "limit": 100})
                listed_disputes = list(listed.auto_paging_iter())
        return snapshots.payment_snapshot(
            session,
            intent,
            tuple(map(snapshots.refund_snapshot, refunds)),
            tuple(map(snapshots.dispute_snapshot, listed_disputes)),
        )

    def expire(self, reference: str) -> None:
        import stripe

        with _refusals():
            try:
                self.client.v1.checkout.sessions.expire(reference)
            except stripe.InvalidRequestError as error:
                if error.http_status == 404:
                    raise
                # Paid, or over already: the caller retrieves it next.

    def refund(self, intent_reference: str, amount_minor: int, key: str, reason: str = "") -> RefundSnapshot:
        with _refusals(_("The refund wasn't taken. No money was moved.")):
            refund = self.client.v1.refunds.create(
                {
                    "payment_intent": intent_reference,
                    "amount": amount_minor,
                    "reason": reason if reason in REASONS else "requested_by_customer",
                    "metadata": {"request_key": key},
                },
                {"idempotency_key": f"refund-{key}"},
            )
        return snapshots.refund_snapshot(refund)

    def recent(self, since: datetime) -> list[ProviderRecord]:
        """Completed sessions, intents, refunds and disputes, all pages of them."""
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        api = self.client.v1
        lists = (api.checkout.sessions, api.payment_intents, api.refunds, api.disputes)
        records: list[ProviderRecord] = []
        for listing in lists:
            with _refusals():
                for item in listing.list(params).auto_paging_iter():
                    record = snapshots.provider_record(item)
                    if record:
                        records.append(record)
        return records

    def capture(self, intent_reference: str, amount_minor: int, key: str) -> None:
        with _refusals(_("The payment can't be captured any more. No money was moved.")):
            self.client.v1.payment_intents.capture(
                intent_reference, {"amount_to_capture": amount_minor}, {"idempotency_key": f"capture-{key}"}
            )

    def void(self, intent_reference: str) -> None:
        import stripe

        with _refusals():
            try:
                self.client.v1.payment_intents.cancel(
                    intent_reference, {"cancellation_reason": snapshots.VOID_REASON}
                )
            except stripe.InvalidRequestError as error:
                if error.http_status == 404:
                    raise
                # Captured, or voided already: the caller retrieves it next.

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        self._check_signature(body, headers.get("stripe-signature", ""))
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise Forged(_("That is no event.")) from None
        return self.notice_of(text)

    def notice_of(self, body: str) -> Notice:
        """Errors  Forged where it isn't an event."""
        try:
            event = Event.model_validate_json(body, strict=True)
        except ValidationError:
            raise Forged(_("That is no event.")) from None
        item = event.data.object
        intent = item.id if item.object == "payment_intent" else item.payment_intent
        return Notice(
            provider=self.name,
            event_id=event.id,
            kind=event.type[:100],
            payload=body,
            reference=item.id if item.object == "checkout.session" else "",
            intent_reference=intent if isinstance(intent, str) else "",
            attempt_key=str((item.metadata or {}).get("attempt", "")),
        )

    def _check_signature(self, body: bytes, header: str) -> None:
        """Check it against each secret, and that it is at most SIGNATURE_SECONDS old or ahead.

        Errors  Forged.
        """
        import stripe

        signed_at = _signed_at(header)
        # The package's own check accepts timestamps of the future, and doesn't use the shop's clock.
        if abs(now().timestamp() - signed_at) > SIGNATURE_SECONDS:
            raise Forged(_("The signature is too old, or from the future."))
        for secret in self._secrets:
            try:
                stripe.WebhookSignature.verify_header(body, header, secret)
                return
            except (stripe.SignatureVerificationError, ValueError):
                continue
        raise Forged(_("The signature doesn't fit."))


def connected(
    key: str, base: str, *, timeout_seconds: float = TIMEOUT_SECONDS, retries: int = RETRIES
) -> StripeClient:
    """A client of Stripe's API; it calls nobody yet."""
    # The package takes half a second to load: not before it is needed.
    import stripe

    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        max_network_retries=retries,
        base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=timeout_seconds),
    )


CARD = PaymentMethod("stripe", StripeProvider.from_settings)


def _signed_at(header: str) -> int:
    """The timestamp in a signature header, in seconds since 1970.

    Errors  Forged where there is none, or where the header isn't made as Stripe makes it.
    """
    # Comparing signatures fails for what isn't ASCII, and ten digits last until the year 2286.
    match = _SIGNED_AT.search(header) if header.isascii() and len(header) <= SIGNATURE_CHARS else None
    if match is None:
        raise Forged(_("The signature is missing or can't be read."))
    return int(match[1])


def session_params(request: StartPayment) -> SessionCreateParams:
    """The request as Stripe takes it. Equal requests give equal parameters: the clock isn't read here."""
    metadata = {
        "attempt": request.key,
        "order_number": str(request.order_number),
        "order_token": request.order_token,
    }
    intent: SessionCreateParamsPaymentIntentData = {
        "metadata": metadata,
        "description": f"Order {request.order_number}",
    }
    if request.capture_later:
        intent["capture_method"] = "manual"
    email = sent_form(request.email)
    # Of an address that has no form in ASCII Stripe isn't told: its page asks for one.
    who: Any = {"customer_email": email} if email.isascii() else {}
    if request.asks_address_in:
        who = {"shipping_address_collection": {"allowed_countries": [request.asks_address_in]}}
    params: Any = {
        **who,
        "mode": "payment",
        "line_items": line_items(request),
        "client_reference_id": request.order_token,
        "metadata": metadata,
        "payment_intent_data": intent,
        "expires_at": session_expiry(request),
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
    }
    return params


def line_items(request: StartPayment) -> list[SessionCreateParamsLineItem]:
    """Items that add up to the order's total to the cent.

    A line whose total doesn't divide by its quantity becomes one item that says the quantity.
    """
    lines = request.lines
    if sum(line.total_minor for line in lines) != request.amount_minor or len(lines) > MAX_LINES:
        log.error("The lines of order %s don't make its total; it is sent as one", request.order_number)
        title = _("Order {number}").format(number=request.order_number)
        lines = (PayLine(title=title, quantity=1, total_minor=request.amount_minor),)
    return [_item(line, request.currency.lower()) for line in lines]


def _item(line: PayLine, currency: str) -> SessionCreateParamsLineItem:
    # Each unit's amount has to be one that can be charged.
    even = line.total_minor % (line.quantity * money.step(currency.upper())) == 0
    title = line.title if even else f"{line.quantity} × {line.title}"
    quantity = line.quantity if even else 1
    detail = {"description": line.detail[:500]} if line.detail else {}
    return {
        "quantity": quantity,
        "price_data": {
            "currency": currency,
            "unit_amount": line.total_minor // quantity,
            "product_data": {"name": title[:250], **detail},  # pyright: ignore[reportReturnType]
        },
    }


def session_expiry(request: StartPayment) -> int:
    """When the session expires: with the order, within Stripe's bounds; seconds since 1970."""
    started = request.started_at.timestamp()
    first, last = started + SHORTEST_SESSION_SECONDS + 60, started + LONGEST_SESSION_SECONDS - 60
    return int(min(max(request.expires_at.timestamp(), first), last))


@contextmanager
def _refusals(refused: str = "") -> Iterator[None]:
    """Turn Stripe's errors into refusals whose texts show nothing of the request."""
    import stripe

    began = time.monotonic()
    try:
        yield
    except stripe.InvalidRequestError as error:
        # Its text can hold what was sent: the log gets the code and the request's id alone.
        log.error("Stripe refused %s (%s) at %r", error.request_id, error.code, error.param)
        if error.http_status == 404:
            raise NotFound(_("The payment company doesn't know this payment.")) from None
        if error.code in AMOUNT_CODES and not refused:
            raise AmountRefused(
                _("This amount can't be paid by card. Choose another way to pay, or change your cart.")
            ) from None
        raise NeverTaken(refused or _("The payment couldn't be started. Nothing was charged.")) from None
    except stripe.StripeError as error:
        log.warning(
            "Stripe failed after %.1f s: %s, status %s, request %s",
            time.monotonic() - began,
            type(error).__name__,
            error.http_status,
            error.request_id,
        )
        raise ProviderDown(
            _(
                "Payments don't answer just now. Nothing was charged, and your cart is kept."
                " Try again in a minute."
            ),
            reason=stripe_check.why(error),
        ) from None
