"""Races for the last owner, and for an invitation's link."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.models import Letter, Staff
from shop_app.services.accounts import invitations, members
from shop_app.services.accounts.passwords import Hashed
from tests.factories import make_staff
from tests.racing import at_once

pytestmark = pytest.mark.both


def owners() -> list[str]:
    with db.reading() as session:
        active = select(Staff.email).where(Staff.active, Staff.role == "owner").order_by(col(Staff.id))
        return list(session.exec(active))


@pytest.mark.parametrize("how", ["disable", "demote", "both"])
def test_of_owners_who_end_each_other_one_stays(engine, how: str):
    with db.transaction() as session:
        people = [make_staff(session, f"o{number}@example.com", "owner") for number in range(8)]

    def end_the_next(name: str) -> str:
        number = int(name)
        by, other = people[number], people[(number + 1) % len(people)]
        with db.transaction() as session:
            if how == "disable" or (how == "both" and number % 2):
                members.disable(session, other.id, by)
            else:
                members.change_role(session, other.id, "clerk", by)
        return "ended"

    ended = at_once(end_the_next, [str(number) for number in range(len(people))], 8)

    assert ended == {"ended": 7, "Conflict": 1}
    assert len(owners()) == 1


def test_of_many_who_use_a_link_one_joins(engine):
    owner = Principal("staff", 0, "o@example.com", "O", "owner", BUILT_IN_ROLES["owner"])
    with db.transaction() as session:
        invitations.invite(session, "new@example.com", "clerk", owner)
        token = invitations.token_of(session.exec(select(Letter)).one().data["word"])

    def join(name: str) -> str:
        with db.transaction() as session:
            invitations.accept(session, token, name, Hashed("hash"))
        return "joined"

    assert at_once(join, [f"Nia {number}" for number in range(8)], 8) == {"joined": 1, "NotFound": 7}
