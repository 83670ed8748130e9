"""The words of an order's states for staff, each with the tint and the icon of its badge."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.i18n import _
from ...models import (
    DisputeStatus,
    FulfilmentStatus,
    OrderStatus,
    PaymentState,
    PaymentStatus,
    ReturnStatus,
    ShipmentState,
)


@dataclass(frozen=True, slots=True)
class Badge:
    """A word on its tint: calm, green, amber, coral or blue; `icon` is a name of components/icon_paths.py."""

    text: str = ""
    tone: str = "calm"
    icon: str = ""
    key: str = ""
    """The stored status."""


_ORDER = {
    OrderStatus.PENDING: (_("Unpaid"), "amber", "clock"),
    OrderStatus.PLACED: (_("New"), "blue", "ring"),
    OrderStatus.COMPLETED: (_("Completed"), "calm", "done"),
    OrderStatus.CANCELLED: (_("Cancelled"), "calm", "cancelled"),
    OrderStatus.EXPIRED: (_("Expired"), "calm", "cancelled"),
}
_PAYMENT = {
    PaymentStatus.NONE: (_("Not paid"), "amber", "clock"),
    PaymentStatus.AUTHORIZED: (_("Authorised"), "blue", "ring"),
    PaymentStatus.PARTIALLY_PAID: (_("Part paid"), "amber", "clock"),
    PaymentStatus.PAID: (_("Paid"), "green", "done"),
    PaymentStatus.OVERPAID: (_("Paid too much"), "amber", "warning"),
    PaymentStatus.PARTIALLY_REFUNDED: (_("Part refunded"), "calm", "back"),
    PaymentStatus.REFUNDED: (_("Refunded"), "calm", "back"),
    PaymentStatus.DISPUTED: (_("Disputed"), "coral", "warning"),
    PaymentStatus.CHARGED_BACK: (_("Charged back"), "coral", "error"),
    PaymentStatus.VOIDED: (_("Voided"), "calm", "cancelled"),
}
_FULFILMENT = {
    FulfilmentStatus.NONE: (_("Unfulfilled"), "amber", "dashed"),
    FulfilmentStatus.PARTIAL: (_("Part shipped"), "amber", "half"),
    FulfilmentStatus.SHIPPED: (_("Shipped"), "blue", "truck"),
    FulfilmentStatus.DELIVERED: (_("Delivered"), "green", "done"),
    FulfilmentStatus.PARTIALLY_RETURNED: (_("Part returned"), "calm", "back"),
    FulfilmentStatus.RETURNED: (_("Returned"), "calm", "back"),
}
_ATTEMPT = {
    PaymentState.STARTED: (_("Asked for"), "amber", "clock"),
    PaymentState.OPEN: (_("Waiting for the shopper"), "amber", "clock"),
    PaymentState.AUTHORIZED: (_("Authorised"), "blue", "ring"),
    PaymentState.CAPTURED: (_("Captured"), "green", "done"),
    PaymentState.FAILED: (_("Failed"), "coral", "error"),
    PaymentState.EXPIRED: (_("Expired"), "calm", "cancelled"),
    PaymentState.CANCELLED: (_("Cancelled"), "calm", "cancelled"),
}
_REFUND = {
    "asked": (_("Asked for"), "amber", "clock"),
    "pending": (_("On its way"), "amber", "clock"),
    "succeeded": (_("Done"), "green", "done"),
    "failed": (_("Failed"), "coral", "error"),
    "reversed": (_("Sent back by the bank"), "coral", "error"),
}
_DISPUTE = {
    DisputeStatus.OPEN: (_("Needs an answer"), "coral", "warning"),
    DisputeStatus.ANSWERED: (_("Answered"), "amber", "clock"),
    DisputeStatus.WON: (_("Won"), "green", "done"),
    DisputeStatus.LOST: (_("Lost"), "coral", "error"),
}
_RETURN = {
    ReturnStatus.REQUESTED: (_("Requested"), "amber", "clock"),
    ReturnStatus.APPROVED: (_("Agreed"), "blue", "ring"),
    ReturnStatus.DECLINED: (_("Declined"), "calm", "cancelled"),
    ReturnStatus.RECEIVED: (_("Received"), "blue", "done"),
    ReturnStatus.REFUNDED: (_("Refunded"), "green", "done"),
    ReturnStatus.CANCELLED: (_("Ended"), "calm", "cancelled"),
}
_SHIPMENT = {
    ShipmentState.SHIPPED: (_("Shipped"), "blue", "truck"),
    ShipmentState.DELIVERED: (_("Delivered"), "green", "done"),
    ShipmentState.CANCELLED: (_("Called back"), "calm", "cancelled"),
}
_ALL = {
    "order": _ORDER,
    "payment": _PAYMENT,
    "fulfilment": _FULFILMENT,
    "attempt": _ATTEMPT,
    "refund": _REFUND,
    "dispute": _DISPUTE,
    "return": _RETURN,
    "shipment": _SHIPMENT,
}


def badge(of: str, status: str) -> Badge:
    """The badge of a status; `of` names the list of words it is in.

    >>> badge("payment", "paid").text
    'Paid'
    """
    text, tone, icon = _ALL[of].get(status) or (status, "calm", "")  # pyright: ignore[reportArgumentType]
    return Badge(text, tone, icon, str(status))


def progress(status: str, fulfilment: str) -> Badge:
    """The order's own badge: one that is placed and partly sent is in progress."""
    if status == OrderStatus.PLACED and fulfilment != FulfilmentStatus.NONE:
        return Badge(_("In progress"), "blue", "half", status)
    return badge("order", status)


def choices(of: str) -> tuple[tuple[str, str], ...]:
    """Status and its word, for filters."""
    return tuple((str(status), words[0]) for status, words in _ALL[of].items())


LETTERS = {
    "order_placed": _("How to pay"),
    "order_reminder": _("Reminder to pay"),
    "order_expired": _("Not paid in time"),
    "order_paid": _("Receipt"),
    "order_authorized": _("Order is in"),
    "order_processing": _("Bank is at work"),
    "order_payment_failed": _("Payment failed"),
    "order_shipped": _("Shipped"),
    "order_delivered": _("Delivered"),
    "order_cancelled": _("Cancelled"),
    "order_refunded": _("Refund"),
    "withdrawal_received": _("Receipt of the withdrawal"),
    "return_requested": _("Return requested"),
    "return_approved": _("Return agreed"),
    "return_declined": _("Return declined"),
    "return_received": _("Return received"),
}
"""What each kind of letter is called."""
