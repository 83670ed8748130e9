"""An order's progress: its steps, and its shipments with what is inside."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.order import Order

from . import styles
from .badges import badge
from .icons import icon


def stations() -> rx.Component:
    return rx.el.ol(rx.foreach(Order.view.steps, _station))


def _station(step: Any) -> rx.Component:
    state = step.state
    return rx.el.li(
        rx.match(
            state,
            (
                "done",
                rx.el.span(
                    icon("check", "icon size-3 stroke-[2.25]"), class_name=styles.STATION_MARK["done"]
                ),
            ),
            (
                "now",
                rx.el.span(
                    rx.el.span(class_name="size-1.5 rounded-full bg-current"),
                    class_name=styles.STATION_MARK["now"],
                ),
            ),
            rx.el.span(class_name=styles.STATION_MARK["next"]),
        ),
        rx.el.div(
            step.label,
            rx.match(
                state,
                ("done", rx.el.span(_(", done"), class_name=styles.SR)),
                ("now", rx.el.span(_(", now"), class_name=styles.SR)),
                rx.fragment(),
            ),
            rx.el.span(step.detail, class_name=styles.STATION_NOTE),
        ),
        aria_current=rx.cond(state == "now", "step", "false"),
        class_name=rx.cond(
            state == "done",
            f"{styles.STATION} {styles.STATION_LINE['done']}",
            f"{styles.STATION} {styles.STATION_LINE['next']}",
        ),
    )


def shipments() -> rx.Component:
    """Nothing at all until the first shipment has left."""
    return rx.cond(
        Order.view.shipments.length() > 0,
        rx.el.section(
            rx.el.h2(
                rx.cond(Order.view.shipments.length() == 1, _("Your parcel"), _("Your parcels")),
                class_name=styles.ORDER_TITLE,
            ),
            rx.el.ul(rx.foreach(Order.view.shipments, _shipment), class_name=styles.ENTRIES),
            class_name=styles.ORDER_PART,
        ),
        rx.fragment(),
    )


def _shipment(shipment: Any) -> rx.Component:
    tracking = rx.cond(
        shipment.tracking_url,
        rx.el.a(
            shipment.tracking,
            rx.el.span(_(", follow it at the carrier"), class_name=styles.SR),
            href=shipment.tracking_url,
            rel="noopener noreferrer",
            class_name=styles.LINK,
        ),
        rx.el.span(shipment.tracking, class_name="select-all"),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                rx.cond(shipment.carrier, shipment.carrier + " ", ""), tracking, class_name="font-medium"
            ),
            rx.cond(
                shipment.delivered,
                badge(rx.Var.create(_("Arrived ")) + shipment.delivered.to(str), "green", "check"),
                badge(rx.Var.create(_("Left us ")) + shipment.sent.to(str), "blue", "truck"),
            ),
            class_name=styles.ENTRY_HEAD,
        ),
        things(shipment.things),
        class_name=styles.ENTRY,
        data_testid="order-shipment",
    )


def things(listed: Any) -> rx.Component:
    """ "2 × Dune Mug, Moss", a line each."""
    return rx.el.ul(rx.foreach(listed, lambda one: rx.el.li(one)), class_name=styles.THINGS)
