"""A customer's own data: what they agreed to, a file with everything, and its erasure."""

from __future__ import annotations

from shop_app.components import styles, texts
from shop_app.components.account.frame import account_page
from shop_app.components.account.sign_in import sign_in_scripts
from shop_app.components.badges import note, progress
from shop_app.components.controls import button, classes, here_link
from shop_app.components.fields import checkbox, field_error
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, Text, each, el, fragment, length, match, of, when
from shop_app.components.reauth import customer_reauth
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.personal.own_page import ConsentLine
from shop_app.state.account.data import AccountData
from shop_app.state.account.frame import Account

NAME = _("Your data")
PART = "mt-10 grid max-w-[620px] gap-4"
QUIET = "text-ink-2 text-pretty"


def title() -> Text:
    return texts.titled(NAME)


def page() -> Component:
    data = of(AccountData).data
    return account_page(
        "data",
        NAME,
        _file(),
        _consents(),
        _erasing(),
        customer_reauth(has_password=data.has_password, email=data.email, on_proven=AccountData.load),
        sign_in_scripts(),
        ready=of(AccountData).loaded,
    )


# --- The file ---------------------------------------------------------------------------------------


def _file() -> Component:
    export = of(AccountData).data.export
    return el.section(
        el.h2(_("A file with everything"), class_name=styles.D3),
        el.p(
            _(
                "Your account, addresses, orders, payments, returns, letters and all else that we keep "
                "about you, for reading and for spreadsheets."
            ),
            class_name=QUIET,
        ),
        el.div(
            match(export.state, {"making": _making, "ready": _ready}, lambda: _ask(_("Make the file"))),
            role="status",
            aria_live="polite",
        ),
        class_name=PART,
    )


def _ask(label: str, kind: str = "outline") -> Component:
    return button(label, kind=kind, on_click=AccountData.ask_export, data_testid="data-export")  # pyright: ignore


def _making() -> Component:
    export = of(AccountData).data.export
    return el.div(
        el.p(
            _("The file is being made. You get a letter when it is ready."), data_testid="data-export-making"
        ),
        progress(export.percent, _("How much is written")),
        class_name="grid gap-3",
    )


def _ready() -> Component:
    export = of(AccountData).data.export
    return el.div(
        el.div(
            here_link(
                _("Fetch the file"),
                href=export.href,
                download=True,
                class_name=classes("primary", "m"),
                data_testid="data-export-file",
            ),
            _ask(_("Make a new one"), "plain"),
            class_name="flex flex-wrap items-center gap-3",
        ),
        el.p(_("ZIP, "), export.size, ". ", _("It is there until "), export.until, ".", class_name=QUIET),
        class_name="grid gap-3",
    )


# --- What they agreed to ----------------------------------------------------------------------------


def _consents() -> Component:
    consents = of(AccountData).data.consents
    nothing = el.p(_("You haven't agreed to any letters but those about your orders."), class_name=QUIET)
    return el.section(
        el.h2(_("What you agreed to"), class_name=styles.D3),
        when(length(consents) > 0, el.ul(each(consents, _consent), data_testid="consents"), nothing),
        when(
            of(AccountData).data.choices_href,
            el.p(el.a(_("Change it"), href=of(AccountData).data.choices_href, class_name=styles.LINK)),
        ),
        class_name=PART,
    )


def _consent(line: ConsentLine) -> Component:
    return el.li(
        el.p(line.text, class_name="break-words"),
        el.p(line.answer, class_name="text-sm text-ink-2"),
        class_name="border-t border-line py-3 first:border-t-0 first:pt-0",
    )


# --- Erasing ----------------------------------------------------------------------------------------


def _erasing() -> Component:
    state = of(AccountData)
    begin = button(
        _("Erase my data"), kind="danger", on_click=AccountData.begin_erasing, data_testid="data-erase",
        class_name="justify-self-start",
    )  # fmt: skip
    return el.section(
        el.h2(_("Erase everything"), class_name=styles.D3),
        el.p(
            _(
                "Your account, name, e-mail, phone number, addresses, notes, letters, carts and lists go "
                "for good. Reviews stay without your name."
            ),
            class_name=QUIET,
        ),
        el.p(
            state.data.stays,
            " ",
            _("The law asks us to keep invoices. Links to your orders stop working."),
            class_name=QUIET,
            data_testid="data-stays",
        ),
        when(
            length(state.data.reasons) > 0,
            _not_yet(),
            when(state.is_asking, _really(), begin),
        ),
        class_name=PART,
    )


def _not_yet() -> Component:
    return note(
        el.p(_("Nothing can be erased yet:")),
        el.ul(each(of(AccountData).data.reasons, el.li), class_name="list-disc ps-5"),
        kind="wait",
        data_testid="data-erase-reasons",
    )


def _really() -> Component:
    state = of(AccountData)
    error = error_of(AccountData, "understood")
    return el.form(
        form_errors(AccountData),
        when(length(state.data.lost) > 0, note(el.ul(each(state.data.lost, el.li)), kind="wait"), fragment()),
        el.div(
            checkbox(
                _("I understand that this can't be taken back."), name="understood", id="field-understood",
                data_testid="data-erase-understood",
            ),
            when(error, field_error(error, id="field-understood-error"), fragment()),
        ),
        el.div(
            button(_("Erase everything now"), kind="danger", type="submit", data_testid="data-erase-confirm"),
            button(_("Keep my account"), kind="plain", on_click=AccountData.keep),
            class_name="flex flex-wrap gap-3",
        ),
        on_submit=submit(AccountData.erase),
        no_validate=True,
        class_name="grid gap-4",
    )  # fmt: skip


PAGE = Page("/account/data", page, title=title, load=(Account.load, AccountData.load), for_customers=True)
