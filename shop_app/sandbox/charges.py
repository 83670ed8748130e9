"""The money of the sandbox: test cards, intents, charges, captures and refunds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.currencies import CURRENCIES
from . import disputes
from .events import emit
from .replies import Refused, WrongParameters, missing
from .store import Tables, new_id, seconds


@dataclass(frozen=True, slots=True)
class TestCard:
    """What a card of Stripe's test mode does: pay, decline (with a code) or ask for confirmation."""

    __test__ = False

    number: str
    does: str
    label: str
    code: str = "card_declined"
    decline_code: str = "generic_decline"
    message: str = "Your card was declined."
    disputed: str = ""
    """Why its holder asks for the money back as soon as it is taken; "" where they don't."""


CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242", "pay", "Pays"),
        TestCard("4000000000000002", "decline", "Is declined"),
        TestCard(
            "4000000000009995", "decline", "Lacks funds", decline_code="insufficient_funds",
            message="Your card has insufficient funds.",
        ),
        TestCard("4000002500003155", "confirm", "Asks for confirmation"),
        TestCard("4000002760003184", "confirm", ""),
        TestCard("4000000000000259", "pay", "Pays, and is disputed", disputed="fraudulent"),
        TestCard("4000000000002685", "pay", "", disputed="product_not_received"),
        TestCard("4000000000001976", "pay", "", disputed="inquiry"),
        TestCard("5555555555554444", "pay", ""),
        TestCard("378282246310005", "pay", ""),
        TestCard("4000000000000069", "decline", "", code="expired_card", message="Your card has expired."),
        TestCard(
            "4000000000000127", "decline", "", code="incorrect_cvc",
            message="Your card's security code is incorrect.",
        ),
    )
}  # fmt: skip
UNKNOWN = TestCard(
    "", "decline", "", decline_code="test_mode_live_card",
    message="Your card was declined. This page takes test cards only, and no money moves.",
)  # fmt: skip


BANK = TestCard(
    "3000", "pay", "", code="payment_intent_payment_attempt_failed", message="The bank debit was returned.",
)  # fmt: skip


def refuse_off_step(amount: int, currency: str, param: str) -> None:
    """Refuse an amount that can't be charged in that currency, such as 115.50 ISK or 5.124 KWD.

    Errors  WrongParameters.
    """
    step = CURRENCIES[currency.upper()].step_minor
    if amount % step:
        raise WrongParameters(
            f"Invalid amount: in {currency.lower()} it must be evenly divisible by {step}.",
            code="parameter_invalid_integer", param=param,
        )  # fmt: skip


def passes_luhn(number: str) -> bool:
    """Whether the last digit fits the others, as on every card (ISO/IEC 7812-1)."""
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    doubled = [int(d) * (2 if at % 2 else 1) for at, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def intent_of(tables: Tables, session: dict[str, Any]) -> dict[str, Any]:
    """The session's intent, made with the first try to pay, as Stripe does."""
    if session["payment_intent"]:
        return tables.get("payment_intent", session["payment_intent"]) or {}
    params = tables.private(session["id"])["intent"]
    id = new_id("pi")
    intent: dict[str, Any] = {
        "id": id, "object": "payment_intent", "amount": session["amount_total"], "amount_capturable": 0,
        "amount_received": 0, "canceled_at": None, "cancellation_reason": None,
        "capture_method": params.get("capture_method", "automatic_async"),
        "client_secret": f"{id}_secret_{new_id('x')[2:]}", "confirmation_method": "automatic",
        "created": int(seconds()), "currency": session["currency"], "customer": None,
        "description": params.get("description"), "last_payment_error": None, "latest_charge": None,
        "livemode": False, "metadata": params.get("metadata", {}), "next_action": None,
        "payment_method": None, "payment_method_types": ["card"], "receipt_email": None,
        "status": "requires_payment_method",
    }  # fmt: skip
    tables.put(intent, parent=session["id"])
    session["payment_intent"] = id
    tables.put(session)
    emit(tables, "payment_intent.created", intent)
    return intent


def decline(tables: Tables, intent: dict[str, Any], card: TestCard) -> None:
    charge = _charge(tables, intent, card, status="failed")
    intent |= {
        "status": "requires_payment_method", "latest_charge": charge["id"], "next_action": None,
        "last_payment_error": {
            "type": "card_error", "code": card.code, "message": card.message, "charge": charge["id"],
            **({"decline_code": card.decline_code} if card.code == "card_declined" else {}),
        },
    }  # fmt: skip
    tables.put(intent)
    emit(tables, "charge.failed", charge)
    emit(tables, "payment_intent.payment_failed", intent)


def ask_for_confirmation(tables: Tables, intent: dict[str, Any], url: str) -> None:
    intent |= {
        "status": "requires_action",
        "next_action": {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}},
    }
    tables.put(intent)
    emit(tables, "payment_intent.requires_action", intent)


def refuse_confirmation(tables: Tables, intent: dict[str, Any]) -> None:
    intent |= {
        "status": "requires_payment_method", "next_action": None,
        "last_payment_error": {
            "type": "invalid_request_error", "code": "payment_intent_authentication_failure",
            "message": "The payment wasn't confirmed. Nothing was charged.",
        },
    }  # fmt: skip
    tables.put(intent)
    emit(tables, "payment_intent.payment_failed", intent)


def succeed(tables: Tables, session: dict[str, Any], intent: dict[str, Any], card: TestCard) -> None:
    """Let the card pay: change charge, intent and session together, with an event for each."""
    manual = intent["capture_method"] == "manual"
    charge = _charge(tables, intent, card, status="succeeded", captured=not manual)
    intent |= {
        "status": "requires_capture" if manual else "succeeded", "latest_charge": charge["id"],
        "amount_received": 0 if manual else intent["amount"], "next_action": None,
        "amount_capturable": intent["amount"] if manual else 0, "last_payment_error": None,
    }  # fmt: skip
    session |= {
        "status": "complete", "payment_status": "unpaid" if manual else "paid", "url": None,
        "customer_details": _customer(session),
    }  # fmt: skip
    tables.put(intent)
    tables.put(session)
    emit(tables, "charge.succeeded", charge)
    emit(tables, "payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded", intent)
    emit(tables, "checkout.session.completed", session)
    if card.disputed and not manual:
        disputes.open_one(tables, charge, card.disputed)


def _customer(session: dict[str, Any]) -> dict[str, Any]:
    """Who paid: as the shop said, or as the page has asked."""
    asked = session["customer_details"] or {"email": None, "name": None}
    email = session["customer_email"] or asked["email"]
    return {"email": email, "name": asked["name"], "phone": None, "address": None, "tax_exempt": "none",
            "tax_ids": []}  # fmt: skip


AUTHORISED_FOR_SECONDS = 7 * 24 * 3600


def _charge(
    tables: Tables, intent: dict[str, Any], card: TestCard, *, status: str, captured: bool = False
) -> dict[str, Any]:
    failed = status == "failed"
    kind = "sepa_debit" if card is BANK else "card"
    details: dict[str, Any] = {"last4": card.number[-4:]}
    if status == "succeeded" and not captured:
        details["capture_before"] = int(seconds()) + AUTHORISED_FOR_SECONDS
    return tables.put(
        {
            "id": new_id("ch"), "object": "charge", "amount": intent["amount"],
            "amount_captured": intent["amount"] if captured else 0, "amount_refunded": 0,
            "balance_transaction": None, "billing_details": {}, "captured": captured,
            "created": int(seconds()), "currency": intent["currency"], "customer": None,
            "description": intent["description"], "disputed": False,
            "failure_code": card.code if failed else None,
            "failure_message": card.message if failed else None, "livemode": False,
            "metadata": intent["metadata"], "paid": status == "succeeded", "payment_intent": intent["id"],
            "payment_method_details": {"type": kind, kind: details},
            "refunded": False, "status": status,
        },
        parent=intent["id"],
    )  # fmt: skip


BANK_ACCOUNTS = {"DE89370400440532013000": "succeeded", "DE62370400440532013001": "failed"}
"""Stripe's test accounts, each with the outcome of its debits."""
BANK_TAKES_SECONDS = 180


def begin_debit(tables: Tables, session: dict[str, Any], intent: dict[str, Any], account: str) -> None:
    """Complete the session unpaid; the bank answers `BANK_TAKES_SECONDS` later (in reality, after days)."""
    charge = _charge(tables, intent, BANK, status="pending")
    intent |= {
        "status": "processing", "next_action": None, "last_payment_error": None,
        "latest_charge": charge["id"], "payment_method_types": ["card", "sepa_debit"],
    }  # fmt: skip
    session |= {
        "status": "complete", "payment_status": "unpaid", "url": None,
        "customer_details": _customer(session),
    }  # fmt: skip
    tables.put(intent)
    tables.put(session)
    waiting = tables.note("debits") or {}
    due = seconds() + BANK_TAKES_SECONDS
    tables.keep_note("debits", waiting | {intent["id"]: [session["id"], BANK_ACCOUNTS[account], due]})
    emit(tables, "charge.pending", charge)
    emit(tables, "payment_intent.processing", intent)
    emit(tables, "checkout.session.completed", session)


def settle_debits(tables: Tables) -> int:
    """Let every bank debit whose time has come succeed or fail; returns how many."""
    waiting = tables.note("debits") or {}
    due = [id for id, (_session, _outcome, at) in waiting.items() if at <= seconds()]
    for id in due:
        settle_debit(tables, id)
    return len(due)


def settle_debit(tables: Tables, id: str, outcome: str = "") -> dict[str, Any]:
    """Let the bank answer now, with `outcome` or as its test account does.

    Errors  Refused (404) where no debit waits under that id.
    """
    waiting = tables.note("debits") or {}
    intent = tables.get("payment_intent", id)
    if id not in waiting or not intent:
        raise missing("payment_intent", id)
    session_id, account_outcome, _due = waiting.pop(id)
    tables.keep_note("debits", waiting)
    session = tables.get("checkout.session", session_id) or {}
    if (outcome or account_outcome) == "succeeded":
        charge = _charge(tables, intent, BANK, status="succeeded", captured=True)
        intent |= {
            "status": "succeeded", "latest_charge": charge["id"], "amount_received": intent["amount"],
        }  # fmt: skip
        session |= {"payment_status": "paid"}
        tables.put(intent)
        tables.put(session)
        emit(tables, "charge.succeeded", charge)
        emit(tables, "payment_intent.succeeded", intent)
        emit(tables, "checkout.session.async_payment_succeeded", session)
        return intent
    decline(tables, intent, BANK)
    emit(tables, "checkout.session.async_payment_failed", session)
    return intent


def capture(tables: Tables, id: str, amount: int | None) -> dict[str, Any]:
    """Take what was authorised, or a part of it; the rest is voided."""
    intent = tables.get("payment_intent", id)
    if not intent:
        raise missing("payment_intent", id)
    if intent["status"] != "requires_capture":
        raise _wrong_state(intent, "captured", "requires_capture")
    if _ran_out(tables, intent):
        raise _wrong_state(cancel(tables, id, "automatic"), "captured", "requires_capture")
    taken = intent["amount_capturable"] if amount is None else amount
    refuse_off_step(taken, intent["currency"], "amount_to_capture")
    least = CURRENCIES[intent["currency"].upper()].least_minor
    if not least <= taken <= intent["amount_capturable"]:
        code = "amount_too_small" if taken < least else "amount_too_large"
        raise Refused("This amount can't be captured.", code=code, param="amount_to_capture")
    charge = tables.get("charge", intent["latest_charge"]) or {}
    charge |= {"captured": True, "amount_captured": taken}
    intent |= {"status": "succeeded", "amount_received": taken, "amount_capturable": 0}
    tables.put(charge)
    tables.put(intent)
    emit(tables, "charge.captured", charge)
    emit(tables, "payment_intent.succeeded", intent)
    return intent


def _ran_out(tables: Tables, intent: dict[str, Any]) -> bool:
    charge = tables.get("charge", intent["latest_charge"]) or {}
    until = charge.get("payment_method_details", {}).get("card", {}).get("capture_before")
    return until is not None and until <= seconds()


def end_overdue(tables: Tables) -> int:
    """Cancel every authorisation whose time has come, as banks do; returns how many."""
    rows = tables.execute(
        "SELECT id FROM thing WHERE kind = 'payment_intent'"
        " AND json_extract(public, '$.status') = 'requires_capture' LIMIT 100"
    ).fetchall()
    over = [id for (id,) in rows if _ran_out(tables, tables.get("payment_intent", id) or {})]
    for id in over:
        cancel(tables, id, "automatic")
    return len(over)


def cancel(tables: Tables, id: str, reason: str | None) -> dict[str, Any]:
    intent = tables.get("payment_intent", id)
    if not intent:
        raise missing("payment_intent", id)
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise _wrong_state(intent, "canceled", "requires_payment_method, requires_capture")
    intent |= {
        "status": "canceled", "canceled_at": int(seconds()), "cancellation_reason": reason,
        "amount_capturable": 0,
    }  # fmt: skip
    tables.put(intent)
    emit(tables, "payment_intent.canceled", intent)
    return intent


def _wrong_state(intent: dict[str, Any], operation: str, required: str) -> Refused:
    return Refused(
        f"This PaymentIntent could not be {operation} because it has a status of {intent['status']}."
        f" Only a PaymentIntent with one of the following statuses may be {operation}: {required}.",
        code="payment_intent_unexpected_state",
    )


def refund(tables: Tables, given: dict[str, Any]) -> dict[str, Any]:
    """Give back all, or a part, of what was captured and hasn't been given back."""
    charge = _refundable(tables, given)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = given.get("amount", left)
    if left == 0:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount < 1:
        raise Refused("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    refuse_off_step(amount, charge["currency"], "amount")
    if amount > left:
        raise Refused(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    status = (tables.note("webhook_faults") or {}).get("refund_status", "succeeded")
    refund = tables.put(
        {
            "id": new_id("re"), "object": "refund", "amount": amount, "balance_transaction": None,
            "charge": charge["id"], "created": int(seconds()), "currency": charge["currency"],
            "metadata": given.get("metadata") or {}, "payment_intent": charge["payment_intent"],
            "reason": given.get("reason"), "receipt_number": None, "status": status,
        },
        parent=charge["payment_intent"],
    )  # fmt: skip
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    tables.put(charge)
    emit(tables, "refund.created", refund)
    emit(tables, "charge.refunded", charge)
    return refund


def _refundable(tables: Tables, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("payment_intent"):
        intent = tables.get("payment_intent", given["payment_intent"])
        if not intent:
            raise missing("payment_intent", given["payment_intent"])
        charge = tables.get("charge", intent["latest_charge"] or "")
    else:
        charge = tables.get("charge", given.get("charge", ""))
        if not charge:
            raise missing("charge", given.get("charge", ""))
    if not charge or not charge["amount_captured"]:
        raise Refused("This PaymentIntent does not have a successful charge to refund.")
    if disputes.holds_back(tables, charge):
        raise Refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    return charge


def settle_refund(tables: Tables, id: str, status: str) -> dict[str, Any]:
    """Let a pending refund succeed or fail, as a bank would days later; only tests and tools call this."""
    refund = tables.get("refund", id)
    if not refund:
        raise missing("refund", id)
    charge = tables.get("charge", refund["charge"]) or {}
    if status == "failed" and refund["status"] != "failed":
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        tables.put(charge)
    refund["status"] = status
    tables.put(refund)
    emit(tables, "refund.failed" if status == "failed" else "refund.updated", refund)
    return refund
