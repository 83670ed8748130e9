"""Withdrawing from a contract, also as a guest: fill in, confirm, and the receipt with its date and time."""

from __future__ import annotations

from typing import Any

from shop_app.components import layout, styles, texts
from shop_app.components.badges import note
from shop_app.components.controls import button, link_button
from shop_app.components.fields import text_field
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import (
    Component,
    Text,
    both,
    each,
    el,
    fragment,
    length,
    match,
    of,
    raw_html,
    when,
)
from shop_app.components.order_returns import units
from shop_app.components.parts import busy_button, focus_box
from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.state.base import Notice
from shop_app.state.legal import Legal, LegalShown, shared, view_of
from shop_app.state.withdrawal import Withdrawal


def title(legal: type[Legal]) -> Text:
    name = legal.view.title
    return texts.titled(when(length(of(Withdrawal).summary) > 0, _("Error: ") + name, name))


def _answer() -> Text:
    return f"{of(Withdrawal).answers}-{of(Notice).number}"


def page(legal: type[Legal]) -> Component:
    return layout.page(
        el.div(
            _head(legal),
            match(of(Withdrawal).step, {"check": _check(), "done": _receipt()}, _form(legal)),
            when(of(Withdrawal).step == "form", lambda: _more(legal)),
            class_name="mx-auto w-full max-w-page px-gutter pt-10 *:max-w-[560px] md:pt-16",
        ),
        ready=both(of(Withdrawal).loaded, legal.loaded),
    )


def _head(legal: type[Legal]) -> Component:
    """Takes the focus with every step, so that it is read out."""
    step = of(Withdrawal).step
    eyebrow = match(step, {"check": _("Step 2 of 2"), "done": _("Received")}, _("Step 1 of 2"))
    name = when(of(Withdrawal).nothing_sent, _("Cancel your order"), legal.view.title)
    title = match(step, {"check": _("Check and confirm"), "done": _("We have your withdrawal")}, name)
    return focus_box(
        el.p(eyebrow, class_name=styles.EYEBROW),
        el.h1(title, class_name=f"{styles.D2} mt-1.5"),
        news=step,
        shown=True,
        class_name="outline-none",
        data_testid="withdrawal-step",
        data_step=step,
    )


def _form(legal: type[Legal]) -> Component:
    who = of(Withdrawal).who
    return fragment(
        el.p(legal.view.lead, class_name="mt-3 text-ink-2"),
        el.form(
            form_errors(Withdrawal),
            text_field(
                _("Your name"),
                name="name",
                auto_complete="name",
                max_length=200,
                required=True,
                default_value=who.name,
                error=error_of(Withdrawal, "name"),
            ),
            text_field(
                _("Order number"),
                name="number",
                input_mode="numeric",
                auto_complete="off",
                max_length=20,
                required=True,
                default_value=who.number,
                error=error_of(Withdrawal, "number"),
                hint=_("It is in the letter that confirmed the order."),
            ),
            text_field(
                _("Email"),
                name="email",
                type="email",
                auto_complete="email",
                max_length=MAX_LENGTH,
                required=True,
                default_value=who.email,
                error=error_of(Withdrawal, "email"),
                auto_capitalize="none",
                spell_check=False,
                hint=_("The one you ordered with. The receipt goes there."),
            ),
            busy_button(
                _("Continue"),
                type="submit",
                answer=_answer(),
                busy_label=_("Looking"),
                class_name="justify-self-start",
                data_testid="withdrawal-look",
            ),
            # An order's values come with the load, after the form was first drawn. Where there are none
            # it stays as it is: someone may be typing into it already.
            key=of(Withdrawal).prefilled,
            on_submit=submit(Withdrawal.look),
            no_validate=True,
            class_name="mt-6 grid gap-5",
        ),
    )


def _check() -> Component:
    offer, who = of(Withdrawal).offer, of(Withdrawal).who
    return fragment(
        el.dl(
            *_row(_("Order"), offer.number),
            *_row(_("Name"), who.name),
            *_row(_("Email"), offer.email),
            when(offer.until, fragment(*_row(_("Possible until"), offer.until))),
            class_name=f"{styles.SPEC} mt-5 text-md",
        ),
        el.form(
            form_errors(Withdrawal),
            units(offer.choices, Withdrawal, legend=_("What you withdraw from"), all_chosen=True),
            text_field(
                _("A note"),
                name="note",
                lines=True,
                optional=True,
                rows=2,
                max_length=500,
                hint=_("You don't have to give a reason."),
            ),
            el.p(
                _("With the next button your withdrawal counts. You get a receipt by email at once."),
                class_name="text-ink-2",
            ),
            el.div(
                busy_button(
                    _("Confirm withdrawal"),
                    type="submit",
                    answer=_answer(),
                    busy_label=_("Sending"),
                    data_testid="withdrawal-confirm",
                ),
                button(_("Back"), kind="plain", size="l", on_click=Withdrawal.back),
                class_name="flex flex-wrap gap-2.5",
            ),
            on_submit=submit(Withdrawal.confirm),
            no_validate=True,
            class_name="mt-6 grid gap-6",
        ),
    )


def _receipt() -> Component:
    receipt = of(Withdrawal).receipt
    return el.div(
        el.p(
            _("This receipt is on its way to ") + receipt.email + ".",
            class_name="mt-3 text-ink-2",
        ),
        el.dl(
            *_row(_("Received"), receipt.at),
            *_row(_("Order"), receipt.number),
            *_row(_("Declared by"), receipt.name),
            *_row(
                _("Withdrawn from"),
                el.ul(each(receipt.things, lambda one: el.li(one))),
            ),
            when(receipt.note, fragment(*_row(_("Your note"), receipt.note))),
            class_name=f"{styles.SPEC} mt-5 rounded-r2 bg-sunken px-5 py-4 text-md",
            data_testid="withdrawal-receipt",
        ),
        when(
            length(receipt.not_sent) > 0,
            el.div(note(_("What hasn't left us won't be sent."), kind="info"), class_name="mt-5"),
        ),
        when(
            length(receipt.send_back) > 0,
            el.div(
                note(
                    el.p(
                        _("Send what you have back by ")
                        + receipt.send_until
                        + _(". The letter and the page of your order say where to.")
                    ),
                    kind="wait",
                ),
                class_name="mt-5",
            ),
        ),
        link_button(_("See your order"), href=f"/orders/{receipt.token}", class_name="mt-6"),
    )


def _row(name: str, value: Any) -> tuple[Component, Component]:
    return el.dt(name, class_name="text-ink-3"), el.dd(value)


def _more(legal: type[Legal]) -> Component:
    """What the law says in our words, and the ways without this form."""
    return raw_html(legal.view.html, class_name=styles.PROSE)


def head(shown: LegalShown) -> Head:
    return Head(description=shown.view.lead)


PAGE = Page(
    "/withdrawal",
    page,
    title=title,
    load=(Legal.load, Withdrawal.load),
    view=view_of("withdrawal"),
    state=Legal,
    head=head,
    shared=shared,
    sitemap=True,
)
