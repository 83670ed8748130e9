"""Small parts that show one value: price, rating, stock, badge, tag, chip, breadcrumbs, note, progress."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from shop_app.core.i18n import _

from . import styles
from .icon_paths import PATHS
from .icons import icon

Text = str | rx.Var[str]
Tone = Literal["calm", "green", "amber", "coral", "blue"]

TONES = {
    "calm": styles.CALM,
    "green": styles.GREEN,
    "amber": styles.AMBER,
    "coral": styles.CORAL,
    "blue": styles.BLUE,
}


def price(now: Text, was: Text = "", *, class_name: str = "", testid: str = "") -> rx.Component:
    """A price, and what it was before when `was` isn't empty."""
    was_var = rx.Var.create(was)
    marks = {"data_testid": testid} if testid else {}
    return rx.el.p(
        rx.cond(was_var != "", rx.el.span(_("Now "), class_name=styles.SR), rx.fragment()),
        rx.el.span(now, **marks),
        rx.cond(
            was_var != "",
            rx.el.s(rx.el.span(_("was "), class_name=styles.SR), was, class_name=styles.PRICE_WAS),
            rx.fragment(),
        ),
        class_name=rx.cond(
            was_var != "", f"{styles.PRICE_SALE} {class_name}", f"{styles.PRICE} {class_name}"
        ),
    )


def rating(value: Text, count: Any = None) -> rx.Component:
    """One star, the average, and the number of reviews where there is room."""
    return rx.el.span(
        rx.el.svg(
            rx.el.svg.path(d=PATHS["star"]),
            view_box="0 0 24 24",
            class_name=styles.RATE_STAR,
            aria_hidden="true",
        ),
        rx.el.span(_("Rated "), class_name=styles.SR),
        value,
        rx.fragment() if count is None else rx.el.span(f"({count})", class_name=styles.RATE_COUNT),
        class_name=styles.RATE,
    )


def stars(count: rx.Var[int] | int) -> rx.Component:
    """Five stars, `count` of them full, read out as one sentence."""
    number = rx.Var.create(count)
    return rx.el.span(
        *(
            rx.el.svg(
                rx.el.svg.path(d=PATHS["star"]),
                view_box="0 0 24 24",
                class_name=rx.cond(number >= at, styles.STAR, styles.STAR_EMPTY),
                aria_hidden="true",
            )
            for at in range(1, 6)
        ),
        rx.el.span(number.to(str), _(" of 5 stars"), class_name=styles.SR),
        class_name=styles.STARS,
    )


def stock_badge(
    line: Text,
    kind: Text = "low",
    *,
    live: bool = False,
    class_name: str = styles.STOCK,
    testid: str = "stock-signal",
) -> rx.Component:
    """The stock line with its dot; `kind` is in, low, out or backorder."""
    colour = rx.match(
        rx.Var.create(kind),
        *((name, colour) for name, colour in styles.STOCK_COLOURS.items()),
        styles.STOCK_COLOURS["out"],
    )
    dot = rx.cond(rx.Var.create(kind) == "low", styles.DOT_LIVE, styles.DOT) if live else styles.DOT
    return rx.el.p(
        rx.el.span(class_name=dot, aria_hidden="true"),
        rx.el.span(line),
        class_name=rx.Var.create(f"{class_name} ") + colour.to(str),
        **({"data_testid": testid} if testid else {}),
        **({"role": "status"} if live else {}),
    )


def badge(text: Text, tone: Tone = "calm", icon_name: str = "") -> rx.Component:
    """A word on its tint, with an icon: never colour alone."""
    mark = icon(icon_name, styles.BADGE_ICON) if icon_name else rx.fragment()
    return rx.el.span(mark, text, class_name=f"{styles.BADGE} {TONES[tone]}")


def chip(label: Text, href: Text) -> rx.Component:
    """A filter in force; following the link takes it away."""
    return rx.el.a(
        rx.el.span(_("Remove filter "), class_name=styles.SR),
        label,
        icon("close", styles.CHIP_ICON),
        href=href,
        class_name=styles.CHIP,
    )


def breadcrumbs(crumbs: Any) -> rx.Component:
    """`crumbs` is a list of Crumb (or its Var); the last one, whose href is "", is where we are."""

    def one(crumb: Any) -> rx.Component:
        return rx.el.li(
            rx.cond(
                crumb.href,
                rx.el.a(crumb.label, href=crumb.href, class_name=styles.CRUMB_LINK),
                rx.el.span(crumb.label, aria_current="page", class_name=styles.CRUMB_HERE),
            ),
            class_name=styles.CRUMB,
        )

    items = rx.foreach(crumbs, one) if isinstance(crumbs, rx.Var) else rx.fragment(*(one(c) for c in crumbs))
    return rx.el.nav(rx.el.ol(items, class_name=styles.CRUMBS), aria_label=_("Breadcrumbs"))


def note(*children: Any, kind: Literal["", "good", "wait", "bad", "info"] = "", **props: Any) -> rx.Component:
    """A sentence on its tint, with the icon that goes with its kind."""
    name = {"": "info", "good": "done", "wait": "warning", "bad": "error", "info": "clock"}[kind]
    return rx.el.div(
        icon(name), rx.el.div(*children), class_name=f"{styles.NOTE} {styles.NOTE_KINDS[kind]}", **props
    )


def progress(percent: rx.Var[int] | int, label: Text, *, class_name: str = styles.BAR) -> rx.Component:
    """A thin bar, `percent` full."""
    return rx.el.div(
        rx.el.span(
            class_name=styles.BAR_FILL, custom_attrs={"style": rx.Var.create({"width": f"{percent}%"})}
        ),
        class_name=class_name,
        role="progressbar",
        aria_label=label,
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=rx.Var.create(percent).to(str),
    )


def empty_state(title: Text, text: Any, *actions: Any, level: int = 2) -> rx.Component:
    """What is so, why, and the next step or two."""
    heading = rx.el.h1(title, class_name=styles.D2) if level == 1 else rx.el.h2(title, class_name=styles.D3)
    return rx.el.div(
        heading,
        rx.el.p(text, class_name="text-ink-2"),
        rx.el.div(*actions, class_name=styles.EMPTY_ACTIONS),
        class_name=styles.EMPTY,
    )


def accordion(title: Text, *children: Any, is_open: bool = False) -> rx.Component:
    """A part that unfolds; its content is in the page either way."""
    return rx.el.details(
        rx.el.summary(
            rx.el.h2(title),
            icon("plus", f"{styles.ICON} group-open:hidden"),
            icon("minus", f"{styles.ICON} not-group-open:hidden"),
            class_name=styles.ACCORDION_HEAD,
        ),
        rx.el.div(*children, class_name=styles.ACCORDION_BODY),
        class_name=styles.ACCORDION,
        open=is_open,
    )


def section_head(title: Text, link_text: Text = "", href: Text = "") -> rx.Component:
    """The serif headline of a section, and the link to all of it."""
    link = rx.el.a(link_text, href=href, class_name=f"{styles.LINK} text-sm") if href else rx.fragment()
    return rx.el.div(rx.el.h2(title, class_name=styles.D3), link, class_name=styles.SECTION_HEAD)
