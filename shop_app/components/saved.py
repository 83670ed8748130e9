"""Things on wish lists: a row for each, with the price and the stock of this moment."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.wishlists.commands import MAX_NAME, MAX_SHOWN_NAME
from shop_app.state.account.frame import Account
from shop_app.state.account.saved import Saved
from shop_app.state.cart import Cart
from shop_app.state.live import live_var

from . import styles
from .badges import note, stock_badge
from .cart_line import answered, thumbnail
from .controls import button
from .fields import text_field
from .forms import error_of, submit
from .kit import Component, both, each, el, fragment, in_address, length, of, text, when
from .parts import busy_button, focus_box


def things(of_list: Any, row: Any) -> Component:
    return el.ul(each(of_list, row), data_testid="saved-things")


def own_thing(thing: Any) -> Component:
    """A ThingView on a list of one's own."""
    remove = button(
        _("Remove"),
        el.span(" ", thing.title, class_name=styles.SR),
        kind="plain",
        size="s",
        class_name="px-2.5!",
        on_click=Saved.remove(thing.sku),
        data_testid="saved-remove",
    )
    return _thing(thing, el.div(_move(thing), remove, class_name="flex flex-wrap items-center gap-2"))


def shared_thing(thing: Any) -> Component:
    """A ThingView on a list of somebody's."""
    return _thing(thing)


def _thing(thing: Any, *acts: Component) -> Component:
    now = live_var(thing.now, thing.slug).variants[thing.sku]
    return el.li(
        thumbnail(thing, styles.LINE_PICTURE),
        el.h2(
            el.a(thing.title, href=f"/products/{thing.slug}?variant={in_address(thing.sku)}"),
            class_name=styles.LINE_TITLE,
        ),
        el.p(when(thing.for_sale, now.price), class_name=styles.LINE_PRICE, data_testid="saved-price"),
        el.div(
            thing.variant,
            when(
                thing.for_sale,
                stock_badge(now.stock_line, now.availability),
                el.p(_("No longer sold"), class_name="text-coral"),
            ),
            _lower(thing, now),
            class_name=f"{styles.LINE_VARIANT} grid gap-0.5",
        ),
        el.div(when(thing.for_sale, _add(thing, now)), *acts, class_name=styles.LINE_CONTROLS),
        when(
            both(of(Cart).refusal != "", of(Cart).refused_sku == thing.sku),
            el.div(note(of(Cart).refusal, kind="bad", role="alert"), class_name=styles.LINE_NOTE),
        ),
        key=thing.sku,
        class_name=styles.LINE,
        data_testid="saved-thing",
        data_sku=thing.sku,
    )


def _lower(thing: Any, now: Any) -> Component:
    return when(
        both(thing.for_sale, now.price_minor < thing.saved_minor),
        el.p(
            _("Lower than when you saved it: "),
            thing.saved_price,
            _(" on "),
            thing.saved_on,
            class_name="text-green",
            data_testid="saved-lower",
        ),
    )


def _add(thing: Any, now: Any) -> Component:
    return when(
        now.available,
        busy_button(
            _("Add to cart"),
            el.span(" ", thing.title, class_name=styles.SR),
            answer=answered(),
            busy_label=_("Adding"),
            kind="outline",
            size="s",
            on_click=Cart.add(thing.sku, 1),
            data_testid="saved-add",
        ),
    )


def _move(thing: Any) -> Component:
    """Another list to put it on, where there is one."""
    view = of(Saved).view
    return when(
        length(view.lists) > 1,
        el.label(
            el.span(_("List of "), thing.title, class_name=styles.SR),
            el.select(
                each(view.lists, lambda one: el.option(one.name, value=text(one.id))),
                value=text(view.current.id),
                on_change=lambda chosen: Saved.move(thing.sku, chosen),
                class_name=f"{styles.INPUT_S} {styles.SELECT} w-36!",
                data_testid="saved-move",
            ),
        ),
    )


def undo_row() -> Component:
    """What was removed last, and the way back. It takes over the focus of the row that went."""
    gone = of(Saved).removed.sku != ""
    return focus_box(
        when(
            gone,
            el.div(
                el.span(of(Saved).removed.title, _(" removed")),
                button(
                    _("Undo"),
                    kind="plain",
                    size="s",
                    class_name="text-ink! underline underline-offset-4",
                    on_click=Saved.undo,
                    data_testid="saved-undo",
                ),
                class_name=styles.UNDO,
            ),
        ),
        news=of(Saved).removed.sku,
        shown=gone,
        role="status",
        class_name="rounded-r2",
    )


# --- The lists --------------------------------------------------------------------------------------


def list_links() -> Component:
    """The shopper's lists, where there are several."""
    view = of(Saved).view

    def link(one: Any) -> Component:
        return el.li(
            el.a(
                one.name,
                " ",
                el.span(f"({one.count})", class_name="text-ink-3 tabular-nums"),
                href=f"/account/saved?list={one.id}",
                aria_current=when(one.id == view.current.id, "page", "false"),
                class_name=_LIST_LINK,
                data_testid="saved-list",
            )
        )

    return when(
        length(view.lists) > 1,
        el.nav(
            el.ul(each(view.lists, link), class_name="flex flex-wrap gap-x-5 gap-y-1"),
            aria_label=_("Your lists"),
            class_name="mt-5",
        ),
    )


_LIST_LINK = (
    "inline-block border-b border-transparent py-1.5 text-md text-ink-2 hover:text-ink "
    "aria-[current=page]:border-ink aria-[current=page]:text-ink"
)


def list_settings() -> Component:
    """Sharing, the name of the list, and further lists."""
    return el.section(
        el.h2(_("This list"), class_name=styles.D4),
        when(of(Saved).view.current.link != "", _shared(), _share()),
        el.div(_rename(), _new_list(), class_name="mt-7 grid gap-6 border-t border-line pt-7 sm:grid-cols-2"),
        when(
            both(of(Saved).view.current.count == 0, length(of(Saved).view.lists) > 1),
            button(
                _("Delete this list"),
                kind="outline",
                class_name="mt-6",
                on_click=Saved.delete_list(of(Saved).view.current.id),
                data_testid="saved-delete",
            ),
        ),
        class_name="mt-section max-w-[640px]",
    )


def _share() -> Component:
    return fragment(
        el.p(
            _("A link shows this list to whoever has it: its name and its things, not whose it is."),
            class_name="mt-3 text-ink-2",
        ),
        button(
            _("Share by link"),
            kind="outline",
            class_name="mt-4",
            on_click=Saved.share(of(Saved).view.current.id),
            data_testid="saved-share",
        ),
    )


def _shared() -> Component:
    current = of(Saved).view.current
    return fragment(
        text_field(
            _("Link to this list"),
            name="link",
            value=current.link,
            read_only=True,
            hint=_("Whoever has it sees the name of the list and its things, as they are at that moment."),
            class_name="mt-3",
            data_testid="saved-link",
        ),
        when(of(Account).signed_in, lambda: _shown_name(current)),
        button(
            _("Take the link back"),
            kind="outline",
            class_name="mt-4",
            on_click=Saved.take_back(current.id),
            data_testid="saved-take-back",
        ),
    )


def _shown_name(current: Any) -> Component:
    return el.form(
        _list_id(current),
        text_field(
            _("Name that the link shows"),
            name="shown_name",
            optional=True,
            default_value=current.shown_name,
            max_length=MAX_SHOWN_NAME,
            hint=_("Left empty, the link doesn't say whose list it is."),
            class_name="w-full",
            key=text(current.id) + current.shown_name,
            data_testid="saved-shown-name",
        ),
        button(_("Save name"), kind="outline", type="submit"),
        class_name="mt-4 grid justify-items-start gap-3",
        on_submit=submit(Saved.show_name),
        no_validate=True,
        reset_on_submit=False,
    )


def _rename() -> Component:
    current = of(Saved).view.current
    return el.form(
        _list_id(current),
        text_field(
            _("Name of this list"),
            name="renamed",
            default_value=current.name,
            key=text(current.id) + current.name,
            max_length=MAX_NAME,
            error=of(Saved).refused_name,
            class_name="w-full",
        ),
        button(_("Rename"), kind="outline", type="submit"),
        class_name="grid content-start justify-items-start gap-3",
        on_submit=submit(Saved.rename),
        no_validate=True,
        reset_on_submit=False,
    )


def _list_id(current: Any) -> Component:
    return el.input(type="hidden", name="list_id", default_value=text(current.id), key=text(current.id))


def _new_list() -> Component:
    return el.form(
        text_field(
            _("Another list"),
            name="name",
            max_length=MAX_NAME,
            error=_new_list_error(),
            class_name="w-full",
        ),
        button(_("Make a list"), kind="outline", type="submit", data_testid="saved-new-list"),
        class_name="grid content-start justify-items-start gap-3",
        on_submit=submit(Saved.make_list),
        no_validate=True,
    )


def _new_list_error() -> Any:
    """What is wrong with the new list's name, or why there can't be another list."""
    return when(of(Saved).refused != "", of(Saved).refused, error_of(Saved, "name"))
