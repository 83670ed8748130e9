"""How customers sign in: sessions, passwords and addresses, what a change needs, and who is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from shop_app import letters
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Invalid, NotFound
from shop_app.models import (
    Address,
    AuditEntry,
    CreditAccount,
    CreditKind,
    Customer,
    EmailChange,
    KnownBrowser,
    Letter,
    LoginSession,
    Passkey,
    SignInCode,
)
from shop_app.services import retention
from shop_app.services.accounts import (
    customer_account,
    customer_sign_in,
    email_changes,
    open_sessions,
    passkeys,
    sessions,
    sign_in_codes,
    tickets,
    ways_in,
)
from shop_app.services.accounts.browsers import UNKNOWN, Browser
from shop_app.services.accounts.passwords import Hashed
from shop_app.services.accounts.sessions import Proven, WrongLogin, key_hash
from shop_app.services.accounts.ways_in import ProveAgain
from shop_app.services.desk import letters as desk_letters
from shop_app.services.outbox import LetterToSend
from tests.factories import add
from tests.passkey_device import Device
from tests.staff_people import add_staff

pytestmark = pytest.mark.both
ADA, NEW, OTHER = "ada@example.com", "new@example.com", "other@example.com"
HERE, ELSEWHERE = "a" * 64, "b" * 64
SET, NEXT = Hashed("$argon2id$one"), Hashed("$argon2id$two")


def customer(session: Session, email: str = ADA, *, verified: bool = True) -> Customer:
    return add(session, Customer(email=email, name="Ada", verified_at=now() if verified else None))


def enter(session: Session, email: str = ADA, browser: Browser = UNKNOWN) -> tuple[str, Principal]:
    """A session of the account with that address, made if need be."""
    row = session.exec(select(Customer).where(Customer.email == email)).first() or customer(session, email)
    return sessions.open_for_customer(session, row, browser)


def account(session: Session, by: Principal) -> Customer:
    session.expire_all()
    return session.get_one(Customer, by.id)


def sent(session: Session) -> list[tuple[str, str]]:
    """Every letter so far: its kind, and to whom."""
    rows = session.exec(select(Letter).order_by(col(Letter.id))).all()
    return [(row.kind, row.to_email) for row in rows]


def last(session: Session, kind: str) -> Letter:
    return session.exec(select(Letter).where(Letter.kind == kind).order_by(col(Letter.id))).all()[-1]


def code(session: Session) -> str:
    """What the newest letter to a new address says."""
    row = last(session, "customer_email_code")
    assert email_changes.code_of(row.data) not in json.dumps(row.data), "the row alone confirms nothing"
    return email_changes.code_of(row.data)


def undo_ticket(session: Session) -> str:
    return email_changes.undo_link(last(session, "customer_email_changed").data).rpartition("/")[2]


def change_email(session: Session, by: Principal, email: str = NEW) -> None:
    email_changes.ask(session, by, email, HERE)
    assert email_changes.confirm(session, by, code(session), HERE)


# --- Sessions -------------------------------------------------------------------------------------


def test_one_s_own_sessions_are_listed_and_ended_and_nobody_else_s(session: Session, clock: Any):
    key, this = enter(session, browser=Browser(HERE, device="Firefox, Linux", network="192.0.2.0/24"))
    clock.shift(60)
    phone_key, phone = enter(session, browser=Browser(ELSEWHERE, device="Safari, iPhone"))
    _key, stranger = enter(session, OTHER)
    views = open_sessions.of(session, this)
    assert [(view.device, view.network, view.is_this) for view in views] == [
        ("Firefox, Linux", "192.0.2.0/24", True),
        ("Safari, iPhone", "", False),
    ]
    for foreign in (stranger.session_id, 1, 2**53 - 1):
        with pytest.raises(NotFound):
            customer_account.end_session(session, this, foreign)
    customer_account.end_session(session, this, phone.session_id)
    assert sessions.who(session, key_hash(phone_key)) == NOBODY
    assert sessions.who(session, key_hash(key)) == this
    for _again in range(2):
        enter(session)
    assert customer_account.end_others(session, this) == 2
    assert sessions.who_of(session, [this.session_id, stranger.session_id]).keys() == {
        this.session_id,
        stranger.session_id,
    }
    assert session.exec(select(AuditEntry)).all() == [], "the audit is the back office's"


def test_staff_and_customers_of_the_same_number_never_see_each_other_s_sessions(session: Session, clock: Any):
    _key, ada = enter(session)
    clerk = add_staff(session, "cleo@example.com")
    clerk_session = add(
        session,
        LoginSession(token_hash="x" * 64, staff_id=clerk.id, expires_at=now() + timedelta(hours=1)),
    )
    assert ada.id == clerk.id
    assert clerk_session.id
    assert [view.id for view in open_sessions.of(session, ada)] == [ada.session_id]
    assert [view.id for view in open_sessions.of(session, clerk)] == [clerk_session.id]
    assert open_sessions.of(session, NOBODY) == []
    with pytest.raises(NotFound):
        open_sessions.end(session, ada, clerk_session.id)
    with pytest.raises(NotFound):
        open_sessions.end(session, clerk, ada.session_id)
    assert open_sessions.end_others(session, clerk) == 1
    assert sessions.who_of(session, [ada.session_id]) == {ada.session_id: ada}


def test_a_customer_s_session_doesnt_end_by_idling(session: Session, clock: Any):
    key, ada = enter(session)
    clock.shift(timedelta(days=59))
    assert sessions.who(session, key_hash(key)) == ada
    assert len(open_sessions.of(session, ada)) == 1
    clock.shift(timedelta(days=1))
    assert sessions.who(session, key_hash(key)) == NOBODY


def test_a_new_browser_is_told_of_and_the_first_one_isnt(session: Session, clock: Any):
    enter(session, browser=Browser(HERE, device="Firefox, Linux"))
    enter(session, browser=Browser(HERE))
    assert sent(session) == []
    enter(session, browser=Browser(ELSEWHERE, device="Chrome, Windows", network="192.0.2.0/24"))
    assert sent(session) == [("customer_new_browser", ADA)]
    row = last(session, "customer_new_browser")
    assert (row.data["device"], row.data["network"]) == ("Chrome, Windows", "192.0.2.0/24")


# --- What a change needs --------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Session, Principal], Any]] = {
    "end a session": lambda session, by: customer_account.end_session(session, by, 1),
    "end all others": customer_account.end_others,
    "set a password": lambda session, by: customer_account.set_password(session, by, NEXT),
    "remove it": customer_account.remove_password,
    "add a passkey": lambda session, by: customer_account.add_passkey(session, by, {}, HERE, ""),
    "remove a passkey": lambda session, by: customer_account.remove_passkey(session, by, 1),
    "change the address": lambda session, by: email_changes.ask(session, by, NEW, HERE),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_needs_a_fresh_proof_and_a_session(session: Session, clock: Any, what: str):
    key, ada = enter(session)
    account(session, ada).password_hash = SET.text
    session.flush()
    clock.shift(timedelta(minutes=15))
    with pytest.raises(ProveAgain):
        CHANGES[what](session, ada)
    staff = add_staff(session, "cleo@example.com")
    sessions.sign_out(session, key_hash(key))
    for nobody in (ada, NOBODY, staff):
        with pytest.raises(NotFound):
            CHANGES[what](session, nobody)
    assert account(session, ada).password_hash == SET.text
    assert session.exec(select(EmailChange)).all() == []
    assert sent(session) == []


def test_a_code_by_letter_proves_again_in_this_browser_alone(session: Session, clock: Any):
    key, ada = enter(session)
    clock.shift(timedelta(minutes=15))
    customer_account.ask_code(session, ada, HERE)
    seed = session.exec(select(SignInCode)).one().seed
    digits = sign_in_codes.digits_of(seed, ADA)
    assert customer_account.prove_by_letter(session, ada, digits, ELSEWHERE) == ""
    assert customer_account.prove_by_letter(session, ada, "000000", HERE) in ("", None)
    fresh = customer_account.prove_by_letter(session, ada, digits, HERE)
    session.flush()
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert sessions.who(session, key_hash(fresh)) == ada
    assert open_sessions.fresh(session, ada.session_id)
    assert customer_account.prove_by_letter(session, ada, digits, HERE) == "", "once"


# --- Passwords and passkeys -----------------------------------------------------------------------


def test_a_password_is_set_changed_and_removed_and_its_owner_told(session: Session, clock: Any):
    key, this = enter(session)
    _key, other = enter(session)
    fresh = customer_account.set_password(session, this, SET)
    session.flush()
    assert account(session, this).password_hash == SET.text
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert sessions.who(session, key_hash(fresh)) == this
    assert sessions.who_of(session, [other.session_id]) == {}
    customer_account.set_password(session, this, NEXT)
    customer_account.remove_password(session, this)
    assert account(session, this).password_hash is None
    with pytest.raises(NotFound):
        customer_account.remove_password(session, this)
    changes = [row.data["change"] for row in session.exec(select(Letter).order_by(col(Letter.id)))]
    assert changes == ["set", "changed", "removed"]
    assert sent(session) == [("customer_password_changed", ADA)] * 3


def test_passkeys_are_added_and_removed_by_their_owner_alone_who_is_told(session: Session, clock: Any):
    _key, ada = enter(session)
    _key, stranger = enter(session, OTHER)
    device = Device()
    answer = device.make(passkeys.add_options(session, ada, HERE))
    customer_account.add_passkey(session, ada, answer, HERE, "Laptop")
    (view,) = customer_account.view(session, ada, HERE).passkeys
    assert view.name == "Laptop"
    assert customer_account.view(session, stranger, HERE).passkeys == []
    with pytest.raises(NotFound):
        customer_account.remove_passkey(session, stranger, view.id)
    customer_account.remove_passkey(session, ada, view.id)
    assert session.exec(select(Passkey)).all() == []
    assert sent(session) == [("customer_passkey_changed", ADA)] * 2
    assert [row.data["change"] for row in session.exec(select(Letter).order_by(col(Letter.id)))] == [
        "added",
        "removed",
    ]


# --- Another address ------------------------------------------------------------------------------


def test_an_address_changes_once_the_new_one_has_confirmed_it(session: Session, clock: Any):
    key, ada = enter(session)
    _key, other = enter(session)
    email_changes.ask(session, ada, " New@Example.com ", HERE)
    assert email_changes.pending(session, ada, HERE) == NEW
    assert email_changes.pending(session, ada, ELSEWHERE) == "", "another browser isn't asked for the code"
    assert account(session, ada).email == ADA
    assert sent(session) == [("customer_email_code", NEW)]
    digits = code(session)
    assert email_changes.confirm(session, ada, f" {digits[:3]} {digits[3:]} ", HERE)
    assert account(session, ada).email == NEW
    assert sessions.who(session, key_hash(key)).email == NEW
    assert sessions.who_of(session, [other.session_id]) == {}
    assert sent(session)[1:] == [("customer_email_changed", ADA), ("customer_email_confirmed", NEW)]
    with pytest.raises(Conflict):
        email_changes.confirm(session, ada, digits, HERE)


@pytest.mark.parametrize("verified", [True, False])
def test_store_credit_goes_along_with_an_address_that_was_proven(
    session: Session, clock: Any, verified: bool
):
    credit = add(
        session,
        CreditAccount(kind=CreditKind.STORE_CREDIT, currency="EUR", email=ADA),
    )
    _key, ada = enter(session)
    account(session, ada).verified_at = now() if verified else None
    change_email(session, ada)
    session.refresh(credit)
    assert credit.email == (NEW if verified else ADA), "who only typed an address gets nothing of it"
    if verified:
        email_changes.undo(session, undo_ticket(session))
        session.refresh(credit)
        assert credit.email == ADA


@pytest.mark.parametrize("email", ["", "no address", ADA, "ADA@example.com", "a@b", "\x00@example.com"])
def test_what_can_be_no_new_address_is_refused(session: Session, clock: Any, email: str):
    _key, ada = enter(session)
    with pytest.raises(Invalid) as refusal:
        email_changes.ask(session, ada, email, HERE)
    assert refusal.value.field == "email"
    assert session.exec(select(EmailChange)).all() == []
    assert sent(session) == []


def test_a_code_has_five_tries_ten_minutes_and_one_browser(session: Session, clock: Any):
    _key, ada = enter(session)
    email_changes.ask(session, ada, NEW, HERE)
    right = code(session)
    with pytest.raises(Conflict):
        email_changes.confirm(session, ada, right, ELSEWHERE)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for junk in (wrong, "", "１２３４５６", "x" * 200, "\x00"):
        assert not email_changes.confirm(session, ada, junk, HERE)
    with pytest.raises(Conflict):
        email_changes.confirm(session, ada, right, HERE)
    email_changes.ask(session, ada, NEW, HERE)
    later = code(session)
    clock.shift(timedelta(minutes=9, seconds=59))
    assert email_changes.pending(session, ada, HERE) == NEW
    clock.shift(timedelta(seconds=1))
    with pytest.raises(Conflict):
        email_changes.confirm(session, ada, later, HERE)
    assert account(session, ada).email == ADA


def test_what_is_asked_for_anew_replaces_what_was_and_can_be_dropped(session: Session, clock: Any):
    _key, ada = enter(session)
    _key, stranger = enter(session, OTHER)
    email_changes.ask(session, ada, "first@example.com", HERE)
    first = code(session)
    email_changes.ask(session, ada, NEW, HERE)
    assert not email_changes.confirm(session, ada, first, HERE) or first == code(session)
    email_changes.drop(session, stranger)
    assert email_changes.pending(session, ada, HERE) == NEW
    email_changes.drop(session, ada)
    assert email_changes.pending(session, ada, HERE) == ""
    with pytest.raises(Conflict):
        email_changes.confirm(session, ada, code(session), HERE)


def test_a_taken_address_gets_the_same_answer_and_its_owner_a_letter(session: Session, clock: Any):
    _key, ada = enter(session)
    customer(session, OTHER)
    email_changes.ask(session, ada, OTHER, HERE)
    assert email_changes.pending(session, ada, HERE) == OTHER
    assert sent(session) == [("customer_email_taken", OTHER)]
    change = session.exec(select(EmailChange)).one()
    guessed = email_changes.code_of({"change": str(change.id), "seed": change.seed})
    assert not email_changes.confirm(session, ada, guessed, HERE), "even the right one is a wrong one"
    assert account(session, ada).email == ADA


def test_an_address_that_is_taken_meanwhile_is_a_wrong_code(session: Session, clock: Any):
    _key, ada = enter(session)
    email_changes.ask(session, ada, NEW, HERE)
    customer(session, NEW)
    assert not email_changes.confirm(session, ada, code(session), HERE)
    assert account(session, ada).email == ADA


# --- Taken back -----------------------------------------------------------------------------------


def test_the_old_address_takes_it_back_and_ends_every_other_way_in(session: Session, clock: Any):
    _key, thief = enter(session)
    device = Device()
    customer_account.add_passkey(
        session, thief, device.make(passkeys.add_options(session, thief, HERE)), HERE, ""
    )
    customer_account.set_password(session, thief, SET)
    change_email(session, thief)
    ticket = undo_ticket(session)
    clock.shift(timedelta(hours=71, minutes=59))
    assert email_changes.undo_view(session, ticket).state == "open"
    assert account(session, thief).email == NEW, "looking changes nothing"
    email_changes.undo(session, ticket)
    row = account(session, thief)
    assert (row.email, row.password_hash) == (ADA, None)
    assert session.exec(select(LoginSession)).all() == []
    assert session.exec(select(Passkey)).all() == []
    assert {address for kind, address in sent(session) if kind == "customer_email_undone"} == {ADA, NEW}
    letters_before = sent(session)
    email_changes.undo(session, ticket)
    assert sent(session) == letters_before, "twice is once"
    assert email_changes.undo_view(session, ticket).state == "done"


def test_after_72_hours_nothing_is_taken_back(session: Session, clock: Any):
    key, ada = enter(session)
    change_email(session, ada)
    ticket = undo_ticket(session)
    clock.shift(timedelta(hours=72))
    for junk in (ticket, ticket[:-1], "", "x" * 5000, "\x00"):
        with pytest.raises(tickets.Expired):
            email_changes.undo(session, junk)
        assert email_changes.undo_view(session, junk).state == "over"
    assert account(session, ada).email == NEW
    assert sessions.who(session, key_hash(key)).id == ada.id


def test_the_first_address_takes_back_what_was_changed_twice_and_the_second_cant_after(
    session: Session, clock: Any
):
    _key, thief = enter(session)
    change_email(session, thief, "thief@example.com")
    first = undo_ticket(session)
    change_email(session, thief, "thief2@example.com")
    second = undo_ticket(session)
    email_changes.undo(session, first)
    assert account(session, thief).email == ADA
    email_changes.undo(session, second)
    assert account(session, thief).email == ADA, "that one is undone along with it"


def test_an_old_address_with_an_account_of_its_own_isnt_taken_from_it(session: Session, clock: Any):
    _key, ada = enter(session)
    change_email(session, ada)
    ticket, other = undo_ticket(session), customer(session, ADA)
    assert email_changes.undo_view(session, ticket).problem
    with pytest.raises(Conflict):
        email_changes.undo(session, ticket)
    assert (account(session, ada).email, session.get_one(Customer, other.id).email) == (NEW, ADA)


def test_changes_of_an_address_are_forgotten_once_they_cant_be_taken_back(session: Session, clock: Any):
    _key, ada = enter(session)
    change_email(session, ada)
    clock.shift(timedelta(days=3))
    assert retention.email_changes(session, 10) == 0
    clock.shift(timedelta(days=2))
    assert retention.email_changes(session, 10) == 1
    assert session.exec(select(EmailChange)).all() == []


# --- Nobody gets in before the owner --------------------------------------------------------------

PREPARED: dict[str, type[Any]] = {
    "passkey": Passkey,
    "session": LoginSession,
    "change of the address": EmailChange,
    "code": SignInCode,
    "browser": KnownBrowser,
    "address": Address,
}


def prepare(session: Session, row: Customer) -> Principal:
    """Everything that somebody who doesn't read its letters can do with an account."""
    _key, mallory = sessions.open_for_customer(session, row, Browser(ELSEWHERE))
    device = Device()
    customer_account.add_passkey(
        session, mallory, device.make(passkeys.add_options(session, mallory, ELSEWHERE)), ELSEWHERE, ""
    )
    customer_account.set_password(session, mallory, SET)
    email_changes.ask(session, mallory, NEW, ELSEWHERE)
    sign_in_codes.ask(session, row.email, ELSEWHERE)
    add(session, Address(customer_id=mallory.id, line1="Elsewhere 1", country="DE"))
    return mallory


def in_by_code(session: Session, email: str = ADA) -> Principal:
    """The owner signs in by the code of a letter."""
    sign_in_codes.ask(session, email, HERE)
    statement = select(SignInCode.seed).where(SignInCode.visitor_hash == HERE, SignInCode.email == email)
    digits = sign_in_codes.digits_of(session.exec(statement).one(), email)
    signed = customer_sign_in.by_code(session, email, digits, Browser(HERE))
    assert signed
    return signed[1]


@pytest.mark.parametrize("what", [*PREPARED, "password"])
def test_what_somebody_else_prepared_is_gone_once_the_owner_verifies(session: Session, clock: Any, what: str):
    mallory = prepare(session, customer(session, verified=False))
    prepared = code(session)
    owner = in_by_code(session)
    assert owner.id == mallory.id
    row = account(session, owner)
    assert row.verified_at == now()
    if what == "password":
        assert row.password_hash is None
        with pytest.raises(WrongLogin):
            sessions.sign_in(session, Proven("customer", ADA, SET))
        return
    left = session.exec(select(PREPARED[what])).all()
    if what == "session":
        assert [one.id for one in left] == [owner.session_id]
    elif what == "browser":
        assert [one.visitor_hash for one in left] == [HERE]
    else:
        assert left == []
    with pytest.raises(NotFound):
        email_changes.confirm(session, mallory, prepared, ELSEWHERE)


def test_a_later_verification_takes_nothing_away(session: Session, clock: Any):
    ada = in_by_code(session)
    customer_account.set_password(session, ada, SET)
    add(session, Address(customer_id=ada.id, line1="Home 1", country="DE"))
    clock.shift(60)
    verified_at = account(session, ada).verified_at
    again = in_by_code(session)
    row = account(session, again)
    assert (row.password_hash, row.verified_at) == (SET.text, verified_at)
    assert len(session.exec(select(Address)).all()) == 1
    ways_in.verified(session, ada.id)
    assert sessions.who_of(session, [again.session_id]) == {again.session_id: again}


def test_whoever_was_signing_in_as_the_owner_verified_is_refused(session: Session, clock: Any):
    """The password was right when it was looked at, and isn't any more when the session would begin."""
    row = customer(session, verified=False)
    row.password_hash = SET.text
    session.flush()
    session.connection().exec_driver_sql(
        "UPDATE customer SET password_hash = NULL, verified_at = '2026-01-01 00:00:00.000000+00:00'"
    )
    with pytest.raises(WrongLogin):
        sessions.open_for_customer(session, row, Browser(ELSEWHERE))
    assert session.exec(select(LoginSession)).all() == []


# --- Letters --------------------------------------------------------------------------------------


def test_every_letter_about_an_account_reads_whole(session: Session, clock: Any):
    _key, ada = enter(session, browser=Browser(HERE))
    enter(session, browser=Browser(ELSEWHERE, device="<script>", network="192.0.2.0/24"))
    customer_account.set_password(session, ada, SET)
    customer(session, OTHER)
    email_changes.ask(session, ada, OTHER, HERE)
    change_email(session, ada)
    email_changes.undo(session, undo_ticket(session))
    for row in session.exec(select(Letter)).all():
        assert row.id
        message = letters.compose(
            LetterToSend(row.id, row.kind, row.to_email, row.dedupe_key, row.data), None
        )
        text, html = (part.get_content() for part in message.iter_parts())  # pyright: ignore
        assert "{" not in text
        assert "<script>" not in html
        if row.kind == "customer_email_code":
            assert (digits := email_changes.code_of(row.data)) in text
            assert digits not in desk_letters._without_secrets(row.kind, text)
        if row.kind == "customer_email_changed":
            assert (link := email_changes.undo_link(row.data)) in text
            assert link not in desk_letters._without_secrets(row.kind, text), "staff take nothing back"
