"""A collection: name, address, picture, and its products in their order, or the rule that chooses them."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.collection_rule import rule_panel
from shop_app.components.admin.frame import desk
from shop_app.components.admin.history import history
from shop_app.components.admin.parts import panel, text_field
from shop_app.components.admin.picture_field import picture_field
from shop_app.components.badges import badge
from shop_app.components.controls import button, icon_button, link_button
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.icons import icon
from shop_app.components.kit import (
    Component,
    Text,
    both,
    contains,
    each,
    el,
    fragment,
    length,
    not_,
    of,
    text,
    when,
)
from shop_app.components.overlays import CLOSES, dialog, opens
from shop_app.components.parts import busy_button
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.collections import ROUTE, OneCollection
from shop_app.state.admin.shell import BackOffice

REMOVE = "collection-remove"


def title() -> Text:
    view = of(OneCollection).view
    return when(view.title != "", view.title, _("Collection"))


def page() -> Component:
    view = of(OneCollection).view
    return desk(
        _content,
        title=title(),
        current="/admin/collections",
        ready=of(OneCollection).loaded != "",
        back=(_("Collections"), "/admin/collections"),
        beside=when(view.on_home, badge(_("On the home page"), "green", "home")),
        actions=when(
            view.slug != "",
            link_button(
                icon("eye", styles.ICON_S),
                _("In the shop"),
                href="/products?collection=" + view.slug,
                target="_blank",
                kind="outline",
                size="s",
            ),
        ),
    )


def _may_edit(make: Any) -> Component:
    return when(contains(of(BackOffice).rights, "products.edit"), make)


def _content() -> Component:
    view = of(OneCollection).view
    return fragment(
        form_errors(OneCollection, class_name="mb-4 rounded-r2 empty:hidden *:mb-0!"),
        el.div(
            el.div(
                when(view.by_rule, lambda: _may_edit(rule_panel)),
                _products(),
                class_name=look.STACK,
            ),
            el.div(_details(), _may_edit(_removing), class_name=look.STACK),
            class_name=look.TWO,
        ),
        el.div(history(of="collection", key=view.slug), class_name="mt-4"),
    )


# --- What is in it ------------------------------------------------------------------------------------


def _products() -> Component:
    view = of(OneCollection).view
    by_hand = not_(view.by_rule)
    return panel(
        _("Products"),
        when(by_hand, lambda: _may_edit(_picker)),
        when(
            length(view.members) > 0,
            el.ol(each(view.members, _item)),
            el.p(
                when(
                    by_hand,
                    _("Nothing is in it yet. Search above and add products."),
                    _("No product fits the rule."),
                ),
                class_name="px-4 pb-4 text-ink-2",
            ),
        ),
        when(
            view.products > length(view.members),
            el.p(_("The first of them are shown."), class_name="border-t border-line px-4 py-3 text-ink-2"),
        ),
        note=text(view.products),
        plain=True,
        data_testid="collection-products",
    )


def _look_of(item: Any) -> Component:
    return fragment(
        el.span(
            when(
                item.picture != "",
                el.img(
                    src="/media/" + item.picture + "/320.jpg",
                    alt="",
                    loading="lazy",
                    class_name="size-full object-cover",
                ),
            ),
            class_name="h-11 w-9 flex-none overflow-hidden rounded-r1 bg-sunken",
        ),
        el.span(
            el.a(item.title, href="/admin/products/" + item.slug, class_name="hover:underline"),
            when(item.is_listed, fragment(), el.span(_(" not on sale"), class_name="text-xs text-amber")),
            class_name="min-w-0 flex-1 truncate",
        ),
        el.span(item.price, class_name="flex-none text-ink-2 tabular-nums"),
    )


def _item(item: Any) -> Component:
    view = of(OneCollection).view

    def acts() -> Component:
        return el.span(
            icon_button(
                "down",
                _("Up: ") + item.title,
                small=True,
                class_name="rotate-180",
                disabled=item.place == 1,
                on_click=OneCollection.move(item.slug, item.place - 1),
            ),
            icon_button(
                "down",
                _("Down: ") + item.title,
                small=True,
                disabled=item.place == view.products,
                on_click=OneCollection.move(item.slug, item.place + 1),
            ),
            icon_button(
                "close", _("Take out ") + item.title, small=True, on_click=OneCollection.take_out(item.slug)
            ),
            class_name="flex flex-none",
        )

    return el.li(
        _look_of(item),
        when(both(not_(view.by_rule), contains(of(BackOffice).rights, "products.edit")), acts),
        class_name="flex items-center gap-3 border-t border-line px-4 py-1.5",
        key=item.slug,
        data_testid="collection-item",
        data_slug=item.slug,
    )


def _picker() -> Component:
    state = of(OneCollection)

    def offer(item: Any) -> Component:
        return el.li(
            _look_of(item),
            button(
                _("Add"),
                kind="outline",
                size="xs",
                class_name="max-md:h-11",
                aria_label=_("Add ") + item.title,
                on_click=OneCollection.put_in(item.slug),
            ),
            class_name="flex items-center gap-3 py-1",
            key=item.slug,
        )

    return el.div(
        el.form(
            text_field(
                _("Find a product by its title, address or SKU"),
                name="text",
                id="find-product",
                type="search",
                default_value="",
                auto_complete="off",
                class_name="min-w-0 flex-1",
                data_testid="collection-find",
            ),
            button(_("Find"), type="submit", kind="outline", size="s", class_name="self-end max-md:h-11"),
            on_submit=submit(OneCollection.find),
            class_name="flex gap-2",
        ),
        when(
            length(state.found) > 0,
            el.ul(each(state.found, offer), class_name="mt-2", data_testid="collection-found"),
            when(
                state.asked != "",
                el.p(_("No other product fits."), class_name="mt-2 text-ink-2", role="status"),
            ),
        ),
        class_name="px-4 pb-3",
    )


# --- What is written of it ----------------------------------------------------------------------------


def _details() -> Component:
    state = of(OneCollection)
    view = state.view
    return panel(
        _("Details"),
        el.form(
            el.input(type="hidden", name="version", value=text(view.version), read_only=True),
            text_field(
                _("Name"),
                name="title",
                required=True,
                max_length=200,
                default_value=view.title,
                error=error_of(OneCollection, "title"),
            ),
            text_field(
                _("Address"),
                name="new_slug",
                id="field-slug",
                required=True,
                max_length=120,
                default_value=view.slug,
                read_only=view.on_home,
                error=error_of(OneCollection, "slug"),
            ),
            text_field(
                _("Description"),
                name="description",
                lines=True,
                optional=True,
                default_value=view.description,
                error=error_of(OneCollection, "description"),
            ),
            picture_field(view.picture, id="collection-picture"),
            _may_edit(
                lambda: busy_button(
                    _("Save"),
                    type="submit",
                    answer=state.answers,
                    busy_label=_("Saving"),
                    size="s",
                    class_name="justify-self-start max-md:h-11",
                    data_testid="collection-save",
                )
            ),
            on_submit=submit(OneCollection.save),
            class_name=look.FIELDS,
            key=view.slug + text(view.version),
        ),
    )


def _removing() -> Component:
    view = of(OneCollection).view
    return fragment(
        button(
            _("Remove the collection"),
            kind="plain",
            size="s",
            class_name="justify-self-start text-coral! max-md:h-11",
            **opens(REMOVE),
        ),
        dialog(
            _("Remove this collection?"),
            el.p(
                el.strong(view.title, class_name="font-medium"),
                _(" goes, and its address with it. Its products stay."),
            ),
            id=REMOVE,
            actions=button(_("Remove"), kind="danger", size="s", on_click=OneCollection.remove, **CLOSES),
        ),
    )


PAGE = Page(ROUTE, page, title, load=(OneCollection.load,), needs="products.view")
