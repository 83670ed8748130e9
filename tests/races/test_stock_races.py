"""Races of one cart and one code: payments, clicks, changes and ends that meet, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from shop_app.core import db
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from tests.factories import key_hash, make_basics, make_product, make_promotion
from tests.racing import ENOUGH, FORM, at_once, count, fill, numbers, place, tables, wrong_in_the_books

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        for title in ("A", "B", "C"):
            make_product(session, title, stock=1000)


def test_a_code_with_five_uses_is_used_five_times(engine):
    with db.transaction() as session:
        make_promotion(session, "FIVE", percent=50, usage_limit=5)
    buyers = [f"buyer {number}" for number in range(50)]
    for buyer in buyers:
        fill(buyer, A=1)
        with db.transaction() as session:
            cart_commands.apply_code(session, key_hash(buyer), "FIVE")
    # The price with the code and free delivery is what every page shows.
    with db.reading() as session:
        shown = cart_queries.view(session, key_hash(buyers[0])).total_minor

    def click(buyer: str) -> str:
        with db.transaction(durable=True) as session:
            placing.place(session, key_hash(buyer), FORM, expected_total_minor=shown)
        return "placed"

    ended = at_once(click, buyers, 8)

    refused = ended["Conflict"] + ended["PriceRisen"]
    assert (ended["placed"], refused, ended.total()) == (5, 45, 50)
    with db.reading() as session:
        promotion = session.connection().execute(select(tables["promotion"])).one()
    assert (promotion.used, count("promotion_use")) == (5, 5)
    assert wrong_in_the_books() == []


def test_eight_who_apply_one_payment_pay_it_once(engine):
    fill("buyer", A=2)
    placed = place("buyer")

    def apply(_number: int) -> str:
        with db.transaction(durable=True) as session:
            return order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR")

    assert at_once(apply, range(8), 8) == {"paid": 1, "already": 7}
    assert count("letter") == 1


def test_paying_cancelling_and_clicking_at_once_ends_in_one_of_them(engine):
    for round_number in range(15):
        buyer = f"buyer {round_number}"
        fill(buyer, B=1)
        placed = place(buyer)
        before = numbers("B")[1]

        def act(kind: str, buyer: str = buyer, placed: placing.PlacedOrder = placed) -> str:
            with db.transaction(durable=True) as session:
                if kind == "pay":
                    return order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR")
                if kind == "expire":
                    order_commands.end_unpaid(session, placed.order_id, why="expired")
                elif kind == "click":
                    placing.place(session, key_hash(buyer), FORM, expected_total_minor=ENOUGH)
                else:
                    cart_commands.add(session, key_hash(buyer), "C", 1)
            return kind

        ended = at_once(act, ["pay", "expire", "click", "add"], 4)

        assert ended["Unavailable"] == 0
        with db.reading() as session:
            order = tables["customer_order"]
            rows = session.connection().execute(select(order).where(order.c.id == placed.order_id)).all()
        # Paid in time, paid late with its units still there, or late while another order had the cart.
        assert (rows[0].status, bool(rows[0].needs_review)) in [("placed", False), ("expired", True)]
        assert before <= numbers("B")[1] <= before + 1
    assert wrong_in_the_books() == []
