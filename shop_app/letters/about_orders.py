"""Letters about an order: placed, paid or failed to, sent, cancelled, refunded."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.shop import shop
from ..services.fulfilment.queries import thing, tracking_url
from ..services.storefront import order_phase
from ..services.storefront.order_page import OrderView
from .wording import Words


def placed(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: how to pay").format(number=view.number),
        _("Your order is in"),
        [
            order_phase.kept_until(view.pay_until, collected=view.is_collected),
            _("Write the reference on a transfer, so that we know which order it is for."),
        ],
        rows=view.transfer_details,
        button=_("See your order"),
    )


def reminder(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: we wait for your payment").format(number=view.number),
        _("Your payment hasn't arrived yet"),
        [
            order_phase.kept_until(view.pay_until, collected=view.is_collected),
            _(
                "If you have paid already, or don't want them any more, you needn't do anything: without a "
                "payment the order ends by itself."
            ),
        ],
        rows=view.transfer_details,
        button=_("See your order"),
    )


def expired(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number} has ended: it wasn't paid").format(number=view.number),
        _("This order wasn't paid in time"),
        [
            _(
                "No payment of {total} has arrived, so the order has ended and nothing will be sent. You owe "
                "nothing."
            ).format(total=view.total),
            _(
                "If your money is on its way, it isn't lost: we send your things if we still have them, and "
                "write to you otherwise."
            ),
        ],
        button=_("See your order"),
    )


def authorized(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: your order is in").format(number=view.number),
        _("Your order is in"),
        [
            (
                _("Your bank has set {total} aside. We charge it when your things are ready to collect.")
                if view.is_collected
                else _("Your bank has set {total} aside. We charge it when your parcel leaves.")
            ).format(total=view.total)
        ],
        rows=[(view.shipping_label, view.delivery_dates)] if view.delivery_dates else [],
        button=_("Follow your order"),
    )


def processing(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: your bank is at work").format(number=view.number),
        _("Your order is in"),
        [
            _(
                "Your bank takes a few days to send the money. We keep your things until then, and write"
                " to you when it has come."
            )
        ],
        button=_("See your order"),
    )


def payment_failed(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: the payment didn't go through").format(number=view.number),
        _("The payment didn't go through"),
        [
            _(
                "Your bank sent the payment of {total} back, so nothing was charged and nothing will be sent."
                " If you still want your things, order them again."
            ).format(total=view.total)
        ],
        button=_("See your order"),
    )


def paid(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number} is paid: your receipt").format(number=view.number),
        _("Thank you, it is paid"),
        [_("We have your payment of {total} and get your things ready.").format(total=view.total)],
        rows=[(view.shipping_label, view.delivery_dates)] if view.delivery_dates else [],
        button=_("Follow your order"),
    )


def shipped(view: OrderView, data: dict[str, Any]) -> Words:
    if view.is_collected:
        return _ready(view, data)
    carrier, tracking = str(data.get("carrier", "")), str(data.get("tracking", ""))
    url = tracking_url(carrier, tracking)
    rest = [_("The rest of your order follows in another parcel, and costs nothing more.")]
    return Words(
        _("Order {number} is on its way").format(number=view.number),
        _("A part of your order is on its way") if data.get("rest") else _("Your order is on its way"),
        [
            _("We have handed it to {carrier}.").format(carrier=carrier)
            if carrier
            else _("It has left the house.")
        ],
        rows=[
            *([(_("Carrier"), carrier)] if carrier else []),
            *([(_("Tracking number"), tracking)] if tracking else []),
            *([(_("Expected"), view.delivery_dates)] if view.delivery_dates else []),
        ],
        items_title=_("In this parcel"),
        items=_things(data),
        after=[
            *(rest if data.get("rest") else []),
            _("From the day it arrives you have 14 days to withdraw without a reason, and 30 to return it."),
        ],
        button=_("Follow the parcel") if url else _("Follow your order"),
        link=url,
    )


def _ready(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number} is ready to collect").format(number=view.number),
        _("A part of your order is ready") if data.get("rest") else _("Your order is ready"),
        [_("Tell us the number of the order when you come.")],
        rows=[(view.shipping_label, ", ".join(view.address))],
        items_title=_("Ready to collect"),
        items=_things(data),
        after=[
            _("From the day you collect it you have 14 days to withdraw, and 30 to return it."),
        ],
        button=_("See your order"),
    )


def delivered(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        (
            _("Order {number} was collected") if view.is_collected else _("Order {number} has arrived")
        ).format(number=view.number),
        _("You have collected it") if view.is_collected else _("Your parcel has arrived"),
        [
            _("The carrier says that it was delivered. If you don't have it, answer this letter.")
            if not view.is_collected
            else _("Your things were handed over. If that wasn't you, answer this letter.")
        ],
        items_title=_("What you have") if view.is_collected else _("In this parcel"),
        items=_things(data),
        after=[
            _("From the day all of it has come you have 14 days to withdraw without a reason, and 30 to "
              "return it."),
        ],
        button=_("See your order"),
    )  # fmt: skip


def review_request(view: OrderView, data: dict[str, Any]) -> Words:
    agreed = _("You get this letter because you agreed to be asked about what you buy.")
    bought = _("You get this letter because you bought this from us. You can object at any time.")
    return Words(
        _("How do you like it? Order {number}").format(number=view.number),
        _("How do you like what you bought?"),
        [
            _("A few honest words help others to choose, and us to choose better."),
            _("Good or bad: we show both."),
        ],
        items_title=_("What you have"),
        items=_things(data),
        after=[_("We ask once for each order.")],
        button=_("Write a review"),
        why=agreed if shop().review_requests_need_consent else bought,
    )


def cancelled(view: OrderView, data: dict[str, Any]) -> Words:
    amount, partly = str(data.get("amount", "")), bool(data.get("partly"))
    if amount:
        money = _("{amount} goes back to you, and takes five to ten days to arrive.").format(amount=amount)
    elif data.get("kept"):
        money = _("What you have paid stays with us, as we have agreed.")
    elif "amount" in data:
        money = _("Nothing of it was charged.")
    else:
        money = _("What you have paid goes back the way it came.")
    return Words(
        (_("A part of order {number} was cancelled") if partly else _("Order {number} was cancelled")).format(
            number=view.number
        ),
        _("A part of your order was cancelled") if partly else _("Your order was cancelled"),
        [_("These things won't be sent.") if partly else _("Nothing of it will be sent."), money],
        items_title=_("Cancelled"),
        items=_things(data) if partly else [],
        button=_("See your order"),
    )


def refunded(view: OrderView, data: dict[str, Any]) -> Words:
    credit = data.get("destination") == "credit"
    amount = data.get("amount", "")
    way = _("{amount} is now your store credit") if credit else _("{amount} is on its way back to you")
    return Words(
        _("A refund for order {number}").format(number=view.number),
        way.format(amount=amount),
        [
            _("It is there at once: use it with your next order, with this email address.")
            if credit
            else _("It goes back the way you paid, and takes five to ten days to show there.")
        ],
        button=_("See your order"),
    )


def _things(data: dict[str, Any]) -> list[str]:
    return [f"{line['quantity']} × {thing(line['title'], line['variant'])}" for line in data.get("lines", ())]
