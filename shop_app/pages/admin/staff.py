"""The people who run the shop: who they are, what role they have, and whoever is invited."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.parts import (
    act,
    empty_state,
    menu,
    menu_item,
    panel,
    select_field,
    skeleton,
    text_field,
)
from shop_app.components.controls import button, link_button
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, contains, each, el, fragment, length, match, of, text, when
from shop_app.components.overlays import dialog
from shop_app.components.parts import busy_button
from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.shell import BackOffice
from shop_app.state.admin.staff import StaffAdmin

ROUTE = "/admin/staff"
WIDE, NOT_ON_PHONES = "max-lg:hidden", "max-sm:hidden"


def page() -> Component:
    may_edit = contains(of(BackOffice).rights, "staff.edit")
    invite = button(
        _("Invite somebody"),
        size="s",
        on_click=StaffAdmin.open_invitation,
        data_testid="staff-invite",
        **act(_("Invite somebody"), "n"),
    )
    return desk(
        el.div(_members(), _invitations(), class_name=look.STACK),
        _invitation_dialog(),
        title=_("Staff"),
        current=ROUTE,
        ready=of(StaffAdmin).loaded,
        actions=fragment(
            link_button(_("Roles"), href="/admin/staff/roles", kind="outline", size="s"),
            when(may_edit, invite),
        ),
        waiting=skeleton("h-64"),
    )


# --- Members --------------------------------------------------------------------------------------


def _members() -> Component:
    heads = (
        (_("Name"), ""),
        (_("Role"), NOT_ON_PHONES),
        (_("State"), NOT_ON_PHONES),
        (_("Last seen"), WIDE),
        (_("Sessions"), f"{WIDE} text-end!"),
    )
    head = [el.th(label, scope="col", class_name=f"{look.TH} {more}") for label, more in heads]
    last = el.th(el.span(_("Actions"), class_name=styles.SR), scope="col", class_name=look.TH)
    table = el.table(
        el.thead(el.tr(*head, last)),
        el.tbody(each(of(StaffAdmin).members, _member)),
        class_name=look.TABLE,
    )
    return panel(_("Members"), table, plain=True)


def _member(member: Any) -> Component:
    return el.tr(
        el.td(
            el.span(member.name, class_name="block font-medium break-words"),
            el.span(member.email, class_name="block text-xs break-all text-ink-3"),
            el.span(
                member.role_label, _state(member), class_name="mt-1.5 flex items-center gap-2.5 sm:hidden"
            ),
            class_name=f"{look.TD} py-2",
        ),
        el.td(member.role_label, class_name=f"{look.TD} {NOT_ON_PHONES}"),
        el.td(_state(member), class_name=f"{look.TD} {NOT_ON_PHONES}"),
        el.td(
            when(member.last_seen != "", member.last_seen, _("Never")),
            class_name=f"{look.TD} {WIDE} text-ink-2",
        ),
        el.td(text(member.sessions), class_name=f"{look.TD} {WIDE} text-end tabular-nums"),
        el.td(when(member.may_edit, lambda: _member_menu(member)), class_name=f"{look.TD} w-12 text-end"),
        data_testid="staff-row",
        data_email=member.email,
        data_state=member.state,
    )


def _state(member: Any) -> Component:
    return match(
        member.state,
        {
            "active": _badge(_("Active"), styles.GREEN),
            "no_factor": _badge(_("No second factor"), styles.AMBER),
        },
        _badge(_("Disabled"), styles.CALM),
    )


def _badge(label: str, tone: str) -> Component:
    return el.span(label, class_name=f"{styles.BADGE} {tone}")


def _member_menu(member: Any) -> Component:
    def other_role(role: Any) -> Component:
        item = menu_item(
            _("Change to ") + role.label,
            on_click=StaffAdmin.change_role(member.id, role.code),
            data_testid="staff-role",
            data_role=role.code,
        )
        return when(role.code != member.role, item)

    def action(label: str, name: str, *, danger: bool = False) -> Component:
        return menu_item(
            label,
            danger=danger,
            on_click=StaffAdmin.change_member(member.id, name),
            data_testid=f"staff-{name.replace('_', '-')}",
        )

    return menu(
        _("Change ") + member.name,
        each(of(StaffAdmin).roles, other_role),
        when(member.state == "active", action(_("Reset their second factor"), "reset_factor", danger=True)),
        when(member.sessions > 0, action(_("End their sessions"), "end_sessions")),
        when(
            member.state == "disabled",
            action(_("Enable"), "enable"),
            action(_("Disable"), "disable", danger=True),
        ),
        data_testid="staff-menu",
    )


# --- Invitations ----------------------------------------------------------------------------------


def _invitations() -> Component:
    shown = el.ul(each(of(StaffAdmin).invitations, _invitation))
    nobody = empty_state(
        _("Nobody is invited"),
        _("Whoever you invite gets a letter with a link, and chooses a password that nobody else knows."),
    )
    return panel(_("Invited"), when(length(of(StaffAdmin).invitations) > 0, shown, nobody), plain=True)


def _invitation(invitation: Any) -> Component:
    until = when(
        invitation.is_over,
        el.span(_("The link has run out"), class_name="text-coral"),
        el.span(_("Link works until "), invitation.expires),
    )
    return el.li(
        el.div(
            el.span(invitation.email, class_name="block font-medium break-all"),
            el.span(invitation.role_label, " · ", until, class_name="block text-xs text-ink-3"),
            class_name="min-w-0",
        ),
        when(invitation.may_edit, lambda: _invitation_actions(invitation)),
        class_name=(
            "flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line px-4 py-2.5"
        ),
        data_testid="invitation-row",
        data_email=invitation.email,
    )


def _invitation_actions(invitation: Any) -> Component:
    return el.div(
        button(
            _("Send again"),
            kind="outline",
            size="xs",
            on_click=StaffAdmin.change_invitation(invitation.id, "send_again"),
            data_testid="invitation-again",
        ),
        button(
            _("Withdraw"),
            kind="plain",
            size="xs",
            on_click=StaffAdmin.change_invitation(invitation.id, "withdraw"),
            data_testid="invitation-withdraw",
        ),
        class_name="flex gap-1.5",
    )


def _invitation_dialog() -> Component:
    shown = of(StaffAdmin)

    def option(role: Any) -> Component:
        return el.option(role.label, value=role.code)

    form = el.form(
        form_errors(StaffAdmin),
        text_field(
            _("Email"),
            name="email",
            error=error_of(StaffAdmin, "email"),
            type="email",
            auto_complete="off",
            max_length=MAX_LENGTH,
            required=True,
            hint=_("The letter goes there. Its link works for 72 hours, once."),
        ),
        select_field(
            _("Role"),
            each(shown.roles, option),
            name="role",
            error=error_of(StaffAdmin, "role"),
            default_value="clerk",
            hint=_("You can give the rights that you have yourself."),
        ),
        busy_button(
            _("Send the invitation"),
            answer=shown.answers,
            busy_label=_("Sending"),
            size="m",
            type="submit",
            class_name="justify-self-start",
            data_testid="staff-invite-send",
        ),
        on_submit=submit(StaffAdmin.invite),
        no_validate=True,
        key=when(shown.is_inviting, "open", "closed"),
        class_name=look.FIELDS,
    )
    return dialog(
        _("Invite somebody"),
        form,
        id="staff-invitation",
        is_open=shown.is_inviting,
        on_close=StaffAdmin.close_invitation,
    )


PAGE = Page(
    ROUTE,
    page,
    _("Staff"),
    load=(StaffAdmin.load,),
    needs="staff.view",
    menu=MenuItem(_("Staff"), "people", keys="g t", foot=True),
)
