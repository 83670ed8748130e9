"""The stock of one variant: its numbers and what changes them, who needs it, what is to come, its history."""

from __future__ import annotations

from shop_app.components.admin import look, stock, stock_deliveries
from shop_app.components.admin.frame import desk
from shop_app.components.admin.history import history
from shop_app.components.admin.parts import panel
from shop_app.components.controls import link_button
from shop_app.components.kit import Component, Text, el, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.stock import ROUTE, Stock

INVENTORY = "/admin/inventory"


def title() -> Text:
    levels = of(Stock).record.levels
    return when(levels.sku != "", levels.title, _("Stock"))


def page() -> Component:
    levels = of(Stock).record.levels
    product = when(
        levels.slug != "",
        link_button(_("The product"), href="/admin/products/" + levels.slug, kind="outline", size="s"),
    )
    return desk(
        _content,
        title=title(),
        current=INVENTORY,
        ready=of(Stock).loaded != "",
        back=(_("Inventory"), INVENTORY),
        beside=stock.mark(levels.mark),
        actions=product,
    )


def _content() -> Component:
    levels = of(Stock).record.levels
    return el.div(
        el.p(
            el.span(levels.sku, class_name="font-medium"),
            when(levels.variant != "", el.span(" · ", levels.variant)),
            class_name="-mt-4 mb-4 text-ink-2",
        ),
        stock.problems(),
        stock.numbers(),
        el.div(
            el.div(
                stock.may_adjust(
                    lambda: when(
                        levels.tracked,
                        lambda: panel(_("Adjust"), stock.adjust_form(id="adjust", testid="stock-adjust")),
                    )
                ),
                stock_deliveries.deliveries(),
                class_name=look.STACK,
            ),
            el.div(
                stock.may_adjust(lambda: panel(_("Rules"), stock.settings_form())),
                stock.needs(),
                stock.requests(),
                class_name=look.STACK,
            ),
            class_name=look.TWO,
        ),
        el.div(stock.history(), history(of="variant", key=levels.sku), class_name=f"{look.STACK} mt-4"),
    )


PAGE = Page(ROUTE, page, title, load=(Stock.load,), needs="inventory.view")
