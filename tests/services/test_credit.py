"""Credit: every movement is an entry, once; a balance is their sum and never falls below zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.letters import compose
from shop_app.models import AuditEntry, CreditAccount, CreditEntry, CreditEntryKind, Letter
from shop_app.services.credit import admin as credit_admin
from shop_app.services.credit import codes as credit_codes
from shop_app.services.credit import commands as credit_commands
from shop_app.services.outbox import LetterToSend

pytestmark = pytest.mark.both
MANAGER = Principal("staff", 0, "manager@example.com", "Mona", "manager", BUILT_IN_ROLES["manager"])
CLERK = Principal("staff", 0, "clerk@example.com", "Claas", "clerk", BUILT_IN_ROLES["clerk"])
SPENT, RETURNED = CreditEntryKind.SPENT, CreditEntryKind.RETURNED


def balance(session: Session, account_id: int) -> int:
    return session.exec(select(CreditAccount.balance_minor).where(CreditAccount.id == account_id)).one()


def entries(session: Session) -> list[tuple[str, int, str]]:
    rows = session.exec(select(CreditEntry).order_by(col(CreditEntry.id)))
    return [(row.kind, row.amount_minor, row.request_key) for row in rows]


def card(session: Session, amount_minor: int = 2000, key: str = "one", **more) -> credit_commands.Issued:
    return credit_commands.issue(session, amount_minor, by=MANAGER, request_key=key, **more)


def test_a_gift_card_has_a_code_of_which_the_database_keeps_a_hash_and_its_end(session):
    issued = card(session)

    row = session.get_one(CreditAccount, issued.account_id)
    plain = issued.code.replace("-", "")
    assert [len(group) for group in issued.code.split("-")] == [4] * 5
    assert set(plain) <= set(credit_codes.ALPHABET)
    assert (row.kind, row.balance_minor, row.currency, row.active) == ("gift_card", 2000, "EUR", True)
    assert (row.last_four, issued.last_four) == (plain[-4:], plain[-4:])
    assert row.code_hash == credit_codes.hashed(plain)
    assert len(credit_codes.ALPHABET) ** credit_codes.LENGTH > 2**80
    assert entries(session) == [("issued", 2000, "issued:one")]
    audited = session.exec(select(AuditEntry)).one()
    assert plain not in repr(audited)
    assert (audited.actor, audited.action, audited.after["amount_minor"]) == (
        "staff:manager@example.com",
        "issued",
        2000,
    )


def test_the_same_request_gives_the_same_card_and_another_one_another(session):
    first, again, other = card(session), card(session), card(session, key="two")

    assert again == first
    assert other.account_id != first.account_id
    assert other.code != first.code
    assert len(entries(session)) == 2
    with pytest.raises(Conflict):
        card(session, 2500)


def test_a_code_is_found_however_it_is_typed(session):
    issued = card(session)
    plain = issued.code.replace("-", "")
    for typed in (
        issued.code,
        plain,
        plain.lower(),
        f"  {issued.code.lower()} ",
        issued.code.replace("-", " "),
    ):
        assert credit_commands.find(session, typed) == issued.account_id
    misread = plain.replace("8", "B").replace("5", "s").replace("2", "Z")
    assert credit_commands.find(session, misread) == issued.account_id
    for wrong in ("", "-", plain[:-1], plain + "2", "x" * 500, "🎁"):
        assert credit_commands.find(session, wrong) is None


def test_store_credit_is_one_account_for_each_address_and_its_code_stands_nowhere(session):
    account_id = credit_commands.account_of(session, " Sam@Example.com", "EUR")
    assert credit_commands.account_of(session, "sam@example.com", "EUR") == account_id
    assert credit_commands.account_of(session, "sam@example.com", "CHF") != account_id
    assert credit_commands.account_of(session, "ida@example.com", "EUR") != account_id
    issued = card(session, 500, kind="store_credit", email="sam@example.com")
    assert issued == credit_commands.Issued(account_id, "", "")
    assert balance(session, account_id) == 500

    code = credit_codes.of_account(account_id)
    assert credit_commands.find(session, code.lower()) == account_id
    spoilt = code[:-6] + ("3" if code[-6] != "3" else "4") + code[-5:]
    assert credit_commands.find(session, spoilt) is None
    assert session.get_one(CreditAccount, account_id).code_hash is None


def test_entries_move_the_balance_once_for_each_key(session):
    account_id = card(session).account_id
    assert credit_commands.add_entry(session, account_id, -1500, SPENT, "spent:order-1") is True
    assert credit_commands.add_entry(session, account_id, -1500, SPENT, "spent:order-1") is False
    assert credit_commands.add_entry(session, account_id, 1500, RETURNED, "returned:order-1") is True
    assert credit_commands.add_entry(session, account_id, -2000, SPENT, "spent:order-2") is True
    assert balance(session, account_id) == 0
    assert [amount for _kind, amount, _key in entries(session)] == [2000, -1500, 1500, -2000]
    with pytest.raises(Conflict, match="other values"):
        credit_commands.add_entry(session, account_id, 1, RETURNED, "returned:order-1")


def test_a_balance_never_falls_below_zero_and_a_refusal_changes_nothing(session):
    account_id = card(session).account_id
    with pytest.raises(Conflict, match="enough credit"), session.begin_nested():
        credit_commands.add_entry(session, account_id, -2001, SPENT, "spent:order-1")
    assert balance(session, account_id) == 2000
    assert len(entries(session)) == 1
    with pytest.raises(NotFound), session.begin_nested():
        credit_commands.add_entry(session, 999, 5, RETURNED, "returned:order-1")


def test_a_card_that_has_ended_cant_be_spent_but_takes_back_what_it_had_given(session, clock):
    account_id = card(session, expires_at=now() + timedelta(days=1)).account_id
    credit_commands.add_entry(session, account_id, -500, SPENT, "spent:order-1")
    clock.shift(24 * 3600)
    with pytest.raises(Conflict), session.begin_nested():
        credit_commands.add_entry(session, account_id, -500, SPENT, "spent:order-2")
    credit_commands.add_entry(session, account_id, 500, RETURNED, "returned:order-1")
    assert balance(session, account_id) == 2000


@pytest.mark.parametrize(
    ("amount_minor", "more", "error"),
    [
        (0, {}, Invalid),
        (-5, {}, Invalid),
        (1_000_001, {}, Invalid),
        (True, {}, Invalid),
        (500, {"kind": "cash"}, Invalid),
        (500, {"kind": "store_credit"}, Invalid),
        (500, {"email": "sam"}, Invalid),
        (500, {"key": ""}, Invalid),
        (500, {"key": "x" * 49}, Invalid),
        (500, {"expires_at": now() - timedelta(days=1)}, Invalid),
        (500, {"kind": "store_credit", "email": "a@x.org", "expires_at": now() + timedelta(1)}, Invalid),
    ],
)
def test_what_cant_be_issued_is_refused_and_nothing_is_written(session, amount_minor, more, error):
    with pytest.raises(error):
        card(session, amount_minor, **more)
    assert entries(session) == []
    assert session.exec(select(CreditAccount)).all() == []


@pytest.mark.parametrize("by", [CLERK, NOBODY])
def test_only_staff_with_the_right_issue_credit(session, by):
    with pytest.raises(Forbidden):
        credit_commands.issue(session, 500, by=by, request_key="one")
    assert entries(session) == []


# --- The admin -------------------------------------------------------------------------------------


def test_staff_adjust_with_a_reason_once_and_never_below_zero(session):
    account_id = card(session).account_id

    def adjust(amount_minor: int, key: str, note: str = "goodwill", by: Principal = MANAGER) -> bool:
        with session.begin_nested():
            return credit_admin.adjust(session, account_id, amount_minor, note=note, request_key=key, by=by)

    assert (adjust(500, "one"), adjust(500, "one"), adjust(-2400, "two")) == (True, False, True)
    assert balance(session, account_id) == 100
    for amount_minor, note, by, error in (
        (-101, "x", MANAGER, Conflict),
        (5, " ", MANAGER, Invalid),
        (0, "x", MANAGER, Invalid),
        (1_000_001, "x", MANAGER, Invalid),
        (5, "x", CLERK, Forbidden),
    ):
        with pytest.raises(error):
            adjust(amount_minor, "three", note, by)
    assert balance(session, account_id) == 100
    seen = [(one.kind, one.amount, one.note) for one in credit_admin.entries(session, account_id, by=MANAGER)]
    assert seen == [
        ("issued", "€20.00", ""),
        ("adjusted", "€5.00", "goodwill"),
        ("adjusted", "-€24.00", "goodwill"),
    ]
    assert [row.action for row in session.exec(select(AuditEntry))] == ["issued", "adjusted", "adjusted"]


def test_a_card_that_was_switched_off_cant_be_spent_and_keeps_what_is_on_it(session):
    issued = card(session)
    with pytest.raises(Invalid):
        credit_admin.deactivate(session, issued.account_id, note="", by=MANAGER)
    with pytest.raises(Forbidden):
        credit_admin.deactivate(session, issued.account_id, note="lost", by=CLERK)
    assert credit_admin.deactivate(session, issued.account_id, note="lost", by=MANAGER) is True
    assert credit_admin.deactivate(session, issued.account_id, note="lost", by=MANAGER) is False
    with pytest.raises(Conflict), session.begin_nested():
        credit_commands.add_entry(session, issued.account_id, -1, SPENT, "spent:order-1")
    assert balance(session, issued.account_id) == 2000


def test_the_admin_finds_credit_by_address_or_by_the_end_of_a_code_and_shows_no_code(session):
    first, second = card(session), card(session, key="two", email="sam@example.com")
    ids = [one.id for one in credit_admin.accounts(session, by=MANAGER)]
    assert ids == [second.account_id, first.account_id]
    by_end = credit_admin.accounts(session, by=MANAGER, search=first.last_four.lower())
    by_email = credit_admin.accounts(session, by=MANAGER, search="Sam@example.com")
    assert [one.id for one in by_email] == [second.account_id]
    assert first.account_id in [one.id for one in by_end]
    assert first.code.replace("-", "")[:-4] not in repr(by_end)
    assert credit_admin.accounts(session, by=MANAGER, before=first.account_id) == []
    with pytest.raises(Forbidden):
        credit_admin.accounts(session, by=CLERK)


# --- Letters --------------------------------------------------------------------------------------


def test_a_card_for_an_address_is_sent_there_and_its_code_isnt_in_the_outbox(session):
    issued = card(session, email="Sam@example.com")
    card(session, email="Sam@example.com")
    row = session.exec(select(Letter)).one()
    assert (row.kind, row.to_email) == ("gift_card", "sam@example.com")
    plain = issued.code.replace("-", "")
    assert plain not in repr(row.data).replace("-", "")
    subject, text, html = letter(row)
    assert subject == "A gift card of €20.00"
    assert issued.code in html
    assert (
        text
        == f"""\
A gift card of €20.00

Your code: {issued.code}

Balance: €20.00

Enter the code in the cart or at checkout, under “Gift card or credit?”.

What isn't used stays on it. Whoever has the code can spend it, so keep it to yourself.

See everything: http://localhost:3000/products

Your shop
http://localhost:3000
"""
    )


def test_the_letter_of_store_credit_brings_a_code_that_works_and_what_is_on_it_now(session):
    account_id = card(session, kind="store_credit", email="sam@example.com").account_id
    card(session, 500, key="two", kind="store_credit", email="sam@example.com")
    _first, row = session.exec(select(Letter).order_by(col(Letter.id))).all()
    subject, text, html = letter(row)
    code = next(line for line in text.splitlines() if line.startswith("Your code: "))[11:]
    assert credit_commands.find(session, code) == account_id
    assert code in html
    assert subject == "€5.00 of store credit for you"
    assert "Balance: €25.00" in text
    assert "of a gift card or credit for this address" in html


def test_the_letter_of_a_card_that_ends_says_when(session):
    card(session, email="sam@example.com", expires_at=datetime(2099, 3, 1, tzinfo=UTC))
    _subject, text, html = letter(session.exec(select(Letter)).one())
    assert "To be used until: 1 March 2099" in text
    assert "1 March 2099" in html


def letter(row: Letter) -> tuple[str, str, str]:
    """Subject, plain text and HTML, as they are sent."""
    message = compose(LetterToSend(1, row.kind, row.to_email, row.dedupe_key, row.data), None)
    plain, html = (part.get_content() for part in message.iter_parts())
    return str(message["Subject"]), plain, html
