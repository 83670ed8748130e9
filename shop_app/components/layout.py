"""The frame of every page: header, navigation, footer, notices, and the places for drawers."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from shop_app.core.i18n import _
from shop_app.core.shop import Link
from shop_app.state.account.frame import Account
from shop_app.state.base import Notice
from shop_app.state.cart import Cart
from shop_app.state.shell import NavLink, Shell

from . import styles, texts
from .badges import payment_marks
from .cart_drawer import cart_drawer
from .controls import here_link
from .icons import icon
from .kit import Component, Text, both, each, el, fragment, is_html, kept, not_, of, text, when
from .overlays import CLOSES, modal, opens, toast
from .search_box import search_box

MENU = "menu"


def page(
    *main: Any,
    ready: Any = True,
    current: Any = "",
    plain: bool = False,
    end: Component | None = None,
    main_class: str = styles.MAIN,
    search: Any = "",
) -> Component:
    """A whole page around the content of its <main>.

    `ready` says whether there is content: then, once everything that the page loads has come, the served HTML
    makes way for this page. A tab's State may still hold what another address showed. `current`
    is the category to mark ("new" and "sale" too). `plain` is the frame of checkout, without ways off;
    `end` stands at the end of its head. `search` is what the page shows the results of.
    """
    loaded = both(ready, of(rx.State).is_hydrated)
    return el.div(
        here_link(_("Skip to content"), href="#main", class_name=styles.SKIP, data_skip="true"),
        fragment() if plain else announcement(),
        fragment() if plain else _utility(of(Shell).shop.promise, of(Shell).shop.second_promise),
        plain_header(end) if plain else header(search),
        fragment() if plain else navigation(current),
        el.main(*main, id="main", tab_index=-1, class_name=main_class),
        footer(),
        fragment() if plain else menu(current),
        fragment() if plain else cart_drawer(),
        notices(),
        data_ready=when(loaded, "true", "false"),
    )


def announcement() -> Component:
    """The bar on top of every page, while there is something to announce."""
    this = of(Shell).shop
    said = when(
        this.announcement_href,
        el.a(this.announcement, href=this.announcement_href, class_name=styles.ANNOUNCEMENT_LINK),
        el.span(this.announcement),
    )
    bar = el.aside(said, aria_label=_("Announcement"), class_name=styles.ANNOUNCEMENT)
    return when(this.announcement, bar)


@kept
def _utility(promise: Text, second_promise: Text) -> Component:
    return el.aside(
        el.div(
            el.div(
                el.span(promise),
                el.span(second_promise, class_name=styles.UTILITY_SECOND),
                class_name=styles.UTILITY_SIDE,
            ),
            el.div(
                *(el.a(label, href=href, class_name=styles.UTILITY_LINK) for label, href in texts.HEAD_LINKS),
                class_name=styles.UTILITY_END,
            ),
            class_name=styles.UTILITY_ROW,
        ),
        aria_label=_("What we promise"),
        class_name=styles.UTILITY,
    )


def header(search: Any = "") -> Component:
    return el.header(
        el.div(class_name=styles.SUGGEST_SCRIM, aria_hidden="true"),
        el.div(
            el.div(
                el.button(
                    icon("menu"),
                    type="button",
                    aria_label=_("Menu"),
                    class_name=styles.MENU_BUTTON,
                    **opens(MENU),
                ),
                logo(),
                search_box(search),
                el.div(
                    _account_link(),
                    _cart_link(),
                    class_name=styles.HEAD_ACTIONS,
                ),
                class_name=styles.HEAD_ROW,
            ),
            class_name=styles.HEAD_GROUND,
        ),
        class_name=styles.HEAD,
    )


def logo() -> Component:
    """The shop's name, or its picture, as the link home."""
    this = of(Shell).shop
    mark = when(
        this.logo_key,
        el.img(src="/media/" + this.logo_key + "/320.webp", alt=this.name, class_name=styles.LOGO_PICTURE),
        this.name,
    )
    return el.a(mark, href="/", class_name=styles.LOGO)


def _account_link() -> Component:
    """The way to the account, which leads whoever isn't signed in to the sign-in."""
    label = when(of(Account).signed_in, _("Account"), _("Sign in"))
    return el.a(
        icon("person"),
        # As wide with either word.
        el.span(label, class_name=f"{styles.HEAD_LABEL} min-w-[3.75rem]"),
        href="/account",
        aria_label=label,
        class_name=styles.HEAD_ACTION,
        data_testid="account-link",
    )


def _cart_link() -> Component:
    count = of(Cart).view.count
    items = when(count == 1, _("Cart, 1 item"), _("Cart, ") + text(count) + _(" items"))
    return el.a(
        icon("cart"),
        el.span(_("Cart"), class_name=styles.HEAD_LABEL),
        el.span(
            count,
            class_name=when(count > 0, styles.COUNT, "hidden"),
            data_testid="cart-count",
            aria_hidden="true",
        ),
        href="/cart",
        aria_label=items,
        class_name=styles.HEAD_ACTION,
        on_click=Cart.open_drawer.prevent_default,
    )


def back_to_cart() -> Component:
    return el.a(_("Back to cart"), href="/cart", class_name=f"{styles.LINK} text-sm")


def plain_header(end: Component | None = None) -> Component:
    return el.header(
        el.div(
            logo(),
            end if end is not None else back_to_cart(),
            class_name=styles.PLAIN_HEAD_ROW,
        ),
        class_name=styles.PLAIN_HEAD,
    )


def _nav_link(label: Any, href: Any, mark: Any, current: Any, class_name: str) -> Component:
    aria_current = when(current == mark, "page", "false")
    return el.a(label, href=href, class_name=class_name, aria_current=aria_current)


def navigation(current: Any) -> Component:
    def one(link: NavLink) -> Component:
        return el.li(
            _nav_link(link.title, f"/products?category={link.slug}", link.slug, current, styles.NAV_LINK)
        )

    return el.nav(
        el.ul(
            each(of(Shell).categories, one),
            el.li(_nav_link(_("New"), texts.NEW, "new", current, styles.NAV_LINK), class_name=styles.NAV_END),
            el.li(_nav_link(_("Sale"), texts.SALE, "sale", current, styles.NAV_SALE)),
            class_name=styles.NAV_LIST,
        ),
        aria_label=_("Categories"),
        class_name=styles.NAV,
    )


def menu(current: Any) -> Component:
    """The navigation of a phone, from the left."""

    def one(link: NavLink) -> Component:
        return _nav_link(link.title, f"/products?category={link.slug}", link.slug, current, styles.MENU_LINK)

    return modal(
        el.div(
            el.h2(_("Menu"), class_name=styles.D4),
            el.button(
                icon("close"), type="button", aria_label=_("Close"), class_name=styles.ICON_BUTTON, **CLOSES
            ),
            class_name=styles.DRAWER_HEAD,
        ),
        el.nav(
            each(of(Shell).categories, one),
            _nav_link(_("New"), texts.NEW, "new", current, styles.MENU_LINK),
            _nav_link(_("Sale"), texts.SALE, "sale", current, f"{styles.MENU_LINK} text-coral"),
            _nav_link(_("All products"), texts.ALL, "all", current, styles.MENU_LINK),
            el.div(
                *(el.a(label, href=href, class_name=styles.MENU_SMALL) for label, href in texts.FOOTER[1][1]),
                theme_switch(),
                class_name="pt-4 pb-6",
            ),
            aria_label=_("Menu"),
            class_name=styles.DRAWER_BODY,
        ),
        id=MENU,
        label=_("Menu"),
        class_name=styles.MENU_DRAWER,
    )


def theme_switch() -> Component:
    """Light or dark; the browser keeps the choice, and paints the next page in it from the start."""
    return el.button(
        icon("moon", styles.ICON_S),
        el.span(_("Dark colours"), class_name="dark:hidden"),
        el.span(_("Light colours"), class_name="hidden dark:inline"),
        type="button",
        on_click=rx.toggle_color_mode,
        class_name=styles.THEME_BUTTON,
    )


def footer() -> Component:
    return el.footer(
        el.div(
            _footer_links(of(Shell).shop.name, of(Shell).shop.footer_about, of(Shell).shop.footer_links),
            payment_marks(of(Shell).marks, class_name=styles.FOOT_MARKS),
            _footer_end(of(Shell).shop.footer_end),
            class_name=styles.WRAP,
        ),
        class_name=styles.FOOT,
    )


@kept
def _footer_links(name: Text, about: Text, own_links: Any) -> Component:
    def own(link: Link) -> Component:
        return el.li(el.a(link.label, href=link.href, class_name=styles.FOOT_LINK))

    def column(title: str, links: tuple[tuple[str, str], ...], more: Any = None) -> Component:
        return el.div(
            el.h2(title, class_name=styles.FOOT_TITLE),
            el.ul(
                *(el.li(el.a(label, href=href, class_name=styles.FOOT_LINK)) for label, href in links), more
            ),
        )

    return el.div(
        el.div(
            el.p(name, class_name=styles.D4),
            el.p(about, class_name=styles.FOOT_ABOUT),
            theme_switch(),
            class_name=styles.FOOT_FIRST,
        ),
        *(column(title, links) for title, links in texts.FOOTER[:-1]),
        column(*texts.FOOTER[-1], each(own_links, own)),
        class_name=styles.FOOT_GRID,
    )


@kept
def _footer_end(end: Text) -> Component:
    return el.div(
        el.span(end),
        el.span(
            *(el.a(label, href=href, class_name=styles.FOOT_END_LINK) for label, href in texts.FOOTER_LEGAL),
            class_name=styles.FOOT_END_LINKS,
        ),
        class_name=styles.FOOT_END,
    )


def notices() -> Component:
    """What a State has to say, and the line that says that the connection is gone."""
    return fragment(
        el.div(
            when(of(Notice).text, toast(of(Notice).text, on_dismiss=Notice.dismiss, key=of(Notice).number)),
            role="status",
        ),
        connection_banner(),
    )


def connection_banner() -> Component:
    """The line that says that the connection is gone."""
    is_gone = not is_html() and both(has_connection_errors, of(rx.State).is_hydrated)
    return el.div(
        # In the served page assets/served.js shows it, where no connection comes about.
        el.p(texts.NO_CONNECTION, class_name=styles.BANNER, data_late_notice="", hidden=not_(is_gone)),
        role="status",
    )
