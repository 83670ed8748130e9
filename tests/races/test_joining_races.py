"""Races of carts that join: sign-ins at once, on one device or several, as the cart changes or is ordered."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import Engine, select

from shop_app.core import db
from shop_app.core.access.principal import account_key
from shop_app.services import joining
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.orders import placing
from tests.factories import key_hash, make_basics, make_customer, make_product
from tests.racing import ENOUGH, FORM, at_once, fill, numbers, tables, wrong_in_the_books

pytestmark = pytest.mark.both
ROUNDS = 6


@pytest.fixture(autouse=True)
def account(engine: Engine) -> int:
    """The shop, and the id of an account."""
    with db.transaction() as session:
        make_basics(session)
        for title in ("A", "B", "C"):
            make_product(session, title, stock=1000)
        return make_customer(session).id or 0


def another_account(number: int) -> int:
    with db.transaction() as session:
        return make_customer(session, f"shopper-{number}@example.com").id or 0


def sign_in(account: int, visitor: str) -> str:
    with db.transaction() as session:
        joining.join(session, account, key_hash(visitor))
    return "joined"


def lines_of(key: str) -> dict[str, int]:
    cart, line, variant = tables["cart"], tables["cart_line"], tables["variant"]
    with db.transaction() as session:
        rows = session.connection().execute(
            select(variant.c.sku, line.c.quantity)
            .join(line, line.c.variant_id == variant.c.id)
            .join(cart, cart.c.id == line.c.cart_id)
            .where(cart.c.key_hash == key, cart.c.completed_at.is_(None))
        )
        return dict(sorted(tuple(row) for row in rows))


def test_one_browser_that_signs_in_many_times_at_once_joins_once(engine):
    for number in range(ROUNDS):
        account = another_account(number)
        with db.transaction() as session:
            cart_commands.add(session, account_key(account), "B", 1)
        fill(f"guest {number}", A=2)

        assert at_once(lambda visitor, who=account: sign_in(who, visitor), [f"guest {number}"] * 6, 6) == {
            "joined": 6
        }
        assert lines_of(account_key(account)) == {"A": 2, "B": 1}


def test_two_devices_that_sign_in_at_once_make_one_cart(engine):
    for number in range(ROUNDS):
        account = another_account(number)
        fill(f"phone {number}", A=2)
        fill(f"laptop {number}", B=3)
        fill(f"tablet {number}", C=1)
        devices = [f"{name} {number}" for name in ("phone", "laptop", "tablet")]
        for name in devices[:2]:
            with db.transaction() as session:
                cart_holds.enter(session, key_hash(name))

        at_once(lambda visitor, who=account: sign_in(who, visitor), devices, 3)

        assert lines_of(account_key(account)) == {"A": 2, "B": 3, "C": 1}
    assert (numbers("A")[2], numbers("B")[2]) == (2 * ROUNDS, 3 * ROUNDS)
    assert wrong_in_the_books() == []


def test_what_is_added_meanwhile_is_in_one_of_the_carts_and_never_lost(engine):
    for number in range(ROUNDS):
        account = another_account(number)
        guest = f"guest {number}"
        fill(guest, A=1)

        def act(what: str, guest: str = guest, account: int = account) -> str:
            if what == "sign in":
                return sign_in(account, guest)
            key = account_key(account) if what == "there" else key_hash(guest)
            with db.transaction() as session:
                cart_commands.add(session, key, "B" if what == "there" else "C", 1)
            return "added"

        assert at_once(act, ["sign in", "there", "here", "sign in"], 4) == {"joined": 2, "added": 2}
        both = Counter(lines_of(account_key(account))) + Counter(lines_of(key_hash(guest)))
        assert both == {"A": 1, "B": 1, "C": 1}


def test_a_cart_that_is_ordered_meanwhile_is_ordered_once(engine):
    for number in range(ROUNDS):
        account = another_account(number)
        guest = f"guest {number}"
        fill(guest, A=1)
        with db.transaction() as session:
            cart_commands.add(session, account_key(account), "B", 1)
            cart_holds.enter(session, key_hash(guest))

        def act(what: str, guest: str = guest, account: int = account) -> str:
            if what == "sign in":
                return sign_in(account, guest)
            with db.transaction(durable=True) as session:
                placing.place(session, key_hash(guest), FORM, expected_total_minor=ENOUGH)
            return "placed"

        ended = at_once(act, ["sign in", "order"], 2)
        # An order that comes too late finds the browser's cart empty.
        assert ended in ({"joined": 1, "placed": 1}, {"joined": 1, "NotFound": 1})
        assert lines_of(account_key(account)) == {"A": 1, "B": 1}
        assert lines_of(key_hash(guest)) == {}
    assert wrong_in_the_books() == []
