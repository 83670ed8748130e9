"""The customer's addresses, and the form for one of them, as its country writes addresses."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles, texts
from shop_app.components.account.frame import account_page
from shop_app.components.address_fields import address_input
from shop_app.components.badges import badge
from shop_app.components.controls import button
from shop_app.components.fields import select_field
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, Text, each, el, fragment, length, not_, of, text, when
from shop_app.components.parts import busy_button, focus_box
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.account.addresses import Addresses
from shop_app.state.account.frame import Account
from shop_app.state.base import Notice

NAME = _("Your addresses")


def title() -> Text:
    return texts.titled(when(length(of(Addresses).summary) > 0, _("Error: ") + NAME, NAME))


def page() -> Component:
    kept = of(Addresses).kept
    return account_page(
        "addresses",
        NAME,
        when(
            of(Addresses).loaded,
            fragment(
                el.p(
                    when(
                        length(kept) > 0,
                        _("Checkout offers them to you. Orders that were placed keep theirs."),
                        _("None yet. Keep one, and checkout is filled in for you."),
                    ),
                    class_name="mt-3 max-w-[60ch] text-ink-2",
                ),
                when(length(kept) > 0, el.ul(each(kept, _address), class_name=_CARDS)),
                focus_box(
                    when(of(Addresses).is_open, _form),
                    news=text(of(Addresses).turns),
                    shown=of(Addresses).is_open,
                    class_name="outline-none empty:hidden",
                ),
                when(
                    not_(of(Addresses).is_open),
                    el.div(
                        button(
                            _("Add an address"),
                            kind="outline",
                            on_click=Addresses.add,
                            data_testid="address-add",
                        ),
                        class_name="mt-8",
                    ),
                ),
            ),
        ),
        ready=of(Addresses).loaded,
    )


_CARDS = "mt-7 grid gap-x-10 gap-y-8 md:grid-cols-2"


def _address(one: Any) -> Component:
    named = el.span(" ", one.one_line, class_name=styles.SR)
    return el.li(
        el.address(
            each(one.lines, lambda line: el.span(line, class_name="block [overflow-wrap:anywhere]")),
            class_name="not-italic",
        ),
        el.div(
            when(one.is_default, badge(_("For deliveries"), "green", "check")),
            when(one.is_default_billing, badge(_("For bills"), "green", "check")),
            class_name="mt-2.5 flex flex-wrap gap-1.5 empty:hidden",
        ),
        when(of(Addresses).asked == one.id, _sure(one), _acts(one, named)),
        class_name="border-t border-line pt-4 text-md",
        data_testid="address",
        key=one.id,
    )


def _acts(one: Any, named: Component) -> Component:
    def act(label: str, event: Any, mark: str) -> Component:
        return button(
            label, named, kind="plain", size="s", on_click=event, data_testid=f"address-{mark}"
        )  # fmt: skip

    return el.div(
        act(_("Edit"), Addresses.edit(one.id), "edit"),
        when(
            not_(one.is_default),
            act(_("Use for deliveries"), Addresses.make_default(one.id, "delivery"), "delivery"),
        ),
        when(
            not_(one.is_default_billing),
            act(_("Use for bills"), Addresses.make_default(one.id, "billing"), "billing"),
        ),
        act(_("Delete"), Addresses.ask_to_delete(one.id), "delete"),
        class_name="-ms-3.5 mt-2 flex flex-wrap",
    )


def _sure(one: Any) -> Component:
    return focus_box(
        el.p(_("Delete this address?")),
        el.div(
            button(
                _("Delete address"),
                kind="danger",
                size="s",
                on_click=Addresses.delete(one.id),
                data_testid="address-delete-sure",
            ),
            button(_("Keep it"), kind="outline", size="s", on_click=Addresses.keep),
            class_name="mt-2.5 flex flex-wrap gap-2",
        ),
        news=text(one.id),
        shown=True,
        class_name="mt-3 rounded-r2 outline-none",
    )


def _form() -> Component:
    return el.form(
        el.h2(
            when(of(Addresses).edited > 0, _("Change the address"), _("A new address")),
            class_name=styles.D4,
        ),
        form_errors(Addresses),
        el.div(
            select_field(
                _("Country"),
                each(of(Addresses).countries, lambda country: el.option(country[1], value=country[0])),
                name="country",
                auto_complete="country",
                required=True,
                default_value=of(Addresses).form.country,
                error=error_of(Addresses, "country"),
                class_name="col-span-6",
                on_change=Addresses.move,
            ),
            each(
                of(Addresses).fields, lambda one: when(one.name == "country", fragment(), lambda: _input(one))
            ),
            class_name=styles.FIELDS,
        ),
        el.div(
            busy_button(
                _("Keep address"),
                type="submit",
                size="m",
                answer=f"{of(Addresses).answers}-{of(Notice).number}",
                busy_label=_("Keeping"),
                data_testid="address-save",
            ),
            button(_("Cancel"), kind="plain", on_click=Addresses.close),
            class_name="flex flex-wrap gap-2",
        ),
        on_submit=submit(Addresses.save),
        no_validate=True,
        # Each form that is opened begins with its own values.
        key=of(Addresses).turns,
        class_name="mt-10 grid max-w-[560px] gap-6 border-t border-line pt-8",
        data_testid="address-form",
    )


def _input(one: Any) -> Component:
    return address_input(one, form=of(Addresses).form, wrong=error_of(Addresses, one.name))


PAGE = Page(
    "/account/addresses",
    page,
    title=title,
    load=(Account.load, Addresses.load),
    for_customers=True,
)
