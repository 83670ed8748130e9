"""The tree of categories: each with its products, written in a dialog, moved with buttons."""

from __future__ import annotations

from typing import Any

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.parts import empty_state, menu, menu_item, panel, select_field, text_field
from shop_app.components.admin.picture_field import picture_field
from shop_app.components.controls import button, icon_button
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, contains, each, el, fragment, length, of, text, when
from shop_app.components.overlays import CLOSES, dialog
from shop_app.components.parts import busy_button
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.categories import Categories
from shop_app.state.admin.shell import BackOffice

PRODUCTS = "/admin/products"
PATH = "/admin/categories"
INDENTS = ("ps-4", "ps-10", "ps-16", "ps-[88px]", "ps-28")


def page() -> Component:
    return desk(
        _content,
        title=_("Categories"),
        current=PATH,
        ready=of(Categories).loaded,
        back=(_("Products"), PRODUCTS),
    )


def _may_edit(make: Any) -> Component:
    return when(contains(of(BackOffice).rights, "products.edit"), make)


def _content() -> Component:
    rows = of(Categories).rows
    return fragment(
        el.div(_may_edit(_add), class_name="mb-4 empty:hidden"),
        panel(
            _("The tree"),
            when(
                length(rows) > 0,
                el.ul(each(rows, _row)),
                empty_state(
                    _("No categories yet"),
                    _("Shoppers find their way by them, and the navigation shows the top ones."),
                ),
            ),
            plain=True,
            data_testid="categories",
        ),
        _write(),
        _remove(),
    )


def _add() -> Component:
    state = of(Categories)
    return panel(
        _("Add a category"),
        el.form(
            text_field(
                _("Name"),
                name="title",
                required=True,
                max_length=200,
                default_value="",
                error=when(state.is_open, "", error_of(Categories, "title")),
                data_testid="category-title",
            ),
            _under(_("Under"), "parent", "", id="add-parent"),
            button(
                _("Add"),
                type="submit",
                size="s",
                class_name="self-end max-md:h-11",
                data_testid="category-add",
            ),
            on_submit=submit(Categories.add),
            class_name="grid items-start gap-3 sm:grid-cols-[1fr_1fr_auto]",
            key=text(state.answers),
        ),
    )


def _under(label: str, name: str, value: Any, *, id: str) -> Component:
    def option(row: Any) -> Component:
        return el.option(row.path, value=row.slug)

    return select_field(
        label,
        el.option(_("Top of the tree"), value=""),
        each(of(Categories).rows, option),
        name=name,
        id=id,
        default_value=value,
        error=error_of(Categories, name),
    )


def _row(row: Any) -> Component:
    indent = when(
        row.depth == 0,
        INDENTS[0],
        when(
            row.depth == 1,
            INDENTS[1],
            when(row.depth == 2, INDENTS[2], when(row.depth == 3, INDENTS[3], INDENTS[4])),
        ),
    )
    acts = el.span(
        icon_button(
            "down",
            _("Up: ") + row.title,
            small=True,
            class_name="rotate-180 max-sm:hidden",
            disabled=row.is_first,
            on_click=Categories.step(row.slug, -1),
        ),
        icon_button(
            "down",
            _("Down: ") + row.title,
            small=True,
            class_name="max-sm:hidden",
            disabled=row.is_last,
            on_click=Categories.step(row.slug, 1),
        ),
        menu(
            _("More for ") + row.title,
            menu_item(_("Move up"), on_click=Categories.step(row.slug, -1), disabled=row.is_first),
            menu_item(_("Move down"), on_click=Categories.step(row.slug, 1), disabled=row.is_last),
            menu_item(_("Edit"), icon_name="edit", on_click=Categories.open(row.slug)),
            menu_item(
                _("Remove"), icon_name="trash", danger=True, on_click=Categories.ask_to_remove(row.slug)
            ),
        ),
        class_name="flex flex-none items-center gap-1",
    )
    return el.li(
        el.button(
            row.title,
            type="button",
            class_name="min-h-11 min-w-0 flex-1 truncate text-start hover:underline md:min-h-9",
            on_click=Categories.open(row.slug),
        ),
        el.a(
            when(row.products == 1, _("1 product"), text(row.products) + _(" products")),
            href="/admin/products?category=" + row.slug,
            class_name="flex-none text-xs font-normal text-ink-2 tabular-nums hover:text-ink",
        ),
        _may_edit(acts),
        class_name=when(
            row.depth == 0,
            f"flex items-center gap-3 border-t border-line py-1 pe-3 font-medium {INDENTS[0]}",
            "flex items-center gap-3 border-t border-line py-1 pe-3 " + indent,
        ),
        key=row.slug,
        data_testid="category-row",
        data_slug=row.slug,
    )


def _write() -> Component:
    state = of(Categories)
    chosen = state.chosen
    return dialog(
        _("Category"),
        el.form(
            form_errors(Categories),
            el.input(type="hidden", name="version", value=text(chosen.version), read_only=True),
            text_field(
                _("Name"),
                name="title",
                id="category-name",
                required=True,
                max_length=200,
                default_value=chosen.title,
                error=error_of(Categories, "title"),
            ),
            text_field(
                _("Address"),
                name="new_slug",
                id="category-slug",
                required=True,
                max_length=120,
                default_value=chosen.slug,
                hint=_("The old address leads to the new one."),
                error=error_of(Categories, "slug"),
            ),
            _under(_("Under"), "parent", chosen.parent, id="category-parent"),
            text_field(
                _("Description"),
                name="description",
                id="category-description",
                lines=True,
                optional=True,
                default_value=chosen.description,
                error=error_of(Categories, "description"),
            ),
            picture_field(chosen.picture, id="category-picture"),
            _may_edit(_saving),
            on_submit=submit(Categories.save),
            class_name=look.FIELDS,
            key=chosen.slug + text(chosen.version) + text(state.is_open),
        ),
        id="category-edit",
        is_open=state.is_open,
        on_close=Categories.close,
    )


def _saving() -> Component:
    return el.div(
        busy_button(
            _("Save"),
            type="submit",
            answer=of(Categories).answers,
            busy_label=_("Saving"),
            size="s",
            class_name="max-md:h-11",
            data_testid="category-save",
        ),
        button(_("Cancel"), kind="plain", size="s", class_name="max-md:h-11", **CLOSES),
        class_name="flex gap-2",
    )


def _remove() -> Component:
    state = of(Categories)
    chosen = state.chosen

    def option(row: Any) -> Component:
        return when(row.slug != chosen.slug, el.option(row.path, value=row.slug))

    where = select_field(
        _("Its products go to"),
        el.option(_("Choose a category"), value=""),
        each(state.rows, option),
        name="move_to",
        id="category-move-to",
        error=error_of(Categories, "move_to"),
    )
    return dialog(
        _("Remove this category?"),
        el.form(
            form_errors(Categories),
            el.p(
                el.strong(chosen.path, class_name="font-medium"),
                when(
                    chosen.children > 0,
                    _(" has categories under it. Move or remove them first."),
                    when(
                        chosen.products > 0,
                        _(" has products. Its address will lead to where they go."),
                        _(" is empty."),
                    ),
                ),
            ),
            when(chosen.products > 0, where),
            el.div(
                button(
                    _("Remove"),
                    type="submit",
                    kind="danger",
                    size="s",
                    class_name="max-md:h-11",
                    disabled=chosen.children > 0,
                    data_testid="category-remove",
                ),
                button(_("Cancel"), kind="plain", size="s", class_name="max-md:h-11", **CLOSES),
                class_name="flex gap-2",
            ),
            on_submit=submit(Categories.remove),
            class_name=look.FIELDS,
            key=chosen.slug + text(state.is_removing),
        ),
        id="category-remove",
        is_open=state.is_removing,
        on_close=Categories.close,
    )


PAGE = Page(
    PATH,
    page,
    _("Categories"),
    load=(Categories.load,),
    needs="products.view",
    menu=MenuItem(_("Categories"), "tag"),
)
