"""Races for the last of a gift card: many threads at once, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select

from shop_app.core import db
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.credit import commands as credit_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from tests.factories import key_hash, make_basics, make_product
from tests.faults.test_credit_workflows import OWNER
from tests.racing import FORM, at_once, count, tables

pytestmark = pytest.mark.both
PRICE, TOTAL = 4410, 4900
"""Of each buyer's thing, and with its delivery."""


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "A", price_minor=PRICE, stock=1000)


def issue(amount_minor: int, key: str) -> credit_commands.Issued:
    with db.transaction() as session:
        return credit_commands.issue(session, amount_minor, by=OWNER, request_key=key)


def fill(buyer: str, *cards: credit_commands.Issued) -> None:
    with db.transaction() as session:
        cart_commands.add(session, key_hash(buyer), "A", 1)
        for issued in cards:
            cart_commands.apply_credit(session, key_hash(buyer), issued.code)


def place(buyer: str) -> str:
    """Place what the page shows at this moment."""
    with db.reading() as session:
        view = checkout.view(session, key_hash(buyer))
    with db.transaction(durable=True) as session:
        placed = placing.place(
            session,
            key_hash(buyer),
            FORM,
            expected_total_minor=view.total_minor,
            expected_credit_minor=view.credit_minor,
        )
    return "waits" if placed.awaits_payment else "paid"


def balances() -> list[int]:
    account = tables["credit_account"]
    with db.reading() as session:
        return list(
            session.connection().execute(select(account.c.balance_minor).order_by(account.c.id)).scalars()
        )


def set_aside() -> int:
    payment = tables["payment"]
    total = select(func.coalesce(func.sum(payment.c.amount_minor), 0)).where(
        payment.c.state.in_(["authorized", "captured"])
    )
    with db.reading() as session:
        return int(session.connection().execute(total).scalar_one())


def assert_books_are_right() -> None:
    with db.reading() as session:
        assert books.check(session).violations == ()


def test_of_twenty_orders_at_once_a_card_pays_the_five_that_it_is_worth(engine):
    issued = issue(5 * TOTAL, "card")
    buyers = [f"buyer {number}" for number in range(20)]
    for buyer in buyers:
        fill(buyer, issued)
    with db.reading() as session:
        shown = checkout.view(session, key_hash(buyers[0]))
    assert (shown.total_minor, shown.credit_minor) == (TOTAL, TOTAL)

    def click(buyer: str) -> str:
        with db.transaction(durable=True) as session:
            placing.place(
                session, key_hash(buyer), FORM, expected_total_minor=TOTAL, expected_credit_minor=TOTAL
            )
        return "paid"

    assert at_once(click, buyers, 8) == {"paid": 5, "Conflict": 15}
    assert (balances(), count("customer_order"), count("credit_entry")) == ([0], 5, 6)
    assert_books_are_right()

    # The others see what is left to pay now, and pay it all by card.
    assert at_once(place, buyers, 8)["waits"] == 15
    assert (balances(), count("customer_order")) == ([0], 20)
    assert_books_are_right()


def test_two_cards_in_opposite_order_never_block_each_other_and_nothing_is_spent_twice(engine):
    first, second = issue(30 * TOTAL, "first"), issue(30 * TOTAL + 700, "second")
    buyers = [f"buyer {number}" for number in range(40)]
    for number, buyer in enumerate(buyers):
        fill(buyer, *((first, second) if number % 2 else (second, first)))

    ended = at_once(place, buyers, 8)

    assert set(ended) <= {"paid", "Conflict"}
    spent = 60 * TOTAL + 700 - sum(balances())
    assert spent == set_aside() == ended["paid"] * TOTAL
    assert_books_are_right()


def test_placing_and_cancelling_at_once_leave_every_cent_on_one_side(engine):
    issued = issue(3 * 1000, "card")
    buyers = [f"buyer {number}" for number in range(6)]
    for buyer in buyers:
        fill(buyer, issued)
    placed: dict[str, int] = {}

    def act(buyer: str) -> str:
        for _turn in range(4):
            with db.reading() as session:
                view = checkout.view(session, key_hash(buyer))
            with db.transaction(durable=True) as session:
                order = placing.place(
                    session,
                    key_hash(buyer),
                    FORM,
                    expected_total_minor=view.total_minor,
                    expected_credit_minor=0,
                )
            placed[buyer] = order.order_id
            with db.transaction(durable=True) as session:
                order_commands.end_unpaid(session, order.order_id, why="cancelled")
        return "done"

    ended = at_once(act, buyers, 6)
    assert sum(ended.values()) == 6
    assert set(ended) <= {"done", "Conflict"}
    assert balances() == [3000 - set_aside()]
    assert_books_are_right()


def test_one_request_from_eight_hands_is_one_card(engine):
    ended = at_once(lambda _hand: str(issue(500, "one").account_id), range(8), 8)
    assert list(ended.values()) == [8]
    assert (balances(), count("credit_entry")) == ([500], 1)


def test_store_credit_opened_by_eight_at_once_is_one_account(engine):
    def give(number: int) -> str:
        with db.transaction() as session:
            account_id = credit_commands.account_of(session, "sam@example.com", "EUR")
            credit_commands.add_entry(
                session, account_id, 100, credit_commands.CreditEntryKind.ADJUSTED, f"adjusted:{number}"
            )
        return "given"

    assert at_once(give, range(8), 8) == {"given": 8}
    assert balances() == [800]
    assert_books_are_right()
