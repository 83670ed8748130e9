"""Letters sent: the outbox as a list, and one letter with what it says."""

from __future__ import annotations

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.list import list_page
from shop_app.components.admin.parts import act, facts, panel
from shop_app.components.controls import button
from shop_app.components.kit import Component, contains, el, fragment, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.desk.letters import EDIT, LETTERS, VIEW
from shop_app.state.admin.outbox import LETTER, OutboxLetter
from shop_app.state.admin.records import RecordList
from shop_app.state.admin.shell import BackOffice

SETTINGS = "/admin/settings"


def letter_page() -> Component:
    shown = of(OutboxLetter)
    return desk(
        _letter,
        title=when(shown.loaded, shown.letter.title, _("Letter")),
        current=SETTINGS,
        ready=shown.loaded,
        back=(LETTERS.title, LETTERS.address),
        actions=_actions(),
    )


def _actions() -> Component:
    again = button(
        _("Send again"), kind="outline", size="s", on_click=OutboxLetter.send_again, **act(_("Send again"))
    )
    return when(contains(of(BackOffice).rights, EDIT), again)


def _letter() -> Component:
    letter = of(OutboxLetter).letter
    known = facts(
        (_("To"), letter.recipient),
        (_("Written"), letter.written),
        (_("Sent"), when(letter.sent != "", letter.sent, _("Not yet"))),
        (_("Tries"), text(letter.tries)),
    )
    more = fragment(
        when(letter.next_try != "", facts((_("Next try"), letter.next_try))),
        when(letter.problem != "", el.p(letter.problem, class_name="text-coral")),
    )
    says = el.pre(letter.text, class_name="overflow-x-auto font-sans whitespace-pre-wrap")
    return el.div(
        panel(
            _("What it says"),
            el.p(letter.subject, class_name="mb-3 font-medium"),
            says,
            el.p(_("Private links are left out here."), class_name="mt-3 text-xs text-ink-3"),
        ),
        panel(_("Sending"), known, more),
        class_name=look.TWO,
    )


PAGES = (
    Page(
        LETTERS.address,
        list_page(LETTERS, current=SETTINGS, back=(_("Settings"), SETTINGS)),
        LETTERS.title,
        load=(RecordList.load,),
        needs=LETTERS.needs,
    ),
    Page(LETTER, letter_page, _("Letter"), load=(OutboxLetter.load,), needs=VIEW),
)
