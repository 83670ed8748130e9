"""The page of one order in the back office."""

from __future__ import annotations

from shop_app.components import styles
from shop_app.components.admin import look, order_dialogs, order_items, order_money, order_returns, order_side
from shop_app.components.admin.frame import desk
from shop_app.components.admin.history import history as record_history
from shop_app.components.admin.order_items import may, state_badge
from shop_app.components.admin.parts import act, empty_state, menu, menu_item
from shop_app.components.controls import link_button
from shop_app.components.icons import icon
from shop_app.components.kit import Component, Text, both, each, either, el, fragment, length, not_, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.orders import OrderAdmin

ORDERS = "/admin/orders"


def title() -> Text:
    number = of(OrderAdmin).view.number
    return when(number, _("Order ") + number, _("Order"))


def page() -> Component:
    state, view = of(OrderAdmin), of(OrderAdmin).view
    return desk(
        when(state.missing, _missing, _order),
        title=when(view.number, view.number, _("Order")),
        current=ORDERS,
        ready=either(view.number != "", state.missing),
        back=(_("Orders"), ORDERS),
        beside=when(view.number, _badges),
        actions=when(view.number, _actions),
    )


def _missing() -> Component:
    return empty_state(
        _("There is no order with this number"),
        _("Look for its customer, or for what was ordered, in the list."),
        link_button(_("All orders"), href=ORDERS, size="s"),
    )


def _badges() -> Component:
    view = of(OrderAdmin).view
    return fragment(
        state_badge(view.status),
        state_badge(view.payment),
        state_badge(view.fulfilment),
        when(view.is_archived, el.span(_("Archived"), class_name=f"{styles.BADGE} {styles.CALM}")),
        el.span(view.placed, class_name="text-ink-3"),
    )


def _actions() -> Component:
    view = of(OrderAdmin).view
    refund = el.button(
        _("Refund"),
        type="button",
        on_click=OrderAdmin.open_form("refund", 0),
        disabled=not_(view.can_refund),
        title=view.refund_blocked,
        class_name=f"{styles.BTN} {styles.OUTLINE} {styles.SIZE_S}",
        data_testid="order-refund",
        **act(_("Refund"), "r"),
    )
    shown = both(may("orders.refund"), either(view.can_refund, view.refund_blocked != ""))
    return fragment(when(shown, refund), _menu())


def _menu() -> Component:
    view = of(OrderAdmin).view
    link = "flex min-h-10 items-center gap-2.5 rounded-r1 px-2.5 text-sm hover:bg-sunken md:min-h-9"
    return menu(
        _("More about this order"),
        el.a(
            icon("eye", styles.ICON_S),
            _("As the customer sees it"),
            href=view.shop_url,
            target="_blank",
            rel="noopener",
            class_name=link,
        ),
        el.a(
            icon("print", styles.ICON_S),
            _("Packing slip"),
            href=ORDERS + "/" + view.number + "/slip",
            target="_blank",
            class_name=link,
        ),
        when(
            both(view.can_mark_paid, may("orders.edit")),
            lambda: menu_item(
                _("Mark as paid"), icon_name="done", keys="m", on_click=OrderAdmin.open_form("paid", 0)
            ),
        ),
        when(
            both(view.can_archive, may("orders.fulfil")),
            lambda: when(
                view.is_archived,
                menu_item(
                    _("Take out of the archive"),
                    icon_name="upload",
                    on_click=OrderAdmin.archive(view.id, False),
                ),
                menu_item(
                    _("Archive"), icon_name="download", keys="e", on_click=OrderAdmin.archive(view.id, True)
                ),
            ),
        ),
        when(
            both(view.can_cancel, may("orders.edit")),
            lambda: menu_item(
                _("Cancel order"),
                icon_name="cancelled",
                danger=True,
                on_click=OrderAdmin.open_form("cancel", 0),
            ),
        ),
    )


def _order() -> Component:
    state, view = of(OrderAdmin), of(OrderAdmin).view
    return fragment(
        # The script presses it every half minute while the page is seen.
        el.button(type="button", hidden=True, on_click=OrderAdmin.tell, data_every="30", aria_hidden="true"),
        when(
            length(state.others) > 0,
            lambda: el.p(
                _("Also looking at this order: "),
                each(
                    state.others,
                    lambda name: el.span(name, class_name="font-medium not-last:after:content-[',_']"),
                ),
                class_name="mb-4 rounded-r2 bg-blue-tint px-4 py-2.5",
                role="status",
                data_testid="order-others",
            ),
        ),
        el.div(
            el.div(
                order_items.attention(),
                order_items.items(),
                order_items.parcels(),
                order_returns.returns(),
                order_money.money(),
                order_side.history(),
                class_name=look.STACK,
            ),
            el.div(
                order_side.customer(),
                order_side.addresses(),
                order_side.letters(),
                record_history(of="order", key=view.number),
                class_name=look.STACK,
            ),
            class_name=look.TWO,
        ),
        order_dialogs.dialogs(),
        order_side.address_dialog(),
    )


PAGE = Page("/admin/orders/[number]", page, title, load=(OrderAdmin.load,), needs="orders.view")
