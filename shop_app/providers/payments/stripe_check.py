"""Calls to Stripe that move nothing: whether it answers, in its own words, what the account takes, and what
would fail with this key."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ...core.i18n import _
from ...core.settings import settings
from . import stripe_mapping as snapshots
from .base import METHODS, Answer

if TYPE_CHECKING:
    from stripe import StripeClient, StripeError

log = logging.getLogger(__name__)


def ask(client: StripeClient) -> Answer:
    """Stripe's answer to the question of what the account takes."""
    import stripe

    began = time.monotonic()
    try:
        listed = client.v1.payment_method_configurations.list({"limit": 100})
    except stripe.StripeError as error:
        log.warning("Stripe refused a test call: %s, status %s", type(error).__name__, error.http_status)
        return Answer(False, snapshots.without_keys(error.user_message or str(error)))
    default = [one for one in listed.data if one.is_default and one.active]
    names = [METHODS[method] for method in snapshots.methods(default[0])] if default else []
    seconds = f"{time.monotonic() - began:.1f}"
    if not names:
        return Answer(True, _("Answered in {seconds} s.").format(seconds=seconds))
    text = _("Answered in {seconds} s. The account takes: {methods}.")
    return Answer(True, text.format(seconds=seconds, methods=", ".join(names)))


# --- For whoever runs the shop ----------------------------------------------------------------------

NEEDED_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
)
"""Without these an open page, a refund or a dispute is only found by `reconcile`."""


@dataclass(frozen=True, slots=True)
class KeyTried:
    """What came of trying the key; `problem` is "" where it can be worked with."""

    problem: str = ""
    at: datetime | None = None
    """Stripe's clock, where it answered."""

    @property
    def answers(self) -> bool:
        return self.at is not None and not self.problem


@dataclass(frozen=True, slots=True)
class WebhookSeen:
    text: str = ""
    problem: str = ""


def try_key(client: StripeClient) -> KeyTried:
    """List one of each thing that the shop reads with this key. Sentences for whoever runs the shop."""
    import stripe

    api, at, lacking = client.v1, None, []
    reads: dict[str, Any] = {
        "Checkout Sessions": api.checkout.sessions,
        "PaymentIntents": api.payment_intents,
        "Refunds": api.refunds,
        "Disputes": api.disputes,
        "Payment Method Configurations": api.payment_method_configurations,
    }
    for name, listing in reads.items():
        try:
            answered = listing.list({"limit": 1})
            at = at or _clock(answered.last_response.headers)
        except stripe.PermissionError as error:
            lacking.append(name)
            at = at or _clock(error.headers or {})
        except stripe.StripeError as error:
            return KeyTried(why(error), _clock(error.headers or {}))
    if lacking:
        return KeyTried(
            f"the key is restricted and may not read {', '.join(lacking)}: give it that right at Stripe", at
        )
    return KeyTried(at=at)


def look_at_webhook(client: StripeClient, address: str) -> WebhookSeen:
    """Whether Stripe sends its events to that address."""
    import stripe

    try:
        endpoints = list(client.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter())
    except stripe.StripeError as error:
        return WebhookSeen(problem=f"Stripe doesn't say where it sends events to ({why(error)})")
    here = [one for one in endpoints if one.url.rstrip("/") == address]
    if not here:
        return WebhookSeen(problem=f"Stripe has no endpoint {address}: add it there, with its secret here")
    enabled = [one for one in here if one.status == "enabled"]
    if not enabled:
        return WebhookSeen(problem=f"Stripe has the endpoint {address} disabled: enable it there")
    sent = {kind for one in enabled for kind in one.enabled_events}
    missing = [] if "*" in sent else [kind for kind in NEEDED_EVENTS if kind not in sent]
    if missing:
        return WebhookSeen(
            problem=f"Stripe doesn't send {', '.join(missing)} to {address}: select them there"
        )
    return WebhookSeen(text=f"Stripe sends to {address}")


def _clock(headers: Any) -> datetime | None:
    """The moment in an answer's header Date; None where it can't be read."""
    said = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        return parsedate_to_datetime(said)
    except ValueError:
        return None


def why(error: StripeError) -> str:
    """A failed call for whoever runs the shop."""
    import stripe

    if settings().uses_sandbox and isinstance(error, stripe.APIConnectionError):
        return "the built-in sandbox is a part of the shop, which isn't running: start it first"

    if isinstance(error, stripe.AuthenticationError):
        return "Stripe doesn't know the key: copy STRIPE_SECRET_KEY anew from its dashboard"
    if isinstance(error, stripe.APIConnectionError):
        return "Stripe can't be reached from this machine: look at its network, and at STRIPE_API_BASE"
    if isinstance(error, stripe.PermissionError):
        return "the key is restricted and may not read this"
    said = snapshots.without_keys(error.user_message or str(error))
    return f"Stripe answers with status {error.http_status}: {said}"
