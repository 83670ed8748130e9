"""Members of staff and invitations: who may change whom, and links that work once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, col, select

from shop_app import letters
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.permissions import BUILT_IN_ROLES, MissingRight
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Invalid, NotFound, ShopError
from shop_app.models import AuditEntry, Letter, LoginSession, OneTimeCodes, Staff, StaffInvitation
from shop_app.services import outbox
from shop_app.services.accounts import invitations, members, sessions
from shop_app.services.accounts.passwords import Hashed
from shop_app.services.staff import roles
from shop_app.services.staff.roles import RoleDraft
from tests.factories import make_staff, open_session

OWNER = Principal("staff", 0, "boss@example.com", "Olga Owner", "owner", BUILT_IN_ROLES["owner"])
LEAD = replace(OWNER, role="lead", permissions=BUILT_IN_ROLES["manager"] | {"staff.edit"})
HASH = Hashed("argon2-of-a-long-password")


def everything(session: Session) -> list[Any]:
    """What is stored of staff, sessions, invitations, letters and the audit."""
    tables = (Staff, LoginSession, StaffInvitation, Letter, AuditEntry)
    return [sorted(str(row.model_dump()) for row in session.exec(select(table))) for table in tables]


def last(session: Session) -> tuple[Any, ...]:
    entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert entry
    return entry.actor, entry.action, entry.object_key, entry.before, entry.after


def letter_link(session: Session) -> str:
    """The token in the letter that was written last."""
    row = session.exec(select(Letter).order_by(col(Letter.id).desc())).first()
    assert row
    letter = outbox.LetterToSend(row.id or 0, row.kind, row.to_email, row.dedupe_key, row.data)
    body = letters.compose(letter, None).get_body(("plain",))
    assert body
    found = re.search(r"/admin/invitation/([\w-]+)", body.get_content())
    assert found
    return found[1]


# --- Members --------------------------------------------------------------------------------------


def test_members_are_listed_with_what_colleagues_need(session: Session, clock):
    ada = make_staff(session, "ada@example.com", "owner", name="Ada")
    kim = make_staff(session, "kim@example.com", "clerk", name="Kim")
    open_session(session, "kim@example.com")
    make_staff(session, "ben@example.com", "clerk", name="Ben")
    members.disable(session, members_id(session, "ben@example.com"), ada)

    shown = members.members(session, ada)

    assert [
        (m.name, m.role_label, m.state, m.last_seen, m.sessions, m.is_self, m.may_edit) for m in shown
    ] == [
        ("Ada", "Owner", "no_factor", "20 November 2026, 11:00 CET", 0, True, False),
        ("Kim", "Clerk", "no_factor", "20 November 2026, 11:00 CET", 1, False, True),
        ("Ben", "Clerk", "disabled", "", 0, False, True),
    ]
    with pytest.raises(MissingRight, match="See staff"):
        members.members(session, kim)
    assert not any(
        member.may_edit
        for member in members.members(session, replace(LEAD, permissions=frozenset({"staff.view"})))
    )


def members_id(session: Session, email: str) -> int:
    return session.exec(select(Staff.id).where(Staff.email == email)).one() or 0


def test_a_role_counts_with_the_next_look(session: Session):
    kim = make_staff(session, "kim@example.com", "clerk")
    token = open_session(session, "kim@example.com")
    members.change_role(session, kim.id, "manager", OWNER)
    assert sessions.who(session, token).permissions == BUILT_IN_ROLES["manager"]
    assert last(session) == (
        OWNER.actor,
        "staff.role_changed",
        kim.email,
        {"role": "clerk"},
        {"role": "manager"},
    )
    before = everything(session)
    members.change_role(session, kim.id, "manager", OWNER)
    assert everything(session) == before


def test_disabling_ends_the_sessions_at_once(session: Session):
    kim = make_staff(session, "kim@example.com", "clerk")
    token = open_session(session, "kim@example.com")
    members.disable(session, kim.id, OWNER)
    assert sessions.who(session, token) == NOBODY
    assert session.exec(select(LoginSession)).all() == []
    assert last(session) == (OWNER.actor, "staff.disabled", kim.email, {"active": True}, {"active": False})
    members.disable(session, kim.id, OWNER)
    members.enable(session, kim.id, OWNER)
    assert last(session) == (OWNER.actor, "staff.enabled", kim.email, {"active": False}, {"active": True})
    assert sessions.who(session, open_session(session, "kim@example.com")).email == kim.email


def test_sessions_of_others_can_be_ended(session: Session):
    kim = make_staff(session, "kim@example.com", "clerk")
    token = open_session(session, "kim@example.com")
    assert members.end_sessions(session, kim.id, OWNER) == 1
    assert sessions.who(session, token) == NOBODY
    assert last(session)[1:] == ("staff.sessions_ended", kim.email, {"sessions": 1}, {"sessions": 0})
    assert members.end_sessions(session, kim.id, OWNER) == 0


def give_factor(session: Session, staff_id: int) -> None:
    session.add(OneTimeCodes(staff_id=staff_id, sealed_secret="sealed", confirmed_at=now()))
    session.flush()


def test_a_lost_second_factor_is_reset(session: Session):
    kim = make_staff(session, "kim@example.com", "clerk")
    before = everything(session)
    with pytest.raises(Conflict, match="no second factor"):
        members.reset_factor(session, kim.id, OWNER)
    assert everything(session) == before
    give_factor(session, kim.id)
    token = open_session(session, "kim@example.com")
    assert members.members(session, OWNER)[0].state == "active"

    members.reset_factor(session, kim.id, OWNER)

    assert members.members(session, OWNER)[0].state == "no_factor"
    assert sessions.who(session, token) == NOBODY
    assert last(session)[:3] == (OWNER.actor, "factors_removed", kim.email)
    assert session.exec(select(Letter.to_email)).all() == [kim.email]


def test_a_role_that_needs_a_factor_gives_no_rights_without_one(session: Session):
    kim = make_staff(session, "kim@example.com", "clerk")
    ada = make_staff(session, "ada@example.com", "manager")
    give_factor(session, ada.id)
    tokens = [open_session(session, person.email) for person in (kim, ada)]
    members.require_factor(session, "manager", True, OWNER)
    assert members.roles_with_factor(session, OWNER) == ["manager"]
    members.change_role(session, kim.id, "manager", OWNER)
    assert [sessions.who(session, token).permissions for token in tokens] == [
        frozenset(),
        BUILT_IN_ROLES["manager"],
    ]
    members.change_role(session, kim.id, "clerk", OWNER)
    assert sessions.who(session, tokens[0]).permissions == BUILT_IN_ROLES["clerk"]
    before = everything(session)
    with pytest.raises(MissingRight):
        members.require_factor(session, "owner", True, LEAD)
    with pytest.raises(Invalid):
        members.require_factor(session, "no-such", True, OWNER)
    assert everything(session) == before


COMMANDS = {
    "factor": members.reset_factor,
    "role": lambda session, id, by: members.change_role(session, id, "clerk", by),
    "disable": members.disable,
    "enable": members.enable,
    "end": members.end_sessions,
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nobody_changes_somebody_with_more_rights_or_themselves(session: Session, command):
    ada = make_staff(session, "ada@example.com", "owner")
    open_session(session, "ada@example.com")
    clerk = make_staff(session, "kim@example.com", "clerk")
    make_staff(session, "eve@example.com", "owner")
    before = everything(session)
    for by, id, refusal in (
        (LEAD, ada.id, MissingRight),
        (clerk, ada.id, MissingRight),
        (NOBODY, clerk.id, MissingRight),
        (ada, ada.id, Conflict),
        (OWNER, 4711, NotFound),
    ):
        with pytest.raises(refusal):
            command(session, id, by)
    assert everything(session) == before


def test_nobody_gives_a_role_with_more_rights_than_they_have(session: Session):
    kim = make_staff(session, "kim@example.com", "clerk")
    before = everything(session)
    for role, refusal in (("owner", MissingRight), ("no-such", Invalid)):
        with pytest.raises(refusal):
            members.change_role(session, kim.id, role, LEAD)
        with pytest.raises(refusal):
            invitations.invite(session, "new@example.com", role, LEAD)
    assert everything(session) == before
    members.change_role(session, kim.id, "manager", LEAD)


@pytest.mark.both
def test_the_last_active_owner_stays(engine, session: Session):
    ada = make_staff(session, "ada@example.com", "owner")
    eve = make_staff(session, "eve@example.com", "owner")
    members.disable(session, eve.id, OWNER)
    before = everything(session)
    for command in (COMMANDS["role"], COMMANDS["disable"]):
        with pytest.raises(Conflict, match="the last owner"):
            command(session, ada.id, OWNER)
    assert everything(session) == before
    members.change_role(session, eve.id, "clerk", OWNER)
    members.enable(session, eve.id, OWNER)
    members.change_role(session, eve.id, "owner", OWNER)
    members.disable(session, ada.id, OWNER)
    assert session.exec(select(Staff.email).where(Staff.active, Staff.role == "owner")).all() == [eve.email]


# --- Invitations ----------------------------------------------------------------------------------


@pytest.mark.both
def test_somebody_is_invited_and_joins_with_a_password_of_their_own(engine, session: Session, clock):
    invitations.invite(session, " New@Example.com ", "clerk", OWNER)
    (shown,) = invitations.pending(session, OWNER)
    assert (shown.email, shown.role_label, shown.expires, shown.is_over, shown.may_edit) == (
        "new@example.com",
        "Clerk",
        "23 November 2026, 11:00 CET",
        False,
        True,
    )
    token = letter_link(session)
    row = session.exec(select(StaffInvitation)).one()
    assert row.token_hash == key_hash(token)
    assert token not in str(everything(session))
    assert invitations.welcome(session, token) == invitations.Welcome(
        "new@example.com", "Clerk", "23 November 2026, 11:00 CET"
    )

    assert invitations.accept(session, token, "  Nia  New ", HASH) == "new@example.com"

    staff = session.exec(select(Staff).where(Staff.email == "new@example.com")).one()
    assert (staff.name, staff.role, staff.password_hash, staff.active) == (
        "Nia New",
        "clerk",
        HASH.text,
        True,
    )
    assert last(session) == (
        "staff:new@example.com",
        "staff.joined",
        "new@example.com",
        {},
        {"role": "clerk", "name": "Nia New"},
    )
    assert invitations.pending(session, OWNER) == []
    before = everything(session)
    for again in (
        lambda: invitations.accept(session, token, "Eve", HASH),
        lambda: invitations.welcome(session, token),
    ):
        with pytest.raises(NotFound, match="can't be used any more"):
            again()
    assert everything(session) == before


def test_a_link_is_over_after_72_hours(session: Session, clock):
    invitations.invite(session, "new@example.com", "clerk", OWNER)
    token = letter_link(session)
    clock.shift(72 * 3600 - 1)
    assert invitations.welcome(session, token).email == "new@example.com"
    clock.shift(1)
    before = everything(session)
    with pytest.raises(NotFound):
        invitations.welcome(session, token)
    with pytest.raises(NotFound):
        invitations.accept(session, token, "Nia", HASH)
    assert everything(session) == before
    assert invitations.pending(session, OWNER)[0].is_over


def test_another_letter_replaces_the_link(session: Session, clock):
    invitations.invite(session, "new@example.com", "clerk", OWNER)
    first = letter_link(session)
    clock.shift(3600)
    (shown,) = invitations.pending(session, OWNER)
    invitations.send_again(session, shown.id, OWNER)
    second = letter_link(session)
    assert first != second
    with pytest.raises(NotFound):
        invitations.accept(session, first, "Nia", HASH)
    assert invitations.pending(session, OWNER)[0].expires == "23 November 2026, 12:00 CET"
    assert invitations.accept(session, second, "Nia", HASH) == "new@example.com"


def test_a_withdrawn_link_opens_nothing(session: Session):
    invitations.invite(session, "new@example.com", "clerk", OWNER)
    token = letter_link(session)
    (shown,) = invitations.pending(session, OWNER)
    invitations.withdraw(session, shown.id, OWNER)
    assert last(session)[1] == "staff.invitation_withdrawn"
    with pytest.raises(NotFound):
        invitations.accept(session, token, "Nia", HASH)
    with pytest.raises(NotFound):
        invitations.withdraw(session, shown.id, OWNER)
    assert session.exec(select(Staff)).all() == []


def test_who_is_there_is_not_invited(session: Session):
    make_staff(session, "kim@example.com", "clerk")
    invitations.invite(session, "new@example.com", "clerk", OWNER)
    before = everything(session)
    for email, by, refusal in (
        ("KIM@example.com", OWNER, Conflict),
        ("new@example.com", OWNER, Conflict),
        ("no address", OWNER, Invalid),
        ("other@example.com", replace(LEAD, permissions=BUILT_IN_ROLES["manager"]), MissingRight),
    ):
        with pytest.raises(refusal):
            invitations.invite(session, email, "clerk", by)
    assert everything(session) == before


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_an_invitation_without_a_name_isn_t_used_up(session: Session, name: str):
    invitations.invite(session, "new@example.com", "clerk", OWNER)
    token = letter_link(session)
    with pytest.raises(Invalid):
        invitations.accept(session, token, name, HASH)
    assert invitations.accept(session, token, "Nia", HASH) == "new@example.com"


def test_only_those_with_the_rights_of_its_role_change_an_invitation(session: Session):
    roles.create(session, RoleDraft("Boss", frozenset({"settings.edit"})), OWNER)
    invitations.invite(session, "new@example.com", "boss", OWNER)
    (shown,) = invitations.pending(session, LEAD)
    assert not shown.may_edit
    before = everything(session)
    for command in (invitations.send_again, invitations.withdraw):
        with pytest.raises(ShopError, match="Change settings"):
            command(session, shown.id, LEAD)
    assert everything(session) == before
