"""The set-up page as HTML: a whole document without scripts, whose form opens the shop."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from shop_app.core.i18n import _
from shop_app.core.shop import shop
from shop_app.services.opening.proposal import Choice
from shop_app.services.opening.set_up import ProposedZone, SetUpView

from . import styles
from .badges import note
from .controls import button
from .fields import checkbox, select_field, text_field
from .kit import Component, as_html, each, el, fragment, when

ACTION = "/admin/set-up"
_PANEL = "grid gap-4 rounded-r2 border border-line bg-surface p-5 md:p-6"
_TITLE = "text-base font-medium"
_PAIR = "grid gap-4 md:grid-cols-2"


def document(view: SetUpView, stylesheets: Iterable[str]) -> str:
    """The page as a whole document; `stylesheets` are their addresses."""
    title = _("Open your shop")
    with as_html({}):
        body = _page(view, title)
    links = "".join(f'<link rel="stylesheet" href="{escape(address)}">' for address in stylesheets)
    return (
        f'<!doctype html><html lang="{escape(shop().locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title>{links}"
        '<link rel="icon" href="/icon.svg" type="image/svg+xml"></head>'
        f"<body>{body}</body></html>"
    )


def _page(view: SetUpView, title: str) -> Component:
    return el.main(
        el.h1(title, class_name=styles.D2),
        el.p(
            when(
                view.is_second,
                _("Everything here can be changed later, apart from the currency once something was sold."),
                _("Nobody runs this shop yet. Whoever has the token from the server's log opens it."),
            ),
            class_name="mt-2 text-ink-2",
        ),
        _problems(view),
        el.form(
            *(_second(view) if view.is_second else _first(view)),
            action=ACTION,
            method="post",
            class_name="mt-6 grid gap-5",
        ),
        class_name="mx-auto w-full max-w-[640px] px-gutter py-10 md:py-14",
    )


def _problems(view: SetUpView) -> Component:
    if view.refused:
        return el.div(note(view.refused, kind="bad", role="alert"), class_name="mt-5")
    if not view.errors:
        return fragment()
    lines = each(
        view.errors,
        lambda error: el.li(el.a(error[1], href=f"#field-{error[0]}", class_name=styles.PROBLEM_LINK)),
    )
    return el.div(el.ul(lines), class_name=f"{styles.PROBLEMS} mt-5", role="alert")


def _panel(title: str, *body: Any) -> Component:
    return el.section(el.h2(title, class_name=_TITLE), *body, class_name=_PANEL)


def _select(label: str, name: str, choices: Iterable[Choice], view: SetUpView, **more: Any) -> Component:
    return select_field(
        label,
        *(el.option(choice.label, value=choice.value) for choice in choices),
        name=name,
        value=getattr(view.typed, name),
        error=view.errors.get(name, ""),
        required=True,
        **more,
    )


def _text(label: str, name: str, view: SetUpView, **more: Any) -> Component:
    return text_field(
        label,
        name=name,
        error=view.errors.get(name, ""),
        required=True,
        **{"value": getattr(view.typed, name, ""), **more},
    )


def _token(view: SetUpView) -> Component:
    return _text(
        _("Token"),
        "token",
        view,
        hint=_("The server printed it as it started. It is valid for 24 hours, and once."),
        auto_complete="off",
        auto_capitalize="characters",
        spell_check=False,
        max_length=100,
    )


def _first(view: SetUpView) -> tuple[Component, ...]:
    choices = (Choice("", _("Choose a country")), *view.countries)
    country = _select(_("Country of the shop"), "country", choices, view, auto_complete="country")
    return (
        _panel(_("To begin with"), _token(view), country),
        el.div(button(_("Continue"), type="submit", name="step", value="country", size="l")),
    )


def _second(view: SetUpView) -> tuple[Component, ...]:
    typed = view.typed
    kept = (el.input(type="hidden", name="token", value=typed.token),) if "token" not in view.errors else ()
    # Enter in a field presses a form's first button: it has to be the one that opens the shop.
    first = el.button(
        type="submit", name="step", value="open", tab_index=-1, aria_hidden="true", class_name=styles.SR
    )
    return (
        first,
        *kept,
        *((_panel(_("Token"), _token(view)),) if "token" in view.errors else ()),
        _panel(
            _("You"),
            el.div(
                _text(_("Your name"), "name", view, auto_complete="name", max_length=200),
                _text(
                    _("E-mail address"), "email", view, type="email", auto_complete="username", max_length=254
                ),
                class_name=_PAIR,
            ),
            _text(
                _("Password"),
                "password",
                view,
                type="password",
                value="",
                auto_complete="new-password",
                hint=_("8 characters or more. A sentence of your own is easy to keep."),
                max_length=200,
            ),
        ),
        _panel(_("The shop"), _text(_("Name of the shop"), "shop_name", view, max_length=200), _place(view)),
        _taxes(view),
        _delivery(view),
        el.div(button(_("Open the shop"), type="submit", name="step", value="open", size="l")),
    )


def _place(view: SetUpView) -> Component:
    return fragment(
        el.div(
            _select(_("Country of the shop"), "country", view.countries, view),
            _select(
                _("Currency"),
                "currency",
                view.currencies,
                view,
                hint=_("All prices are in it. It stays once something was sold."),
            ),
            _select(_("Language"), "locale", view.locales, view),
            _select(_("Time zone"), "time_zone", view.time_zones, view, hint=_("By it, days begin and end.")),
            class_name=_PAIR,
        ),
        el.p(
            _("This is what usually goes with {country}.").format(country=view.country_name),
            " ",
            button(
                _("I have chosen another country: show what goes with it"),
                kind="plain",
                size="s",
                type="submit",
                name="step",
                value="country",
                class_name="-mx-3.5 whitespace-normal! text-start",
                custom_attrs={"formnovalidate": True},
            ),
            class_name="grid justify-items-start gap-1 text-sm text-ink-2",
        ),
    )


def _taxes(view: SetUpView) -> Component:
    return _panel(
        _("Taxes"),
        el.p(view.tax_text, class_name="text-sm text-ink-2", data_testid="set-up-tax"),
        checkbox(
            _("Prices of products include tax"),
            name="prices_include_tax",
            value="1",
            checked=view.typed.prices_include_tax,
        ),
    )


def _delivery(view: SetUpView) -> Component:
    return _panel(
        _("Delivery"),
        el.p(
            _("One price for each zone to begin with. The settings have steps by weight and pick-up."),
            class_name="text-sm text-ink-2",
        ),
        *(_zone(zone, view) for zone in view.zones),
    )


def _zone(zone: ProposedZone, view: SetUpView) -> Component:
    count = len(zone.countries)
    name = zone.name if count == 1 else f"{zone.name} ({count})"
    return el.div(
        el.div(
            checkbox(
                _("Deliver to {zone}").format(zone=name),
                name=f"to-{zone.key}",
                value="1",
                checked=zone.key in view.typed.delivers,
            ),
            class_name="pt-2",
        ),
        text_field(
            _("Price in {currency}").format(currency=view.typed.currency),
            name=f"price-{zone.key}",
            error=view.errors.get(f"price-{zone.key}", ""),
            value=view.typed.prices.get(zone.key, ""),
            input_mode="decimal",
            auto_complete="off",
            max_length=40,
        ),
        class_name="grid items-start gap-3 border-t border-line pt-4 md:grid-cols-[1fr_180px]",
        data_testid="set-up-zone",
        data_value=zone.key,
    )
