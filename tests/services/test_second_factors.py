"""Second factors of staff: one-time codes and recovery codes work once, passkeys need their owner's check."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pyotp.totp import TOTP
from sqlmodel import Session, select

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, Letter, OneTimeCodes, Passkey, RecoveryCode, SpentChallenge, Staff
from shop_app.services.accounts import (
    factors,
    one_time_codes,
    own_account,
    passkeys,
    recovery_codes,
    second_step,
    sessions,
    tickets,
)
from shop_app.services.accounts.browsers import Browser
from shop_app.services.accounts.passwords import hash_password
from tests.factories import sign_in
from tests.passkey_device import Device

PASSWORD = "quite-long-enough"
VISITOR, OTHER = "a" * 64, "b" * 64


def staff(session: Session, role: str = "owner", email: str = "o@example.com") -> Principal:
    sessions.create_staff(session, email, hash_password(PASSWORD), role, name="Olga", actor="test")
    return sign_in(session, email, PASSWORD, "staff")[1]


def with_codes(session: Session, by: Principal) -> TOTP:
    """Their one-time codes, set up with the code of the half minute before this one."""
    secret = one_time_codes.begin(session, by)
    app = TOTP(secret.text.replace(" ", ""))
    one_time_codes.confirm(session, by, app.generate_otp(step() - 1))
    return app


def step() -> int:
    return int(now().timestamp()) // 30


def letters(session: Session) -> list[tuple[str, str]]:
    rows = session.exec(select(Letter).order_by(Letter.id)).all()  # pyright: ignore[reportArgumentType]
    return [(row.kind, row.data.get("change", "")) for row in rows]


# --- One-time codes -------------------------------------------------------------------------------


@pytest.mark.both
def test_a_code_works_once_and_only_about_now(session: Session, clock: Any):
    by = staff(session)
    app = with_codes(session, by)
    code = app.generate_otp(step())
    assert one_time_codes.use(session, by.id, code)
    assert not one_time_codes.use(session, by.id, code), "the same code twice"
    assert not one_time_codes.use(session, by.id, app.generate_otp(step() - 1)), "one before it"
    assert one_time_codes.use(session, by.id, " ".join(app.generate_otp(step() + 1)))
    for away in (-2, 2, 3):
        assert not one_time_codes.use(session, by.id, app.generate_otp(step() + away))
    clock.shift(timedelta(seconds=90))
    assert one_time_codes.use(session, by.id, app.generate_otp(step()))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00", "9" * 400])
def test_junk_is_no_code(session: Session, clock: Any, code: str):
    by = staff(session)
    with_codes(session, by)
    assert not one_time_codes.use(session, by.id, code)
    assert not recovery_codes.use(session, by.id, code)


def test_codes_count_once_the_first_was_confirmed(session: Session, clock: Any):
    by = staff(session)
    secret = one_time_codes.begin(session, by)
    app = TOTP(secret.text.replace(" ", ""))
    assert not factors.has_any(session, by.id)
    assert not one_time_codes.use(session, by.id, app.generate_otp(step()))
    with pytest.raises(Invalid) as refusal:
        one_time_codes.confirm(session, by, "000000")
    assert refusal.value.field == "code"
    assert letters(session) == []
    one_time_codes.confirm(session, by, app.generate_otp(step()))
    assert factors.has_any(session, by.id)
    assert letters(session) == [("staff_factor_changed", "factor_added")]
    with pytest.raises(Conflict):
        one_time_codes.begin(session, by)


def test_the_secret_is_sealed_and_bound_to_its_owner(session: Session, clock: Any, configure: Any):
    by = staff(session)
    app = with_codes(session, by)
    row = session.exec(select(OneTimeCodes)).one()
    assert app.secret not in f"{row!r}"
    other = staff(session, email="other@example.com")
    session.add(OneTimeCodes(staff_id=other.id, sealed_secret=row.sealed_secret, confirmed_at=now()))
    session.flush()
    assert not one_time_codes.use(session, other.id, app.generate_otp(step()))
    configure(SHOP_SECRET_KEY="another-key-of-the-shop-that-is-long-enough")
    assert not one_time_codes.use(session, by.id, app.generate_otp(step()))


@pytest.mark.both
def test_of_two_who_bring_one_code_at_once_one_is_let_in(engine: Any):
    with db.transaction() as session:
        by = staff(session)
        app = with_codes(session, by)
    code = app.generate_otp(step())

    def bring(_number: int) -> bool:
        with db.transaction() as session:
            return one_time_codes.use(session, by.id, code)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(bring, range(4))) == [False, False, False, True]


# --- Recovery codes -------------------------------------------------------------------------------


@pytest.mark.both
def test_a_recovery_code_works_once_and_is_told_of(session: Session, clock: Any):
    by = staff(session)
    with pytest.raises(Conflict):
        recovery_codes.make(session, by)
    with_codes(session, by)
    codes = recovery_codes.make(session, by)
    assert (len(codes), len(set(codes)), recovery_codes.left(session, by.id)) == (8, 8, 8)
    stored = [row.code_hash for row in session.exec(select(RecoveryCode))]
    assert not set(codes) & set(stored)
    assert own_account.prove_code(session, by.id, codes[0].replace("-", " ").upper()) == "recovery code"
    with pytest.raises(Invalid):
        own_account.prove_code(session, by.id, codes[0])
    assert recovery_codes.left(session, by.id) == 7
    assert letters(session)[-1] == ("staff_factor_changed", "recovery_used")


def test_new_recovery_codes_take_the_place_of_the_old_ones(session: Session, clock: Any):
    by, other = staff(session), staff(session, email="other@example.com")
    with_codes(session, by)
    old = recovery_codes.make(session, by)
    new = recovery_codes.make(session, by)
    assert not recovery_codes.use(session, by.id, old[0])
    assert not recovery_codes.use(session, other.id, new[0]), "somebody else's"
    assert recovery_codes.use(session, by.id, new[0])


# --- Passkeys -------------------------------------------------------------------------------------


def with_passkey(session: Session, by: Principal, device: Device) -> None:
    options = passkeys.add_options(session, by, VISITOR)
    passkeys.add(session, by, device.make(options), VISITOR, "Laptop")


@pytest.mark.both
def test_a_passkey_signs_in_by_itself(session: Session, clock: Any):
    by, device = staff(session), Device()
    with_passkey(session, by, device)
    assert factors.has_any(session, by.id)
    answer = device.prove(passkeys.options(session, "sign-in", VISITOR))
    assert passkeys.prove(session, answer, "sign-in", VISITOR) == by.id
    assert [(view.name, view.used_at != "") for view in passkeys.of(session, by.id)] == [("Laptop", True)]
    _key, who = sessions.sign_in_by_factor(session, by.id, Browser(VISITOR), "passkey")
    assert who.permissions == by.permissions
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "signed_in")).all()[-1]
    assert entry.after["by"] == "passkey"


def test_an_answer_works_once_in_its_browser_and_for_its_purpose(session: Session, clock: Any):
    by, device = staff(session), Device()
    with_passkey(session, by, device)
    answer = device.prove(passkeys.options(session, "sign-in", VISITOR))
    with pytest.raises(tickets.Expired):
        passkeys.prove(session, answer, "sign-in", OTHER)
    with pytest.raises(tickets.Expired):
        passkeys.prove(session, answer, "confirm", VISITOR, by.id)
    passkeys.prove(session, answer, "sign-in", VISITOR)
    with pytest.raises(tickets.Expired):
        passkeys.prove(session, answer, "sign-in", VISITOR)
    late = device.prove(passkeys.options(session, "sign-in", VISITOR))
    clock.shift(timedelta(minutes=6))
    with pytest.raises(tickets.Expired):
        passkeys.prove(session, late, "sign-in", VISITOR)
    assert len(session.exec(select(SpentChallenge)).all()) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"verifies": False},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"count": -1},
    ],
    ids=str,
)
def test_a_device_that_didnt_check_its_owner_or_the_shop_is_refused(
    session: Session, clock: Any, wrong: dict[str, Any]
):
    by, device = staff(session), Device(count=5)
    with_passkey(session, by, device)
    device.__dict__.update(wrong)
    answer = device.prove(passkeys.options(session, "sign-in", VISITOR))
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.prove(session, answer, "sign-in", VISITOR)
    assert session.exec(select(Passkey)).one().last_used_at is None


def test_another_device_s_key_and_another_owner_s_are_refused(session: Session, clock: Any):
    by, other = staff(session), staff(session, email="other@example.com")
    device, stranger = Device(), Device()
    with_passkey(session, by, device)
    forged = stranger.prove(passkeys.options(session, "sign-in", VISITOR))
    forged["id"] = forged["rawId"] = device.prove(passkeys.options(session, "sign-in", VISITOR))["id"]
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.prove(session, forged, "sign-in", VISITOR)
    asked = passkeys.options(session, "confirm", VISITOR, other.id)
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.prove(session, device.prove(asked), "confirm", VISITOR, other.id)


@pytest.mark.parametrize(
    "junk",
    [
        None,
        "x",
        [],
        {},
        {"response": None},
        {"response": {"clientDataJSON": "!!"}},
        {"id": 1, "response": {}},
    ],
    ids=str,
)
def test_junk_is_no_answer(session: Session, clock: Any, junk: Any):
    by = staff(session)
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.prove(session, junk, "sign-in", VISITOR)
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.add(session, by, junk, VISITOR, "x")
    assert session.exec(select(Passkey)).all() == []


def test_one_who_isnt_verified_can_t_be_added_nor_one_twice(session: Session, clock: Any):
    by, device = staff(session), Device()
    careless = Device(verifies=False)
    with pytest.raises(passkeys.WrongPasskey):
        passkeys.add(session, by, careless.make(passkeys.add_options(session, by, VISITOR)), VISITOR, "")
    with_passkey(session, by, device)
    again = device.make(passkeys.add_options(session, by, VISITOR))
    with pytest.raises(Conflict):
        passkeys.add(session, by, again, VISITOR, "")
    assert len(session.exec(select(Passkey)).all()) == 1


def test_one_s_own_passkeys_alone_are_removed(session: Session, clock: Any):
    by, other = staff(session), staff(session, email="other@example.com")
    with_passkey(session, by, Device())
    key = session.exec(select(Passkey)).one()
    with pytest.raises(NotFound):
        passkeys.remove(session, other, key.id or 0)
    passkeys.remove(session, by, key.id or 0)
    assert session.exec(select(Passkey)).all() == []
    assert letters(session)[-1] == ("staff_factor_changed", "factor_removed")


# --- What a password alone doesn't do ---------------------------------------------------------------


def test_with_a_factor_a_password_is_half_the_way(session: Session, clock: Any):
    by = staff(session)
    app = with_codes(session, by)
    with pytest.raises(sessions.FactorNeeded) as needed:
        sign_in(session, by.email, PASSWORD, "staff")
    ticket = second_step.begin(needed.value, VISITOR, "/admin/orders")
    with pytest.raises(tickets.Expired):
        second_step.read(ticket, OTHER)
    with pytest.raises(tickets.Expired):
        second_step.read(ticket + "x", VISITOR)
    begun = second_step.read(ticket, VISITOR)
    with pytest.raises(Invalid):
        second_step.finish(session, begun, "000000", Browser(VISITOR))
    _key, who = second_step.finish(session, begun, app.generate_otp(step()), Browser(VISITOR))
    assert (who.id, begun.target) == (by.id, "/admin/orders")
    clock.shift(timedelta(minutes=11))
    with pytest.raises(tickets.Expired):
        second_step.read(ticket, VISITOR)


@pytest.mark.parametrize("change", [{"active": False}, {"password_hash": "$argon2id$another"}], ids=str)
def test_who_is_dismissed_between_password_and_code_isnt_signed_in(
    session: Session, clock: Any, change: dict[str, Any]
):
    by = staff(session)
    app = with_codes(session, by)
    with pytest.raises(sessions.FactorNeeded) as needed:
        sign_in(session, by.email, PASSWORD, "staff")
    begun = second_step.read(second_step.begin(needed.value, VISITOR, "/admin"), VISITOR)
    session.get_one(Staff, by.id).sqlmodel_update(change)
    session.flush()
    with pytest.raises(tickets.Expired):
        second_step.finish(session, begun, app.generate_otp(step()), Browser(VISITOR))


def test_a_browser_without_cookies_begins_nothing(session: Session, clock: Any):
    by = staff(session)
    with_codes(session, by)
    with pytest.raises(sessions.FactorNeeded) as needed:
        sign_in(session, by.email, PASSWORD, "staff")
    with pytest.raises(tickets.Expired):
        second_step.begin(needed.value, "", "/admin")


# --- Roles that need one ----------------------------------------------------------------------------


@pytest.mark.both
def test_a_role_that_needs_a_factor_leaves_those_without_one_no_rights(session: Session, clock: Any):
    owner, clerk = staff(session), staff(session, "clerk", "c@example.com")
    with pytest.raises(Forbidden):
        factors.require_second_factor(session, clerk, "clerk", True)
    factors.require_second_factor(session, owner, "clerk", True)
    assert factors.second_factor_required(session, "clerk")
    assert not factors.second_factor_required(session, "owner")
    # The open session is left without rights, a new one begins without.
    assert sessions.who_of(session, [clerk.session_id])[clerk.session_id].permissions == frozenset()
    _key, again = sign_in(session, clerk.email, PASSWORD, "staff")
    assert again.permissions == frozenset()
    with_codes(session, again)
    assert sessions.who_of(session, [again.session_id])[again.session_id].permissions == clerk.permissions
    with pytest.raises(Conflict):
        one_time_codes.remove(session, again)


def test_a_role_that_needs_none_any_more_gives_the_rights_back(session: Session, clock: Any):
    owner, clerk = staff(session), staff(session, "clerk", "c@example.com")
    factors.require_second_factor(session, owner, "clerk", True)
    factors.require_second_factor(session, owner, "clerk", True)
    factors.require_second_factor(session, owner, "clerk", False)
    assert sessions.who_of(session, [clerk.session_id])[clerk.session_id] == clerk
    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "second_factor_required")).all()
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"required": False}, {"required": True}),
        ({"required": True}, {"required": False}),
    ]


def test_all_factors_are_taken_from_who_has_lost_them_and_the_sessions_end(session: Session, clock: Any):
    by = staff(session)
    with_codes(session, by)
    with_passkey(session, by, Device())
    recovery_codes.make(session, by)
    factors.remove_all(session, by.id, "staff:boss@example.com")
    for table in (OneTimeCodes, Passkey, RecoveryCode):
        assert session.exec(select(table)).all() == []
    assert sessions.who_of(session, [by.session_id]) == {}
    assert letters(session)[-1] == ("staff_factor_changed", "all_removed")
