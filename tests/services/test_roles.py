"""Roles: what may be written of them, by whom, and that nobody gives away what they don't have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, select

from shop_app.core.access.permissions import BUILT_IN_ROLES, MissingRight
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Invalid, NotFound
from shop_app.models import AuditEntry, StaffRole
from shop_app.services.accounts import invitations, sessions
from shop_app.services.staff import roles
from shop_app.services.staff.roles import RoleDraft
from tests.factories import make_staff, open_session

OWNER = Principal("staff", 0, "owner@example.com", "Olga", "owner", BUILT_IN_ROLES["owner"])
MANAGER = Principal("staff", 0, "m@example.com", "Mona", "manager", BUILT_IN_ROLES["manager"])
LEAD = replace(MANAGER, permissions=MANAGER.permissions | {"staff.edit"})
"""Somebody who may change staff, and may not change settings."""
PACKER = RoleDraft("Packer", frozenset({"orders.fulfil"}))


def stored(session: Session) -> list[Any]:
    rows = session.exec(select(StaffRole)).all()
    return sorted((row.code, row.label, tuple(row.permissions), row.version) for row in rows)


def test_a_new_shop_has_three_roles_with_the_permissions_of_the_catalogue(session: Session):
    shown = roles.all_roles(session, OWNER)
    assert [(role.code, role.label, role.is_built_in, role.is_fixed, role.may_edit) for role in shown] == [
        ("owner", "Owner", True, True, False),
        ("manager", "Manager", True, False, True),
        ("clerk", "Clerk", True, False, True),
    ]
    assert {role.code: frozenset(role.permissions) for role in shown} == BUILT_IN_ROLES


def test_a_role_is_written_with_what_its_rights_need(session: Session):
    code = roles.create(session, PACKER, OWNER)
    person = make_staff(session, "p@example.com", code)
    assert person.permissions == {"orders.fulfil", "orders.view"}
    entry = session.exec(select(AuditEntry).where(AuditEntry.object_kind == "role")).one()
    assert (entry.actor, entry.action, entry.object_key) == (OWNER.actor, "role.created", "packer")
    assert (entry.before, entry.after) == ({}, {"label": "Packer", "rights": ["Send orders", "See orders"]})


def test_a_change_is_written_down(session: Session):
    code = roles.create(session, PACKER, OWNER)
    make_staff(session, "p@example.com", code)
    make_staff(session, "c@example.com", "clerk")

    roles.change(session, code, RoleDraft("Packers", frozenset({"orders.view"})), 1, OWNER)

    assert roles.all_roles(session, OWNER)[-1].permissions == ["orders.view"]
    assert roles.all_roles(session, OWNER)[-1].version == 2
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "role.changed")).one()
    assert entry.before == {"label": "Packer", "rights": ["Send orders", "See orders"]}
    assert entry.after == {"label": "Packers", "rights": ["See orders"]}


def test_the_same_again_changes_nothing(session: Session):
    code = roles.create(session, PACKER, OWNER)
    before = stored(session)
    roles.change(session, code, PACKER, 1, OWNER)
    assert stored(session) == before
    assert len(session.exec(select(AuditEntry)).all()) == 1


def test_rights_of_an_extension_that_is_gone_stay_with_the_role(session: Session):
    roles.create(session, PACKER, OWNER)
    row = session.get_one(StaffRole, "packer")
    row.permissions = [*row.permissions, "giftwrap.edit"]
    session.flush()
    roles.change(session, "packer", RoleDraft("Packer", frozenset({"orders.view"})), 1, OWNER)
    assert session.get_one(StaffRole, "packer").permissions == ["giftwrap.edit", "orders.view"]


@pytest.mark.parametrize(
    ("draft", "by", "refusal", "says"),
    [
        (PACKER, MANAGER, MissingRight, "Change staff"),
        (RoleDraft("Boss", frozenset({"settings.edit"})), LEAD, MissingRight, "Change settings"),
        (RoleDraft("", frozenset({"orders.view"})), OWNER, Invalid, "name"),
        (RoleDraft("x" * 61, frozenset({"orders.view"})), OWNER, Invalid, "name"),
        (RoleDraft(" OWNER ", frozenset({"orders.view"})), OWNER, Invalid, "Another role"),
        (RoleDraft("Idle", frozenset()), OWNER, Invalid, "Choose what"),
        (RoleDraft("Odd", frozenset({"no.such"})), OWNER, Invalid, "no such right"),
    ],
    ids=["no right to", "more than they have", "no name", "long name", "taken", "empty", "unknown"],
)
def test_a_role_that_can_t_be_made_is_refused(session: Session, draft, by, refusal, says):
    before = stored(session)
    with pytest.raises(refusal, match=says):
        roles.create(session, draft, by)
    assert stored(session) == before
    assert session.exec(select(AuditEntry)).all() == []


@pytest.mark.parametrize(
    ("code", "draft", "version", "by", "refusal", "says"),
    [
        ("owner", PACKER, 1, OWNER, Conflict, "Owners may do everything"),
        ("clerk", PACKER, 1, MANAGER, MissingRight, "Change staff"),
        ("clerk", PACKER, 7, OWNER, Conflict, "Somebody else has changed"),
        ("boss", PACKER, 1, LEAD, MissingRight, "Change settings"),
        ("clerk", RoleDraft("Clerk", frozenset({"settings.edit"})), 1, LEAD, MissingRight, "Change settings"),
        ("nobody", PACKER, 1, OWNER, NotFound, "no such role"),
    ],
)
def test_a_role_that_can_t_be_changed_stays(session: Session, code, draft, version, by, refusal, says):
    roles.create(session, RoleDraft("Boss", frozenset({"settings.edit"})), OWNER)
    before = stored(session)
    with pytest.raises(refusal, match=says):
        roles.change(session, code, draft, version, by)
    assert stored(session) == before


def test_only_a_role_of_the_shop_s_own_that_nobody_has_is_removed(session: Session):
    code = roles.create(session, PACKER, OWNER)
    for built_in, says in (("owner", "Owners may do everything"), ("clerk", "comes with the shop")):
        with pytest.raises(Conflict, match=says):
            roles.remove(session, built_in, OWNER)
    make_staff(session, "p@example.com", code)
    invitations.invite(session, "q@example.com", code, OWNER)
    before = stored(session)
    with pytest.raises(Conflict, match="2 people have this role"):
        roles.remove(session, code, OWNER)
    with pytest.raises(MissingRight, match="Change staff"):
        roles.remove(session, code, MANAGER)
    assert stored(session) == before
    empty = roles.create(session, RoleDraft("Empty", frozenset({"orders.view"})), OWNER)
    roles.remove(session, empty, OWNER)
    assert stored(session) == before


def test_who_reads_the_role_as_it_is_now(session: Session):
    code = roles.create(session, PACKER, OWNER)
    make_staff(session, "p@example.com", code)
    token = open_session(session, "p@example.com")
    assert sessions.who(session, token).permissions == {"orders.fulfil", "orders.view"}
    roles.change(session, code, RoleDraft("Packer", frozenset({"products.view"})), 1, OWNER)
    assert sessions.who(session, token).permissions == {"products.view"}
