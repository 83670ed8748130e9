"""The list of orders, with a look at one of them beside it."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.list import list_page
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.order_items import state_badge, thumb
from shop_app.components.badges import note
from shop_app.components.controls import button, link_button
from shop_app.components.icons import icon
from shop_app.components.kit import Component, each, el, fragment, length, of, text, when
from shop_app.components.overlays import drawer
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.order_desk.order_list import ORDERS
from shop_app.state.admin.order_peek import OrderPeek
from shop_app.state.admin.records import RecordList


def _row_actions(row: Any) -> Component:
    return el.button(
        icon("eye", styles.ICON_S),
        type="button",
        aria_label=_("Look at ") + row.label,
        title=_("Look at it (Space)"),
        on_click=OrderPeek.look(row.id),
        class_name=styles.ICON_BUTTON_S,
        data_peek="true",
    )


def _peek() -> Component:
    """The drawer; arrows and J and K walk on."""
    view = of(OrderPeek).view
    walk = el.div(
        button(
            icon("up", styles.ICON_S), _("Previous"), kind="outline", size="s",
            on_click=OrderPeek.walk(-1), data_keys="k", data_arrow="ArrowUp",
        ),
        button(
            icon("down", styles.ICON_S), _("Next"), kind="outline", size="s",
            on_click=OrderPeek.walk(1), data_keys="j", data_arrow="ArrowDown",
        ),
        link_button(_("Open the order"), href="/admin/orders/" + view.number, size="s", class_name="ms-auto"),
        class_name="flex flex-wrap gap-2",
    )  # fmt: skip
    return drawer(
        _("Order ") + view.number,
        el.div(
            el.div(
                state_badge(view.status),
                state_badge(view.payment),
                state_badge(view.fulfilment),
                class_name="flex flex-wrap gap-2",
            ),
            when(view.attention, note(view.attention, kind="bad")),
            el.ul(each(view.lines, _line), class_name="grid gap-3"),
            el.dl(
                each(view.sums, _sum),
                _sum((view.paid_label, view.total)),
                class_name="grid gap-1.5 border-t border-line pt-3",
            ),
            el.div(
                el.p(view.customer, class_name="font-medium"),
                el.p(view.email, class_name="[overflow-wrap:anywhere]"),
                el.address(
                    each(view.address, lambda line: el.span(line, class_name="block")),
                    class_name="mt-1 not-italic text-ink-2",
                ),
                class_name="border-t border-line pt-3",
            ),
            when(
                length(view.happenings) > 0,
                lambda: el.p(
                    view.happenings[0].text, ", ", view.happenings[0].when, class_name="text-xs text-ink-3"
                ),
            ),
            class_name="grid gap-4 py-4 text-sm",
        ),
        id="order-peek",
        foot=walk,
        is_open=of(OrderPeek).is_open,
        on_close=OrderPeek.close,
        data_testid="order-peek",
        data_number=view.number,
    )


def _line(line: Any) -> Component:
    return el.li(
        thumb(line.picture_key, ""),
        el.div(
            el.p(text(line.quantity), " × ", line.title),
            el.p(when(line.variant, line.variant + ", ", ""), line.sku, class_name="text-xs text-ink-3"),
            when(line.note, el.p(line.note, class_name="text-xs text-ink-2")),
            class_name="min-w-0",
        ),
        el.span(line.total, class_name="tabular-nums"),
        class_name="grid grid-cols-[36px_minmax(0,1fr)_auto] items-start gap-3",
    )


def _sum(pair: Any) -> Component:
    return el.div(
        el.dt(pair[0], class_name=look.FACT_NAME),
        el.dd(pair[1], class_name="tabular-nums"),
        class_name=look.FACT,
    )


PAGE = Page(
    ORDERS.address,
    list_page(ORDERS, row_actions=_row_actions, more=lambda: fragment(_peek())),
    ORDERS.title,
    load=(RecordList.load,),
    needs=ORDERS.needs,
    menu=MenuItem(_("Orders"), "order", keys="g o", count="orders_to_pack"),
)
