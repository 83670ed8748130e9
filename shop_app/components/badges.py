"""Small parts that show one value: price, rating, stock, badge, tag, chip, breadcrumbs, note, progress."""

from __future__ import annotations

from typing import Any, Literal

from shop_app.core.i18n import _

from . import styles
from .icon_paths import PATHS
from .icons import icon
from .kit import Component, Text, each, el, fragment, length, match, painted, text, when

Tone = Literal["calm", "green", "amber", "coral", "blue"]

TONES = {
    "calm": styles.CALM,
    "green": styles.GREEN,
    "amber": styles.AMBER,
    "coral": styles.CORAL,
    "blue": styles.BLUE,
}


def price(now: Text, was: Text = "", *, class_name: str = "", testid: str = "") -> Component:
    """A price, and what it was before when `was` isn't empty."""
    marks = {"data_testid": testid} if testid else {}
    return el.p(
        when(was != "", el.span(_("Now "), class_name=styles.SR)),
        el.span(now, **marks),
        when(was != "", el.s(el.span(_("was "), class_name=styles.SR), was, class_name=styles.PRICE_WAS)),
        class_name=when(was != "", f"{styles.PRICE_SALE} {class_name}", f"{styles.PRICE} {class_name}"),
    )


def rating(value: Text, count: Any = None) -> Component:
    """One star, the average, and the number of reviews where there is room."""
    return el.span(
        el.svg(
            el.path(d=PATHS["star"]),
            view_box="0 0 24 24",
            class_name=styles.RATE_STAR,
            aria_hidden="true",
        ),
        el.span(_("Rated "), class_name=styles.SR),
        value,
        el.span(_(" of 5 stars"), class_name=styles.SR),
        fragment() if count is None else el.span(f"({count})", class_name=styles.RATE_COUNT),
        class_name=styles.RATE,
    )


def stars(percent: Any, sentence: Text) -> Component:
    """Five stars, filled from the left by `percent` of their width; read out as `sentence`."""

    def five(class_name: str) -> Component:
        path = el.path(d=_FIVE_STARS)
        return el.svg(path, view_box="0 0 120 24", class_name=class_name, aria_hidden="true")

    return el.span(
        five(styles.STARS_EMPTY),
        el.span(five(styles.STARS_FULL), class_name=styles.STARS_FILLED, **painted(width=f"{percent}%")),
        el.span(sentence, class_name=styles.SR),
        class_name=styles.STARS,
        data_testid="stars",
    )


_FIVE_STARS = PATHS["star"] + 4 * PATHS["star"].replace("m12 3.5", "m24 0")
"""Each begins 24 to the right of where the one before began."""


def stock_badge(
    line: Text,
    kind: Text = "low",
    *,
    live: bool = False,
    class_name: str = styles.STOCK,
    testid: str = "stock-signal",
) -> Component:
    """The stock line with its dot; `kind` is in, low, out or backorder."""
    colour = match(kind, styles.STOCK_COLOURS, styles.STOCK_COLOURS["out"])
    dot = when(kind == "low", styles.DOT_LIVE, styles.DOT) if live else styles.DOT
    return el.p(
        el.span(class_name=dot, aria_hidden="true"),
        el.span(line),
        class_name=f"{class_name} {colour}",
        **({"data_testid": testid} if testid else {}),
        **({"role": "status"} if live else {}),
    )


def badge(text: Text, tone: Tone = "calm", icon_name: str = "") -> Component:
    """A word on its tint, with an icon: never colour alone."""
    mark = icon(icon_name, styles.BADGE_ICON) if icon_name else fragment()
    return el.span(mark, text, class_name=f"{styles.BADGE} {TONES[tone]}")


def payment_mark(mark: Any) -> Component:
    """The picture of something that can be paid with: a Mark."""
    return el.img(
        src="/marks/" + mark.key + ".svg",
        alt=mark.name,
        class_name="h-6 w-auto",
        custom_attrs={"height": 24},
    )


def payment_marks(marks: Any, *, class_name: str) -> Component:
    """What can be paid with, a list of Mark (or its Var); nothing until a payment provider has said so."""

    def one(mark: Any) -> Component:
        return el.li(payment_mark(mark))

    return when(
        length(marks) > 0, lambda: el.ul(each(marks, one), aria_label=_("We take"), class_name=class_name)
    )


def chip(label: Text, href: Text) -> Component:
    """A filter in force; following the link takes it away."""
    return el.a(
        el.span(_("Remove filter "), class_name=styles.SR),
        label,
        icon("close", styles.CHIP_ICON),
        href=href,
        class_name=styles.CHIP,
    )


def breadcrumbs(crumbs: Any) -> Component:
    """`crumbs` is a list of Crumb (or its Var); the last one, whose href is "", is where we are."""

    def one(crumb: Any) -> Component:
        return el.li(
            when(
                crumb.href,
                el.a(crumb.label, href=crumb.href, class_name=styles.CRUMB_LINK),
                el.span(crumb.label, aria_current="page", class_name=styles.CRUMB_HERE),
            ),
            class_name=styles.CRUMB,
        )

    return el.nav(el.ol(each(crumbs, one), class_name=styles.CRUMBS), aria_label=_("Breadcrumbs"))


def note(*children: Any, kind: Literal["", "good", "wait", "bad", "info"] = "", **props: Any) -> Component:
    """A sentence on its tint, with the icon that goes with its kind."""
    name = {"": "info", "good": "done", "wait": "warning", "bad": "error", "info": "clock"}[kind]
    return el.div(
        icon(name), el.div(*children), class_name=f"{styles.NOTE} {styles.NOTE_KINDS[kind]}", **props
    )


def progress(percent: Any | int, label: Text, *, class_name: str = styles.BAR) -> Component:
    """A thin bar, `percent` full."""
    return el.div(
        el.span(class_name=styles.BAR_FILL, **painted(width=f"{percent}%")),
        class_name=class_name,
        role="progressbar",
        aria_label=label,
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=text(percent),
    )


def empty_state(title: Text, text: Any, *actions: Any, level: int = 2) -> Component:
    """What is so, why, and the next step or two."""
    heading = el.h1(title, class_name=styles.D2) if level == 1 else el.h2(title, class_name=styles.D3)
    return el.div(
        heading,
        el.p(text, class_name="text-ink-2"),
        el.div(*actions, class_name=styles.EMPTY_ACTIONS),
        class_name=styles.EMPTY,
    )


def accordion(title: Text, *children: Any, is_open: bool = False) -> Component:
    """A part that unfolds; its content is in the page either way."""
    return el.details(
        el.summary(
            el.h2(title),
            icon("plus", f"{styles.ICON} group-open:hidden"),
            icon("minus", f"{styles.ICON} not-group-open:hidden"),
            class_name=styles.ACCORDION_HEAD,
        ),
        el.div(*children, class_name=styles.ACCORDION_BODY),
        class_name=styles.ACCORDION,
        open=is_open,
    )


def all_of(label: str, count: Any) -> Text:
    """What a link to a whole list says: "View all (12)"."""
    return label + " (" + text(count) + ")"


def section_head(title: Text, link_text: Text = "", href: Text = "") -> Component:
    """The serif headline of a section, and the link to all of it."""
    link = el.a(link_text, href=href, class_name=f"{styles.LINK} text-sm") if href else fragment()
    return el.div(el.h2(title, class_name=styles.D3), link, class_name=styles.SECTION_HEAD)
