"""The page of a wish list that was shared: its things, for whoever has the link."""

from __future__ import annotations

from shop_app.components import layout, styles, texts
from shop_app.components.badges import empty_state
from shop_app.components.controls import button, link_button
from shop_app.components.kit import Component, Text, either, el, fragment, length, of, text, when
from shop_app.components.saved import shared_thing, things
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state import shared_list
from shop_app.state.shared_list import SharedList


def title() -> Text:
    view = of(SharedList).view
    return texts.titled(when(view.name, view.name, _("List")))


def page() -> Component:
    loaded = of(SharedList).view.name != ""
    return layout.page(
        el.div(
            when(loaded, _list, when(of(SharedList).missing, _missing, el.div(class_name="min-h-[75svh]"))),
            class_name=f"{styles.WRAP} pt-8 pb-section md:pt-12",
        ),
        ready=either(loaded, of(SharedList).missing),
    )


def _list() -> Component:
    view = of(SharedList).view
    return fragment(
        when(view.whose, el.p(view.whose, class_name=styles.EYEBROW, data_testid="shared-whose")),
        el.h1(view.name, class_name=styles.D2),
        el.p(view.count_text, class_name="mt-2 text-ink-2"),
        el.div(
            when(
                length(view.things) > 0,
                things(view.things, shared_thing),
                el.p(_("There is nothing on it at the moment."), class_name="text-ink-2"),
            ),
            when(
                view.left > 0,
                button(
                    _("Show more"),
                    el.span("(" + text(view.left) + ")", class_name="tabular-nums text-ink-3"),
                    kind="outline",
                    class_name="mt-6",
                    on_click=SharedList.show_more,
                ),
            ),
            class_name="mt-6 max-w-[760px]",
        ),
    )


def _missing() -> Component:
    """The same for a link that was taken back as for none at all."""
    return empty_state(
        _("There is no list here"),
        _("The link may be incomplete, or whoever shared it has taken it back."),
        link_button(_("See everything"), href="/products"),
        level=1,
    )


PAGE = Page(
    shared_list.ROUTE,
    page,
    title=title,
    view=shared_list.exists,
    load=(SharedList.load,),
    private=True,
)
