"""Waiting for a variant that is sold out: the form, the place in line, and that one is kept."""

from __future__ import annotations

from typing import Any

from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.state.stock_line import StockLine

from . import styles
from .controls import text_link
from .fields import text_field
from .forms import error_of, form_errors, submit
from .kit import Component, both, each, el, fragment, length, of, when, without_scripts
from .parts import busy_button


def waits(sku: Any) -> Any:
    """Whether whoever is at this page has asked for one of that variant."""
    shown = of(StockLine)
    return both(shown.sku == sku, shown.place.state != "")


def is_kept(sku: Any) -> Any:
    """Whether it is their turn."""
    shown = of(StockLine)
    return both(shown.sku == sku, shown.place.state == "kept")


def stock_line(sku: Any) -> Component:
    """For whoever wants one of a variant that is sold out, or has asked for one."""
    return el.section(
        when(waits(sku), _place, lambda: _ask(sku)),
        aria_labelledby="stock-line",
        class_name=styles.ALERT,
        data_testid="stock-line",
    )


def all_places() -> Component:
    """All that whoever is at this page waits for, and what is kept for them."""
    places = of(StockLine).places
    return when(
        length(places) > 0,
        lambda: el.section(
            el.h2(_("Waiting for"), class_name=styles.D4),
            el.ul(each(places, _place_row), class_name="mt-4 divide-y divide-line border-y border-line"),
            class_name="mt-section max-w-[760px]",
        ),
    )


def _place_row(place: Any) -> Component:
    return el.li(
        el.div(
            text_link(place.product, href=place.address),
            el.span(place.price, class_name="tabular-nums text-ink-2"),
            class_name="flex flex-wrap justify-between gap-x-4",
        ),
        el.p(
            place.sentence,
            role="status",
            class_name=when(place.state == "kept", "text-green", "text-ink-2"),
        ),
        key=place.link,
        class_name="grid gap-1 py-4 text-md",
        data_testid="line-place",
        data_sku=place.sku,
    )


def _place() -> Component:
    """A live region: who waits hears that it is their turn."""
    shown = of(StockLine)
    kept = shown.place.state == "kept"
    return fragment(
        _title(when(kept, _("It is your turn"), _("We tell you when it's back"))),
        el.p(shown.place.sentence, role="status", data_testid="line-place"),
        form_errors(StockLine),
        _button(
            when(kept, _("Leave it to the next"), _("Leave the line")),
            _("Leaving"),
            on_click=StockLine.leave,
            type="button",
            data_testid="line-leave",
        ),
    )


def _ask(sku: Any) -> Component:
    shown = of(StockLine)
    return fragment(
        _title(_("Tell me when it's back")),
        when(
            both(shown.sku == sku, shown.asked_text != ""),
            lambda: el.p(shown.asked_text, role="status", data_testid="alert-noted"),
            lambda: when(both(shown.sku == sku, shown.address != ""), _ask_signed_in, lambda: _form(sku)),
        ),
    )


def _title(text: Any) -> Component:
    return el.h2(text, class_name="text-base font-medium", id="stock-line")


def _ask_signed_in() -> Component:
    shown = of(StockLine)
    return el.div(
        form_errors(StockLine),
        el.p(_("We write to "), shown.address, ".", class_name="text-sm text-ink-2"),
        _button(
            _("Tell me"),
            _("Noting it"),
            on_click=StockLine.ask_signed_in,
            type="button",
            data_testid="tell-me",
        ),
        class_name="grid justify-items-start gap-3.5",
    )


def _form(sku: Any) -> Component:
    return el.form(
        el.input(type="hidden", name="sku", default_value=sku, key=sku),
        form_errors(StockLine),
        text_field(
            _("Email address"),
            name="email",
            type="email",
            auto_complete="email",
            max_length=MAX_LENGTH,
            hint=_("You confirm it by a letter, and are asked in turn. Then your address is deleted."),
            error=error_of(StockLine, "email"),
            required=True,
        ),
        _button(_("Tell me"), _("Noting it"), type="submit", data_testid="tell-me"),
        without_scripts(
            lambda: el.p(
                _("This needs JavaScript. You can also "),
                text_link(_("write to us"), href="/contact"),
                ".",
                class_name="text-sm text-ink-2",
            )
        ),
        class_name="grid justify-items-start gap-3.5",
        on_submit=submit(StockLine.ask),
        no_validate=True,
        reset_on_submit=False,
    )


def _button(text: Any, busy: str, **props: Any) -> Component:
    answer = of(StockLine).answers
    return busy_button(text, answer=answer, busy_label=busy, kind="outline", size="m", **props)
