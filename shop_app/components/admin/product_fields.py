"""The fields of a product's form, panel by panel; `assets/admin-product.js` compares and sends them."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.product import FIELD_LABELS, MakerDesk, ProductDesk

from .. import styles
from ..controls import button
from ..fields import field_error
from ..forms import error_of
from ..kit import Component, Text, each, el, fragment, of, raw_html, when
from ..overlays import CLOSES, dialog, opens
from . import look, product_look
from .parts import panel, select_field, text_field

STATUSES = (
    ("draft", _("Draft"), _("Nobody sees it")),
    ("active", _("Live in the shop"), _("In lists, search and by its address")),
    ("scheduled", _("Scheduled"), _("Goes live by itself")),
    ("unlisted", _("Unlisted"), _("For whoever has its address")),
    ("archived", _("Archived"), _("Out of the shop, kept for its orders")),
)
PREVIEW = "description-preview"
VENDORS = "known-vendors"


def _value(name: str) -> Text:
    return of(ProductDesk).form.fields[name]


def text(name: str, **props: Any) -> Component:
    """A field for a text, with what is wrong with it below."""
    return text_field(
        FIELD_LABELS[name],
        name=name,
        default_value=_value(name),
        error=error_of(ProductDesk, name),
        **props,
    )


def _select(name: str, *options: Any, **props: Any) -> Component:
    value = _value(name)
    return select_field(
        FIELD_LABELS[name],
        *options,
        name=name,
        default_value=value,
        data_was=value,
        error=error_of(ProductDesk, name),
        **props,
    )


def _choices(choices: Any) -> Component:
    return each(choices, lambda one: el.option(one.label, value=one.value))


def description_panel() -> Component:
    preview = button(_("Preview"), kind="plain", size="xs", data_sends="preview-form", **opens(PREVIEW))
    return panel(
        _("Description"),
        el.div(
            text("title", required=True, max_length=255),
            text("subtitle", max_length=500, hint=_("One line below the title")),
            text(
                "description",
                lines=True,
                rows=10,
                class_name="[&_textarea]:min-h-56",
                hint=_("Markdown: **bold**, *italic*, - lists, [links](https://…)"),
            ),
            text("care", lines=True, rows=2),
            class_name=look.FIELDS,
        ),
        actions=preview,
    )


def preview_dialog() -> Component:
    desk = of(ProductDesk)
    return dialog(
        _("As customers see it"),
        when(
            desk.preview != "",
            raw_html(desk.preview, class_name=styles.DESCRIPTION),
            el.p(_("There is no description yet."), class_name="text-ink-2"),
        ),
        id=PREVIEW,
        actions=button(_("Close"), kind="outline", size="s", **CLOSES),
    )


def visibility_panel() -> Component:
    def one(value: str, label: str, note: str) -> Component:
        mark = el.input(
            type="radio",
            name="status",
            value=value,
            id=f"status-{value}",
            default_checked=_value("status") == value,
            class_name=product_look.RADIO_MARK,
        )
        words = el.span(label, el.span(note, class_name="block text-xs text-ink-3"))
        return el.label(mark, words, class_name=product_look.RADIO)

    wrong = error_of(ProductDesk, "status")
    return panel(
        _("Visibility"),
        el.fieldset(
            el.legend(FIELD_LABELS["status"], class_name=styles.SR),
            *(one(*status) for status in STATUSES),
            when(wrong, field_error(wrong, id="field-status-note")),
            el.div(
                text("publish_at", type="datetime-local"),
                class_name=product_look.OPENS,
            ),
            id="field-status",
            tab_index=-1,
            class_name="group grid gap-0.5 outline-none",
        ),
    )


def organise_panel() -> Component:
    desk = of(ProductDesk)
    vendors = el.datalist(each(desk.form.vendors, lambda name: el.option(value=name)), id=VENDORS)
    nothing = el.option(_("None"), value="")
    return panel(
        _("Organise"),
        el.div(
            _select("category", nothing, _choices(desk.form.categories)),
            text("tags", hint=_("Separated by commas")),
            text("vendor", list=VENDORS, max_length=255),
            text("kind", max_length=255),
            text("materials", hint=_("Separated by commas")),
            _select("tax_class", _choices(desk.form.tax_classes)),
            vendors,
            class_name=look.FIELDS,
        ),
    )


def safety_panel() -> Component:
    desk = of(ProductDesk)
    nothing = el.option(_("None"), value="")
    edit = fragment(
        button(_("Edit maker"), kind="plain", size="xs", on_click=MakerDesk.open(desk.form.fields["maker"])),
        button(_("New maker"), kind="plain", size="xs", on_click=MakerDesk.open("")),
    )
    return panel(
        _("Maker and guarantee"),
        el.div(
            _select(
                "maker",
                nothing,
                _choices(desk.form.makers),
                hint=_("Who made it, and who answers for it in the EU: shown beside the offer"),
                class_name="sm:col-span-2",
            ),
            text("brand", max_length=255),
            text("model", max_length=255),
            text(
                "guarantee_months",
                input_mode="numeric",
                max_length=4,
                hint=_("The producer's own, beyond the law's two years"),
            ),
            text("guarantor", max_length=255),
            text("guarantee_terms", lines=True, rows=3, class_name="sm:col-span-2"),
            class_name=look.FIELDS_TWO,
        ),
        actions=edit,
    )


def search_panel() -> Component:
    desk = of(ProductDesk)
    shown = when(_value("seo_title") != "", _value("seo_title"), desk.form.title)
    preview = el.div(
        el.span("/products/" + desk.form.slug, class_name="text-xs break-all text-ink-3"),
        el.span(shown, class_name="text-md text-blue"),
        el.span(
            when(_value("seo_description") != "", _value("seo_description"), _value("subtitle")),
            class_name="text-ink-2",
        ),
        class_name=product_look.SEARCH_RESULT,
    )
    slug = el.div(
        text(
            "slug",
            max_length=255,
            auto_capitalize="none",
            spell_check=False,
            data_asks="slug",
            hint=_("Its old address leads to the new one"),
        ),
        el.p(data_answer="slug", role="status", class_name=product_look.ANSWER),
    )
    return panel(
        _("Search preview"),
        el.div(
            preview,
            text("seo_title", max_length=300, hint=_("About 60 characters are shown")),
            text("seo_description", lines=True, rows=2, hint=_("About 155 characters are shown")),
            slug,
            class_name=look.FIELDS,
        ),
    )


def maker_dialog() -> Component:
    desk = of(MakerDesk)

    def line(name: str, label: Text, **props: Any) -> Component:
        return text_field(
            label,
            name=name,
            id=f"maker-{name}",
            default_value=getattr(desk.maker, name),
            error=error_of(MakerDesk, name),
            **props,
        )

    form = el.form(
        when(desk.refused != "", el.p(desk.refused, role="alert", class_name="text-coral")),
        line("name", _("Name"), required=True, max_length=255),
        line("address", _("Address"), lines=True, rows=3),
        line("contact", _("Email or web address"), max_length=255),
        el.p(_("A maker outside the EU needs a responsible person in it."), class_name="text-xs text-ink-3"),
        line("responsible_name", _("Responsible person"), max_length=255),
        line("responsible_address", _("Address of the responsible person"), lines=True, rows=3),
        line("responsible_contact", _("Email or web address of the responsible person"), max_length=255),
        el.input(type="hidden", name="was", value=desk.was),
        el.input(type="hidden", name="version", value=desk.maker.version),
        el.div(
            button(_("Cancel"), kind="outline", size="s", **CLOSES),
            button(_("Save maker"), type="submit", size="s"),
            class_name="flex justify-end gap-2",
        ),
        key=desk.answers,
        on_submit=lambda form: MakerDesk.save(form),
        no_validate=True,
        class_name=f"{look.FIELDS} text-sm",
    )
    return dialog(_("Maker"), form, id="maker-dialog", is_open=desk.is_open, on_close=MakerDesk.close)
