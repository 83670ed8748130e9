"""What lies over the page: drawer, dialog, toast; native dialogs, opened and closed by assets/shop.js.

A native modal dialog keeps the focus inside, makes the rest inert, closes on Esc and gives the focus
back. One without `is_open` is the page's own business: a button with `**opens("id")` opens it. One
with `is_open` follows that Var of a State, and fires `on_close` when the person closes it.
"""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _

from . import styles
from .controls import icon_button
from .kit import Component, Text, el, fragment, when

CLOSES = {"data_closes": "true"}


def opens(dialog_id: str) -> dict[str, Any]:
    """The props of a button that opens the dialog with that id."""
    return {"data_opens": dialog_id, "aria_haspopup": "dialog", "aria_controls": dialog_id}


def modal(
    *children: Any,
    id: str,
    label: Text = "",
    class_name: str,
    is_open: Any = None,
    on_close: Any = None,
    **props: Any,
) -> Component:
    """A bare dialog; `drawer` and `dialog` are made of it."""
    if is_open is not None:
        props["data_open"] = when(is_open, "true", "false")
    if label:
        props["aria_label"] = label
    closed = fragment()
    if on_close is not None:
        # The script presses this when the person has closed the dialog.
        closed = el.button(
            type="button", hidden=True, data_closed="true", on_click=on_close, aria_hidden="true"
        )
    return el.dialog(*children, closed, id=id, class_name=class_name, **props)


def drawer(
    title: Text,
    *body: Any,
    id: str,
    foot: Any = None,
    is_open: Any = None,
    on_close: Any = None,
    count: Any = "",
    **props: Any,
) -> Component:
    """480 wide from the right, all of a phone's screen; `foot` stays in view."""
    heading = f"{id}-title"
    return modal(
        el.div(
            el.h2(
                title,
                count,
                id=heading,
                class_name=f"{styles.D4} outline-none",
                tab_index=-1,
                custom_attrs={"autoFocus": True},
            ),
            icon_button("close", _("Close"), **CLOSES),
            class_name=styles.DRAWER_HEAD,
        ),
        el.div(*body, class_name=styles.DRAWER_BODY),
        el.div(foot, class_name=styles.DRAWER_FOOT) if foot is not None else fragment(),
        id=id,
        class_name=styles.DRAWER,
        is_open=is_open,
        on_close=on_close,
        aria_labelledby=heading,
        **props,
    )


def dialog(
    title: Text,
    *body: Any,
    id: str,
    actions: Any = None,
    is_open: Any = None,
    on_close: Any = None,
    **props: Any,
) -> Component:
    """A question in the middle of the page, with its answers below."""
    heading = f"{id}-title"
    return modal(
        el.div(
            el.h2(title, id=heading, class_name="text-lg font-medium"),
            icon_button("close", _("Close"), small=True, **CLOSES),
            class_name=styles.DIALOG_HEAD,
        ),
        el.div(*body, class_name=styles.DIALOG_BODY),
        el.div(actions, class_name=styles.DIALOG_FOOT) if actions is not None else fragment(),
        id=id,
        class_name=styles.DIALOG,
        is_open=is_open,
        on_close=on_close,
        aria_labelledby=heading,
        **props,
    )


def toast(text: Any, *, on_dismiss: Any, key: Any, action: Text = "", on_action: Any = None) -> Component:
    """A sentence bottom left for 8 seconds (longer under the pointer or the focus), with one action at most.

    The script presses the button with `data-dismisses` when the time is over.
    """
    act = (
        el.button(action, type="button", on_click=on_action, class_name=styles.TOAST_BUTTON)
        if on_action is not None
        else fragment()
    )
    close = icon_button(
        "close", _("Close"), small=True, class_name="text-paper!", on_click=on_dismiss, data_dismisses="true"
    )
    return el.div(
        el.span(text),
        el.span(act, close, class_name="flex items-center gap-1"),
        class_name=styles.TOAST,
        key=key,
        data_toast="8000",
    )
