"""The legal texts: which are the shopkeeper's own, and one of them with its preview and versions."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import act, panel, save_bar, skeleton
from shop_app.components.admin.parts import text_field as field
from shop_app.components.badges import note
from shop_app.components.controls import button, text_link
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.icons import icon
from shop_app.components.kit import (
    Component,
    both,
    contains,
    each,
    el,
    fragment,
    length,
    not_,
    of,
    raw_html,
    text,
    when,
)
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.shop.legal import MAX_BODY
from shop_app.state.admin.legal_settings import LegalSettings
from shop_app.state.admin.shell import BackOffice

from .index import ROUTE

LEGAL = f"{ROUTE}/legal"


def page() -> Component:
    return desk(
        _list,
        title=_("Legal texts"),
        current=ROUTE,
        ready=of(LegalSettings).loaded,
        back=(_("Settings"), ROUTE),
    )


def _list() -> Component:
    def row(one: Any) -> Component:
        own = el.span(_("Yours"), class_name=f"{styles.BADGE} {styles.GREEN}")
        base = el.span(_("Not yet yours"), class_name=f"{styles.BADGE} {styles.AMBER}")
        return el.li(
            el.a(
                el.span(one.title, class_name="font-medium"),
                el.span("/" + one.page, class_name="text-ink-3 max-md:hidden"),
                when(one.is_own, own, base),
                icon("right", "icon size-4 text-ink-3"),
                href=f"{LEGAL}/" + one.page,
                class_name=(
                    "grid min-h-12 grid-cols-[minmax(0,1fr)_auto_auto_16px] items-center gap-x-4 border-t "
                    "border-line px-4 py-2 hover:bg-paper"
                ),
                data_testid="legal-row",
                data_page=one.page,
            )
        )

    return el.div(
        el.p(
            _(
                "Every shop begins with neutral texts. They fit the software, not your business: read "
                "each, change it or have it changed, and it is yours. Your name, address and VAT number come "
                "from the settings of the shop."
            ),
            class_name="mb-4 max-w-[70ch] text-ink-2",
        ),
        panel(_("Texts"), el.ul(each(of(LegalSettings).rows, row)), plain=True),
        class_name="max-w-[820px]",
    )


def text_page() -> Component:
    sheet = of(LegalSettings).sheet
    see = text_link(_("See the page"), href="/" + sheet.page, target="_blank", rel="noopener")
    return desk(
        _text,
        title=when(of(LegalSettings).loaded, of(LegalSettings).preview.title, _("Legal text")),
        current=ROUTE,
        ready=of(LegalSettings).loaded,
        back=(_("Legal texts"), LEGAL),
        actions=when(of(LegalSettings).loaded, see),
        waiting=skeleton("h-96"),
    )


def _text() -> Component:
    may_edit = contains(of(BackOffice).rights, "settings.edit")
    return el.div(
        el.div(
            when(of(LegalSettings).sheet.version == 0, lambda: _base(may_edit)),
            _form(may_edit),
            class_name=look.STACK,
        ),
        el.div(_preview(), _facts(), _versions(may_edit), class_name=look.STACK),
        class_name="grid items-start gap-4 lg:grid-cols-2",
    )


def _base(may_edit: Any) -> Component:
    confirm = button(
        _("Take it as it is"),
        kind="outline",
        size="s",
        on_click=LegalSettings.confirm,
        data_testid="legal-confirm",
        **act(_("Take this text as it is")),
    )
    return note(
        el.div(
            el.p(_("This is the base text, which isn't yours yet. Change it, or take it as it is.")),
            when(may_edit, confirm),
            class_name="grid justify-items-start gap-2",
        ),
        kind="wait",
    )


def _form(may_edit: Any) -> Component:
    sheet = of(LegalSettings).sheet
    fields = el.fieldset(
        field(
            _("Title"),
            name="title",
            default_value=sheet.title,
            max_length=200,
            error=error_of(LegalSettings, "title"),
        ),
        field(
            _("Lead"),
            name="lead",
            default_value=sheet.lead,
            max_length=1000,
            lines=True,
            error=error_of(LegalSettings, "lead"),
        ),
        field(
            _("Text"),
            name="body",
            default_value=sheet.body,
            max_length=MAX_BODY,
            lines=True,
            rows=24,
            on_blur=LegalSettings.show_preview,
            error=error_of(LegalSettings, "body"),
            hint=_(
                "Markdown: ## before a heading, an empty line between paragraphs, - before points, "
                "[words](/address)."
            ),
        ),
        disabled=not_(may_edit),
        class_name=look.FIELDS,
    )
    return el.form(
        when(may_edit, save_bar),
        form_errors(LegalSettings),
        el.input(type="hidden", name="version", value=sheet.version),
        panel(_("Text"), fields),
        key=sheet.page + "-" + text(of(LegalSettings).saved),
        on_submit=submit(LegalSettings.save),
        no_validate=True,
        data_saves="true",
        class_name="grid gap-4",
    )


def _preview() -> Component:
    shown = of(LegalSettings).preview
    return panel(
        _("Preview"),
        el.p(_("It follows when you leave the text."), class_name=look.PANEL_NOTE),
        el.p(shown.lead, class_name="mt-3 text-ink-2"),
        raw_html(shown.html, class_name=styles.PROSE_PREVIEW),
    )


def _facts() -> Component:
    def row(fact: Any) -> Component:
        return fragment(
            el.dt(el.code(fact.name)), el.dd(fact.value, class_name="min-w-0 break-words text-ink-2")
        )

    return panel(
        _("Facts of the shop"),
        el.p(_("Write a name in braces, and what it stands for is filled in."), class_name=look.PANEL_NOTE),
        el.dl(
            each(of(LegalSettings).facts, row),
            class_name="mt-3 grid grid-cols-[150px_minmax(0,1fr)] gap-x-4 gap-y-1.5",
        ),
    )


def _versions(may_edit: Any) -> Component:
    state = of(LegalSettings)

    def row(one: Any) -> Component:
        restore = button(
            _("Show it again"), kind="plain", size="xs", on_click=LegalSettings.restore(one.number)
        )
        return el.li(
            el.span(
                el.span(_("Version ") + text(one.number), class_name="block"),
                el.span(one.when + " · " + one.who, class_name="block text-xs break-all text-ink-3"),
            ),
            when(both(may_edit, one.number != state.sheet.version), restore),
            class_name="flex items-center justify-between gap-3 border-t border-line px-4 py-2.5",
        )

    return when(
        length(state.versions) > 0,
        lambda: panel(_("Versions"), el.ul(each(state.versions, row)), plain=True),
    )


PAGE = Page(LEGAL, page, _("Legal texts"), load=(LegalSettings.load,), needs="settings.view")
TEXT = Page(
    f"{LEGAL}/[page]", text_page, _("Legal text"), load=(LegalSettings.load_page,), needs="settings.view"
)
