"""The parts that act in the browser by themselves, written in React: assets/parts/, one file each.

They are here because a round trip would be felt: a quantity that counts as fast as it is pressed, a
button that is busy from the click on, a gallery that follows the finger. Each has its HTML beside it: what
React draws at first, element for element.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec, passthrough_event_spec

from shop_app.core.i18n import _
from shop_app.state.shell import Shell

from . import styles
from .badges import note
from .controls import Kind, Size, classes
from .kit import Component, Text, el, fragment, is_html, of, painted, text, when, without_scripts
from .pictures import picture

QUANTITY = _("Quantity")


def most_text(most: Any) -> Text:
    """Why a quantity stops there."""
    before, after = _("{count} is the most that can be ordered at the moment").split("{count}")
    return before + text(most) + after


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
) -> Component:
    """A number to step or type, up to `most`; `limit` says why it stops. `on_commit` gets where it rests."""
    looks = {
        "box": styles.QUANTITY,
        "stepper": styles.STEPPER_S if small else styles.STEPPER_L,
        "step": styles.STEP_LIVE,
        "input": styles.STEP_INPUT,
        "icon": styles.ICON_S,
        "message": styles.QUANTITY_MESSAGE,
    }
    if is_html():
        return _quantity_html(value, most, label, looks, testid, props.get("name"))
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
) -> Component:
    """A button that stays busy from the click until `answer` changes, and can't be pressed meanwhile."""
    looks = f"{classes(kind, size)} {styles.BUSY} {class_name}".strip()
    if is_html():
        off = "true" if props.pop("off", False) else None
        attributes = {
            "type": "button",
            **props,
            "class_name": looks,
            "aria_busy": "false",
            "aria_disabled": off,
        }
        return el.button(*children, **attributes)
    return _BusyButton.create(
        *children, answer=answer, busy_label=busy_label, spin=styles.SPIN, class_name=looks, **props
    )


def needs_scripts(sentence: str) -> Component:
    """Says so where no scripts run, and how to reach the shop all the same."""

    def said() -> Component:
        mail = of(Shell).shop.contact_email
        text = el.p(
            sentence,
            " ",
            _("Allow scripts for this shop and load the page again. Or write to us what you would like: "),
            when(
                mail,
                el.a(mail, href="mailto:" + mail, class_name=styles.LINK),
                el.a(_("Write to us"), href="/contact", class_name=styles.LINK),
            ),
            ".",
        )
        return el.div(note(text, kind="wait"), class_name="my-8")

    return without_scripts(said)


def focus_box(*children: Any, news: Any, shown: Any, **props: Any) -> Component:
    """A box that takes the focus when `news` changes while `shown`; "#id" links in it focus that field."""
    if is_html():
        return el.div(*children, tab_index=-1, **props)
    return _FocusBox.create(*children, news=news, shown=shown, **props)


def departure(to: Any, ticket: Any, number: Any) -> Component:
    """A hidden field of a form, "ticket": when that comes back with a new `number`, the page goes `to`."""
    if is_html():
        return el.input(type="hidden", name="ticket", value="", read_only=True)
    return _Departure.create(to=to, ticket=ticket, number=number, name="ticket")


def gallery(pictures: Any, shown: Any) -> Component:
    """Thumbnails, a strip to swipe, and a large view; shows picture number `shown` first."""
    words = {
        "all": _("Pictures"),
        "one": _("Picture {n} of {count}"),
        "enlarge": _("Enlarge picture {n} of {count}"),
        "previous": _("Previous picture"),
        "next": _("Next picture"),
        "in": _("Zoom in"),
        "out": _("Zoom out"),
        "close": _("Close"),
    }
    if is_html():
        return _gallery_html(pictures, shown, words)
    return _Gallery.create(pictures=pictures, shown=shown, words=words, classes=styles.GALLERY)


def recently_viewed(slug: Any, on_recent: Any) -> Component:
    """Draws nothing: keeps this product in the browser's own list, and reports the ones before it."""
    if is_html():
        return fragment()
    return _RecentlyViewed.create(slug=slug, on_recent=on_recent)


# --- The same as HTML -------------------------------------------------------------------------------


def _quantity_html(
    value: int, most: int, label: str, looks: dict[str, str], testid: str, name: Any
) -> Component:
    def step(path: str, text: str, is_off: bool) -> Component:
        mark = el.svg(el.path(d=path), view_box="0 0 24 24", aria_hidden="true", class_name=looks["icon"])
        off = "true" if is_off else "false"
        return el.button(mark, type="button", aria_label=text, aria_disabled=off, class_name=looks["step"])

    box = el.input(
        name=name,
        aria_label=label,
        input_mode="numeric",
        auto_complete="off",
        max_length=40,
        class_name=looks["input"],
        data_testid=testid,
        value=value,
    )
    return el.div(
        el.div(
            step("M5 12h14", _("One fewer"), value <= 1),
            box,
            step("M12 5v14M5 12h14", _("One more"), value >= most),
            role="group",
            aria_label=label,
            class_name=looks["stepper"],
        ),
        el.p(role="status", class_name=looks["message"]),
        class_name=looks["box"],
    )


def _gallery_html(pictures: Any, shown: int, words: dict[str, str]) -> Component:
    look, count = styles.GALLERY, len(pictures)
    if not count:
        return el.div(class_name=look["empty"])
    at = shown if shown < count else 0
    counter = el.span(f"{at + 1} / {count}", class_name=look["counter"], aria_hidden="true")
    strip = [_slide_html(one, index, count, words, at == index) for index, one in enumerate(pictures)]
    thumbs = [_thumb_html(one, index, count, words, at == index) for index, one in enumerate(pictures)]
    others = [_other_html(pictures[(at + by) % count]) for by in (1, 2)] if count > 2 else []
    return fragment(
        el.div(
            el.div(
                el.div(*strip, class_name=look["strip"], role="group", aria_label=words["all"], data_at=at),
                counter if count > 1 else None,
                class_name=look["stage"],
            ),
            el.div(*others, class_name=look["others"]) if others else None,
            class_name=look["main"],
        ),
        el.div(
            *(thumbs if count > 1 else ()),
            class_name=look["thumbs"],
            role="group",
            aria_label=words["all"],
        ),
        el.dialog(class_name=look["dialog"], aria_label=words["one"].format(n=at + 1, count=count)),
    )


def _thumb_html(one: Any, index: int, count: int, words: dict[str, str], is_shown: bool) -> Component:
    look = styles.GALLERY
    photo = picture(one, sizes="72px", alt="", class_name=look["photo"])
    return el.button(
        el.span(photo, class_name=look["thumbFrame"], **painted(background=one.colour)),
        type="button",
        class_name=look["thumb"],
        aria_label=words["one"].format(n=index + 1, count=count),
        aria_current="true" if is_shown else None,
    )


def _slide_html(one: Any, index: int, count: int, words: dict[str, str], is_shown: bool) -> Component:
    look = styles.GALLERY
    label = words["enlarge"].format(n=index + 1, count=count)
    return el.button(
        picture(one, sizes=styles.SIZES_PRODUCT, class_name=look["photo"], priority=is_shown),
        type="button",
        class_name=look["slide"],
        tab_index=0 if is_shown else -1,
        aria_label=f"{label}: {one.alt}" if one.alt else label,
        **painted(background=one.colour),
    )


def _other_html(one: Any) -> Component:
    look = styles.GALLERY
    return el.button(
        picture(one, sizes="(min-width:1360px) 340px, 25vw", alt="", class_name=look["photo"]),
        type="button",
        tab_index=-1,
        aria_hidden="true",
        class_name=look["other"],
        **painted(background=one.colour),
    )
