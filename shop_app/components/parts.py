"""The parts that act in the browser by themselves, written in React: assets/parts/, one file each.

They are here because a round trip would be felt: a quantity that counts as fast as it is pressed, a
button that is busy from the click on, a gallery that follows the finger.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec, passthrough_event_spec

from shop_app.core.i18n import _

from . import styles
from .controls import Kind, Size, classes

QUANTITY = _("Quantity")


def most_text(most: rx.Var[int]) -> rx.Var[str]:
    """Why a quantity stops there."""
    before, after = _("{count} is the most that can be ordered at the moment").split("{count}")
    return rx.Var.create(before) + most.to(str) + after


class _Quantity(rx.Component):
    library = "$/public/parts/quantity.jsx"
    tag = "Quantity"

    value: rx.Var[int]
    most: rx.Var[int]
    least: rx.Var[int]
    name: rx.Var[str]
    label: rx.Var[str]
    fewer: rx.Var[str]
    more: rx.Var[str]
    limit: rx.Var[str]
    answer: rx.Var[Any]
    classes: rx.Var[dict[str, str]]
    marks: rx.Var[dict[str, str]]
    on_commit: rx.EventHandler[passthrough_event_spec(int)]


class _BusyButton(rx.Component):
    library = "$/public/parts/busy.jsx"
    tag = "BusyButton"

    answer: rx.Var[Any]
    busy_label: rx.Var[str]
    off: rx.Var[bool]
    spin: rx.Var[str]
    type: rx.Var[str]
    form: rx.Var[str]
    on_click: rx.EventHandler[no_args_event_spec]


class _Departure(rx.Component):
    library = "$/public/parts/departure.jsx"
    tag = "Departure"

    to: rx.Var[str]
    ticket: rx.Var[str]
    number: rx.Var[int]
    name: rx.Var[str]


class _FocusBox(rx.Component):
    library = "$/public/parts/focus.jsx"
    tag = "FocusBox"

    news: rx.Var[Any]
    shown: rx.Var[bool]


class _Gallery(rx.Component):
    library = "$/public/parts/gallery.jsx"
    tag = "Gallery"

    pictures: rx.Var[list[Any]]
    shown: rx.Var[int]
    words: rx.Var[dict[str, str]]
    classes: rx.Var[dict[str, str]]


class _RecentlyViewed(rx.Component):
    library = "$/public/parts/recent.jsx"
    tag = "RecentlyViewed"

    slug: rx.Var[str]
    on_recent: rx.EventHandler[passthrough_event_spec(list[str])]


def quantity(
    value: Any,
    *,
    most: Any,
    limit: Any,
    answer: Any,
    label: Any = QUANTITY,
    small: bool = False,
    testid: str = "",
    **props: Any,
) -> rx.Component:
    """A number to step or type, up to `most`; `limit` says why it stops. `on_commit` gets where it rests."""
    looks = {
        "box": styles.QUANTITY,
        "stepper": styles.STEPPER_S if small else styles.STEPPER_L,
        "step": styles.STEP_LIVE,
        "input": styles.STEP_INPUT,
        "icon": styles.ICON_S,
        "message": styles.QUANTITY_MESSAGE,
    }
    return _Quantity.create(
        value=value,
        most=most,
        least=1,
        limit=limit,
        answer=answer,
        classes=looks,
        label=label,
        fewer=_("One fewer"),
        more=_("One more"),
        marks={"input": testid},
        **props,
    )


def busy_button(
    *children: Any,
    answer: Any,
    busy_label: str,
    kind: Kind = "primary",
    size: Size = "l",
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """A button that stays busy from the click until `answer` changes, and can't be pressed meanwhile."""
    return _BusyButton.create(
        *children,
        answer=answer,
        busy_label=busy_label,
        spin=styles.SPIN,
        class_name=f"{classes(kind, size)} {styles.BUSY} {class_name}".strip(),
        **props,
    )


def focus_box(*children: Any, news: Any, shown: Any, **props: Any) -> rx.Component:
    """A box that takes the focus when `news` changes while `shown`; "#id" links in it focus that field."""
    return _FocusBox.create(*children, news=news, shown=shown, **props)


def departure(to: Any, ticket: Any, number: Any) -> rx.Component:
    """A hidden field of a form, "ticket": when that comes back with a new `number`, the page goes `to`."""
    return _Departure.create(to=to, ticket=ticket, number=number, name="ticket")


def gallery(pictures: Any, shown: Any) -> rx.Component:
    """Thumbnails, a strip to swipe, and a large view; shows picture number `shown` first."""
    words = {
        "all": _("Pictures"),
        "one": _("Picture {n} of {count}"),
        "enlarge": _("Enlarge picture {n} of {count}"),
        "previous": _("Previous picture"),
        "next": _("Next picture"),
        "close": _("Close"),
    }
    return _Gallery.create(pictures=pictures, shown=shown, words=words, classes=styles.GALLERY)


def recently_viewed(slug: Any, on_recent: Any) -> rx.Component:
    """Draws nothing: keeps this product in the browser's own list, and reports the ones before it."""
    return _RecentlyViewed.create(slug=slug, on_recent=on_recent)
