"""The frame of the back office's pages: navigation, palette, alerts, account, notices with their undo."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.core.version import VERSION
from shop_app.state.admin.shell import BackOffice
from shop_app.state.base import Notice

from .. import styles
from ..controls import here_link, icon_button
from ..forms import browser_form
from ..icons import icon
from ..kit import Component, Text, both, contains, each, either, el, fragment, length, of, text, when
from ..layout import connection_banner
from ..overlays import CLOSES, modal, opens, toast
from ..reauth import staff_reauth
from . import look, menu
from .menu import MenuEntry
from .palette import PALETTE, key_sheet, palette
from .parts import skeleton
from .signed_out import signed_out

SIDE = "desk-menu"
ALERTS = "desk-alerts"


def desk(
    *main: Any,
    title: Text,
    current: str,
    ready: Any = True,
    back: tuple[Text, Text] | None = None,
    beside: Any = None,
    actions: Any = None,
    waiting: Any = None,
    keeps: bool = False,
) -> Component:
    """A whole page of the back office around the content of its <main>: parts, or functions that make them.

    Its HTML is made before its State has anything, without the content: what needs values is a function.

    title    the page's heading; `beside` stands after it (badges), `actions` at the end of its line
    current  the address of the navigation's entry that is lit, such as "/admin/orders"
    ready    whether the content is there; until then `waiting` is shown in its place, a skeleton
    back     the name and the address of where one came from
    keeps    whether what is there stays while the page loads again, as it does for a list with another filter
    """
    shell = of(BackOffice)
    # A page that isn't for this member of staff never gets ready: its own State isn't filled.
    there = both(either(ready, shell.denied), shell.loaded)
    is_shown = there if keeps else both(there, of(rx.State).is_hydrated)

    def content() -> Component:
        parts = (part() if callable(part) else part for part in main)
        return when(shell.denied, _denied, lambda: fragment(*parts))

    return el.div(
        here_link(_("Skip to content"), href="#main", class_name=styles.SKIP, data_skip="true"),
        el.nav(_side(current), aria_label=_("Back office"), class_name=look.SIDE),
        el.div(
            _top(),
            el.main(
                fragment() if back is None else _back(*back),
                _heading(title, beside, actions),
                when(is_shown, content, lambda: waiting if waiting is not None else skeleton("h-96")),
                id="main",
                tab_index=-1,
                class_name=look.MAIN,
            ),
            class_name=look.COLUMN,
        ),
        _sheet(current),
        _alerts(),
        palette(),
        key_sheet(),
        staff_reauth(),
        signed_out(),
        _notices(),
        class_name=look.DESK,
        data_ready=when(is_shown, "true", "false"),
        data_desk="true",
    )


def _heading(title: Text, beside: Any, actions: Any) -> Component:
    name = el.h1(title, class_name=look.TITLE, tab_index=-1)
    return el.div(
        el.div(name, fragment() if beside is None else beside, class_name=look.HEAD_TITLES),
        fragment() if actions is None else el.div(actions, class_name="flex flex-wrap items-center gap-2"),
        class_name=look.HEAD,
    )


def _sheet(current: str) -> Component:
    """The navigation of a phone."""
    return modal(
        el.div(
            el.p(of(BackOffice).shop_name, class_name=look.SIDE_LOGO),
            icon_button("close", _("Close"), **CLOSES),
            class_name="flex items-start justify-between",
        ),
        *_links(current),
        id=SIDE,
        label=_("Menu"),
        class_name=look.SIDE_SHEET,
    )


def _back(name: Text, href: Text) -> Component:
    return el.a(
        icon("left", styles.ICON_S),
        el.span(name),
        href=href,
        class_name=look.BACK,
        data_keys="u",
        data_back="true",
    )


def _side(current: str) -> Component:
    return fragment(
        el.a(of(BackOffice).shop_name, href="/admin", class_name=look.SIDE_LOGO), *_links(current)
    )


def _links(current: str) -> list[Component]:
    return [
        *(_entry(entry, current) for entry in menu.entries(foot=False)),
        _pinned(),
        el.span(class_name="flex-1"),
        el.a(
            icon("out", look.SIDE_ICON),
            _("View shop"),
            href="/",
            target="_blank",
            rel="noopener",
            class_name=look.SIDE_LINK,
        ),
        *(_entry(entry, current) for entry in menu.entries(foot=True)),
        _account(current),
        el.p(_("Release {version}").format(version=VERSION), class_name=look.SIDE_FOOT),
    ]


def _entry(entry: MenuEntry, current: str) -> Component:
    shell, item = of(BackOffice), entry.item
    link = el.a(
        icon(item.icon, look.SIDE_ICON),
        el.span(item.label),
        when(contains(shell.counts, item.count), lambda: _count(item.count)) if item.count else fragment(),
        href=entry.href,
        class_name=look.SIDE_LINK,
        aria_current="page" if entry.href == current else "false",
        data_nav="true",
        **({"data_keys": item.keys} if item.keys else {}),
    )
    return when(contains(shell.rights, entry.needs), link) if entry.needs else link


def _pinned() -> Component:
    """The views of lists that are pinned, each with how many records it finds."""

    def one(view: Any) -> Component:
        return el.a(
            icon("bookmark", look.SIDE_ICON),
            el.span(view.label, class_name="truncate"),
            el.span(view.count, class_name=look.SIDE_COUNT),
            href=view.href,
            key=view.href,
            class_name=look.SIDE_LINK,
            data_nav="true",
        )

    pinned = of(BackOffice).pinned
    head = el.p(_("Pinned"), class_name=look.SIDE_HEAD)
    return when(length(pinned) > 0, lambda: fragment(head, each(pinned, one)))


def _count(name: str) -> Component:
    count = of(BackOffice).counts[name]
    shown = when(count >= 100, "99+", text(count))
    return when(count > 0, el.span(shown, class_name=look.SIDE_COUNT))


def _account(current: str) -> Component:
    shell = of(BackOffice)
    return el.div(
        el.a(
            el.span(shell.initials, class_name=look.AVATAR, aria_hidden="true"),
            el.span(shell.name, class_name="truncate"),
            href="/admin/security",
            class_name=f"{look.SIDE_LINK} min-w-0 flex-1",
            aria_current="page" if current == "/admin/security" else "false",
            title=_("Your account"),
        ),
        # A plain form: signing out works whatever state the page is in.
        browser_form(
            el.button(
                icon("lock", styles.ICON_S),
                type="submit",
                aria_label=_("Sign out"),
                title=_("Sign out"),
                class_name=styles.ICON_BUTTON_S,
            ),
            action="/admin/logout",
        ),
        class_name="flex items-center gap-1",
    )


def _top() -> Component:
    alerts = of(BackOffice).alerts
    return el.header(
        icon_button("menu", _("Menu"), class_name="md:hidden", **opens(SIDE)),
        el.button(
            icon("search", styles.ICON_S),
            el.span(_("Search or jump to…"), class_name="truncate"),
            el.kbd("Ctrl K", class_name="kbd ms-auto max-md:hidden", aria_hidden="true"),
            type="button",
            class_name=look.FIND,
            data_palette_button="true",
            **opens(PALETTE),
        ),
        el.span(class_name="flex-1 max-md:hidden"),
        icon_button("moon", _("Light or dark colours"), on_click=rx.toggle_color_mode),
        el.span(
            icon_button("bell", _("Notices about the shop"), **opens(ALERTS)),
            when(length(alerts) > 0, el.span(class_name=look.ALERT_DOT, aria_hidden="true")),
            class_name="relative",
        ),
        class_name=look.TOP,
    )


def _alerts() -> Component:
    def one(alert: Any) -> Component:
        words = el.span(
            el.span(class_name=styles.DOT),
            el.span(alert.text, class_name="text-ink"),
            class_name=when(
                alert.level == "bad",
                "flex items-baseline gap-2.5 text-coral",
                when(
                    alert.level == "warn",
                    "flex items-baseline gap-2.5 text-amber",
                    "flex items-baseline gap-2.5 text-blue",
                ),
            ),
        )
        fix = when(
            alert.href != "", el.a(_("Look at it"), href=alert.href, class_name=f"{styles.LINK} ms-[18px]")
        )
        return el.li(words, fix, class_name="border-t border-line px-5 py-3 first:border-t-0")

    alerts = of(BackOffice).alerts
    nothing = el.p(_("Nothing stands in the way of selling."), class_name="px-5 py-4 text-ink-2")
    return modal(
        el.div(
            el.h2(_("About the shop"), class_name=look.PANEL_TITLE),
            icon_button("close", _("Close"), small=True, **CLOSES),
            class_name="flex items-center justify-between border-b border-line px-5 py-3",
        ),
        when(length(alerts) > 0, el.ul(each(alerts, one)), nothing),
        id=ALERTS,
        label=_("About the shop"),
        class_name=f"{styles.DIALOG} text-sm",
    )


def _denied() -> Component:
    return el.div(
        el.h2(_("You don't have the right to see this page"), class_name=look.PANEL_TITLE),
        el.p(_("Ask an owner of the shop for it."), class_name="text-ink-2"),
        class_name=f"{look.PANEL} {look.EMPTY}",
        role="alert",
    )


def _notices() -> Component:
    notice, shell = of(Notice), of(BackOffice)
    shown = when(
        both(shell.undo_number == notice.number, shell.undo_number > 0),
        lambda: toast(
            notice.text,
            on_dismiss=Notice.dismiss,
            key=notice.number,
            action=_("Undo"),
            on_action=BackOffice.undo,
        ),
        lambda: toast(notice.text, on_dismiss=Notice.dismiss, key=notice.number),
    )
    return fragment(el.div(when(notice.text, shown), role="status"), connection_banner())
