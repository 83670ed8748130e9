"""Withdrawing from a contract, also as a guest: fill in, confirm, and the receipt with its date and time."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, plain_texts, styles, texts
from shop_app.components.badges import note
from shop_app.components.controls import button, link_button
from shop_app.components.fields import text_field
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.order_returns import units
from shop_app.components.parts import busy_button, focus_box
from shop_app.core.i18n import _
from shop_app.state.base import Notice
from shop_app.state.withdrawal import Withdrawal

NAME = plain_texts.WITHDRAWAL.title
TITLE = rx.cond(Withdrawal.summary.length() > 0, _("Error: ") + NAME, NAME) + f" · {texts.SHOP}"
_ANSWER = f"{Withdrawal.answers}-{Notice.number}"


def page() -> rx.Component:
    return layout.page(
        rx.el.div(
            _head(),
            rx.match(Withdrawal.step, ("check", _check()), ("done", _receipt()), _form()),
            rx.cond(Withdrawal.step == "form", _more(), rx.fragment()),
            class_name="mx-auto w-full max-w-page px-gutter pt-10 *:max-w-[560px] md:pt-16",
        ),
        ready=Withdrawal.loaded,
    )


def _head() -> rx.Component:
    """Takes the focus with every step, so that it is read out."""
    step = Withdrawal.step
    eyebrow = rx.match(step, ("check", _("Step 2 of 2")), ("done", _("Received")), _("Step 1 of 2"))
    title = rx.match(step, ("check", _("Check and confirm")), ("done", _("We have your withdrawal")), NAME)
    return focus_box(
        rx.el.p(eyebrow, class_name=styles.EYEBROW),
        rx.el.h1(title, class_name=f"{styles.D2} mt-1.5"),
        news=step,
        shown=True,
        class_name="outline-none",
        data_testid="withdrawal-step",
        data_step=step,
    )


def _form() -> rx.Component:
    who = Withdrawal.who
    return rx.fragment(
        rx.el.p(plain_texts.WITHDRAWAL.lead, class_name="mt-3 text-ink-2"),
        rx.el.form(
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
                max_length=200,
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
                answer=_ANSWER,
                busy_label=_("Looking"),
                class_name="justify-self-start",
                data_testid="withdrawal-look",
            ),
            # An order's values come with the load, after the form was first drawn. Where there are none
            # it stays as it is: someone may be typing into it already.
            key=Withdrawal.prefilled,
            on_submit=submit(Withdrawal.look),
            no_validate=True,
            class_name="mt-6 grid gap-5",
        ),
    )


def _check() -> rx.Component:
    offer, who = Withdrawal.offer, Withdrawal.who
    return rx.fragment(
        rx.el.dl(
            *_row(_("Order"), offer.number),
            *_row(_("Name"), who.name),
            *_row(_("Email"), offer.email),
            rx.cond(offer.until, rx.fragment(*_row(_("Possible until"), offer.until)), rx.fragment()),
            class_name=f"{styles.SPEC} mt-5 text-md",
        ),
        rx.el.form(
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
            rx.el.p(
                _("With the next button your withdrawal counts. You get a receipt by email at once."),
                class_name="text-ink-2",
            ),
            rx.el.div(
                busy_button(
                    _("Confirm withdrawal"),
                    type="submit",
                    answer=_ANSWER,
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


def _receipt() -> rx.Component:
    receipt = Withdrawal.receipt
    return rx.el.div(
        rx.el.p(
            rx.Var.create(_("This receipt is on its way to ")) + receipt.email + ".",
            class_name="mt-3 text-ink-2",
        ),
        rx.el.dl(
            *_row(_("Received"), receipt.at),
            *_row(_("Order"), receipt.number),
            *_row(_("Declared by"), receipt.name),
            *_row(
                _("Withdrawn from"),
                rx.el.ul(rx.foreach(receipt.things, lambda one: rx.el.li(one))),
            ),
            rx.cond(receipt.note, rx.fragment(*_row(_("Your note"), receipt.note)), rx.fragment()),
            class_name=f"{styles.SPEC} mt-5 rounded-r2 bg-sunken px-5 py-4 text-md",
            data_testid="withdrawal-receipt",
        ),
        rx.cond(
            receipt.not_sent.length() > 0,
            rx.el.div(note(_("What hasn't left us won't be sent."), kind="info"), class_name="mt-5"),
            rx.fragment(),
        ),
        rx.cond(
            receipt.send_back.length() > 0,
            rx.el.div(
                note(
                    rx.el.p(
                        rx.Var.create(_("Send what you have back by "))
                        + receipt.send_until
                        + _(". The letter and the page of your order say where to.")
                    ),
                    kind="wait",
                ),
                class_name="mt-5",
            ),
            rx.fragment(),
        ),
        link_button(_("See your order"), href=f"/orders/{receipt.token}", class_name="mt-6"),
    )


def _row(name: str, value: Any) -> tuple[rx.Component, rx.Component]:
    return rx.el.dt(name, class_name="text-ink-3"), rx.el.dd(value)


def _more() -> rx.Component:
    """What the law says in our words, and the ways without this form."""
    return rx.el.div(
        *(
            rx.el.section(
                rx.el.h2(part.title),
                *map(rx.el.p, part.texts),
                *(rx.el.p(rx.el.a(label, href=href)) for label, href in part.links),
            )
            for part in plain_texts.WITHDRAWAL.parts
        ),
        class_name=styles.PROSE,
    )
