"""Customers get in by code, link, password and passkey: what is made, what is used up, who is kept out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from shop_app import letters
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Forbidden, NotFound
from shop_app.models import Customer, KnownBrowser, Letter, LoginSession, Passkey, SignInCode
from shop_app.services.accounts import (
    browsers,
    customer_sign_in,
    passkeys,
    passwords,
    sessions,
    sign_in_codes,
    tickets,
)
from shop_app.services.accounts.browsers import Browser
from shop_app.services.accounts.passwords import Hashed
from shop_app.services.accounts.sessions import WrongLogin, key_hash
from shop_app.services.desk import letters as desk_letters
from shop_app.services.outbox import LetterToSend
from shop_app.worker import jobs
from tests.passkey_device import Device

EMAIL, PASSWORD = "marta@example.com", "quite-long-enough"
VISITOR, OTHER = "a" * 64, "b" * 64
HERE, THERE = Browser(VISITOR, device="Firefox, Linux"), Browser(OTHER, device="Safari, iPhone")


def asked(session: Session, email: str = EMAIL, visitor: str = VISITOR) -> str:
    """Ask for a code; the seed of the letter that was written."""
    sign_in_codes.ask(session, email, visitor)
    session.flush()
    return seeds(session)[-1]


def seeds(session: Session) -> list[str]:
    rows = session.exec(select(Letter).where(Letter.kind == "sign_in_code").order_by(Letter.id)).all()  # pyright: ignore[reportArgumentType]
    return [row.data["seed"] for row in rows]


def code(session: Session, email: str = EMAIL, visitor: str = VISITOR) -> str:
    return sign_in_codes.digits_of(asked(session, email, visitor), email)


def wrong(right: str) -> str:
    return f"{(int(right) + 1) % 1_000_000:06}"


def customers(session: Session) -> list[str]:
    return sorted(session.exec(select(Customer.email)).all())


def customer(
    session: Session, email: str = EMAIL, *, blocked: bool = False, verified: bool = True
) -> Customer:
    made = sessions.create_customer(session, email, Hashed("$not-a-hash"), name="Marta")
    row = session.get_one(Customer, made.id)
    row.blocked_at, row.verified_at = now() if blocked else None, now() if verified else None
    session.flush()
    return row


# --- Codes -------------------------------------------------------------------------------------------


@pytest.mark.both
def test_the_first_right_code_makes_the_account_and_verifies_it(session: Session, clock: Any):
    digits = code(session)
    assert customers(session) == []
    signed_in = customer_sign_in.by_code(session, EMAIL, digits, HERE)
    assert signed_in
    key, who = signed_in
    assert (who.kind, who.email, who.permissions) == ("customer", EMAIL, frozenset())
    assert sessions.who(session, key_hash(key)) == who
    assert session.exec(select(Customer.verified_at)).one() == now()
    assert session.exec(select(Customer.password_hash)).one() is None
    assert session.exec(select(LoginSession.device)).one() == "Firefox, Linux"


@pytest.mark.both
def test_a_code_signs_in_once(session: Session, clock: Any):
    digits = code(session)
    assert customer_sign_in.by_code(session, EMAIL, digits, HERE)
    assert customer_sign_in.by_code(session, EMAIL, digits, HERE) is None
    assert session.exec(select(SignInCode)).all() == []
    assert len(session.exec(select(LoginSession)).all()) == 1


@pytest.mark.both
def test_five_tries_and_the_right_code_comes_too_late(session: Session, clock: Any):
    digits = code(session)
    for _number in range(4):
        assert not sign_in_codes.use(session, EMAIL, VISITOR, wrong(digits))
    assert sign_in_codes.use(session, EMAIL, VISITOR, digits), "the fifth is a try too"
    digits = code(session)
    for _number in range(5):
        assert not sign_in_codes.use(session, EMAIL, VISITOR, wrong(digits))
    assert not sign_in_codes.use(session, EMAIL, VISITOR, digits)
    assert customers(session) == []


@pytest.mark.both
def test_a_code_lives_for_ten_minutes(session: Session, clock: Any):
    seed = asked(session)
    digits, token = sign_in_codes.digits_of(seed, EMAIL), sign_in_codes.token_of(seed)
    clock.shift(timedelta(minutes=10) - timedelta(seconds=1))
    assert sign_in_codes.by_link(session, token)
    clock.shift(timedelta(seconds=1))
    assert customer_sign_in.by_code(session, EMAIL, digits, HERE) is None
    assert sign_in_codes.by_link(session, token) is None
    assert customer_sign_in.by_link(session, token, HERE) is None
    assert customers(session) == []


@pytest.mark.both
def test_a_code_belongs_to_the_browser_that_asked(session: Session, clock: Any):
    mine, theirs = code(session), code(session, visitor=OTHER)
    if mine == theirs:
        theirs = code(session, visitor=OTHER)
    assert customer_sign_in.by_code(session, EMAIL, mine, THERE) is None
    assert customer_sign_in.by_code(session, EMAIL, theirs, HERE) is None
    assert customer_sign_in.by_code(session, "other@example.com", mine, HERE) is None
    assert customer_sign_in.by_code(session, EMAIL, mine, HERE)


@pytest.mark.both
def test_asking_again_replaces_the_code(session: Session, clock: Any):
    first = asked(session)
    second = asked(session)
    assert session.exec(select(SignInCode.seed)).all() == [second]
    assert sign_in_codes.by_link(session, sign_in_codes.token_of(first)) is None
    assert not sign_in_codes.use(session, EMAIL, VISITOR, sign_in_codes.digits_of(first, EMAIL))
    assert sign_in_codes.use(session, EMAIL, VISITOR, sign_in_codes.digits_of(second, EMAIL))


@pytest.mark.parametrize(
    "typed", ["", "  ", "12345", "1234567", "x" * 100_000, "१२३४५६", "000000\x00", "None"]
)
def test_junk_is_no_code(session: Session, clock: Any, typed: str):
    right = code(session)
    assert not sign_in_codes.use(session, EMAIL, VISITOR, typed)
    assert sign_in_codes.use(session, EMAIL, VISITOR, f" {right[:3]} {right[3:]}\n")


def test_neither_code_nor_link_is_kept(session: Session, clock: Any):
    seed = asked(session)
    digits, token = sign_in_codes.digits_of(seed, EMAIL), sign_in_codes.token_of(seed)
    row, letter = session.exec(select(SignInCode)).one(), session.exec(select(Letter)).one()
    kept = f"{row.model_dump()} {letter.data}"
    assert digits not in kept.replace(seed, "")
    assert token not in kept
    text = letters.compose(LetterToSend(1, letter.kind, EMAIL, "x:1", letter.data), None).as_string()
    assert digits in text
    assert f"/account/login/link/{token}" in text.replace("=\n", "")


def test_staff_who_read_the_outbox_get_in_with_nobody(session: Session, clock: Any):
    seed = asked(session)
    desk_letters.compose_with(jobs.letter_as_sent)
    by = Principal("staff", 1, "o@example.com", permissions=frozenset({"jobs.view"}))
    shown = desk_letters.shown(session, session.exec(select(Letter.id)).one() or 0, by)
    assert "Your code to sign in" in shown.text
    for secret in (sign_in_codes.digits_of(seed, EMAIL), seed, sign_in_codes.token_of(seed)):
        assert secret not in shown.subject + shown.text


def test_codes_are_spread_over_all_numbers(session: Session):
    made = {sign_in_codes.digits_of(f"{number:032x}", EMAIL) for number in range(2_000)}
    assert all(len(one) == 6 and one.isdigit() for one in made)
    assert len(made) > 1_990
    assert any(one.startswith("0") for one in made)


# --- The link ----------------------------------------------------------------------------------------


@pytest.mark.both
def test_a_link_uses_nothing_up_and_its_button_signs_in_where_it_was_asked_for(session: Session, clock: Any):
    seed = asked(session)
    token = sign_in_codes.token_of(seed)
    for _scanner in range(3):
        living = sign_in_codes.by_link(session, token)
        assert living
        assert (living.email, living.digits) == (EMAIL, sign_in_codes.digits_of(seed, EMAIL))
    assert session.exec(select(SignInCode.tries_left)).one() == 5
    for elsewhere in (THERE, Browser()):
        assert customer_sign_in.by_link(session, token, elsewhere) is None
    assert customers(session) == []
    assert customer_sign_in.by_link(session, token, HERE)
    assert customer_sign_in.by_link(session, token, HERE) is None
    assert customers(session) == [EMAIL]


@pytest.mark.parametrize(
    "change",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token[::-1],
        lambda token: token[:32] + "0" * 32,
        lambda token: token + "0",
    ],
)
def test_a_link_can_t_be_made_up(session: Session, clock: Any, change: Any):
    token = sign_in_codes.token_of(asked(session))
    assert sign_in_codes.by_link(session, change(token)) is None


# --- Who is kept out -----------------------------------------------------------------------------------


@pytest.mark.both
def test_a_blocked_account_gets_no_letter_and_nobody_in(session: Session, clock: Any):
    row = customer(session, blocked=True)
    sign_in_codes.ask(session, EMAIL, VISITOR)
    assert seeds(session) == []
    seed = session.exec(select(SignInCode.seed)).one()
    assert customer_sign_in.by_code(session, EMAIL, sign_in_codes.digits_of(seed, EMAIL), HERE) is None
    sign_in_codes.ask(session, EMAIL, VISITOR)
    token = sign_in_codes.token_of(session.exec(select(SignInCode.seed)).one())
    assert customer_sign_in.by_link(session, token, HERE) is None
    assert sessions.login_of(session, EMAIL, kind="customer").hashed is None
    assert session.exec(select(LoginSession)).all() == []
    row.blocked_at = None
    session.flush()
    assert customer_sign_in.by_code(session, EMAIL, code(session), HERE)


@pytest.mark.both
def test_blocking_ends_what_is_open(session: Session, clock: Any):
    key, who = customer_sign_in.by_code(session, EMAIL, code(session), HERE) or ("", NOBODY)
    assert sessions.who(session, key_hash(key)) == who != NOBODY
    session.get_one(Customer, who.id).blocked_at = now()
    session.flush()
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert sessions.who_of(session, [who.session_id]) == {}


@pytest.mark.both
def test_the_password_of_an_account_that_was_blocked_meanwhile_opens_nothing(session: Session, clock: Any):
    row = customer(session)
    proven = sessions.Proven("customer", EMAIL, Hashed("$not-a-hash"))
    row.blocked_at = now()
    session.flush()
    with pytest.raises(WrongLogin):
        sessions.sign_in(session, proven, HERE)
    assert session.exec(select(LoginSession)).all() == []


@pytest.mark.both
def test_whatever_was_prepared_before_the_owner_came_is_gone(session: Session, clock: Any):
    row = customer(session, verified=False)
    key, attacker = sessions.open_for_customer(session, row, THERE)
    device = Device()
    options = passkeys.add_options(session, attacker, OTHER)
    passkeys.add(session, attacker, device.make(options), OTHER, "Mine")
    planted = code(session, visitor=OTHER)
    signed_in = customer_sign_in.by_code(session, EMAIL, code(session), HERE)
    assert signed_in
    assert sessions.who(session, key_hash(key)) == NOBODY
    assert customer_sign_in.by_code(session, EMAIL, planted, THERE) is None
    assert session.exec(select(Passkey)).all() == []
    assert not browsers.is_known(session, EMAIL, OTHER, kind="customer")
    assert sessions.login_of(session, EMAIL, kind="customer").hashed is None
    assert [one.id for one in session.exec(select(LoginSession)).all()] == [signed_in[1].session_id]


@pytest.mark.both
def test_a_later_code_leaves_password_and_other_sessions_alone(session: Session, clock: Any):
    row = customer(session)
    key, _who = sessions.open_for_customer(session, row, THERE)
    assert customer_sign_in.by_code(session, EMAIL, code(session), HERE)
    assert sessions.who(session, key_hash(key)).email == EMAIL
    assert sessions.login_of(session, EMAIL, kind="customer").hashed == Hashed("$not-a-hash")


@pytest.mark.both
def test_a_sign_in_is_new_and_ends_the_one_before_in_that_browser(session: Session, clock: Any):
    first, _who = customer_sign_in.by_code(session, EMAIL, code(session), HERE) or ("", NOBODY)
    again = Browser(VISITOR, session_hash=key_hash(first))
    second, who = customer_sign_in.by_code(session, EMAIL, code(session), again) or ("", NOBODY)
    assert second != first
    assert sessions.who(session, key_hash(first)) == NOBODY
    assert sessions.who(session, key_hash(second)) == who
    assert session.exec(select(KnownBrowser.visitor_hash)).all() == [VISITOR]
    assert browsers.is_known(session, EMAIL, VISITOR, kind="customer")
    assert not browsers.is_known(session, EMAIL, VISITOR), "a customer's browser is no member of staff's"


# --- One account for each address ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "account"),
    [
        (" Marta@Example.COM ", EMAIL),
        ("marta＠example.com", EMAIL),
        ("ｍａｒｔａ@example.com", EMAIL),
        ("marta@example.com.", EMAIL),
        ("marta+shop@example.com", "marta+shop@example.com"),
        ("info@xn--mller-kva.de", "info@müller.de"),
        ("INFO@MÜLLER.de", "info@müller.de"),
        ("info@mu\u0308ller.de", "info@müller.de"),
        ("m\u0430rta@example.com", "m\u0430rta@example.com"),
        ("marta@ex\u0430mple.com", "marta@ex\u0430mple.com"),
        ("ma\u200brta@example.com", EMAIL),
    ],
)
def test_one_account_each_by_the_normal_form(session: Session, clock: Any, typed: str, account: str):
    customer(session)
    email = sessions.clean_email(typed)
    assert email == account
    signed_in = customer_sign_in.by_code(session, email, code(session, email), HERE)
    assert signed_in
    assert signed_in[1].email == account
    assert customers(session) == sorted({EMAIL, account})


# --- Passkeys ----------------------------------------------------------------------------------------


def with_passkey(session: Session, device: Device) -> Principal:
    _key, who = customer_sign_in.by_code(session, EMAIL, code(session), HERE) or ("", NOBODY)
    passkeys.add(session, who, device.make(passkeys.add_options(session, who, VISITOR)), VISITOR, "Phone")
    return who


@pytest.mark.both
def test_a_passkey_signs_a_customer_in_once_for_each_challenge(session: Session, clock: Any):
    device = Device()
    who = with_passkey(session, device)
    answer = device.prove(passkeys.options(session, "sign-in", VISITOR, kind="customer"))
    _key, again = customer_sign_in.by_passkey(session, answer, HERE)
    assert (again.kind, again.id) == ("customer", who.id)
    with pytest.raises(tickets.Expired):
        customer_sign_in.by_passkey(session, answer, HERE)
    assert [view.name for view in passkeys.of(session, who.id, kind="customer")] == ["Phone"]
    assert passkeys.of(session, who.id) == []
    assert (passkeys.count(session, who.id, kind="customer"), passkeys.count(session, who.id)) == (1, 0)


def test_a_customer_s_passkey_is_no_member_of_staff_s_and_the_reverse(session: Session, clock: Any):
    device, card = Device(), Device()
    with_passkey(session, device)
    by = sessions.create_staff(session, EMAIL, Hashed("x"), "owner", actor="test")
    passkeys.add(session, by, card.make(passkeys.add_options(session, by, VISITOR)), VISITOR, "Card")
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.prove(
            session, device.prove(passkeys.options(session, "sign-in", VISITOR)), "sign-in", VISITOR
        )
    for_staff = card.prove(passkeys.options(session, "sign-in", VISITOR))
    with pytest.raises(tickets.Expired):
        customer_sign_in.by_passkey(session, for_staff, HERE)
    for_customers = card.prove(passkeys.options(session, "sign-in", VISITOR, kind="customer"))
    with pytest.raises(passkeys.WrongPasskey):
        customer_sign_in.by_passkey(session, for_customers, HERE)


@pytest.mark.parametrize("how", ["other browser", "other site", "unverified", "blocked", "late"])
def test_a_passkey_that_gets_nobody_in(session: Session, clock: Any, how: str):
    device = Device()
    who = with_passkey(session, device)
    options = passkeys.options(session, "sign-in", VISITOR, kind="customer")
    if how == "other site":
        device.origin = "https://evil.example"
    device.verifies = how != "unverified"
    answer = device.prove(options)
    if how == "blocked":
        session.get_one(Customer, who.id).blocked_at = now()
        session.flush()
    if how == "late":
        clock.shift(timedelta(minutes=5))
    with pytest.raises((tickets.Expired, passkeys.WrongPasskey)):
        customer_sign_in.by_passkey(session, answer, THERE if how == "other browser" else HERE)
    assert len(session.exec(select(LoginSession)).all()) == 1


def test_nobody_touches_another_customer_s_passkey(session: Session, clock: Any):
    with_passkey(session, Device())
    (row,) = session.exec(select(Passkey)).all()
    _key, other = customer_sign_in.by_code(
        session, "eve@example.com", code(session, "eve@example.com"), HERE
    ) or ("", NOBODY)
    with pytest.raises(NotFound):
        passkeys.remove(session, other, row.id or 0)
    with pytest.raises(Forbidden):
        passkeys.remove(session, NOBODY, row.id or 0)
    assert len(session.exec(select(Passkey)).all()) == 1


# --- The step --------------------------------------------------------------------------------------------


def test_a_step_is_one_browser_s_and_no_other_step_s(engine: Any, clock: Any):
    ticket = customer_sign_in.begin(EMAIL, VISITOR, "/checkout")
    assert customer_sign_in.read(ticket, VISITOR) == customer_sign_in.Begun(EMAIL, "/checkout")
    for reading in (
        lambda: customer_sign_in.read(ticket, OTHER),
        lambda: customer_sign_in.read(ticket + "x", VISITOR),
        lambda: customer_sign_in.read("", VISITOR),
        lambda: tickets.read("second-step", ticket, VISITOR),
        lambda: customer_sign_in.begin(EMAIL, "", "/"),
    ):
        with pytest.raises(tickets.Expired):
            reading()
    clock.shift(timedelta(minutes=30))
    with pytest.raises(tickets.Expired):
        customer_sign_in.read(ticket, VISITOR)


@pytest.mark.parametrize(
    "password", ["x" * 64, "x y" * 25, "пароль-и-дождь", "🍵🌧️🍵🌧️🍵🌧️🍵🌧️", "a" * 5 + "\t b c d e f"]
)
def test_passwords_of_any_characters_are_taken(password: str):
    if len(set(password)) > 2:
        assert passwords.reason_against(password) == ""


@pytest.mark.parametrize(
    ("password", "reason"),
    [("7 chars", "length"), ("x" * 201, "length"), ("password123", "known"), ("marta-2026", "words")],
)
def test_passwords_that_are_guessed_first_are_not_taken(password: str, reason: str):
    assert passwords.reason_against(password, (EMAIL, "Marta")) == reason
