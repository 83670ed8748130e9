"""What is to come of a variant: expected, received, or given up."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.inventory.incoming import MAX_SUPPLIER
from shop_app.state.admin.stock import Stock

from .. import styles
from ..controls import button
from ..forms import error_of, submit
from ..kit import Component, each, el, length, of, text, when
from . import look
from .parts import panel, text_field
from .stock import may_adjust


def deliveries() -> Component:
    shown = of(Stock).record.deliveries
    return panel(
        _("Expected deliveries"),
        when(
            length(shown) > 0,
            el.ul(each(shown, _delivery)),
            el.p(_("Nothing is on its way."), class_name="px-4 pb-4 text-ink-2"),
        ),
        may_adjust(_expect_form),
        plain=True,
    )


def _delivery(one: Any) -> Component:
    receive = el.form(
        el.input(type="hidden", name="delivery", value=text(one.id), read_only=True),
        el.label(
            el.span(_("Units that came"), class_name=styles.SR),
            el.input(
                name="received_units",
                default_value=text(one.units),
                input_mode="numeric",
                class_name=look.INPUT + " w-20! text-end",
                auto_complete="off",
            ),
        ),
        button(_("Receive"), type="submit", kind="outline", size="s", class_name="max-md:h-11"),
        button(
            _("Won't come"),
            kind="plain",
            size="s",
            on_click=Stock.give_up(one.id),
            class_name="max-md:h-11",
        ),
        on_submit=submit(Stock.receive),
        class_name="flex items-center gap-2",
    )
    return el.li(
        el.span(
            el.strong(text(one.units), class_name="font-medium tabular-nums"),
            when(one.supplier != "", el.span(_(" from ") + one.supplier)),
            when(
                one.expected_on != "",
                el.span(
                    _(", expected ") + one.expected_on,
                    class_name=when(one.is_late, "text-amber", "text-ink-2"),
                ),
            ),
            when(one.is_late, el.span(_(" (late)"), class_name="text-amber")),
            class_name="min-w-0",
        ),
        may_adjust(receive),
        class_name="flex flex-wrap items-center justify-between gap-2 border-t border-line px-4 py-2",
        data_testid="delivery",
    )


def _expect_form() -> Component:
    return el.form(
        text_field(
            _("Units"),
            name="delivery_units",
            input_mode="numeric",
            required=True,
            default_value="",
            auto_complete="off",
            error=error_of(Stock, "delivery_units"),
        ),
        text_field(
            _("Supplier"),
            name="delivery_supplier",
            optional=True,
            max_length=MAX_SUPPLIER,
            default_value="",
            error=error_of(Stock, "delivery_supplier"),
        ),
        text_field(
            _("Expected on"),
            name="delivery_expected_on",
            type="date",
            optional=True,
            default_value="",
            error=error_of(Stock, "delivery_expected_on"),
        ),
        button(_("Expect"), type="submit", kind="outline", size="s", class_name="self-end max-md:h-11"),
        on_submit=submit(Stock.expect),
        class_name="grid items-start gap-3 border-t border-line p-4 sm:grid-cols-[6rem_1fr_10rem_auto]",
        key=text(of(Stock).done),
    )
