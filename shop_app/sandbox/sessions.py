"""Checkout Sessions of the sandbox: created from checked parameters, read and expired."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from stripe.params.checkout import SessionCreateParams

from ..core import money
from ..core.currencies import CURRENCIES
from . import charges
from .events import emit
from .forms import checked
from .replies import Refused, WrongParameters, missing
from .store import Tables, new_id, seconds

DONE = frozenset(
    ("mode", "line_items", "client_reference_id", "customer_email", "metadata", "payment_intent_data")
    + ("expires_at", "success_url", "cancel_url", "locale", "expand", "shipping_address_collection")
)
DONE_FOR_INTENT = frozenset({"metadata", "description", "capture_method"})
SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 3600


def create(tables: Tables, given: dict[str, Any], *, pay_url: str) -> dict[str, Any]:
    """Create an open session from parameters that `check` has returned."""
    items = given["line_items"]
    total = sum(item["price_data"]["unit_amount"] * item["quantity"] for item in items)
    made_at, id = int(seconds()), new_id("cs_test")
    email = given.get("customer_email")
    session: dict[str, Any] = {
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "status": None},
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "collected_information": None,
        "created": made_at,
        "currency": items[0]["price_data"]["currency"],
        "custom_fields": [],
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": email,
        "expires_at": given.get("expires_at", made_at + LONGEST_SECONDS),
        "livemode": False,
        "locale": given.get("locale"),
        "metadata": given.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_collection": "if_required",
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "shipping_address_collection": given.get("shipping_address_collection"),
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "success_url": given["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{pay_url}/{quote(id)}",
    }
    intent = given.get("payment_intent_data", {})
    return tables.put(session, private={"line_items": items, "intent": intent})


def check(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a new session, with the rules that no single type can say.

    Errors  WrongParameters names the first wrong one.
    """
    taken = checked(SessionCreateParams, given, only=DONE)
    for name in ("mode", "line_items", "success_url"):
        if not taken.get(name):
            raise WrongParameters(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if taken["mode"] != "payment":
        raise WrongParameters("The sandbox takes mode=payment alone.", param="mode")
    for name in taken.get("payment_intent_data", {}).keys() - DONE_FOR_INTENT:
        raise WrongParameters(f"The sandbox doesn't do {name}.", param=f"payment_intent_data[{name}]")
    _check_items(taken["line_items"])
    _check_metadata(taken.get("metadata", {}), "metadata")
    _check_metadata(taken.get("payment_intent_data", {}).get("metadata", {}), "payment_intent_data[metadata]")
    for name in ("success_url", "cancel_url"):
        if name in taken and not taken[name].startswith(("http://", "https://")):
            raise WrongParameters("Not a valid URL", code="url_invalid", param=name)
    if "@" not in taken.get("customer_email", "a@b"):
        raise WrongParameters("Invalid email address", code="email_invalid", param="customer_email")
    if len(taken.get("client_reference_id", "")) > 200:
        raise WrongParameters("It can be 200 characters long.", param="client_reference_id")
    if "expires_at" in taken:
        _check_expiry(taken["expires_at"])
    return taken


def _check_items(items: list[dict[str, Any]]) -> None:
    if len(items) > 100:
        raise WrongParameters("A session takes 100 line items.", param="line_items")
    for at, item in enumerate(items):
        place = f"line_items[{at}]"
        price = item.get("price_data")
        if not price:
            raise WrongParameters("The sandbox takes price_data alone.", param=f"{place}[price_data]")
        fields = {"quantity", "price_data"}, {"currency", "unit_amount", "product_data"}
        if item.keys() - fields[0] or price.keys() - fields[1]:
            raise WrongParameters("The sandbox doesn't do that.", param=place)
        if item.get("quantity", 0) < 1:
            raise WrongParameters("It has to be 1 or more.", param=f"{place}[quantity]")
        if price.get("unit_amount", -1) < 0:
            raise WrongParameters("Invalid non-negative integer", param=f"{place}[price_data][unit_amount]")
        code = price["currency"]
        if not code.islower() or code.upper() not in CURRENCIES or code != items[0]["price_data"]["currency"]:
            raise WrongParameters(f"Invalid currency: {code}", param=f"{place}[price_data][currency]")
        charges.refuse_off_step(price["unit_amount"], code, f"{place}[price_data][unit_amount]")
        if not price.get("product_data", {}).get("name"):
            raise WrongParameters("Missing required param.", param=f"{place}[price_data][product_data][name]")
    total = sum(item["price_data"]["unit_amount"] * item["quantity"] for item in items)
    currency = CURRENCIES[items[0]["price_data"]["currency"].upper()]
    if total < currency.least_minor:
        least = money.show(currency.least_minor, currency.code)
        raise WrongParameters(
            f"The Checkout Session's total amount due must add up to at least {least}",
            code="amount_too_small",
        )
    if total > currency.most_minor:
        most = money.show(currency.most_minor, currency.code)
        raise WrongParameters(
            f"The Checkout Session's total amount due must be no more than {most}", code="amount_too_large"
        )


def _check_metadata(metadata: dict[str, str], param: str) -> None:
    if len(metadata) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in metadata.items()):
        raise WrongParameters("Metadata takes 50 keys of 40 characters, with 500 each.", param=param)


def _check_expiry(expires_at: int) -> None:
    ahead = expires_at - seconds()
    if not SHORTEST_SECONDS - 5 <= ahead <= LONGEST_SECONDS + 5:
        raise WrongParameters(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", param="expires_at"
        )


def find(tables: Tables, id: str) -> dict[str, Any]:
    """The session as it is now; one whose `expires_at` has passed is expired first.

    Errors  Refused (404) for an id that isn't there.
    """
    session = tables.get("checkout.session", id)
    if not session:
        raise missing("checkout.session", id)
    if session["status"] == "open" and session["expires_at"] <= seconds():
        end(tables, session)
    return session


def expire(tables: Tables, id: str) -> dict[str, Any]:
    session = find(tables, id)
    if session["status"] != "open":
        raise Refused(
            'Only Checkout Sessions with a status in ["open"] can be expired.'
            f" This Checkout Session has a status of {session['status']}."
        )
    return end(tables, session)


def end(tables: Tables, session: dict[str, Any]) -> dict[str, Any]:
    """Expire an open session, and cancel its intent."""
    session |= {"status": "expired", "url": None}
    tables.put(session)
    emit(tables, "checkout.session.expired", session)
    intent = tables.get("payment_intent", session["payment_intent"] or "")
    if intent and intent["status"] != "canceled":
        intent |= {"status": "canceled", "canceled_at": int(seconds()), "cancellation_reason": "automatic"}
        tables.put(intent)
        emit(tables, "payment_intent.canceled", intent)
    return session


def end_overdue(tables: Tables) -> int:
    """Expire every session whose `expires_at` has passed, 100 at most; returns how many."""
    rows = tables.execute(
        "SELECT id FROM thing WHERE kind = 'checkout.session' AND json_extract(public, '$.status') = 'open'"
        " AND json_extract(public, '$.expires_at') <= ? LIMIT 100",
        seconds(),
    ).fetchall()
    for (id,) in rows:
        find(tables, id)
    return len(rows)


def line_items(tables: Tables, id: str) -> list[dict[str, Any]]:
    session = find(tables, id)
    return [
        {
            "id": f"li_{id[8:30]}{at}",
            "object": "item",
            "amount_discount": 0,
            "amount_tax": 0,
            "amount_subtotal": item["price_data"]["unit_amount"] * item["quantity"],
            "amount_total": item["price_data"]["unit_amount"] * item["quantity"],
            "currency": session["currency"],
            "description": item["price_data"]["product_data"]["name"],
            "quantity": item["quantity"],
            "price": None,
        }
        for at, item in enumerate(tables.private(id)["line_items"])
    ]
