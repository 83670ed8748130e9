"""Accounts: who somebody is, what their role may do, and passwords that tell nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from shop_app.errors import Conflict, Forbidden, Invalid
from shop_app.models import AuditEntry, LoginSession, Staff
from shop_app.services import accounts
from shop_app.services.accounts import NOBODY, PERMISSIONS


@pytest.mark.both
def test_staff_sign_in_are_known_by_their_session_and_gone_after_signing_out(session: Session):
    accounts.create_staff(session, " Clerk@Example.com ", "demo-clerk", "clerk", name="Claas", actor="test")
    key, person = accounts.sign_in(session, "CLERK@example.com", "demo-clerk", kind="staff")
    assert (person.kind, person.email, person.name, person.role) == (
        "staff",
        "clerk@example.com",
        "Claas",
        "clerk",
    )
    assert accounts.who(session, accounts.key_hash(key)) == person
    accounts.sign_out(session, accounts.key_hash(key))
    accounts.sign_out(session, accounts.key_hash(key))
    assert accounts.who(session, accounts.key_hash(key)) == NOBODY


@pytest.mark.both
def test_a_customer_signs_in_as_a_customer_alone(session: Session):
    accounts.create_customer(session, "sam@example.com", "demo-shopper", name="Sam")
    key, person = accounts.sign_in(session, "sam@example.com", "demo-shopper", kind="customer")
    assert (person.kind, person.permissions) == ("customer", frozenset())
    assert accounts.who(session, accounts.key_hash(key)).id == person.id
    with pytest.raises(accounts.WrongLogin):
        accounts.sign_in(session, "sam@example.com", "demo-shopper", kind="staff")


def test_wrong_address_and_wrong_password_read_the_same(session: Session):
    accounts.create_customer(session, "sam@example.com", "demo-shopper")
    sentences = set()
    for email, password in (("sam@example.com", "wrong-password"), ("no@example.com", "demo-shopper")):
        with pytest.raises(accounts.WrongLogin) as refusal:
            accounts.sign_in(session, email, password, kind="customer")
        sentences.add(refusal.value.message)
    assert sentences == {"The e-mail address or the password is wrong."}
    assert session.exec(select(LoginSession)).all() == []


def test_a_session_ends_by_itself_and_with_the_account(session: Session, clock):
    accounts.create_staff(session, "o@example.com", "long-enough", "owner", actor="test")
    key, person = accounts.sign_in(session, "o@example.com", "long-enough", kind="staff")
    session.get_one(Staff, person.id).active = False
    session.flush()
    assert accounts.who(session, accounts.key_hash(key)) == NOBODY
    session.get_one(Staff, person.id).active = True
    session.flush()
    assert accounts.who(session, accounts.key_hash(key)) == person
    clock.shift(timedelta(hours=13))
    assert accounts.who(session, accounts.key_hash(key)) == NOBODY


def test_neither_key_nor_password_stands_in_the_database(session: Session):
    accounts.create_staff(session, "o@example.com", "CANARY-password", "owner", actor="test")
    key, _person = accounts.sign_in(session, "o@example.com", "CANARY-password", kind="staff")
    staff, login = session.exec(select(Staff)).one(), session.exec(select(LoginSession)).one()
    audit = session.exec(select(AuditEntry)).all()
    assert "CANARY" not in f"{staff!r}{audit!r}"
    assert staff.password_hash.startswith("$argon2id$")
    assert key not in f"{login!r}"


def test_roles_may_do_more_from_clerk_to_owner():
    clerk, manager, owner = PERMISSIONS["clerk"], PERMISSIONS["manager"], PERMISSIONS["owner"]
    assert clerk < manager < owner
    assert "orders.refund" not in clerk
    assert "orders.refund" in manager
    assert owner - manager == {"staff.edit", "settings.edit"}


def test_need_refuses_what_a_role_may_not(session: Session):
    clerk = accounts.create_staff(session, "c@example.com", "long-enough", "clerk", actor="test")
    clerk.need("orders.fulfil")
    for permission in ("orders.refund", "staff.edit", ""):
        with pytest.raises(Forbidden):
            clerk.need(permission)
    with pytest.raises(Forbidden):
        NOBODY.need("orders.view")


@pytest.mark.parametrize(
    ("email", "password", "role", "field"),
    [
        ("nobody", "long-enough", "owner", "email"),
        ("a@example.com", "short", "owner", "password"),
        ("a@example.com", "x" * 201, "owner", "password"),
        ("a@example.com", "long-enough", "king", "role"),
    ],
)
def test_staff_that_can_not_be_are_refused_and_nothing_is_written(
    session: Session, email, password, role, field
):
    with pytest.raises(Invalid) as refusal:
        accounts.create_staff(session, email, password, role, actor="test")
    assert refusal.value.field == field
    assert session.exec(select(Staff)).all() == []


def test_an_address_is_taken_once_in_any_spelling(session: Session):
    accounts.create_staff(session, "a@example.com", "long-enough", "clerk", actor="test")
    with pytest.raises(Conflict):
        accounts.create_staff(session, "A@EXAMPLE.com", "long-enough", "owner", actor="test")
    assert [staff.role for staff in session.exec(select(Staff))] == ["clerk"]


def test_what_staff_do_stands_in_the_audit(session: Session):
    accounts.create_staff(session, "a@example.com", "long-enough", "clerk", actor="staff:o@example.com")
    accounts.sign_in(session, "a@example.com", "long-enough", kind="staff")
    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    assert [(entry.actor, entry.action, entry.object_key) for entry in entries] == [
        ("staff:o@example.com", "created", "a@example.com"),
        ("staff:a@example.com", "signed_in", "a@example.com"),
    ]
