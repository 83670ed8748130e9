"""The reasons that can be chosen for refunds, cancellations and returns."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.order_items import may
from shop_app.components.admin.parts import panel
from shop_app.components.controls import icon_button
from shop_app.components.fields import checkbox
from shop_app.components.forms import form_errors, submit
from shop_app.components.kit import Component, Text, each, el, of, text, when
from shop_app.components.parts import busy_button
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.reasons import ReasonAdmin

SETTINGS = "/admin/settings"


def page() -> Component:
    state = of(ReasonAdmin)
    return desk(
        form_errors(ReasonAdmin),
        el.div(
            _list(
                "refund",
                _("Refunds"),
                _("Staff choose one with each refund, and it is in its history."),
                state.refund,
            ),
            _list(
                "cancellation",
                _("Cancellations"),
                _("Staff choose one when they cancel an order."),
                state.cancellation,
            ),
            _list(
                "return", _("Returns"), _("Customers choose one when they send something back."), state.back
            ),
            class_name=look.STACK,
        ),
        title=_("Reasons"),
        current=SETTINGS,
        ready=state.loaded,
        back=(_("Settings"), SETTINGS),
    )


def _list(kind: str, title: Text, sentence: Text, reasons: Any) -> Component:
    add = el.form(
        el.input(type="hidden", name="kind", value=kind, read_only=True),
        el.label(
            el.span(_("New reason"), class_name=styles.SR),
            el.input(
                name="label",
                type="text",
                placeholder=_("New reason"),
                max_length=100,
                required=True,
                auto_complete="off",
                class_name=look.INPUT,
            ),
            class_name="min-w-0 flex-1",
        ),
        busy_button(
            _("Add"),
            type="submit",
            answer=of(ReasonAdmin).answers,
            busy_label=_("Adding"),
            kind="outline",
            size="s",
        ),
        on_submit=submit(ReasonAdmin.add),
        key=text(of(ReasonAdmin).opened),
        class_name="flex gap-2 border-t border-line px-4 py-3",
        data_testid="reason-add",
        data_kind=kind,
    )
    return panel(
        title,
        el.p(sentence, class_name="px-4 pb-3 text-ink-2"),
        el.ul(each(reasons, _reason), data_testid="reasons", data_kind=kind),
        when(may("settings.edit"), add),
        plain=True,
    )


def _reason(reason: Any) -> Component:
    change = el.form(
        el.input(type="hidden", name="reason", value=text(reason.id), read_only=True),
        el.input(type="hidden", name="version", value=text(reason.version), read_only=True),
        el.label(
            el.span(_("Reason"), class_name=styles.SR),
            el.input(
                name="label",
                type="text",
                default_value=reason.label,
                max_length=100,
                required=True,
                auto_complete="off",
                class_name=look.INPUT,
            ),
            class_name="min-w-0 flex-1 basis-52",
        ),
        checkbox(_("In use"), name="active", default_checked=reason.active),
        busy_button(
            _("Save"),
            type="submit",
            answer=of(ReasonAdmin).answers,
            busy_label=_("Saving"),
            kind="outline",
            size="s",
        ),
        el.span(
            icon_button(
                "up", _("Move up: ") + reason.label, small=True, on_click=ReasonAdmin.move(reason.id, True)
            ),
            icon_button(
                "down",
                _("Move down: ") + reason.label,
                small=True,
                on_click=ReasonAdmin.move(reason.id, False),
            ),
            class_name="flex",
        ),
        on_submit=submit(ReasonAdmin.change),
        key=text(reason.id) + "-" + text(reason.version),
        class_name="flex flex-wrap items-center gap-x-3 gap-y-2",
    )
    return el.li(
        when(
            may("settings.edit"),
            change,
            lambda: el.span(reason.label, when(reason.active, "", _(" (not in use)"))),
        ),
        class_name="border-t border-line px-4 py-2.5",
    )


PAGE = Page("/admin/settings/reasons", page, _("Reasons"), load=(ReasonAdmin.load,), needs="settings.view")
