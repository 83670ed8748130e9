"""Races of holds: carts that enter checkout together, sweeps that free the same holds; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.orders import placing
from tests.factories import key_hash, make_basics, make_product
from tests.racing import ENOUGH, FORM, at_once, count, fill, numbers, tables, wrong_in_the_books

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "A", stock=1000)
        make_product(session, "B", stock=1000)
        make_product(session, "Rare", stock=10)


def enter(buyer: str) -> str:
    with db.transaction() as session:
        hold = cart_holds.enter(session, key_hash(buyer))
    return "short" if hold.short else hold.state


def run_out() -> None:
    """Every hold's time is over."""
    with db.transaction() as session:
        hold = tables["stock_hold"]
        session.connection().execute(update(hold).values(expires_at=now() - timedelta(seconds=1)))


def sweep(most: int) -> str:
    freed = 0
    with db.transaction() as session:
        freed = cart_holds.sweep(session, most)
    return f"freed {freed}"


def test_ten_units_are_held_for_ten_of_fifty(engine):
    buyers = [f"buyer {number}" for number in range(50)]
    for buyer in buyers:
        fill(buyer, RARE=1, A=1)

    assert at_once(enter, buyers, 8) == {"held": 10, "short": 40}
    assert (numbers("RARE"), numbers("A")) == ((10, 0, 10), (1000, 0, 50))
    assert wrong_in_the_books() == []


def test_carts_with_their_lines_in_opposite_order_never_wait_for_each_other(engine):
    buyers = [f"buyer {number}" for number in range(48)]
    for number, buyer in enumerate(buyers):
        for sku in ("A", "B") if number % 2 else ("B", "A"):
            fill(buyer, **{sku: 2})

    assert at_once(enter, buyers * 3, 8) == {"held": 144}
    assert (numbers("A"), numbers("B")) == ((1000, 0, 96), (1000, 0, 96))
    assert wrong_in_the_books() == []


def test_sweeps_that_meet_give_each_unit_back_once(engine):
    for _round in range(5):
        buyers = [f"buyer {number}" for number in range(12)]
        for buyer in buyers:
            with db.transaction() as session:
                cart_commands.set_quantity(session, key_hash(buyer), "A", 3)
                cart_commands.set_quantity(session, key_hash(buyer), "B", 1)
                cart_holds.enter(session, key_hash(buyer))
        assert (numbers("A"), numbers("B")) == ((1000, 0, 36), (1000, 0, 12))
        run_out()

        ended = at_once(sweep, [5] * 12, 4)

        freed = sum(int(how.removeprefix("freed ")) * times for how, times in ended.items())
        # What a sweep found locked by another that had too much to do is there for the next one.
        assert freed + holds_left_over() == 12
        assert (numbers("A"), numbers("B"), count("stock_hold")) == ((1000, 0, 0), (1000, 0, 0), 0)
        assert wrong_in_the_books() == []


def test_a_sweep_and_a_shopper_who_comes_back_or_pays_end_in_order(engine):
    buyers = [f"buyer {number}" for number in range(16)]
    for buyer in buyers:
        fill(buyer, A=3, B=1)
        enter(buyer)
    run_out()

    def act(what: str) -> str:
        if what == "sweep":
            sweep(4)
            return "sweep"
        if int(what.removeprefix("buyer ")) % 2:
            return enter(what)
        with db.transaction(durable=True) as session:
            placing.place(session, key_hash(what), FORM, expected_total_minor=ENOUGH)
        return "placed"

    assert at_once(act, [one for buyer in buyers for one in (buyer, "sweep")], 8) == {
        "sweep": 16,
        "held": 8,
        "placed": 8,
    }
    holds_left_over()
    assert (numbers("A"), numbers("B")) == ((1000, 24, 24), (1000, 8, 8))
    assert wrong_in_the_books() == []


def holds_left_over() -> int:
    with db.transaction() as session:
        return cart_holds.sweep(session)
