"""Received events: the inbox of webhooks as a list, and one event with what was in it."""

from __future__ import annotations

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.list import list_page
from shop_app.components.admin.parts import act, facts, panel
from shop_app.components.controls import button
from shop_app.components.kit import Component, contains, el, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.desk.letters import EDIT, VIEW
from shop_app.services.desk.received_events import EVENTS
from shop_app.state.admin.outbox import EVENT, ReceivedEvent
from shop_app.state.admin.records import RecordList
from shop_app.state.admin.shell import BackOffice

SETTINGS = "/admin/settings"


def event_page() -> Component:
    shown = of(ReceivedEvent)
    replay = button(
        _("Apply once more"),
        kind="outline",
        size="s",
        on_click=ReceivedEvent.replay,
        **act(_("Apply once more")),
    )
    return desk(
        _event,
        title=when(shown.loaded, shown.event.title, _("Received event")),
        current=SETTINGS,
        ready=shown.loaded,
        back=(EVENTS.title, EVENTS.address),
        actions=when(contains(of(BackOffice).rights, EDIT), replay),
    )


def _event() -> Component:
    event = of(ReceivedEvent).event
    known = facts(
        (_("From"), event.provider),
        (_("Its id there"), event.event_id),
        (_("Received"), event.received),
        (_("Applied"), when(event.applied != "", event.applied, _("Not yet"))),
        (_("What came of it"), event.outcome),
    )
    payload = el.pre(
        event.payload,
        class_name="max-h-[70dvh] overflow-auto text-xs whitespace-pre-wrap break-words",
        tab_index=0,
    )
    return el.div(
        panel(_("What was in it"), payload),
        panel(
            _("What became of it"),
            known,
            when(event.problem != "", el.p(event.problem, class_name="mt-2 text-coral")),
        ),
        class_name=look.TWO,
    )


PAGES = (
    Page(
        EVENTS.address,
        list_page(EVENTS, current=SETTINGS, back=(_("Settings"), SETTINGS)),
        EVENTS.title,
        load=(RecordList.load,),
        needs=EVENTS.needs,
    ),
    Page(EVENT, event_page, _("Received event"), load=(ReceivedEvent.load,), needs=VIEW),
)
