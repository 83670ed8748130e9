"""The inventory: every variant's stock, counted up and down in the row."""

from __future__ import annotations

from typing import Any

from shop_app.components.admin import stock
from shop_app.components.admin.list import list_page
from shop_app.components.admin.menu import MenuItem
from shop_app.components.controls import button, link_button
from shop_app.components.kit import Component, el, fragment, of, when
from shop_app.components.overlays import dialog
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.inventory.stock_list import INVENTORY
from shop_app.state.admin.records import RecordList
from shop_app.state.admin.stock import Stock

ADJUST = "stock-adjust"


def _head() -> Component:
    return stock.may_adjust(
        lambda: link_button(
            _("Count stock"), href="/admin/stocktake", kind="outline", size="s", data_testid="count-stock"
        )
    )


def _row_actions(row: Any) -> Component:
    return stock.may_adjust(
        lambda: button(
            "±",
            kind="outline",
            size="xs",
            aria_label=_("Adjust ") + row.label,
            title=_("Adjust"),
            on_click=Stock.open(row.label),
            data_testid="stock-adjust",
        )
    )


def _adjusting() -> Component:
    levels = of(Stock).record.levels
    return dialog(
        _("Adjust stock"),
        el.p(
            el.strong(levels.title, class_name="font-medium"),
            when(levels.variant != "", el.span(" · ", levels.variant)),
            el.span(levels.sku, class_name="block text-ink-2"),
            class_name="mb-4",
        ),
        when(
            levels.tracked,
            lambda: fragment(stock.problems(), stock.adjust_form(id="row", testid="stock-save")),
            el.p(_("Nobody counts this: it can always be bought."), class_name="text-ink-2"),
        ),
        id=ADJUST,
        is_open=of(Stock).is_open,
        on_close=Stock.close,
    )


PAGE = Page(
    INVENTORY.address,
    list_page(INVENTORY, actions=_head, row_actions=_row_actions, more=_adjusting),
    INVENTORY.title,
    load=(RecordList.load,),
    needs=INVENTORY.needs,
    menu=MenuItem(INVENTORY.title, "stock", keys="g i", count="stock_low"),
)
