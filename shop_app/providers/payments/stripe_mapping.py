"""Maps Stripe's objects to snapshots of payments, refunds and disputes, and to provider records."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ...core.i18n import _
from .base import METHODS, DisputeSnapshot, PaymentSnapshot, ProviderRecord, RefundSnapshot, Shopper

_REFUND_STATUS = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
_DISPUTE_STATUS = {
    "needs_response": "open",
    "warning_needs_response": "open",
    "under_review": "answered",
    "warning_under_review": "answered",
    "won": "won",
    "warning_closed": "won",
    "prevented": "won",
    "lost": "lost",
}
_BANK_DEBITS = ("sepa_debit", "bacs_debit", "us_bank_account", "acss_debit", "au_becs_debit")
VOID_REASON = "requested_by_customer"
"""The reason that we give when we cancel an authorisation; one that runs out has another."""


def payment_snapshot(
    session: Any, intent: Any, refunds: tuple[RefundSnapshot, ...], disputes: tuple[DisputeSnapshot, ...] = ()
) -> PaymentSnapshot:
    charge = intent.latest_charge if intent else None
    metadata = session.metadata or {}
    failure = intent.last_payment_error if intent else None
    state = _state(session, intent)
    return PaymentSnapshot(
        reference=session.id,
        state=state,
        amount_minor=(intent.amount_capturable if state == "authorized" else session.amount_total) or 0,
        captured_minor=(intent.amount_received or 0) if intent else 0,
        refunded_minor=(charge.amount_refunded or 0) if charge else 0,
        currency=(session.currency or "").upper(),
        intent_reference=intent.id if intent else "",
        attempt_key=_entry(metadata, "attempt"),
        order_token=_entry(metadata, "order_token"),
        order_number=_entry(metadata, "order_number"),
        decline_message=_decline(failure) if failure else "",
        decline_reference=(getattr(failure, "charge", None) or intent.id) if failure else "",
        refunds=refunds,
        disputes=disputes,
        authorized_until=_until(charge),
        voided_by_us=bool(intent and intent.cancellation_reason == VOID_REASON),
        method=_method(getattr(charge, "payment_method_details", None)),
        shopper=_shopper(session),
    )


def _shopper(session: Any) -> Shopper | None:
    """Who paid, where the session asked for an address and has one."""
    email = getattr(getattr(session, "customer_details", None), "email", None)
    shipping: Any = getattr(getattr(session, "collected_information", None), "shipping_details", None)
    address = getattr(shipping, "address", None)
    if not email or not address:
        return None
    return Shopper(
        email=email,
        name=shipping.name or "",
        line1=address.line1 or "",
        line2=address.line2 or "",
        postal_code=address.postal_code or "",
        locality=address.city or "",
        region=address.state or "",
        country=address.country or "",
    )


def _method(details: Any) -> str:
    """What a charge was made with, as a key of METHODS; "" for what has none there."""
    kind = getattr(details, "type", None) or ""
    if kind == "card":
        kind = getattr(getattr(details.card, "wallet", None), "type", None) or kind
    name = "bank_debit" if kind in _BANK_DEBITS else kind
    return name if name in METHODS else ""


def methods(configuration: Any) -> tuple[str, ...]:
    """What an account has switched on, as keys of METHODS."""
    kinds = [*METHODS, *_BANK_DEBITS]
    offered = [kind for kind in kinds if getattr(getattr(configuration, kind, None), "available", False)]
    names = ("bank_debit" if kind in _BANK_DEBITS else kind for kind in offered)
    return tuple(dict.fromkeys(names))


def _until(charge: Any) -> datetime | None:
    """Until when an authorised charge can be captured."""
    details = getattr(charge, "payment_method_details", None)
    moment = getattr(getattr(details, "card", None), "capture_before", None)
    return datetime.fromtimestamp(moment, UTC) if moment else None


def _entry(metadata: Any, name: str) -> str:
    try:
        return str(metadata[name])
    except KeyError:
        return ""


def _state(session: Any, intent: Any) -> str:
    by_intent = {
        "succeeded": "captured",
        "requires_capture": "authorized",
        "canceled": "cancelled",
        "processing": "processing",
    }
    if intent and intent.status in by_intent:
        return by_intent[intent.status]
    if session.status == "complete":
        # A bank debit that failed leaves a complete session, whose intent requires another payment method.
        return "failed" if intent and intent.status == "requires_payment_method" else "processing"
    return "expired" if session.status == "expired" else "open"


def _decline(failure: Any) -> str:
    code = getattr(failure, "decline_code", None) or getattr(failure, "code", None) or ""
    if code == "insufficient_funds":
        return _("The card doesn't have enough funds. Nothing was charged.")
    if code in ("expired_card", "incorrect_cvc", "incorrect_number"):
        return _("The card's details weren't accepted. Nothing was charged.")
    if code in ("authentication_required", "payment_intent_authentication_failure"):
        return _("The payment wasn't confirmed with the bank. Nothing was charged.")
    return _("The bank declined the payment. Nothing was charged.")


def refund_snapshot(refund: Any) -> RefundSnapshot:
    return RefundSnapshot(
        reference=refund.id,
        amount_minor=refund.amount,
        status=_REFUND_STATUS.get(refund.status or "", "pending"),
        request_key=_entry(refund.metadata or {}, "request_key"),
    )


def dispute_snapshot(dispute: Any) -> DisputeSnapshot:
    due = getattr(dispute.evidence_details, "due_by", None)
    return DisputeSnapshot(
        reference=dispute.id,
        status=_DISPUTE_STATUS.get(dispute.status, "open"),
        amount_minor=dispute.amount,
        reason=dispute.reason or "",
        due_at=datetime.fromtimestamp(due, UTC) if due else None,
        is_inquiry=dispute.status.startswith("warning_"),
    )


def provider_record(item: Any) -> ProviderRecord | None:
    """One entry of a list; None for a session that isn't complete."""
    kinds = {"checkout.session": "session", "payment_intent": "intent", "refund": "refund"}
    if item.object == "checkout.session" and item.status != "complete":
        return None
    intent = item.id if item.object == "payment_intent" else getattr(item, "payment_intent", None)
    metadata = getattr(item, "metadata", None) or {}
    status = {
        "refund": lambda: refund_snapshot(item).status,
        "dispute": lambda: dispute_snapshot(item).status,
    }
    return ProviderRecord(
        provider="stripe",
        kind=kinds.get(item.object, "dispute"),
        reference=item.id,
        status=status.get(item.object, str)(),
        intent_reference=intent if isinstance(intent, str) else "",
        attempt_key=_entry(metadata, "attempt"),
        order_token=_entry(metadata, "order_token"),
        amount_minor=getattr(item, "amount", 0) or 0,
        currency=(item.currency or "").upper(),
        moved=item.object == "payment_intent" and item.status in ("succeeded", "requires_capture"),
    )


_KEY = re.compile(r"\b(?:sk|rk|pk|whsec)_[^\s'\"]*")


def without_keys(text: str) -> str:
    """Stripe's sentence without the key that it names, whose end it shows; cut to 500 characters.

    >>> without_keys("Invalid API Key provided: sk_live_****wxyz")
    'Invalid API Key provided: …'
    """
    return _KEY.sub("…", text)[:500]


_PAGES = {"pi": "payments", "py": "payments", "ch": "payments", "dp": "disputes", "du": "disputes"}


def page_of(reference: str, key: str, base: str) -> str:
    """The payment or dispute in Stripe's dashboard, a test key's in test mode; "" for the sandbox.

    >>> page_of("pi_3Q", "sk_test_x", "https://api.stripe.com"), page_of("pi_3Q", "k", "http://localhost")
    ('https://dashboard.stripe.com/test/payments/pi_3Q', '')
    """
    kind = _PAGES.get(reference.partition("_")[0])
    if kind is None or base != "https://api.stripe.com" or not reference.replace("_", "").isalnum():
        return ""
    mode = "test/" if "_test_" in key else ""
    return f"https://dashboard.stripe.com/{mode}{kind}/{reference}"
