"""A customer's own credit: theirs alone, with its entries; a redeemed card is spent by its account alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from shop_app.core import events
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Forbidden, Invalid, NotFound
from shop_app.models import CreditAccount, Customer
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import lines as cart_lines
from shop_app.services.credit import admin as credit_admin
from shop_app.services.credit import codes as credit_codes
from shop_app.services.credit import commands as credit_commands
from shop_app.services.credit import own as own_credit
from tests.factories import key_hash, make_basics, make_customer, make_product

pytestmark = pytest.mark.both
MANAGER = Principal("staff", 0, "manager@example.com", "Mona", "manager", BUILT_IN_ROLES["manager"])
GUEST = key_hash()


@pytest.fixture
def me(session: Session) -> Principal:
    make_basics(session)
    make_product(session, "Shoal Bowl", price_minor=2780)
    return person(session, "marta@example.com")


def person(session: Session, email: str, *, verified: bool = True) -> Principal:
    customer = make_customer(session, email)
    customer.verified_at = now() if verified else None
    session.flush()
    return Principal("customer", customer.id or 0, email)


def card(session: Session, amount_minor: int = 2000, key: str = "one", **more) -> credit_commands.Issued:
    return credit_commands.issue(session, amount_minor, by=MANAGER, request_key=key, **more)


def store_credit(session: Session, email: str = "marta@example.com", minor: int = 500) -> int:
    return card(session, minor, f"store {email}", kind="store_credit", email=email).account_id


def key_of(by: Principal) -> str:
    return by.shopper_key(GUEST)


def credits(session: Session, key: str) -> list[int]:
    head = cart_lines.head(session, key)
    return head.credits if head else []


def test_store_credit_of_the_verified_address_is_shown_with_its_entries(session, me):
    account_id = store_credit(session)
    credit_admin.adjust(session, account_id, -200, note="Too much", request_key="back", by=MANAGER)

    shown = own_credit.view(session, me)

    assert shown.total == "€3.00"
    assert [(one.label, one.balance, one.is_usable) for one in shown.accounts] == [
        ("Store credit", "€3.00", True)
    ]
    assert [(one.what, one.amount) for one in shown.history] == [
        ("Changed by us", "−€2.00"),
        ("Received", "+€5.00"),
    ]


def test_what_isnt_verified_shows_no_credit(session, me):
    early = person(session, "early@example.com", verified=False)
    account_id = store_credit(session, "early@example.com")
    assert own_credit.view(session, early) == own_credit.OwnCredit()
    assert not own_credit.is_theirs(session, early, account_id)


def test_a_redeemed_card_is_the_accounts_and_nobody_elses(session, me):
    issued = card(session)
    other = person(session, "other@example.com")

    assert own_credit.redeem(session, me, issued.code.lower()) == f"Gift card ending {issued.last_four}"
    own_credit.redeem(session, me, issued.code)

    assert own_credit.view(session, me).total == "€20.00"
    assert own_credit.view(session, other) == own_credit.OwnCredit()
    with pytest.raises(NotFound):
        own_credit.redeem(session, other, issued.code)
    for key in (GUEST, key_of(other)):
        with pytest.raises(NotFound):
            cart_commands.apply_credit(session, key, issued.code)
    assert session.get_one(CreditAccount, issued.account_id).balance_minor == 2000


def test_a_card_that_a_guest_had_entered_before_it_was_redeemed_pays_nothing_there_any_more(session, me):
    issued = card(session)
    cart_commands.add(session, GUEST, "SHOAL-BOWL", 1)
    cart_commands.apply_credit(session, GUEST, issued.code)
    assert checkout.view(session, GUEST).credit_minor == 2000

    own_credit.redeem(session, me, issued.code)

    assert checkout.view(session, GUEST).credit_minor == 0


def test_own_credit_pays_without_a_code(session, me):
    issued, account_id = card(session), store_credit(session)
    own_credit.redeem(session, me, issued.code)
    cart_commands.add(session, key_of(me), "SHOAL-BOWL", 1)

    assert {one.id for one in own_credit.usable(session, me)} == {issued.account_id, account_id}
    cart_commands.apply_own_credit(session, key_of(me), account_id, me)
    cart_commands.apply_own_credit(session, key_of(me), issued.account_id, me)

    assert credits(session, key_of(me)) == [account_id, issued.account_id]
    assert checkout.view(session, key_of(me)).credit_minor == 2500


def test_another_ones_credit_is_not_found(session, me):
    other = person(session, "other@example.com")
    theirs, unredeemed = store_credit(session, "other@example.com"), card(session).account_id
    cart_commands.add(session, key_of(me), "SHOAL-BOWL", 1)
    for account_id in (theirs, unredeemed, 10**9):
        with pytest.raises(NotFound):
            cart_commands.apply_own_credit(session, key_of(me), account_id, me)
    assert credits(session, key_of(me)) == []
    assert own_credit.view(session, other).total == "€5.00"


@pytest.mark.parametrize("spoilt", ["", "   ", "7KQ2-M4XW-9AAA", "store", "empty", "inactive", "over"])
def test_what_cant_be_redeemed_changes_nothing(session, me, spoilt):
    issued = card(session, expires_at=now() + timedelta(days=1))
    code, row = issued.code, session.get_one(CreditAccount, issued.account_id)
    if spoilt == "store":
        code = credit_codes.of_account(store_credit(session, "other@example.com"))
    elif spoilt == "empty":
        credit_admin.adjust(session, issued.account_id, -2000, note="Spent", request_key="x", by=MANAGER)
    elif spoilt == "inactive":
        row.active = False
    elif spoilt == "over":
        row.expires_at = now() - timedelta(seconds=1)
    else:
        code = spoilt
    session.flush()
    with pytest.raises((NotFound, Invalid)):
        own_credit.redeem(session, me, code)
    assert own_credit.view(session, me) == own_credit.OwnCredit()
    session.refresh(row)
    assert row.customer_id is None


def test_only_customers_have_credit_of_their_own(session, me):
    account_id, issued = store_credit(session), card(session)
    for by in (NOBODY, Principal("staff", me.id, "clerk@example.com")):
        for attempt in (
            lambda by=by: own_credit.view(session, by),
            lambda by=by: own_credit.redeem(session, by, issued.code),
            lambda by=by: cart_commands.apply_own_credit(session, GUEST, account_id, by),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_a_card_of_an_account_that_is_erased_is_whoevers_has_its_code(session, me):
    issued = card(session)
    own_credit.redeem(session, me, issued.code)
    session.delete(session.get_one(Customer, me.id))
    session.flush()
    cart_commands.apply_credit(session, GUEST, issued.code)
    assert credits(session, GUEST) == [issued.account_id]


def test_store_credit_goes_along_when_the_accounts_address_changes(session, me):
    account_id = store_credit(session)
    other = store_credit(session, "other@example.com")
    session.get_one(Customer, me.id).email = "marta.lind@example.com"
    session.flush()
    events.publish(session, events.AccountAddressChanged(me.id, me.email))
    assert [one.id for one in own_credit.view(session, me).accounts] == [account_id]
    assert session.get_one(CreditAccount, other).email == "other@example.com"
