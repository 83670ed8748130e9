"""Fifty buyers for ten units, round after round: by threads, one process and two, on both databases."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from shop_app.core import db
from tests import figures
from tests.factories import make_basics, make_product
from tests.racing import (
    Race,
    Stopwatch,
    by_tasks,
    by_threads,
    count,
    fill_many,
    numbers,
    processes,
    wrong_in_the_books,
)

pytestmark = [pytest.mark.both, pytest.mark.timeout(600)]
LONG = os.environ.get("SHOP_TESTS_LONG") == "1"
ROUNDS = 1000 if LONG else 50
ORDERS = 5000 if LONG else 500


@pytest.fixture(params=["threads", "one process", "two processes"])
def race(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Race]:
    with db.transaction() as session:
        make_basics(session)
    if request.param != "two processes":
        yield by_threads if request.param == "threads" else by_tasks
        return
    with processes(2) as both:
        yield both


def say(request: pytest.FixtureRequest, watch: Stopwatch, sentence: str) -> None:
    names = request.node.callspec.params
    figures.say(f"{names['engine']}, {names['race']}: {sentence}, {watch.seconds:.1f} s")


def stock_up(rounds: int, units: int) -> list[str]:
    """A thing for each round."""
    skus = [f"LAST-{number}" for number in range(rounds)]
    with db.transaction() as session:
        for sku in skus:
            make_product(session, sku.title(), sku=sku, stock=units)
    return skus


def test_fifty_buyers_of_ten_units_make_ten_orders_round_after_round(race, request, engine):
    # On PostgreSQL nothing in a process makes its writers wait: two processes say what one would.
    one_of_two = engine.dialect.name == "postgresql" and race in (by_threads, by_tasks)
    rounds = ROUNDS // 10 if one_of_two else ROUNDS
    skus = stock_up(rounds, 10)
    fill_many({f"{sku}:{buyer}": {sku: 1} for sku in skus for buyer in range(50)})

    watch = Stopwatch()
    for sku in skus:
        assert race("place", [f"{sku}:{buyer}" for buyer in range(50)], 10) == {
            "placed": 10,
            "OutOfStock": 40,
        }
    say(
        request,
        watch,
        f"50 buyers for 10 units, {rounds} rounds: {rounds * 10} orders, {rounds * 40} refused",
    )

    assert [numbers(sku) for sku in skus] == [(10, 10, 0)] * rounds
    assert count("customer_order") == rounds * 10
    assert wrong_in_the_books() == []


def test_forty_double_clicks_at_once_are_forty_orders(race, request):
    (sku, other) = stock_up(2, 1000)
    buyers = [f"buyer {number}" for number in range(40)]
    fill_many({buyer: {sku: 1, other: 1} for buyer in buyers})

    watch = Stopwatch()
    # Neighbours in the list are clicked by different threads, and by different processes.
    ended = race("place", [buyer for buyer in buyers for _click in range(2)], 8)
    say(request, watch, "40 double clicks: 40 orders")

    assert ended == {"placed": 80}
    assert count("customer_order") == 40
    assert (numbers(sku), numbers(other)) == ((1000, 40, 0), (1000, 40, 0))
    assert wrong_in_the_books() == []


def test_two_things_in_opposite_order_block_nobody(race, request):
    (first, second) = stock_up(2, ORDERS * 2)
    buyers = [f"buyer {number}" for number in range(ORDERS)]
    fill_many(
        {
            buyer: {first: 1, second: 2} if number // 2 % 2 else {second: 2, first: 1}
            for number, buyer in enumerate(buyers)
        }
    )

    watch = Stopwatch()
    ended = race("place", buyers, 8)
    say(
        request,
        watch,
        f"{ORDERS} carts of two things in opposite order: {ended['placed']} orders, 0 deadlocks",
    )

    assert ended == {"placed": ORDERS}
    assert (numbers(first), numbers(second)) == ((ORDERS * 2, ORDERS, 0), (ORDERS * 2, ORDERS * 2, 0))
    assert wrong_in_the_books() == []


def test_thirty_carts_in_checkout_hold_ten_units_and_those_who_hold_get_them(race, request):
    rounds = ROUNDS // 10
    skus = stock_up(rounds, 10)
    fill_many({f"{sku}:{buyer}": {sku: 1} for sku in skus for buyer in range(30)})

    watch = Stopwatch()
    for sku in skus:
        buyers = [f"{sku}:{buyer}" for buyer in range(30)]
        entered = race("enter", buyers, 10)
        assert (entered["held"], entered.total()) == (10, 30)
        assert numbers(sku) == (10, 0, 10)
        assert race("place", buyers, 10) == {"placed": 10, "OutOfStock": 20}
        assert numbers(sku) == (10, 10, 0)
    say(
        request,
        watch,
        f"30 carts enter checkout for 10 units, {rounds} rounds: {rounds * 10} held, then ordered",
    )

    assert (count("stock_hold"), count("customer_order")) == (0, rounds * 10)
    assert wrong_in_the_books() == []
