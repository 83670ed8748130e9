"""An order's progress: its steps, and its shipments with what is inside."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.order import Order

from . import styles
from .badges import badge
from .icons import icon
from .kit import Component, each, el, length, match, of, text, when


def stations() -> Component:
    return el.ol(each(of(Order).view.steps, _station))


def _station(step: Any) -> Component:
    state = step.state
    return el.li(
        match(
            state,
            {
                "done": el.span(
                    icon("check", "icon size-3 stroke-[2.25]"), class_name=styles.STATION_MARK["done"]
                ),
                "now": el.span(
                    el.span(class_name="size-1.5 rounded-full bg-current"),
                    class_name=styles.STATION_MARK["now"],
                ),
                "ended": el.span(
                    icon("close", "icon size-3 stroke-[2.25]"), class_name=styles.STATION_MARK["ended"]
                ),
            },
            el.span(class_name=styles.STATION_MARK["next"]),
        ),
        el.div(
            step.label,
            match(
                state,
                {
                    "done": el.span(_(", done"), class_name=styles.SR),
                    "now": el.span(_(", now"), class_name=styles.SR),
                },
            ),
            el.span(step.detail, class_name=styles.STATION_NOTE),
        ),
        aria_current=when(state == "now", "step", "false"),
        class_name=when(
            state == "done",
            f"{styles.STATION} {styles.STATION_LINE['done']}",
            f"{styles.STATION} {styles.STATION_LINE['next']}",
        ),
    )


def shipments() -> Component:
    """Nothing at all until the first shipment has left."""
    return when(
        length(of(Order).view.shipments) > 0,
        el.section(
            el.h2(
                when(
                    of(Order).view.is_collected,
                    _("What is ready"),
                    when(length(of(Order).view.shipments) == 1, _("Your parcel"), _("Your parcels")),
                ),
                class_name=styles.ORDER_TITLE,
            ),
            el.ul(each(of(Order).view.shipments, _shipment), class_name=styles.ENTRIES),
            class_name=styles.ORDER_PART,
        ),
    )


def _shipment(shipment: Any) -> Component:
    tracking = when(
        shipment.tracking_url,
        el.a(
            shipment.tracking,
            el.span(_(", follow it at the carrier"), class_name=styles.SR),
            href=shipment.tracking_url,
            rel="noopener noreferrer",
            class_name=styles.LINK,
        ),
        el.span(shipment.tracking, class_name="select-all"),
    )
    return el.li(
        el.div(
            el.p(when(shipment.carrier, shipment.carrier + " ", ""), tracking, class_name="font-medium"),
            when(
                shipment.delivered,
                badge(_("Arrived ") + text(shipment.delivered), "green", "check"),
                when(
                    of(Order).view.is_collected,
                    badge(_("Ready since ") + text(shipment.sent), "blue", "clock"),
                    badge(_("Left us ") + text(shipment.sent), "blue", "truck"),
                ),
            ),
            class_name=styles.ENTRY_HEAD,
        ),
        things(shipment.things),
        class_name=styles.ENTRY,
        data_testid="order-shipment",
    )


def things(listed: Any) -> Component:
    """ "2 × Dune Mug, Moss", a line each."""
    return el.ul(each(listed, lambda one: el.li(one)), class_name=styles.THINGS)
