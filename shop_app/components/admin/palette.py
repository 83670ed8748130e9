"""The palette: one field over the pages, the records and the actions of the record at hand; and the key
sheet.

The server finds records. Pages and actions are on the page already: `assets/admin.js` lists what carries
`data-nav` and `data-act`, and presses it.
"""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.shell import BackOffice

from .. import styles
from ..controls import icon_button
from ..icons import icon
from ..kit import Component, each, el, match, of, when
from ..overlays import CLOSES, modal
from . import look

PALETTE = "palette"
KEY_SHEET = "key-sheet"
WAIT_MS = 120


def palette() -> Component:
    shell = of(BackOffice)
    return modal(
        _field(),
        el.div(
            el.div(data_palette_acts="true", role="presentation"),
            el.div(
                each(shell.hits, _hit),
                role="presentation",
                data_palette_hits="true",
                data_asked=shell.asked,
            ),
            el.div(data_palette_pages="true", role="presentation"),
            el.p(
                _("Nothing is called that."),
                class_name="px-[18px] py-4 text-ink-2",
                hidden=True,
                data_palette_nothing="true",
            ),
            id="palette-list",
            role="listbox",
            aria_label=_("Results"),
            class_name=look.PALETTE_LIST,
        ),
        _foot(),
        id=PALETTE,
        label=_("Search or jump to"),
        class_name=look.PALETTE,
        data_row=look.PALETTE_ROW,
        data_group=look.PALETTE_GROUP,
        data_end=look.PALETTE_END,
        data_acts_title=_("On this page"),
        data_pages_title=_("Pages"),
    )


def _field() -> Component:
    return el.div(
        icon("search", styles.ICON),
        el.input(
            type="text",
            placeholder=_("Order, e-mail, SKU, tracking number, or a page"),
            aria_label=_("Search or jump to"),
            role="combobox",
            aria_expanded="true",
            aria_controls="palette-list",
            aria_autocomplete="list",
            auto_complete="off",
            max_length=200,
            spell_check=False,
            class_name=look.PALETTE_INPUT,
            data_palette_input="true",
            custom_attrs={"autoFocus": True},
            on_change=BackOffice.find.debounce(WAIT_MS),
        ),
        el.kbd("Esc", class_name="kbd", aria_hidden="true"),
        class_name=look.PALETTE_HEAD,
    )


def _foot() -> Component:
    return el.div(
        el.span(el.kbd("↑", class_name="kbd"), " ", el.kbd("↓", class_name="kbd"), " ", _("move")),
        el.span(el.kbd("Enter", class_name="kbd"), " ", _("open")),
        el.span(el.kbd("Ctrl Enter", class_name="kbd"), " ", _("new tab")),
        el.span(el.kbd("?", class_name="kbd"), " ", _("all keys"), class_name="ms-auto"),
        class_name=look.PALETTE_FOOT,
        aria_hidden="true",
    )


def _hit(hit: Any) -> Component:
    link = el.a(
        match(hit.kind, {"order": icon("order", styles.ICON_S)}, icon("product", styles.ICON_S)),
        el.span(hit.label, class_name="truncate"),
        el.span(hit.detail, class_name=look.PALETTE_END),
        href=hit.href,
        role="option",
        tab_index=-1,
        aria_selected="false",
        class_name=look.PALETTE_ROW,
        data_exact=when(hit.exact, "true", "false"),
    )
    return el.div(
        when(hit.heading != "", el.p(hit.heading, class_name=look.PALETTE_GROUP)), link, role="presentation"
    )


def key_sheet() -> Component:
    """What each key does, listed by `assets/admin.js` from the page; single keys can be turned off here."""
    return modal(
        el.div(
            el.h2(_("Keys"), class_name=look.PANEL_TITLE),
            icon_button("close", _("Close"), small=True, **CLOSES),
            class_name="flex items-center justify-between border-b border-line px-5 py-3",
        ),
        el.dl(
            class_name="grid max-h-[60dvh] grid-cols-[1fr_auto] gap-x-6 gap-y-2 overflow-y-auto px-5 py-4",
            data_key_list="true",
            data_find=_("Search or jump to"),
            data_sheet=_("This sheet"),
            data_save=_("Save"),
        ),
        el.label(
            el.input(type="checkbox", class_name=styles.CHECK_BOX, data_keys_switch="true"),
            el.span(_("Single keys do something")),
            class_name=f"{styles.CHECK} border-t border-line px-5 py-3 text-sm!",
        ),
        id=KEY_SHEET,
        label=_("Keys"),
        class_name=f"{styles.DIALOG} text-sm",
    )
