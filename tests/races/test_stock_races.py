"""Races for the last units: many threads at once, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import SQLModel

from shop_app import db
from shop_app.errors import Conflict, OutOfStock, ShopError
from shop_app.services import cart, orders
from shop_app.services.checkout import CheckoutForm
from tests.factories import key_hash, make_basics, make_product, make_promotion, stock_of

pytestmark = pytest.mark.both
T = TypeVar("T")
tables = SQLModel.metadata.tables
FORM = CheckoutForm(
    email="marta@example.com", given_name="Marta", family_name="Lind", line1="Oranienstraße 18",
    postal_code="10999", locality="Berlin", country="DE",
)  # fmt: skip
ENOUGH = 10**9


def at_once(work: Callable[[T], object], items: Sequence[T], threads: int) -> Counter[str]:
    """Run `work` on all items from so many threads that start together; counts how they ended."""
    ready = threading.Barrier(threads)
    ended: Counter[str] = Counter()
    guard = threading.Lock()

    def one_thread(own: Sequence[T]) -> None:
        ready.wait()
        for item in own:
            try:
                result = str(work(item) or "done")
            except ShopError as refusal:
                result = type(refusal).__name__
            with guard:
                ended[result] += 1

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(one_thread, items[start::threads]) for start in range(threads)]:
            future.result()
    return ended


def place(buyer: str) -> orders.PlacedOrder:
    with db.transaction(durable=True) as session:
        return orders.place(session, key_hash(buyer), FORM, expected_total_minor=ENOUGH)


def fill(buyer: str, **lines: int) -> None:
    with db.transaction() as session:
        for sku, quantity in lines.items():
            cart.add(session, key_hash(buyer), sku, quantity)


def count(table: str) -> int:
    with db.reading() as session:
        return session.connection().execute(select(func.count()).select_from(tables[table])).scalar_one()


def numbers(sku: str) -> tuple[int, int, int]:
    with db.reading() as session:
        return stock_of(session, sku)


def books_agree() -> bool:
    """Whether each level is the sum of its movements, and the orders' numbers have no gap."""
    level, movement, order = tables["stock_level"], tables["stock_movement"], tables["customer_order"]
    with db.reading() as session:
        run = session.connection().execute
        levels = {row.variant_id: (row.on_hand, row.allocated, row.held) for row in run(select(level))}
        moved: dict[int, list[int]] = {variant: [0, 0, 0] for variant in levels}
        for row in run(select(movement)):
            for place_of, delta in enumerate((row.on_hand_delta, row.allocated_delta, row.held_delta)):
                moved[row.variant_id][place_of] += delta
        given = sorted(run(select(order.c.number)).scalars())
    return levels == {variant: tuple(sums) for variant, sums in moved.items()} and given == list(
        range(1001, 1001 + len(given))
    )


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        for title in ("A", "B", "C"):
            make_product(session, title, stock=1000)


def test_fifty_buyers_of_ten_units_make_ten_orders_round_after_round(engine):
    for round_number in range(3):
        sku = f"LAST-{round_number}"
        with db.transaction() as session:
            make_product(session, f"Last {round_number}", sku=sku, stock=10)
        buyers = [f"{round_number}:{buyer}" for buyer in range(50)]
        for buyer in buyers:
            fill(buyer, **{sku: 1})

        ended = at_once(lambda buyer: place(buyer) and "placed", buyers, 16)

        assert ended == {"placed": 10, OutOfStock.__name__: 40}
        assert numbers(sku) == (10, 10, 0)
    assert count("customer_order") == 30
    assert books_agree()


def test_carts_with_the_same_things_in_opposite_order_do_not_block_each_other(engine):
    buyers = [f"buyer {number}" for number in range(120)]
    for number, buyer in enumerate(buyers):
        fill(buyer, **({"A": 1, "B": 2, "C": 1} if number % 2 else {"C": 1, "B": 2, "A": 1}))

    ended = at_once(lambda buyer: place(buyer) and "placed", buyers, 8)

    assert ended == {"placed": 120}
    assert (numbers("A"), numbers("B")) == ((1000, 120, 0), (1000, 240, 0))
    assert books_agree()


def test_forty_double_clicks_at_once_are_forty_orders(engine):
    buyers = [f"buyer {number}" for number in range(40)]
    for buyer in buyers:
        fill(buyer, A=1, B=1)
    given: dict[str, set[int]] = {buyer: set() for buyer in buyers}

    def click(buyer: str) -> str:
        given[buyer].add(place(buyer).order_id)
        return "placed"

    ended = at_once(click, [buyer for buyer in buyers for _click in range(2)], 8)

    assert ended == {"placed": 80}
    assert [len(ids) for ids in given.values()] == [1] * 40
    assert count("customer_order") == 40
    assert numbers("A") == (1000, 40, 0)
    assert books_agree()


def test_a_code_with_five_uses_is_used_five_times(engine):
    with db.transaction() as session:
        make_promotion(session, "FIVE", percent=50, usage_limit=5)
    buyers = [f"buyer {number}" for number in range(30)]
    for buyer in buyers:
        fill(buyer, A=1)
        with db.transaction() as session:
            cart.apply_code(session, key_hash(buyer), "FIVE")
    # The price with the code and free delivery is what every page shows.
    with db.reading() as session:
        shown = cart.view(session, key_hash(buyers[0])).total_minor

    def click(buyer: str) -> str:
        with db.transaction(durable=True) as session:
            orders.place(session, key_hash(buyer), FORM, expected_total_minor=shown)
        return "placed"

    ended = at_once(click, buyers, 8)

    assert ended == {"placed": 5, Conflict.__name__: 25}
    with db.reading() as session:
        promotion = session.connection().execute(select(tables["promotion"])).one()
    assert (promotion.used, count("promotion_use")) == (5, 5)
    assert books_agree()


def test_eight_tellers_of_one_payment_pay_it_once(engine):
    fill("buyer", A=2)
    placed = place("buyer")

    def settle(_teller: int) -> str:
        with db.transaction(durable=True) as session:
            return orders.settle(session, placed.order_id, placed.total_minor, "EUR")

    assert at_once(settle, range(8), 8) == {"paid": 1, "already": 7}
    assert count("letter") == 1


def test_paying_giving_up_and_clicking_at_once_ends_in_one_of_them(engine):
    for round_number in range(15):
        buyer = f"buyer {round_number}"
        fill(buyer, B=1)
        placed = place(buyer)
        before = numbers("B")[1]

        def act(kind: str, buyer: str = buyer, placed: orders.PlacedOrder = placed) -> str:
            with db.transaction(durable=True) as session:
                if kind == "pay":
                    return orders.settle(session, placed.order_id, placed.total_minor, "EUR")
                if kind == "expire":
                    orders.give_up(session, placed.order_id, why="expired")
                elif kind == "click":
                    orders.place(session, key_hash(buyer), FORM, expected_total_minor=ENOUGH)
                else:
                    cart.add(session, key_hash(buyer), "C", 1)
            return kind

        ended = at_once(act, ["pay", "expire", "click", "add"], 4)

        assert ended["Unavailable"] == 0
        with db.reading() as session:
            order = tables["customer_order"]
            rows = session.connection().execute(select(order).where(order.c.id == placed.order_id)).all()
        # Paid in time, paid late with its units still there, or late while another order had the cart.
        assert (rows[0].status, bool(rows[0].attention)) in [("placed", False), ("expired", True)]
        assert before <= numbers("B")[1] <= before + 1
    assert books_agree()
