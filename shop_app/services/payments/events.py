"""Payment events: each appended once; their sums, and the order's payment status that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from ...models import Payment, PaymentEvent, PaymentEventKind, PaymentStatus


@dataclass(frozen=True, slots=True)
class Sums:
    captured_minor: int
    refunded_minor: int
    disputed_minor: int = 0
    """What banks hold while disputes are open."""
    charged_back_minor: int = 0
    """What disputes that were lost have taken."""


def append(session: Session, payment: Payment, kind: PaymentEventKind, reference: str, amount: int) -> bool:
    """Append the event; False where it was appended before. The caller has locked the order."""
    before = session.exec(
        select(PaymentEvent.id).where(
            PaymentEvent.payment_id == payment.id,
            PaymentEvent.kind == kind.value,
            PaymentEvent.provider_reference == reference,
        )
    ).first()
    if before:
        return False
    assert payment.id
    session.add(
        PaymentEvent(
            payment_id=payment.id, kind=kind.value, amount_minor=amount, provider_reference=reference
        )
    )
    session.flush()
    return True


def of_payments(session: Session, payment_ids: Iterable[int | None]) -> list[tuple[str, str, int]]:
    rows = session.exec(
        select(PaymentEvent.kind, PaymentEvent.provider_reference, PaymentEvent.amount_minor).where(
            col(PaymentEvent.payment_id).in_(list(payment_ids))
        )
    )
    return [(kind, reference, amount) for kind, reference, amount in rows]


def sums(events: Iterable[tuple[str, str, int]]) -> Sums:
    """The sums of these events.

    Shape   (kind, provider's reference, amount in minor units), in any order.
    """
    kinds = PaymentEventKind
    captured = 0
    refunded: dict[str, int] = {}
    disputed: dict[str, int] = {}
    failed, won, lost = set(), set(), set()
    for kind, reference, amount in events:
        if kind == kinds.CAPTURED:
            captured += amount
        elif kind == kinds.REFUNDED:
            refunded[reference] = amount
        elif kind == kinds.REFUND_FAILED:
            # A bank may send a refund back days after it went through.
            failed.add(reference)
        elif kind == kinds.DISPUTE_OPENED:
            disputed[reference] = amount
        elif kind == kinds.DISPUTE_WON:
            won.add(reference)
        elif kind == kinds.DISPUTE_LOST:
            lost.add(reference)
    return Sums(
        captured,
        sum(amount for ref, amount in refunded.items() if ref not in failed),
        sum(amount for ref, amount in disputed.items() if ref not in won | lost),
        # Where a dispute is reported as won and as lost, the loss counts.
        sum(amount for ref, amount in disputed.items() if ref in lost),
    )


def status_of(
    totals: Sums,
    total_minor: int,
    *,
    due_minor: int | None = None,
    authorized_minor: int = 0,
    voided: bool = False,
) -> PaymentStatus:
    """The order's payment status, from what was captured, refunded and disputed.

    Units   `due_minor` is the total less what was cancelled before it was captured; `authorized_minor`
            what is authorised and neither captured nor voided.
    """
    due = total_minor if due_minor is None else due_minor
    if totals.disputed_minor:
        return PaymentStatus.DISPUTED
    if totals.charged_back_minor:
        return PaymentStatus.CHARGED_BACK
    if not totals.captured_minor:
        if authorized_minor and authorized_minor >= due:
            return PaymentStatus.AUTHORIZED
        return PaymentStatus.VOIDED if voided and not authorized_minor else PaymentStatus.NONE
    if totals.refunded_minor >= totals.captured_minor:
        return PaymentStatus.REFUNDED
    if totals.refunded_minor:
        return PaymentStatus.PARTIALLY_REFUNDED
    if totals.captured_minor < due:
        return PaymentStatus.PARTIALLY_PAID
    return PaymentStatus.OVERPAID if totals.captured_minor > total_minor else PaymentStatus.PAID
