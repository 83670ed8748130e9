"""The page of one product in the back office: its form, its variants, and what is done to it."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look, product_fields, product_look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.history import history
from shop_app.components.admin.parts import empty_state, menu, menu_item, panel, save_bar, skeleton
from shop_app.components.admin.product_checks import checks_panel, conflicts_note
from shop_app.components.admin.product_matrix import matrix
from shop_app.components.admin.product_pictures import pictures_beside, pictures_panel
from shop_app.components.badges import badge
from shop_app.components.controls import button, link_button
from shop_app.components.forms import form_errors
from shop_app.components.kit import Component, Text, contains, either, el, fragment, match, of, text, when
from shop_app.components.overlays import CLOSES, dialog, opens
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.pictures import Pictures
from shop_app.state.admin.product import ROUTE, ProductDesk
from shop_app.state.admin.shell import BackOffice

LIST = "/admin/products"
DELETE = "delete-product"


def title(product: Any) -> Text:
    return when(product.form.title != "", product.form.title, _("Product"))


def page(product: Any) -> Component:
    form = product.form
    return desk(
        lambda: when(product.missing, _missing, _form),
        _besides,
        title=when(form.title != "", form.title, _("Product")),
        current=LIST,
        ready=either(form.id > 0, product.missing),
        back=(_("Products"), LIST),
        beside=when(form.id > 0, _status),
        actions=when(form.id > 0, _actions),
        waiting=_waiting(),
    )


def _waiting() -> Component:
    return el.div(
        el.div(skeleton("h-96"), skeleton("h-64"), class_name=product_look.STACK),
        el.div(skeleton("h-64"), skeleton("h-48"), class_name=product_look.STACK),
        class_name=product_look.COLUMNS,
    )


def _missing() -> Component:
    return el.div(
        empty_state(
            _("There is no such product"),
            _("It may have been deleted, or its address was mistyped."),
            link_button(_("All products"), href=LIST, kind="outline", size="s"),
        ),
        class_name=look.PANEL,
    )


def _status() -> Component:
    form = of(ProductDesk).form
    tones = {
        "green": badge(form.status_label, "green", "done"),
        "blue": badge(form.status_label, "blue", "clock"),
    }
    return fragment(
        el.span(
            match(form.status_tone, tones, badge(form.status_label, "calm")), data_testid="product-status"
        ),
        when(form.opens != "", el.span(_("Opens "), form.opens, class_name="text-ink-2 tabular-nums")),
    )


def _actions() -> Component:
    form, may_edit = of(ProductDesk).form, contains(of(BackOffice).rights, "products.edit")
    seen = when(
        form.shop_href != "",
        lambda: link_button(_("View in shop"), href=form.shop_href, kind="plain", size="s", target="_blank"),
        lambda: link_button(_("Preview"), href=form.preview_href, kind="plain", size="s", target="_blank"),
    )
    archive = when(
        form.status == "archived",
        menu_item(_("Take out of the archive"), on_click=ProductDesk.set_status("draft")),
        menu_item(_("Archive"), on_click=ProductDesk.set_status("archived")),
    )
    more = menu(
        _("More actions"),
        menu_item(_("Duplicate"), icon_name="copy", keys="d", on_click=ProductDesk.duplicate),
        archive,
        menu_item(_("Delete"), icon_name="trash", danger=True, **opens(DELETE)),
    )
    return fragment(seen, when(may_edit, more))


def _form() -> Component:
    product = of(ProductDesk)
    return el.form(
        save_bar(),
        el.div(form_errors(ProductDesk), class_name="not-empty:mb-4"),
        conflicts_note(),
        el.div(
            el.div(
                product_fields.description_panel(),
                el.div(pictures_panel(), id="pictures"),
                _variants(),
                product_fields.safety_panel(),
                product_fields.search_panel(),
                history(of="product", key=product.form.history_key, act=_take_back),
                class_name=product_look.STACK,
            ),
            el.div(
                checks_panel(),
                product_fields.visibility_panel(),
                product_fields.organise_panel(),
                _stock(),
                class_name=product_look.STACK,
            ),
            class_name=product_look.COLUMNS,
        ),
        key=product.form.id,
        id="product-form",
        on_submit=lambda form: ProductDesk.save(form),
        no_validate=True,
        data_saves="true",
        data_sends_changes="true",
        data_saved=text(product.form.id) + "-" + text(product.saves),
        data_problems=product.cell_errors,
        data_asked=product.asked,
        data_testid="product-form",
    )


def _variants() -> Component:
    form = of(ProductDesk).form
    return panel(
        when(form.has_options, _("Variants"), _("Price and variants")),
        matrix(),
        note=when(form.has_options, form.variants_text, ""),
        plain=True,
        id="variants",
    )


def _stock() -> Component:
    form = of(ProductDesk).form
    return panel(
        _("Stock"),
        el.p(form.stock_text),
        el.p(
            el.a(_("Count and correct it in the inventory"), href="/admin/inventory", class_name=styles.LINK),
            class_name="pt-1.5",
        ),
        when(form.changed_text != "", el.p(form.changed_text, class_name=f"{look.PANEL_NOTE} pt-3")),
    )


def _take_back(entry: Any) -> Component:
    """Takes back what was saved in the form, one change at a time."""
    back = button(
        _("Take this change back"), kind="outline", size="xs", on_click=ProductDesk.restore(entry.id)
    )
    return when(entry.what == _("Changed"), el.div(back, class_name="pt-1"))


def _besides() -> Component:
    """Forms and dialogs that aren't part of the product's own form."""
    product = of(ProductDesk)
    hidden = {"class_name": "hidden", "no_validate": True}
    ask = el.form(
        el.input(name="kind", default_value="", aria_hidden="true", tab_index=-1),
        el.input(name="key", default_value="", aria_hidden="true", tab_index=-1),
        el.input(name="code", default_value="", aria_hidden="true", tab_index=-1),
        id="ask-form",
        on_submit=lambda form: ProductDesk.ask(form),
        **hidden,
    )
    parts = el.form(id="parts-form", on_submit=lambda form: ProductDesk.gather(form), **hidden)
    preview = el.form(
        id="preview-form",
        data_sends_field="field-description",
        on_submit=lambda form: ProductDesk.show_preview(form),
        **hidden,
    )
    question = dialog(
        _("Delete this product?"),
        el.p(
            product.form.title,
            _(" goes for good, with its pictures and addresses. What was sold or counted can't be deleted."),
        ),
        id=DELETE,
        actions=fragment(
            button(_("Cancel"), kind="outline", size="s", **CLOSES),
            button(_("Delete product"), kind="danger", size="s", on_click=ProductDesk.delete, **CLOSES),
        ),
    )
    return fragment(
        ask,
        parts,
        preview,
        product_fields.preview_dialog(),
        product_fields.maker_dialog(),
        question,
        pictures_beside(),
    )


PAGE = Page(
    ROUTE,
    page,
    title=title,
    state=ProductDesk,
    load=(ProductDesk.load, Pictures.load),
    needs="products.view",
)
