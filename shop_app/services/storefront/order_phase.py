"""An order's phase: one word for its page, and a headline with an explanation for the shopper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...core.dates import full_day
from ...core.i18n import _
from ...core.money import show
from ...models import FulfilmentStatus, OrderStatus, PaymentStatus


def phase(order: Row[Any], decline: str, ended_why: str, *, withdrawn: bool = False) -> str:
    """One of the words that `OrderView.phase` lists.

    `ended_why` is the reason of a cancelled order; `withdrawn` says that the shopper withdrew from all of it
    before anything was sent.
    """
    if order.needs_review:
        return "needs_review"
    if order.payment_status == PaymentStatus.REFUNDED:
        return "refunded"
    if order.status == OrderStatus.PENDING:
        # The cart is completed, so the payment is only waiting for the bank.
        if order.cart_completed_at is not None:
            return "awaiting_bank"
        return "unpaid" if decline else "confirming"
    if order.status == OrderStatus.EXPIRED:
        return "expired"
    if order.status == OrderStatus.CANCELLED:
        return "unpaid" if ended_why in ("cancelled", "failed") and not order.paid_at else "cancelled"
    if withdrawn:
        return "withdrawn"
    if order.paid_at is None and order.payment_status == PaymentStatus.AUTHORIZED:
        return "authorized"
    unpaid = order.paid_at is None and order.payment_status == PaymentStatus.NONE
    return "awaiting_transfer" if unpaid else "paid"


def texts(order: Row[Any], phase: str, decline: str, refunded: str) -> tuple[str, str]:
    """Headline and explanation. `refunded` is the sum of all refunds, as text."""
    if phase == "paid":
        return _agreed(order)
    name, email = order.ship_to.get("given_name", ""), order.email
    has_cart = order.cart_id is not None and order.cart_completed_at is None
    again = _("Your cart is still there.") if has_cart else ""
    kept = _("Nothing was charged, and your cart is still there.") if again else _("Nothing was charged.")
    total = show(order.total_minor, order.currency, order.locale)
    by_phase = {
        "confirming": (
            _("Confirming your payment"),
            _("Your bank usually answers within a minute. This page changes by itself, and you can close it: "
              "the receipt comes by email either way."),
        ) if order.cart_completed_at is None else (
            _("Thank you, {name}. Your bank is at work").format(name=name),
            _("A bank debit takes a few days. We keep your things until then, and write to {email} when the "
              "money has come.").format(email=email),
        ),
        "awaiting_transfer": (_("Thank you, {name}. Your order is in").format(name=name), _awaited(order)),
        "awaiting_bank": (
            _("Thank you, {name}. Your order is in").format(name=name),
            _("Your bank takes a few days to send the money. We keep your things until then, and write to "
              "{email} when it has come.").format(email=email),
        ),
        "authorized": (
            _("Thank you, {name}. Your order is in").format(name=name),
            _("Your bank has set {total} aside. We charge it when your parcel leaves, and write to {email} "
              "then.").format(total=total, email=email),
        ),
        # A decline message already ends with "Nothing was charged."
        "unpaid": (
            _("The payment didn't go through"),
            f"{decline} {again}".strip() if decline else kept,
        ),
        "expired": (_("This order wasn't paid in time"), kept),
        "cancelled": _cancelled(order, refunded, kept),
        "withdrawn": (
            _("You have withdrawn from this order"),
            _("We send nothing any more. How far it is stands below."),
        ),
        "needs_review": (
            _("We are looking at your payment"),
            _("Your payment reached us, and something about it needs a person. We write to {email} soon; "
              "you don't have to do anything.").format(email=email),
        ),
        "refunded": (
            _("Your money is on its way back"),
            _("All of it, {amount}. It takes five to ten days to show on your account.").format(
                amount=refunded
            ),
        ),
    }  # fmt: skip
    return by_phase[phase]


def pay_until(order: Row[Any], phase: str) -> str:
    """The day until which the money of a transfer has to arrive; "" where none is awaited."""
    return full_day(order.expires_at) if phase == "awaiting_transfer" and order.expires_at else ""


def _awaited(order: Row[Any]) -> str:
    until = pay_until(order, "awaiting_transfer")
    kept = (
        _("We keep your things for you until {day}, and send them when your payment has arrived.")
        if until
        else _("We keep your things for you and send them when your payment has arrived.")
    ).format(day=until)
    sent = _("A confirmation is on its way to {email}.").format(email=order.email)
    return f"{kept} {sent}"


def _cancelled(order: Row[Any], refunded: str, kept: str) -> tuple[str, str]:
    headline = _("This order was cancelled")
    if order.paid_at is None:
        released = order.payment_status == PaymentStatus.VOIDED
        return headline, _("Nothing was charged: your bank lets go of the amount.") if released else kept
    if refunded:
        return headline, _("{amount} is on its way back to you.").format(amount=refunded)
    return headline, _("Your money goes back the way it came.")


def _agreed(order: Row[Any]) -> tuple[str, str]:
    name, email = order.ship_to.get("given_name", ""), order.email
    match FulfilmentStatus(order.fulfilment_status):
        case FulfilmentStatus.PARTIAL:
            return _("A part of it is on its way"), _(
                "The rest follows, and costs nothing more. We write to {email} when it leaves."
            ).format(email=email)
        case FulfilmentStatus.SHIPPED:
            return _("It is on its way, {name}").format(name=name), _(
                "What is inside, and where the parcel is, stands below."
            )
        case FulfilmentStatus.DELIVERED:
            return _("It has arrived, {name}").format(name=name), _(
                "Live with it for a while. If something isn't right, send it back or write to us."
            )
        case FulfilmentStatus.PARTIALLY_RETURNED:
            return _("A part of it came back to us"), _("How far the money is stands below.")
        case FulfilmentStatus.RETURNED:
            return _("It came back to us"), _("How far the money is stands below.")
    return _("Thank you, {name}. It is paid").format(name=name), _(
        "A receipt is on its way to {email}."
    ).format(email=email)
