"""Paying later, by bank transfer or cash on pick-up: staff mark the order as paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ...core.errors import Invalid
from ...core.i18n import _, plural
from ...core.shop import shop
from .base import (
    Forged,
    Notice,
    PaymentMethod,
    PaymentSnapshot,
    ProviderRecord,
    RefundSnapshot,
    Started,
    StartPayment,
)


class ManualProvider:
    name = "manual"
    pays_now = False

    def label(self, *, collected: bool) -> str:
        if not collected:
            return _("Bank transfer")
        by_bank = _("Bank transfer, or cash when you collect")
        return by_bank if shop().bank_account else _("Cash when you collect")

    def note(self, *, collected: bool) -> str:
        count = shop().transfer_days
        if not collected:
            return plural(
                "You get the details with the order, and have {count} day to pay. We send it when the money "
                "is there.",
                "You get the details with the order, and have {count} days to pay. We send it when the money "
                "is there.",
                count,
            )
        return plural("We keep it for you for {count} day.", "We keep it for you for {count} days.", count)

    def is_offered(self, *, collected: bool) -> bool:
        """A transfer needs a bank account, and cash somebody who comes."""
        return collected or shop().bank_account != ""

    def methods(self) -> tuple[str, ...]:
        return ()

    def start(self, request: StartPayment) -> Started:
        """Nothing is called; the reference is order number and attempt."""
        reference = f"{request.order_number}-{request.attempt}"
        return Started(reference=reference, redirect_url="", expires_at=None)

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        raise Forged(_("Nobody sends notices for this way to pay."))

    def notice_of(self, body: str) -> Notice:
        raise Forged(_("Nobody sends notices for this way to pay."))

    def retrieve(self, reference: str, *, disputes: bool = False) -> PaymentSnapshot:
        """Always open: only staff can say whether the money has come."""
        return PaymentSnapshot(
            reference=reference, state="open", amount_minor=0, captured_minor=0, refunded_minor=0, currency=""
        )

    def expire(self, reference: str) -> None:
        return None

    def refund(self, intent_reference: str, amount_minor: int, key: str, reason: str = "") -> RefundSnapshot:
        if amount_minor <= 0:
            raise Invalid(_("Enter an amount above zero."), field="amount")
        return RefundSnapshot(
            reference=f"manual-{key}", amount_minor=amount_minor, status="succeeded", request_key=key
        )

    def recent(self, since: datetime) -> list[ProviderRecord]:
        return []

    def capture(self, intent_reference: str, amount_minor: int, key: str) -> None:
        return None

    def void(self, intent_reference: str) -> None:
        return None


MANUAL = PaymentMethod("manual", ManualProvider)
