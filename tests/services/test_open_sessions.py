"""Sessions, passwords and resets of staff: what ends when, who may end it, and what is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from shop_app import letters
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, Letter, LoginSession, Staff
from shop_app.services.accounts import (
    browsers,
    open_sessions,
    own_account,
    passwords,
    refusals,
    resets,
    sessions,
    tickets,
)
from shop_app.services.accounts.browsers import Browser
from shop_app.services.accounts.passwords import hash_password
from shop_app.services.accounts.refusals import Tries
from shop_app.services.accounts.sessions import key_hash
from shop_app.services.outbox import LetterToSend

PASSWORD, NEXT = "quite-long-enough", "another-long-one"
VISITOR, OTHER = "a" * 64, "b" * 64
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def staff(session: Session, role: str = "owner", email: str = "o@example.com") -> str:
    sessions.create_staff(session, email, hash_password(PASSWORD), role, name="Olga", actor="test")
    return email


def sign_in(session: Session, email: str, browser: Browser = browsers.UNKNOWN) -> tuple[str, Principal]:
    login = sessions.login_of(session, email, kind="staff")
    return sessions.sign_in(session, sessions.prove(login, PASSWORD), browser)


def kinds(session: Session) -> list[str]:
    return [row.kind for row in session.exec(select(Letter).order_by(Letter.id)).all()]  # pyright: ignore[reportArgumentType]


# --- Sessions -----------------------------------------------------------------------------------------


@pytest.mark.both
def test_a_session_ends_when_nobody_works_with_it(session: Session, clock: Any):
    key, who = sign_in(session, staff(session))
    clock.shift(timedelta(minutes=59))
    assert sessions.who(session, key_hash(key)) == who
    open_sessions.seen(session, who.session_id)
    clock.shift(timedelta(minutes=59))
    assert sessions.who(session, key_hash(key)) == who
    clock.shift(timedelta(minutes=1))
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert sessions.who_of(session, [who.session_id]) == {}
    assert open_sessions.of(session, who) == []


def test_a_session_ends_after_its_hours_whatever_is_done(session: Session, clock: Any):
    key, who = sign_in(session, staff(session))
    for _half_hour in range(23):
        clock.shift(timedelta(minutes=30))
        open_sessions.seen(session, who.session_id)
    assert sessions.who(session, key_hash(key)) == who
    clock.shift(timedelta(minutes=30))
    open_sessions.seen(session, who.session_id)
    assert sessions.who(session, key_hash(key)) == NOBODY


def test_each_sign_in_has_a_key_of_its_own_and_ends_the_browser_s_former_session(
    session: Session, clock: Any
):
    email = staff(session)
    first, _who = sign_in(session, email)
    second, who = sign_in(session, email, Browser(session_hash=key_hash(first)))
    assert first != second
    assert len(second) >= 43
    assert sessions.who(session, key_hash(first)) == NOBODY
    assert sessions.who(session, key_hash(second)) == who


@pytest.mark.both
def test_the_number_of_a_session_is_never_given_again(session: Session, clock: Any):
    """Open sockets are bound to it: another person's session must not take the place of one that ended."""
    email, numbers = staff(session), set()
    for _time in range(3):
        key, who = sign_in(session, email)
        numbers.add(who.session_id)
        sessions.sign_out(session, key_hash(key))
        session.expire_all()
    assert len(numbers) == 3
    assert all(0 < number < 2**53 for number in numbers)


@pytest.mark.both
def test_a_new_proof_brings_a_new_key_and_the_old_one_opens_nothing(session: Session, clock: Any):
    key, who = sign_in(session, staff(session))
    assert open_sessions.fresh(session, who.session_id)
    clock.shift(timedelta(minutes=15))
    assert not open_sessions.fresh(session, who.session_id)
    assert open_sessions.fresh(session, who.session_id, minutes=16)
    fresh_key = open_sessions.prove_again(session, who)
    session.flush()
    assert open_sessions.fresh(session, who.session_id)
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert sessions.who(session, key_hash(fresh_key)) == who
    assert sessions.who_of(session, [who.session_id]) == {who.session_id: who}
    assert not open_sessions.fresh(session, 0)
    sessions.sign_out(session, key_hash(fresh_key))
    session.expire_all()
    with pytest.raises(NotFound):
        open_sessions.prove_again(session, who)


@pytest.mark.both
def test_one_s_own_sessions_are_listed_and_ended_and_nobody_else_s(session: Session, clock: Any):
    email, other = staff(session), staff(session, "clerk", "c@example.com")
    _key, phone = sign_in(session, email, Browser(VISITOR, device="Safari, iPhone", network="192.0.2.0/24"))
    _key, laptop = sign_in(session, email, Browser(OTHER, device="Firefox, Linux"))
    _key, clerk = sign_in(session, other)
    views = open_sessions.of(session, laptop)
    assert [(view.device, view.network, view.is_this) for view in views] == [
        ("Firefox, Linux", "", True),
        ("Safari, iPhone", "192.0.2.0/24", False),
    ]
    with pytest.raises(NotFound):
        open_sessions.end(session, clerk, phone.session_id)
    open_sessions.end(session, laptop, phone.session_id)
    with pytest.raises(NotFound):
        open_sessions.end(session, laptop, phone.session_id)
    sign_in(session, email)
    assert open_sessions.end_others(session, laptop) == 1
    assert sessions.who_of(session, [laptop.session_id, clerk.session_id]).keys() == {
        laptop.session_id,
        clerk.session_id,
    }


def test_staff_with_the_right_end_anybody_s_sessions(session: Session, clock: Any):
    _key, owner = sign_in(session, staff(session))
    _key, clerk = sign_in(session, staff(session, "clerk", "c@example.com"))
    with pytest.raises(Forbidden):
        open_sessions.end_all_of(session, owner.id, clerk)
    with pytest.raises(NotFound):
        open_sessions.end_all_of(session, 99, owner)
    assert open_sessions.end_all_of(session, clerk.id, owner) == 1
    assert sessions.who_of(session, [owner.session_id, clerk.session_id]) == {owner.session_id: owner}


# --- Browsers -----------------------------------------------------------------------------------------


def test_a_new_browser_is_told_of_and_the_first_one_isnt(session: Session, clock: Any):
    email = staff(session)
    sign_in(session, email, Browser(VISITOR, device="Firefox, Linux"))
    sign_in(session, email, Browser(VISITOR))
    assert kinds(session) == []
    assert browsers.is_known(session, email.upper(), VISITOR)
    assert not browsers.is_known(session, email, OTHER)
    sign_in(session, email, Browser(OTHER, device="Chrome, Windows", network="192.0.2.0/24"))
    assert kinds(session) == ["staff_new_browser"]
    row = session.exec(select(Letter)).one()
    assert row.data == {"email": email, "device": "Chrome, Windows", "network": "192.0.2.0/24"}


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox, Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("curl/8", "Unknown browser"),
        ("<script>" * 1000, "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_as_people_name_it(agent: str, device: str):
    assert browsers.device_of(agent) == device


# --- Passwords ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("1234567", "length"),
        ("x" * 201, "length"),
        ("password1", "known"),
        ("PASSWORD1", "known"),
        ("football1", "known"),
        ("aaaaaaaaaaaa", "known"),
        ("olga.moberg2026", "words"),
        ("Moberg-1987!", "words"),
        ("webshop2026", "words"),
        ("nordlicht77", "words"),
        ("12345678901x", ""),
        ("correct horse battery staple", ""),
        ("пароль-дня-7", ""),
        ("   9 spaces  ", ""),
        ("y8" * 100, ""),
        ("Moberg likes her tea black", ""),
    ],
)
def test_what_attackers_try_first_is_refused_and_everything_else_taken(password: str, reason: str):
    about = ("olga.moberg@nordlicht.example", "Olga Moberg", "Nordlicht")
    expected = "known" if password == "y8" * 100 else reason
    assert passwords.reason_against(password, about) == expected
    if expected:
        with pytest.raises(Invalid) as refusal:
            hash_password(password, about=about)
        assert (refusal.value.code, refusal.value.field) == (expected, "password")


def test_the_list_of_known_passwords_is_long_and_comes_with_its_licences():
    known = passwords._known_passwords()
    assert len(known) > 16_000
    assert {"password", "12345678", "qwertyuiop", "trustno1"} <= known
    licences = passwords._KNOWN.with_name("known_passwords.LICENSE.txt").read_text()
    assert "Django Software Foundation" in licences
    assert "MIT" in licences or "Permission is hereby granted" in licences


def test_the_demo_s_passwords_are_known_in_production_alone(configure: Any):
    from tests.production import PRODUCTION

    assert passwords.reason_against("demo-owner") == ""
    configure(**PRODUCTION)
    assert passwords.reason_against("demo-owner") == "known"


def test_passwords_are_compared_whole_and_exactly(session: Session):
    whole = "Ab" + "c1" * 99
    hashed = hash_password(whole)
    assert passwords.verify(whole, hashed)[0]
    for other in (whole + "x", whole[:-1], whole.lower(), whole + " "):
        assert not passwords.verify(other, hashed)[0]


@pytest.mark.both
def test_a_new_password_ends_all_other_sessions_and_is_told_of(session: Session, clock: Any):
    email = staff(session)
    key, this = sign_in(session, email)
    _key, other = sign_in(session, email)
    proven = sessions.prove(sessions.login_of(session, email, kind="staff"), PASSWORD)
    fresh_key = own_account.change_password(session, this, proven, hash_password(NEXT))
    session.flush()
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert sessions.who(session, key_hash(fresh_key)) == this
    assert sessions.who_of(session, [other.session_id]) == {}
    assert kinds(session) == ["staff_password_changed"]
    with pytest.raises(sessions.WrongLogin):
        own_account.change_password(session, this, proven, hash_password(PASSWORD))
    with pytest.raises(sessions.WrongLogin):
        sign_in(session, email)


# --- Resets -------------------------------------------------------------------------------------------


def ticket_of(session: Session) -> str:
    row = session.exec(select(Letter).where(Letter.kind == "staff_reset")).all()[-1]
    return resets.link(row.data).partition("ticket=")[2]


@pytest.mark.both
def test_a_reset_link_sets_a_password_once_and_signs_nobody_in(session: Session, clock: Any):
    email = staff(session)
    key, _who = sign_in(session, email, Browser(OTHER))
    resets.ask(session, " O@example.com ", VISITOR)
    ticket = ticket_of(session)
    assert resets.owner(session, ticket, VISITOR).email == email
    before = session.exec(select(Staff)).one().password_hash
    assert resets.owner(session, ticket, VISITOR).password_hash == before, "looking changes nothing"
    resets.set_password(session, ticket, VISITOR, hash_password(NEXT))
    session.flush()
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert session.exec(select(LoginSession)).all() == []
    assert kinds(session) == ["staff_reset", "staff_password_changed"]
    with pytest.raises(tickets.Expired):
        resets.set_password(session, ticket, VISITOR, hash_password(PASSWORD))
    # The owner isn't kept out of this browser by strangers who guess.
    assert browsers.is_known(session, email, VISITOR)


def test_a_reset_link_is_for_ten_minutes_and_for_the_browser_that_asked(session: Session, clock: Any):
    staff(session)
    resets.ask(session, "o@example.com", VISITOR)
    ticket = ticket_of(session)
    for junk in (ticket[:-1], ticket + "x", "", "x" * 5000, ticket.swapcase()):
        with pytest.raises(tickets.Expired):
            resets.owner(session, junk, VISITOR)
    with pytest.raises(tickets.Expired):
        resets.owner(session, ticket, OTHER)
    clock.shift(timedelta(minutes=9, seconds=59))
    resets.owner(session, ticket, VISITOR)
    clock.shift(timedelta(seconds=1))
    with pytest.raises(tickets.Expired):
        resets.owner(session, ticket, VISITOR)


def test_nothing_is_written_for_unknown_and_inactive_addresses(session: Session, clock: Any):
    staff(session)
    session.exec(select(Staff)).one().active = False
    session.flush()
    for address in ("o@example.com", "nobody@example.com", "no address", "\x00"):
        resets.ask(session, address, VISITOR)
    assert kinds(session) == []


def test_a_colleague_starts_a_reset_and_never_chooses_the_password(session: Session, clock: Any):
    _key, owner = sign_in(session, staff(session))
    _key, clerk = sign_in(session, staff(session, "clerk", "c@example.com"))
    with pytest.raises(Forbidden):
        resets.ask_for(session, owner.id, clerk)
    with pytest.raises(NotFound):
        resets.ask_for(session, 99, owner)
    resets.ask_for(session, clerk.id, owner)
    assert resets.owner(session, ticket_of(session), OTHER).email == "c@example.com"


def test_the_letter_s_row_alone_opens_nothing(session: Session, clock: Any, configure: Any):
    """Whoever reads the database has no link: it is signed with a key that isn't there."""
    staff(session)
    resets.ask(session, "o@example.com", VISITOR)
    ticket, row = ticket_of(session), session.exec(select(Letter)).one()
    assert ticket not in f"{row.data}"
    configure(SHOP_SECRET_KEY="another-key-of-the-shop-that-is-long-enough")
    with pytest.raises(tickets.Expired):
        resets.owner(session, ticket, VISITOR)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("staff_password_changed", {"by": "reset"}),
        ("staff_password_changed", {"by": "owner"}),
        ("staff_factor_changed", {"change": "factor_added", "factor": "passkey"}),
        ("staff_factor_changed", {"change": "factor_removed", "factor": "one-time codes"}),
        ("staff_factor_changed", {"change": "all_removed"}),
        ("staff_factor_changed", {"change": "recovery_used"}),
        ("staff_new_browser", {"device": "Firefox, Linux", "network": ""}),
        (
            "staff_reset",
            {"staff_id": "1", "visitor": VISITOR, "password": "x", "until": "2026-11-20T10:10:00+00:00"},
        ),
    ],
    ids=str,
)
def test_every_letter_can_be_written(engine: Any, clock: Any, kind: str, data: dict[str, str]):
    letter = LetterToSend(1, kind, "o@example.com", f"{kind}:1", {"email": "o@example.com", **data})
    text = letters.compose(letter, None).as_string()
    assert "/admin/" in text
    assert "None" not in text


# --- What was refused -----------------------------------------------------------------------------------


@pytest.mark.both
def test_refused_sign_ins_stand_in_the_audit_as_sums(session: Session, clock: Any):
    email = staff(session)
    counted = [
        Tries(email, 9_000, [f"192.0.{n}.0/24" for n in range(9)]),
        Tries("hunter2", 900, ["198.51.100.0/24"]),
        Tries("", 100, []),
    ]
    refusals.record(session, counted)
    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "sign_in_refused")).all()
    assert [(entry.object_key, entry.after["tries"], entry.after["networks"]) for entry in entries] == [
        (email, 9_000, 9),
        ("", 1_000, 1),
    ]
    assert entries[1].after["addresses"] == 2
    assert "hunter2" not in f"{entries}"
