"""Payments: test or live, the ways to pay, what the provider was last heard to say, and a call to it."""

from __future__ import annotations

from typing import Any

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import facts, panel, skeleton
from shop_app.components.badges import badge
from shop_app.components.kit import Component, both, each, el, match, of, when
from shop_app.components.parts import busy_button
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.payments import PaymentDesk
from shop_app.state.base import Notice

from .shared import NEEDS, SETTINGS, may_edit

HOME = f"{SETTINGS}/payments"


def payments() -> Component:
    own = of(PaymentDesk)
    modes = {"live": badge(_("Live"), "green"), "test": badge(_("Test"), "blue")}
    return desk(
        _payments,
        title=_("Payments"),
        current=SETTINGS,
        ready=own.loaded,
        back=(_("Settings"), SETTINGS),
        beside=when(own.loaded, match(own.view.mode, modes, badge(_("Sandbox"), "blue"))),
        waiting=skeleton("h-96"),
    )


def _payments() -> Component:
    view = of(PaymentDesk).view
    return el.div(
        panel(_("Ways to pay"), el.ul(each(view.ways, _way)), plain=True),
        el.div(_mode(), _webhook(), class_name=look.STACK),
        class_name=look.TWO,
    )


def _way(way: Any) -> Component:
    call = busy_button(
        _("Call it"),
        answer=of(Notice).number,
        busy_label=_("Calling"),
        kind="outline",
        size="s",
        on_click=PaymentDesk.check(way.key),
        data_testid="provider-check",
    )
    return el.li(
        el.div(
            el.div(
                el.span(way.label, class_name="font-medium"),
                el.span(way.offered, class_name="text-ink-2"),
                class_name="flex flex-wrap items-baseline gap-x-3",
            ),
            when(way.marks != "", el.p(way.marks, class_name="text-ink-2")),
            when(way.answered != "", lambda: _answer(way)),
            class_name="grid min-w-0 gap-1",
        ),
        when(both(way.can_check, may_edit()), call),
        class_name="flex flex-wrap items-start justify-between gap-3 border-t border-line px-4 py-3",
        data_testid="way-to-pay",
        data_value=way.key,
    )


def _answer(way: Any) -> Component:
    return el.div(
        when(way.succeeded, badge(_("Answered"), "green", "done"), badge(_("Refused"), "coral", "error")),
        el.p("“", way.answered, "”", class_name="break-words"),
        el.p(way.answered_at, class_name="text-xs text-ink-3"),
        class_name="mt-1 grid justify-items-start gap-1",
        role="status",
        data_testid="provider-answer",
    )


def _mode() -> Component:
    return panel(
        _("Mode"),
        el.p(of(PaymentDesk).view.mode_text),
        el.p(
            _("Keys are set where the server runs (STRIPE_SECRET_KEY), and no page shows them."),
            class_name="mt-2 text-xs text-ink-3",
        ),
    )


def _webhook() -> Component:
    view = of(PaymentDesk).view
    return panel(
        _("Events of the provider"),
        facts(
            (_("Last heard"), when(view.heard_at != "", view.heard_at, _("Nothing yet"))),
            (_("What"), when(view.heard != "", view.heard, "–")),  # noqa: RUF001
            (_("From"), when(view.heard_from != "", view.heard_from, "–")),  # noqa: RUF001
        ),
        el.label(
            _("Address to enter at the provider"),
            el.input(
                value=view.webhook,
                read_only=True,
                class_name=f"{look.INPUT} mt-1.5",
                data_testid="webhook-address",
                data_selects="true",
            ),
            class_name="mt-4 block text-xs font-medium",
        ),
    )


PAGE = Page(HOME, payments, _("Payments"), load=(PaymentDesk.load,), needs=NEEDS)
