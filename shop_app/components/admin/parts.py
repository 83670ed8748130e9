"""What the pages of the back office are put together from: panels, facts, menus, fields in their sizes."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _

from .. import styles
from ..fields import field
from ..icons import icon
from ..kit import Component, Text, each, el, fragment, when
from . import look


def panel(
    title: Text, *body: Any, note: Text = None, actions: Any = None, plain: bool = False, **props: Any
) -> Component:
    """A part of a page under its heading; `plain` leaves out the space around `body`, for tables and
    lists."""
    head = el.div(
        el.h2(
            title,
            fragment() if note is None else el.span(" ", note, class_name="font-normal text-ink-2"),
            class_name=look.PANEL_TITLE,
        ),
        fragment() if actions is None else el.div(actions, class_name="flex flex-wrap gap-2"),
        class_name=look.PANEL_HEAD,
    )
    inner = fragment(*body) if plain else el.div(*body, class_name=look.PANEL_BODY)
    return el.section(head, inner, class_name=look.PANEL, **props)


def facts(*rows: tuple[Text, Any]) -> Component:
    """Names with their values, the values at the end of the line."""
    return el.dl(
        *(
            el.div(
                el.dt(name, class_name=look.FACT_NAME),
                el.dd(value, class_name="tabular-nums"),
                class_name=look.FACT,
            )
            for name, value in rows
        ),
        class_name=look.FACTS,
    )


def empty_state(title: Text, text: Text, *actions: Any) -> Component:
    """What is so, why, and what to do first."""
    return el.div(
        el.h2(title, class_name=look.PANEL_TITLE),
        el.p(text, class_name="max-w-[56ch] text-ink-2"),
        el.div(*actions, class_name="mt-2 flex flex-wrap gap-2") if actions else fragment(),
        class_name=look.EMPTY,
    )


def skeleton(height: str = "h-40") -> Component:
    """A part whose content hasn't come yet; `height` is that of the content."""
    return el.div(class_name=f"{styles.SKELETON} {height} w-full", aria_hidden="true")


def menu(label: Text, *items: Any, icon_name: str = "more", **props: Any) -> Component:
    """A button with a menu of actions below it, closed by choosing, Esc, or a click elsewhere."""
    return el.details(
        el.summary(
            icon(icon_name, styles.ICON_S),
            aria_label=label,
            class_name=f"{styles.BTN} {styles.OUTLINE} {styles.SIZE_S} list-none",
        ),
        el.div(*items, class_name=look.MENU),
        class_name="relative",
        data_menu="true",
        **props,
    )


def menu_item(
    label: Text, *, icon_name: str = "", keys: str = "", danger: bool = False, **props: Any
) -> Component:
    """An action of a menu, with the key that does the same beside it."""
    return el.button(
        icon(icon_name, styles.ICON_S) if icon_name else fragment(),
        el.span(label),
        el.kbd(keys.upper(), class_name=look.KEYS, aria_hidden="true") if keys else fragment(),
        type="button",
        class_name=f"{look.MENU_ITEM} {'text-coral' if danger else ''}".strip(),
        **act(label, keys),
        **props,
    )


def act(label: Text, keys: str = "") -> dict[str, Any]:
    """The props of a button that is an action of the record at hand: the palette lists it, and `keys`
    press it."""
    return {"data_act": label, **({"data_keys": keys} if keys else {})}


def text_field(
    label: Text,
    *,
    name: str,
    id: str = "",
    hint: Text = None,
    error: Text = None,
    optional: bool = False,
    lines: bool = False,
    class_name: str = "",
    affix: Text = "",
    **props: Any,
) -> Component:
    """A field of the back office's size; `affix` stands before what is typed, such as a currency's sign."""
    id = id or f"field-{name}"
    make = el.textarea if lines else el.input
    described = {"aria_describedby": f"{id}-note"} if hint is not None or error is not None else {}
    wrong = {} if error is None else {"aria_invalid": when(error != "", "true", "false")}
    control = make(
        id=id,
        name=name,
        class_name=look.TEXTAREA if lines else look.INPUT + (" ps-7" if affix else ""),
        **({} if lines else {"type": props.pop("type", "text")}),
        **described,
        **wrong,
        **props,
    )
    if affix:
        before = el.span(
            affix, class_name="absolute start-2.5 top-1/2 -translate-y-1/2 text-ink-3", aria_hidden="true"
        )
        control = el.span(before, control, class_name="relative block")
    return field(label, control, id=id, hint=hint, error=error, optional=optional, class_name=class_name)


def select_field(
    label: Text,
    *options: Any,
    name: str,
    id: str = "",
    hint: Text = None,
    error: Text = None,
    class_name: str = "",
    **props: Any,
) -> Component:
    """A labelled select of the back office's size; `options` are `el.option(…)` or an `each(…)` of them."""
    id = id or f"field-{name}"
    described = {"aria_describedby": f"{id}-note"} if hint is not None or error is not None else {}
    wrong = {} if error is None else {"aria_invalid": when(error != "", "true", "false")}
    control = el.select(
        *options, id=id, name=name, class_name=f"{look.INPUT} {styles.SELECT}", **described, **wrong, **props
    )
    return field(label, control, id=id, hint=hint, error=error, class_name=class_name)


def table(heads: Any, rows: Any, row: Any, **props: Any) -> Component:
    """A real table: `heads` are texts, or pairs of a text and "right"; `row` makes a `tr` for each of
    `rows`."""

    def head(text: Any) -> Component:
        label, side = text if isinstance(text, tuple) else (text, "left")
        return el.th(label, scope="col", class_name=look.TH_END if side == "right" else look.TH)

    return el.div(
        el.table(
            el.thead(el.tr(*map(head, heads))), el.tbody(each(rows, row)), class_name=look.TABLE, **props
        ),
        class_name=look.TABLE_BOX,
    )


def save_bar(*, save: Text = None, discard: Text = None) -> Component:
    """The bar of a form with `data-saves`: it shows while a field differs, names which, saves and discards.

    `assets/admin.js` compares the fields with what they came with, and writes the names of the changed ones
    into the form's field `touched`.
    """
    return el.div(
        el.p(
            el.strong(_("Unsaved changes"), class_name="font-medium"),
            " ",
            el.span(data_changes="true", class_name="opacity-80"),
            class_name=look.SAVE_TEXT,
            role="status",
        ),
        el.div(
            el.button(
                discard or _("Discard"), type="button", data_discards="true", class_name=look.SAVE_DISCARD
            ),
            el.button(
                save or _("Save"),
                type="submit",
                class_name=look.SAVE_BUTTON,
                title=_("Ctrl+S"),
                data_save="true",
            ),
            class_name="flex flex-none gap-1",
        ),
        el.input(type="hidden", name="touched"),
        class_name=look.SAVE,
        data_save_bar="true",
    )
