"""Packing slips as they are printed: one a page, of one order or of several."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import empty_state
from shop_app.components.controls import button
from shop_app.components.icons import icon
from shop_app.components.kit import Component, each, el, length, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.packing_slips import PackingSlips

ORDERS = "/admin/orders"
PRINT = rx.vars.FunctionStringVar.create("(() => window.print())")


def page() -> Component:
    state = of(PackingSlips)
    return desk(
        when(
            length(state.slips) > 0,
            lambda: el.div(each(state.slips, _slip), class_name="grid max-w-[720px] gap-6 print:block"),
            lambda: empty_state(_("There is nothing to print"), _("No order was found at this address.")),
        ),
        title=_("Packing slip"),
        current=ORDERS,
        ready=state.loaded,
        back=(_("Orders"), ORDERS),
        actions=button(
            icon("print", styles.ICON_S), _("Print"), size="s", class_name="print:hidden", on_click=PRINT
        ),
    )


def _slip(slip: Any) -> Component:
    return el.article(
        el.div(
            el.h2(_("Order "), slip.number, class_name="text-lg font-medium tabular-nums"),
            el.p(slip.placed, ", ", slip.method, class_name="text-ink-2"),
            class_name="flex flex-wrap items-baseline justify-between gap-2",
        ),
        el.address(
            each(slip.address, lambda line: el.span(line, class_name="block")),
            class_name="my-5 not-italic text-base",
        ),
        when(
            length(slip.lines) > 0,
            el.table(
                el.thead(
                    el.tr(
                        el.th(_("Units"), scope="col", class_name=f"{look.TH} w-16"),
                        el.th(_("Item"), scope="col", class_name=look.TH),
                        el.th(_("SKU"), scope="col", class_name=look.TH),
                        el.th(
                            el.span(_("Packed"), class_name=styles.SR),
                            scope="col",
                            class_name=f"{look.TH} w-12",
                        ),
                    )
                ),
                el.tbody(each(slip.lines, _line)),
                class_name=look.TABLE,
            ),
            el.p(_("Nothing of it is to be packed.")),
        ),
        el.p(slip.count, class_name="mt-3 text-ink-2"),
        when(slip.note, el.p(_("The customer wrote: "), slip.note, class_name="mt-3 whitespace-pre-line")),
        class_name=(
            "rounded-r2 border border-line bg-surface p-6 print:break-after-page print:rounded-none "
            "print:border-0 print:p-0 print:last:break-after-auto"
        ),
        data_testid="packing-slip",
        data_number=slip.number,
    )


def _line(line: Any) -> Component:
    return el.tr(
        el.td(text(line.quantity), class_name=f"{look.TD} font-medium tabular-nums"),
        el.td(line.title, when(line.variant, ", " + line.variant, ""), class_name=f"{look.TD} py-2"),
        el.td(line.sku, class_name=f"{look.TD} tabular-nums"),
        el.td(el.span(class_name="block size-4 border border-line-strong"), class_name=look.TD),
    )


PAGES = tuple(
    Page(route, page, _("Packing slip"), load=(PackingSlips.load,), needs="orders.view")
    for route in (f"{ORDERS}/[number]/slip", f"{ORDERS}/slips")
)
