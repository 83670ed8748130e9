"""Disputes of the sandbox: opened by a test card, answered with evidence, whose text decides the outcome."""

from __future__ import annotations

from typing import Any

from .events import emit
from .replies import Refused, WrongParameters, missing
from .store import Tables, new_id, seconds

ANSWER_WITHIN_SECONDS = 9 * 24 * 3600
WINNING, LOSING = "winning_evidence", "losing_evidence"
_OPEN = ("needs_response", "warning_needs_response")


def open_one(
    tables: Tables, charge: dict[str, Any], reason: str, amount: int | None = None
) -> dict[str, Any]:
    """A charge's holder asks for the money back; all but an inquiry take it at once."""
    inquiry = reason == "inquiry"
    dispute = tables.put(
        {
            "id": new_id("du"),
            "object": "dispute",
            "amount": amount or charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": int(seconds()),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": int(seconds()) + ANSWER_WITHIN_SECONDS,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": inquiry,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": "fraudulent" if inquiry else reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        },
        parent=charge["payment_intent"],
    )
    emit(tables, "charge.dispute.created", dispute)
    if not inquiry:
        tables.put(charge | {"disputed": True})
        emit(tables, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def holds_back(tables: Tables, charge: dict[str, Any]) -> bool:
    """Whether the charge's money is with the bank, and can't be refunded."""
    disputes = tables.newest("dispute", limit=100, parent=charge["payment_intent"])
    return any(one["status"] in ("needs_response", "under_review", "lost") for one in disputes)


def _find(tables: Tables, id: str) -> dict[str, Any]:
    dispute = tables.get("dispute", id)
    if not dispute:
        raise missing("dispute", id)
    return dispute


def update(tables: Tables, id: str, given: dict[str, Any]) -> dict[str, Any]:
    """Store evidence; once submitted, the text "winning_evidence" or "losing_evidence" ends the dispute."""
    dispute = _find(tables, id)
    evidence = given.get("evidence") or {}
    if dispute["status"] not in _OPEN:
        raise Refused("This dispute is already closed", code="dispute_closed")
    if not isinstance(evidence, dict):
        raise WrongParameters("Invalid object", param="evidence")
    dispute["evidence"] = dispute["evidence"] | evidence
    dispute["evidence_details"]["has_evidence"] = bool(dispute["evidence"])
    if not given.get("submit", True):
        tables.put(dispute)
        emit(tables, "charge.dispute.updated", dispute)
        return dispute
    dispute["evidence_details"]["submission_count"] += 1
    inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_under_review" if inquiry else "under_review"
    tables.put(dispute)
    emit(tables, "charge.dispute.updated", dispute)
    text = str(dispute["evidence"].get("uncategorized_text", ""))
    if text in (WINNING, LOSING):
        return _end(tables, dispute, "won" if text == WINNING else "lost")
    return dispute


def close(tables: Tables, id: str) -> dict[str, Any]:
    """The shop accepts it: the money is gone."""
    dispute = _find(tables, id)
    if dispute["status"] not in _OPEN:
        raise Refused("This dispute is already closed", code="dispute_closed")
    return _end(tables, dispute, "lost")


def _end(tables: Tables, dispute: dict[str, Any], outcome: str) -> dict[str, Any]:
    inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = ("warning_closed" if outcome == "won" else "needs_response") if inquiry else outcome
    tables.put(dispute)
    if inquiry and outcome == "lost":
        # The bank rejects the answer: the inquiry becomes a dispute.
        charge = tables.get("charge", dispute["charge"]) or {}
        tables.put(charge | {"disputed": True})
        emit(tables, "charge.dispute.updated", dispute)
        emit(tables, "charge.dispute.funds_withdrawn", dispute)
        return dispute
    if outcome == "won" and not inquiry:
        emit(tables, "charge.dispute.funds_reinstated", dispute)
    emit(tables, "charge.dispute.closed", dispute)
    return dispute
