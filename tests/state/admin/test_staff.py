"""The pages of staff and roles: what their handlers do, ask for again, and refuse."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from shop_app.core import db
from shop_app.core.access import policy
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.models import Staff, StaffInvitation, StaffRole
from shop_app.state.admin import staff as staff_state
from shop_app.state.admin.history import History
from shop_app.state.admin.invitation import Invitation
from shop_app.state.admin.staff import RoleAdmin, StaffAdmin
from tests.factories import make_staff
from tests.state.conftest import open_tab as open_tab
from tests.state.conftest import send, submit

OWNER = Principal("staff", 0, "owner@example.com", "Olga", "owner", BUILT_IN_ROLES["owner"])


@pytest.fixture(autouse=True)
def _as_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    policy.set_principal(OWNER)

    async def fresh(_by: Principal) -> bool:
        return True

    monkeypatch.setattr(staff_state, "is_fresh", fresh)
    yield
    policy.set_principal(None)


def rows(table: Any) -> list[Any]:
    with db.reading() as session:
        return list(session.exec(select(table)))


async def test_somebody_is_invited_and_the_invitation_withdrawn(open_tab):
    tab = await open_tab(StaffAdmin, "/admin/staff")
    await tab.load()
    assert [(role.code, role.label) for role in tab.roles][0] == ("owner", "Owner")
    await submit(tab, "invite", {"email": "no address", "role": "clerk"})
    assert tab.errors == {"email": "Enter an e-mail address like name@example.com."}
    await submit(tab, "invite", {"email": "nia@example.com", "role": "clerk"})
    assert [one.email for one in tab.invitations] == ["nia@example.com"]
    await send(tab, "change_invitation", invitation=tab.invitations[0].id, action="withdraw")
    assert (tab.invitations, rows(StaffInvitation)) == ([], [])


async def test_a_member_is_changed(open_tab):
    with db.transaction() as session:
        kim = make_staff(session, "kim@example.com", "clerk")
    tab = await open_tab(StaffAdmin, "/admin/staff")
    await send(tab, "change_role", member=kim.id, role="manager")
    await send(tab, "change_member", member=kim.id, action="disable")
    assert [(one.role, one.state) for one in tab.members] == [("manager", "disabled")]
    with pytest.raises(ShopError, match="no such role"):
        await send(tab, "change_role", member=kim.id, role="king")
    with pytest.raises(ShopError, match="no such member"):
        await send(tab, "change_member", member=4711, action="enable")


async def test_whoever_hasnt_proven_who_they_are_lately_is_asked(open_tab, monkeypatch):
    async def stale(_by: Principal) -> bool:
        return False

    monkeypatch.setattr(staff_state, "is_fresh", stale)
    with db.transaction() as session:
        kim = make_staff(session, "kim@example.com", "clerk")
    members, roles = await open_tab(StaffAdmin), await open_tab(RoleAdmin)
    asked = [
        await submit(members, "invite", {"email": "nia@example.com", "role": "clerk"}),
        await send(members, "change_member", member=kim.id, action="disable"),
        await send(members, "change_role", member=kim.id, role="owner"),
        await submit(roles, "save", {"label": "Packer", "right-orders.view": "on"}),
        await send(roles, "remove", code="clerk"),
        await send(roles, "require_factor", code="clerk", required=True),
    ]
    assert [one.handler.fn.__qualname__ for one in asked] == ["Reauth.ask"] * 6
    assert (rows(StaffInvitation), len(rows(StaffRole))) == ([], 3)
    assert [(one.role, one.active) for one in rows(Staff)] == [("clerk", True)]


async def test_a_role_is_made_changed_and_removed(open_tab):
    tab = await open_tab(RoleAdmin, "/admin/staff/roles")
    await send(tab, "edit", code="")
    assert (tab.is_editing, tab.edited.code) == (True, "")
    await submit(tab, "save", {"label": "", "right-orders.fulfil": "on"})
    assert list(tab.errors) == ["label"]
    await submit(tab, "save", {"label": "Packer", "right-orders.fulfil": "on"})
    assert (tab.is_editing, tab.roles[-1].permissions) == (False, ["orders.fulfil", "orders.view"])
    await send(tab, "edit", code="packer")
    await submit(
        tab, "save", {"code": "packer", "version": "1", "label": "Packer", "right-products.view": "on"}
    )
    assert (tab.roles[-1].permissions, tab.roles[-1].version) == (["products.view"], 2)
    await submit(tab, "save", {"code": "packer", "version": "1", "label": "Old", "right-orders.view": "on"})
    assert tab.refused == "Somebody else has changed this role meanwhile. Look at it again."
    await send(tab, "require_factor", code="packer", required=True)
    assert tab.with_factor == ["packer"]
    await send(tab, "remove", code="packer")
    assert [role.code for role in tab.roles] == ["owner", "manager", "clerk"]


@pytest.mark.parametrize(
    "form",
    [
        {"label": "x" * 5_000, "right-orders.view": "on"},
        {"label": "Odd", "right-../..": "on"},
        {"label": "Odd", "code": "'; DROP", "right-orders.view": "on"},
        {"label": "Odd", "right-no.such": "on"},
    ],
    ids=str,
)
async def test_junk_makes_no_role(open_tab, form):
    tab = await open_tab(RoleAdmin)
    await submit(tab, "save", form)
    assert tab.errors
    assert len(rows(StaffRole)) == 3


async def test_a_link_that_opens_nothing_says_so_and_takes_no_password(open_tab):
    tab = await open_tab(Invitation, f"/admin/invitation/{'t' * 43}")
    await tab.load()
    assert (tab.is_gone, tab.welcome.email) == (True, "")
    await submit(tab, "accept", {"name": "Nia", "password": "seven paper lanterns"})
    assert tab.refused.startswith("This invitation can't be used any more.")
    assert (tab.is_accepted, rows(Staff)) == (False, [])


async def test_the_history_of_a_record_is_read_when_it_is_opened(open_tab):
    with db.transaction() as session:
        make_staff(session, "kim@example.com", "clerk", name="Kim")
    tab = await open_tab(History)
    await send(tab, "open", kind="staff", key="kim@example.com")
    assert [(one.who, one.what) for one in tab.entries] == [("test", "Created")]
    policy.set_principal(Principal("staff", 0, "c@example.com", permissions=frozenset({"orders.view"})))
    with pytest.raises(ShopError, match="See staff"):
        await send(tab, "open", kind="staff", key="kim@example.com")
