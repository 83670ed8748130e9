"""Roles: a matrix of the catalogue of permissions, and the form of one role."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.history import history
from shop_app.components.admin.parts import act, panel, skeleton, text_field
from shop_app.components.controls import button
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.icons import icon
from shop_app.components.kit import (
    Component,
    both,
    contains,
    each,
    el,
    fragment,
    not_,
    of,
    text,
    when,
)
from shop_app.components.overlays import drawer
from shop_app.components.parts import busy_button
from shop_app.core.access import permissions
from shop_app.core.access.permissions import Permission
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.shell import BackOffice
from shop_app.state.admin.staff import RIGHT, RoleAdmin

ROUTE = "/admin/staff/roles"
FIRST = "sticky start-0 z-1 min-w-48 bg-surface text-start"


def page() -> Component:
    new = button(
        _("New role"),
        size="s",
        on_click=RoleAdmin.edit(""),
        data_testid="role-new",
        **act(_("New role"), "n"),
    )
    return desk(
        panel(
            _("What each role may do"),
            el.div(_matrix(), class_name=look.TABLE_BOX),
            note=_("A change counts at once, also for those who are signed in."),
            plain=True,
        ),
        _dialog(),
        title=_("Roles"),
        current="/admin/staff",
        ready=of(RoleAdmin).loaded,
        back=(_("Staff"), "/admin/staff"),
        actions=when(contains(of(BackOffice).rights, "staff.edit"), new),
        waiting=skeleton("h-96"),
    )


def _groups() -> list[tuple[str, list[Permission]]]:
    """The catalogue by heading; what extensions add without one comes last."""
    other = _("Other")
    named = sorted(permissions.catalogue(), key=lambda one: one.group == "")
    order = list(dict.fromkeys(one.group or other for one in named))
    ordered = sorted(named, key=lambda one: order.index(one.group or other))
    return [(group, list(members)) for group, members in groupby(ordered, lambda one: one.group or other)]


# --- The matrix -----------------------------------------------------------------------------------


def _matrix() -> Component:
    roles = of(RoleAdmin).roles
    head = el.tr(el.th(_("Right"), scope="col", class_name=f"{look.TH} {FIRST}"), each(roles, _role))
    rows = [row for group, members in _groups() for row in (_heading(group), *map(_right, members))]
    return el.table(
        el.thead(head),
        el.tbody(*rows, _heading(_("Signing in")), _factor()),
        class_name=look.TABLE,
        data_testid="role-matrix",
    )


def _role(role: Any) -> Component:
    edit = el.button(
        role.label,
        type="button",
        on_click=RoleAdmin.edit(role.code),
        class_name=f"{styles.LINK} cursor-pointer font-medium text-ink",
        data_testid="role-edit",
        data_role=role.code,
    )
    people = when(role.members == 1, _("1 person"), text(role.members) + _(" people"))
    return el.th(
        when(role.may_edit, edit, el.span(role.label, class_name="font-medium text-ink")),
        el.span(people, class_name="block"),
        scope="col",
        class_name=f"{look.TH} h-14 text-center!",
    )


def _heading(group: str) -> Component:
    return el.tr(
        el.th(
            group, scope="colgroup", col_span=100, class_name=f"{look.TH} {FIRST} pt-3 font-medium text-ink-2"
        )
    )


def _right(permission: Permission) -> Component:
    def cell(role: Any) -> Component:
        yes = fragment(
            icon("check", "icon inline size-4 text-green"), el.span(_("yes"), class_name=styles.SR)
        )
        no = fragment(
            el.span("–", aria_hidden="true", class_name="text-ink-3"),
            el.span(_("no"), class_name=styles.SR),
        )
        return el.td(
            when(contains(role.permissions, permission.key), yes, no), class_name=f"{look.TD} text-center"
        )

    return el.tr(
        el.th(
            el.span(permission.label, class_name="block text-sm text-ink"),
            el.span(permission.lets, class_name="block max-w-80 whitespace-normal max-sm:hidden"),
            scope="row",
            class_name=f"{look.TH} {FIRST} py-1.5 in-[tr:last-child]:border-b-0",
        ),
        each(of(RoleAdmin).roles, cell),
        data_right=permission.key,
    )


def _factor() -> Component:
    """Whether members need a second factor: a switch for each role that the reader may change."""

    def cell(role: Any) -> Component:
        is_needed = contains(of(RoleAdmin).with_factor, role.code)
        switch = el.input(
            type="checkbox",
            checked=is_needed,
            on_change=RoleAdmin.require_factor(role.code, not_(is_needed)),
            aria_label=_("Second factor for ") + role.label,
            class_name=styles.CHECK_BOX,
            data_testid="role-factor",
            data_role=role.code,
        )
        may_edit = contains(of(BackOffice).rights, "staff.edit")
        seen = when(is_needed, _("yes"), _("no"))
        return el.td(when(may_edit, switch, seen), class_name=f"{look.TD} text-center")

    return el.tr(
        el.th(
            el.span(_("Second factor needed"), class_name="block text-sm text-ink"),
            el.span(
                _("Whoever has none adds one before anything else."),
                class_name="block max-w-80 whitespace-normal max-sm:hidden",
            ),
            scope="row",
            class_name=f"{look.TH} {FIRST} py-1.5 in-[tr:last-child]:border-b-0",
        ),
        each(of(RoleAdmin).roles, cell),
    )


# --- One role -------------------------------------------------------------------------------------


def _dialog() -> Component:
    shown = of(RoleAdmin)
    title = when(shown.edited.code != "", _("Role: ") + shown.edited.label, _("New role"))
    return drawer(
        title,
        _form(),
        when(shown.edited.code != "", el.div(history(of="role", key=shown.edited.code), class_name="mt-6")),
        id="role",
        is_open=shown.is_editing,
        on_close=RoleAdmin.close,
    )


def _form() -> Component:
    shown, role = of(RoleAdmin), of(RoleAdmin).edited
    may_remove = both(role.code != "", not_(role.is_built_in))
    remove = button(
        _("Remove the role"),
        kind="plain",
        class_name="text-coral",
        on_click=RoleAdmin.remove(role.code),
        data_testid="role-remove",
    )
    save = busy_button(
        _("Save the role"),
        answer=f"{shown.answers}-{role.version}",
        busy_label=_("Saving"),
        size="m",
        type="submit",
        data_testid="role-save",
    )
    return el.form(
        form_errors(RoleAdmin),
        text_field(
            _("Name"),
            name="label",
            error=error_of(RoleAdmin, "label"),
            default_value=role.label,
            max_length=60,
            required=True,
            auto_complete="off",
        ),
        *(_group(group, members) for group, members in _groups()),
        el.input(type="hidden", name="code", default_value=role.code),
        el.input(type="hidden", name="version", default_value=text(role.version)),
        el.div(save, when(may_remove, remove), class_name="flex flex-wrap gap-2"),
        on_submit=submit(RoleAdmin.save),
        no_validate=True,
        key=f"{role.code}-{role.version}-{shown.is_editing}",
        class_name=look.FIELDS,
    )


def _group(group: str, members: list[Permission]) -> Component:
    return el.fieldset(
        el.legend(group, class_name="w-full border-t border-line pt-3 pb-1.5 text-xs font-medium"),
        el.div(*map(_box, members), class_name="grid gap-2"),
    )


def _box(permission: Permission) -> Component:
    """Rights that the reader lacks can't be given away."""
    has = contains(of(BackOffice).rights, permission.key)
    return el.label(
        el.input(
            type="checkbox",
            name=f"{RIGHT}{permission.key}",
            default_checked=contains(of(RoleAdmin).edited.permissions, permission.key),
            disabled=not_(has),
            class_name=styles.CHECK_BOX,
        ),
        el.span(
            permission.label,
            el.span(permission.lets, class_name="block text-xs text-ink-3"),
            when(
                has,
                fragment(),
                el.span(_("You don't have this right"), class_name="block text-xs text-ink-2"),
            ),
        ),
        class_name=styles.CHECK,
    )


PAGE = Page(ROUTE, page, _("Roles"), load=(RoleAdmin.load,), needs="staff.view")
