"""Accounts: who someone is, what their role may do, and passwords that reveal nothing."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlmodel import Session, col, select

from shop_app.cli.main import main
from shop_app.core import db, sqlite_writer
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY
from shop_app.core.errors import Conflict, Forbidden, Invalid
from shop_app.demo import load
from shop_app.models import AuditEntry, LoginSession, Staff
from shop_app.services.accounts import passwords, sessions
from shop_app.services.accounts.passwords import Hashed, hash_password
from shop_app.services.accounts.sessions import Kind
from shop_app.services.staff import audit
from shop_app.web import sign_in as signing
from tests.factories import sign_in


@pytest.mark.both
def test_staff_sign_in_are_known_by_their_session_and_gone_after_signing_out(session: Session):
    sessions.create_staff(
        session, " Clerk@Example.com ", hash_password("demo-clerk"), "clerk", name="Claas", actor="test"
    )
    key, person = sign_in(session, "CLERK@example.com", "demo-clerk", "staff")
    assert (person.kind, person.email, person.name, person.role) == (
        "staff",
        "clerk@example.com",
        "Claas",
        "clerk",
    )
    assert sessions.who(session, sessions.key_hash(key)) == person
    sessions.sign_out(session, sessions.key_hash(key))
    sessions.sign_out(session, sessions.key_hash(key))
    assert sessions.who(session, sessions.key_hash(key)) == NOBODY


@pytest.mark.both
def test_a_customer_signs_in_as_a_customer_alone(session: Session):
    sessions.create_customer(session, "sam@example.com", hash_password("demo-shopper"), name="Sam")
    key, person = sign_in(session, "sam@example.com", "demo-shopper", "customer")
    assert (person.kind, person.permissions) == ("customer", frozenset())
    assert sessions.who(session, sessions.key_hash(key)).id == person.id
    with pytest.raises(sessions.WrongLogin):
        sign_in(session, "sam@example.com", "demo-shopper", "staff")


def test_wrong_address_and_wrong_password_read_the_same(session: Session):
    sessions.create_customer(session, "sam@example.com", hash_password("demo-shopper"))
    sentences = set()
    for email, password in (("sam@example.com", "wrong-password"), ("no@example.com", "demo-shopper")):
        with pytest.raises(sessions.WrongLogin) as refusal:
            sign_in(session, email, password, "customer")
        sentences.add(refusal.value.message)
    assert sentences == {"The e-mail address or the password is wrong."}
    assert session.exec(select(LoginSession)).all() == []


def test_a_session_ends_by_itself_and_with_the_account(session: Session, clock):
    sessions.create_staff(session, "o@example.com", hash_password("long-enough"), "owner", actor="test")
    key, person = sign_in(session, "o@example.com", "long-enough", "staff")
    session.get_one(Staff, person.id).active = False
    session.flush()
    assert sessions.who(session, sessions.key_hash(key)) == NOBODY
    session.get_one(Staff, person.id).active = True
    session.flush()
    assert sessions.who(session, sessions.key_hash(key)) == person
    clock.shift(timedelta(hours=13))
    assert sessions.who(session, sessions.key_hash(key)) == NOBODY


def test_neither_key_nor_password_stands_in_the_database(session: Session):
    sessions.create_staff(session, "o@example.com", hash_password("CANARY-password"), "owner", actor="test")
    key, _person = sign_in(session, "o@example.com", "CANARY-password", "staff")
    staff, login = session.exec(select(Staff)).one(), session.exec(select(LoginSession)).one()
    audit = session.exec(select(AuditEntry)).all()
    assert "CANARY" not in f"{staff!r}{audit!r}"
    assert staff.password_hash.startswith("$argon2id$")
    assert key not in f"{login!r}"


def test_roles_may_do_more_from_clerk_to_owner():
    clerk, manager, owner = BUILT_IN_ROLES["clerk"], BUILT_IN_ROLES["manager"], BUILT_IN_ROLES["owner"]
    assert clerk < manager < owner
    assert "orders.refund" not in clerk
    assert "orders.refund" in manager
    assert owner - manager == {"staff.edit", "settings.edit"}


def test_need_refuses_what_a_role_may_not(session: Session):
    clerk = sessions.create_staff(
        session, "c@example.com", hash_password("long-enough"), "clerk", actor="test"
    )
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
        sessions.create_staff(session, email, hash_password(password), role, actor="test")
    assert refusal.value.field == field
    assert session.exec(select(Staff)).all() == []


def test_an_address_is_taken_once_in_any_spelling(session: Session):
    sessions.create_staff(session, "a@example.com", hash_password("long-enough"), "clerk", actor="test")
    with pytest.raises(Conflict):
        sessions.create_staff(session, "A@EXAMPLE.com", hash_password("long-enough"), "owner", actor="test")
    assert [staff.role for staff in session.exec(select(Staff))] == ["clerk"]


def test_what_staff_do_stands_in_the_audit(session: Session):
    sessions.create_staff(
        session, "a@example.com", hash_password("long-enough"), "clerk", actor="staff:o@example.com"
    )
    sign_in(session, "a@example.com", "long-enough", "staff")
    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    assert [(entry.actor, entry.action, entry.object_key) for entry in entries] == [
        ("staff:o@example.com", "created", "a@example.com"),
        ("staff:a@example.com", "signed_in", "a@example.com"),
    ]


def test_who_is_dismissed_or_changes_the_password_while_it_is_proven_is_not_signed_in(session: Session):
    sessions.create_staff(session, "o@example.com", hash_password("long-enough"), "owner", actor="test")
    staff = session.exec(select(Staff)).one()
    proven = sessions.prove(sessions.login_of(session, "o@example.com", kind="staff"), "long-enough")
    before = staff.password_hash
    for change in ({"active": False}, {"password_hash": hash_password("another-one").text}):
        staff.sqlmodel_update({"active": True, "password_hash": before} | change)
        session.flush()
        with pytest.raises(sessions.WrongLogin):
            sessions.sign_in(session, proven)
    assert session.exec(select(LoginSession)).all() == []


@pytest.mark.both
@pytest.mark.parametrize("kind", ["staff", "customer"])
def test_a_weaker_hash_is_renewed_where_somebody_signs_in(session: Session, kind: Kind):
    hashed = hash_password("long-enough")
    if kind == "staff":
        sessions.create_staff(session, "o@example.com", hashed, "owner", actor="test")
    else:
        sessions.create_customer(session, "o@example.com", hashed)
    proven = sessions.prove(sessions.login_of(session, "o@example.com", kind=kind), "long-enough")
    assert proven.renewed is None
    stronger = Hashed("$argon2id$stronger")

    key, _person = sessions.sign_in(session, replace(proven, renewed=stronger))

    assert sessions.who(session, sessions.key_hash(key)).kind == kind
    assert sessions.login_of(session, "o@example.com", kind=kind).hashed == stronger
    # Who was verified with the hash of before has to be verified again.
    with pytest.raises(sessions.WrongLogin):
        sessions.sign_in(session, proven)


@pytest.mark.slow_hashes
def test_a_hash_costs_an_attacker_64_mib_and_three_rounds():
    hashed = hash_password("long-enough")
    assert hashed.text.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.verify("long-enough", hashed) == (True, None)
    assert passwords.verify("long-enoug", hashed) == (False, None)
    assert passwords.verify("long-enough", None) == (False, None)


def test_a_hash_tells_nothing_where_it_is_printed():
    assert "argon2" not in repr(hash_password("long-enough"))
    assert "argon2" not in repr(sessions.Login("staff", "o@example.com", Hashed("$argon2id$x")))


@pytest.mark.parametrize("email", ["o@example.com", "nobody@example.com"])
async def test_signing_in_hashes_on_a_thread_while_no_transaction_is_open(engine, monkeypatch, email):
    with db.transaction() as session:
        sessions.create_staff(session, "o@example.com", hash_password("long-enough"), "owner", actor="test")
    at_work, done, wrote = threading.Event(), threading.Event(), []
    verify = sessions.verify

    def watched(password: str, hashed: Hashed | None) -> tuple[bool, Hashed | None]:
        at_work.set()
        wrote.append(done.wait(10))
        return verify(password, hashed)

    monkeypatch.setattr(sessions, "verify", watched)
    signing_in = asyncio.create_task(signing.sign_in(email, "long-enough", kind="staff"))
    assert await asyncio.to_thread(at_work.wait, 10)
    # The loop turns, and another writes: within a transaction it would wait until the hash is made.
    await db.write(lambda session: audit.record(session, "test", "looked", "staff", "o@example.com"))
    assert not signing_in.done()
    done.set()
    if email.startswith("nobody"):
        with pytest.raises(sessions.WrongLogin):
            await signing_in
    else:
        key, who = await signing_in
        assert (who.role, key != "") == ("owner", True)
    assert wrote == [True]


async def test_twenty_who_sign_in_at_once_are_hashed_two_at_a_time(engine, monkeypatch):
    lock, two, too_many, inside, most = threading.Lock(), threading.Event(), threading.Event(), 0, 0
    hasher = passwords._hasher()

    class Counting:
        def verify_and_update(self, password: str, text: str) -> tuple[bool, str | None]:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
                if most > 1:
                    two.set()
                if most > 2:
                    too_many.set()
            two.wait(10)
            # Long enough for a third to come, if one could.
            too_many.wait(0.02)
            with lock:
                inside -= 1
            return False, None

        hash = staticmethod(hasher.hash)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    tried = (signing.sign_in(f"{n}@example.com", "long-enough", kind="customer") for n in range(20))
    answers = await asyncio.gather(
        *tried, asyncio.to_thread(passwords.verify, "x", None), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [sessions.WrongLogin] * 20 + [tuple]
    assert most == 2


def test_the_demo_s_and_the_command_line_s_passwords_are_hashed_before_their_transaction(engine, monkeypatch):
    wrote: list[bool] = []
    hashing = passwords._hasher()

    class Watching:
        def hash(self, password: str) -> str:
            # Another writer gets in only where nobody has begun.
            free = sqlite_writer.lock.acquire(blocking=False)
            if free:
                sqlite_writer.lock.release()
            wrote.append(free)
            return hashing.hash(password)

    monkeypatch.setattr(passwords, "_hasher", Watching)
    monkeypatch.setenv("SHOP_STAFF_PASSWORD", "long-enough")
    load.fill()
    result = CliRunner().invoke(main, ["create-staff", "m@example.com", "--role", "manager"])
    assert result.exit_code == 0, result.output
    assert wrote == [True] * 4
