"""Collections: which there are, and a new one by hand or by rule."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.parts import empty_state, panel, table, text_field
from shop_app.components.badges import badge
from shop_app.components.controls import button
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, Text, contains, el, fragment, length, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.collections import Collections
from shop_app.state.admin.shell import BackOffice

PRODUCTS = "/admin/products"
PATH = "/admin/collections"


def page() -> Component:
    return desk(
        _content,
        title=_("Collections"),
        current=PATH,
        ready=of(Collections).loaded,
        back=(_("Products"), PRODUCTS),
    )


def _content() -> Component:
    rows = of(Collections).rows
    heads = (_("Collection"), _("Products are chosen"), (_("Products"), "right"))
    return fragment(
        form_errors(Collections, class_name="mb-4 rounded-r2 empty:hidden *:mb-0!"),
        el.div(when(contains(of(BackOffice).rights, "products.edit"), _add), class_name="mb-4 empty:hidden"),
        panel(
            _("All collections"),
            when(
                length(rows) > 0,
                table(heads, rows, _row),
                empty_state(
                    _("No collections yet"),
                    _("A collection is a list for an occasion: picks of a season, gifts, what is new."),
                ),
            ),
            plain=True,
        ),
    )


def _row(row: Any) -> Component:
    return el.tr(
        el.td(
            el.a(row.title, href="/admin/collections/" + row.slug, class_name=styles.LINK),
            when(row.on_home, el.span(badge(_("On the home page"), "green", "home"), class_name="ms-2")),
            class_name=look.TD,
        ),
        el.td(when(row.by_rule, _("By a rule"), _("By hand")), class_name=f"{look.TD} text-ink-2"),
        el.td(text(row.products), class_name=f"{look.TD} text-end tabular-nums"),
        data_testid="collection-row",
        data_slug=row.slug,
    )


def _add() -> Component:
    def kind(value: str, label: Text) -> Component:
        return el.label(
            el.input(
                type="radio",
                name="kind",
                value=value,
                default_checked=value == "hand",
                class_name=styles.RADIO_MARK,
            ),
            el.span(label),
            class_name=styles.CHECK,
        )

    return panel(
        _("New collection"),
        el.form(
            text_field(
                _("Name"),
                name="title",
                required=True,
                max_length=200,
                default_value="",
                error=error_of(Collections, "title"),
                data_testid="collection-title",
            ),
            el.fieldset(
                el.legend(_("Its products"), class_name="mb-1 text-xs font-medium"),
                kind("hand", _("I choose them")),
                kind("rule", _("A rule chooses them")),
                class_name="flex flex-wrap gap-x-4",
            ),
            button(
                _("Create"),
                type="submit",
                size="s",
                class_name="self-end max-md:h-11",
                data_testid="collection-add",
            ),
            on_submit=submit(Collections.add),
            class_name="grid items-start gap-3 sm:grid-cols-[1fr_auto_auto]",
        ),
    )


PAGE = Page(
    PATH,
    page,
    _("Collections"),
    load=(Collections.load,),
    needs="products.view",
    menu=MenuItem(_("Collections"), "copy"),
)
