"""An order's phase: one word for its page, and a headline with an explanation for the shopper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...core import clock
from ...core.dates import full_day
from ...core.i18n import _
from ...core.money import show
from ...models import FulfilmentStatus, MethodKind, OrderStatus, PaymentStatus
from ..customers import addresses

_WAITING = ("confirming", "awaiting_transfer", "awaiting_bank", "authorized")
"""Phases of orders whose money is still to come."""


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
    if order.payment_status == PaymentStatus.CHARGED_BACK:
        return "charged_back"
    if order.payment_status == PaymentStatus.DISPUTED:
        return "disputed"
    if withdrawn:
        return "withdrawn"
    if order.paid_at is not None:
        return "paid"
    if order.payment_status == PaymentStatus.VOIDED:
        return "unpaid"
    return "authorized" if order.payment_status == PaymentStatus.AUTHORIZED else "awaiting_transfer"


def is_collected(order: Row[Any]) -> bool:
    """Whether the shopper comes for it, instead of having it sent."""
    return order.method_kind == MethodKind.PICK_UP


def texts(
    order: Row[Any],
    phase: str,
    decline: str,
    refunded: str,
    *,
    to_credit: bool = False,
    kept: bool = False,
    arrives: str = "",
) -> tuple[str, str]:
    """Headline and explanation.

    `refunded` is the sum of all refunds, as text, and `to_credit` says that all of it became store credit;
    `kept` that money of a cancelled order isn't given back; `arrives` are the days of arrival, as text.
    """
    if phase == "paid":
        return _agreed(order, arrives)
    if phase in _WAITING:
        return _waiting(order, phase)
    email = order.email
    has_cart = order.cart_id is not None and order.cart_completed_at is None
    again = _("Your cart is still there.") if has_cart else ""
    uncharged = (
        _("Nothing was charged, and your cart is still there.") if has_cart else _("Nothing was charged.")
    )
    by_phase = {
        # A decline message already ends with "Nothing was charged."
        "unpaid": (
            _("The payment didn't go through"),
            f"{decline} {again}".strip() if decline else uncharged,
        ),
        "expired": (_("This order wasn't paid in time"), uncharged),
        "cancelled": _cancelled(order, refunded, uncharged, kept=kept),
        "withdrawn": (
            _("You have cancelled this order"),
            _("We send nothing any more. How far it is stands below."),
        ),
        "needs_review": (
            _("We are looking at your payment"),
            _("Your payment reached us, and something about it needs a person. We write to {email} soon; "
              "you don't have to do anything.").format(email=email),
        ),
        "refunded": _refunded(refunded, to_credit=to_credit),
        "disputed": _taken_back(order, phase),
        "charged_back": _taken_back(order, phase),
    }  # fmt: skip
    return by_phase[phase]


def _waiting(order: Row[Any], phase: str) -> tuple[str, str]:
    """Of an order whose money is still to come."""
    name, email = addresses.called(order.ship_to), order.email
    if phase == "confirming":
        return _("Confirming your payment"), _(
            "Your bank usually answers within a minute. This page changes by itself, and you can close it: "
            "the receipt comes by email either way."
        )
    headline = _("Thank you, {name}. Your order is in").format(name=name)
    if phase == "awaiting_transfer":
        return headline, _awaited(order)
    if phase == "awaiting_bank":
        text = _("Your bank takes a few days to send the money. We keep your things until then, and write to "
                 "{email} when it has come.")  # fmt: skip
        return headline, text.format(email=email)
    if is_collected(order):
        text = _("Your bank has set {total} aside. We charge it when your things are ready to collect, and "
                 "write to {email} then.")  # fmt: skip
    else:
        text = _("Your bank has set {total} aside. We charge it when your parcel leaves, and write to "
                 "{email} then.")  # fmt: skip
    total = show(order.total_minor, order.currency, order.locale)
    return headline, text.format(total=total, email=email)


def _refunded(amount: str, *, to_credit: bool) -> tuple[str, str]:
    if to_credit:
        text = _("All of it, {amount}. Use it with your next order, with this email address.")
        return _("Your money is now store credit"), text.format(amount=amount)
    text = _("All of it, {amount}. It takes five to ten days to show on your account.")
    return _("Your money is on its way back"), text.format(amount=amount)


def _taken_back(order: Row[Any], phase: str) -> tuple[str, str]:
    """By the shopper's bank, or asked for by it."""
    if phase == "charged_back":
        return _("Your bank took this payment back"), _(
            "It is no longer paid. If that is a mistake, write to us."
        )
    text = _("It has asked for {total} back in your name, and decides within weeks. If that is a mistake, "
             "tell your bank, and write to us.")  # fmt: skip
    total = show(order.total_minor, order.currency, order.locale)
    return _("Your bank asks about this payment"), text.format(total=total)


def pay_until(order: Row[Any], phase: str) -> str:
    """The day until which the money of a transfer has to arrive; "" where none is awaited."""
    is_awaited = phase == "awaiting_transfer" and order.expires_at
    return full_day(clock.last_day_before(order.expires_at)) if is_awaited else ""


def kept_until(until: str, *, collected: bool) -> str:
    """How long an order is kept that is paid later, as a sentence; `until` is the day, or ""."""
    if collected:
        kept = (
            _("We keep your things for you until {day}. You can pay when you collect them.")
            if until
            else _("We keep your things for you. You can pay when you collect them.")
        )
    else:
        kept = (
            _("We keep your things for you until {day}, and send them when your payment has arrived.")
            if until
            else _("We keep your things for you and send them when your payment has arrived.")
        )
    return kept.format(day=until)


def _awaited(order: Row[Any]) -> str:
    match FulfilmentStatus(order.fulfilment_status):
        case FulfilmentStatus.NONE | FulfilmentStatus.PARTIAL:
            kept = kept_until(pay_until(order, "awaiting_transfer"), collected=is_collected(order))
        case FulfilmentStatus.SHIPPED if is_collected(order):
            kept = _("It is ready to collect. You can pay then.")
        case _:
            kept = _("It has left us, and isn't paid yet.")
    sent = _("A confirmation is on its way to {email}.").format(email=order.email)
    return f"{kept} {sent}"


def _cancelled(order: Row[Any], refunded: str, uncharged: str, *, kept: bool) -> tuple[str, str]:
    headline = _("This order was cancelled")
    if order.paid_at is None:
        released = order.payment_status == PaymentStatus.VOIDED
        return headline, _("Nothing was charged: your bank lets go of the amount.") if released else uncharged
    if refunded:
        return headline, _("{amount} is on its way back to you.").format(amount=refunded)
    if order.payment_status == PaymentStatus.DISPUTED:
        return headline, _("Your bank has asked for the money back in your name, and decides about it.")
    if order.payment_status == PaymentStatus.CHARGED_BACK:
        return headline, _("Your bank has taken the money back.")
    if kept:
        return headline, _("What you have paid stays with us, as we have agreed.")
    return headline, _("Your money goes back the way it came.")


def _agreed(order: Row[Any], arrives: str) -> tuple[str, str]:
    name, email, collected = addresses.called(order.ship_to), order.email, is_collected(order)
    match FulfilmentStatus(order.fulfilment_status):
        case FulfilmentStatus.PARTIAL:
            return _("A part of it is ready to collect") if collected else _("A part of it is on its way"), _(
                "The rest follows, and costs nothing more. We write to {email} then."
            ).format(email=email)
        case FulfilmentStatus.SHIPPED if collected:
            return _("It is ready to collect, {name}").format(name=name), _(
                "Tell us the number of the order when you come."
            )
        case FulfilmentStatus.SHIPPED:
            return _("It is on its way, {name}").format(name=name), _(
                "What is inside, and where the parcel is, stands below."
            )
        case FulfilmentStatus.DELIVERED:
            return (_("You have collected it, {name}") if collected else _("It has arrived, {name}")).format(
                name=name
            ), _("Live with it for a while. If something isn't right, send it back or write to us.")
        case FulfilmentStatus.PARTIALLY_RETURNED:
            return _("A part of it came back to us"), _("How far the money is stands below.")
        case FulfilmentStatus.RETURNED:
            return _("It came back to us"), _("How far the money is stands below.")
    packed = (
        _("Next we get it ready, and write to you when you can collect it.")
        if collected
        else _("Next we pack it, and write to you when it leaves.")
    )
    expected = _("Expected: {dates}.").format(dates=arrives) if arrives and not collected else ""
    receipt = _("A receipt is on its way to {email}.").format(email=email)
    return _("Thank you, {name}. It is paid").format(name=name), " ".join(
        sentence for sentence in (receipt, packed, expected) if sentence
    )
