"""Races for promotions: the last uses, the last of a budget, first orders, the last gift, new codes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select
from sqlmodel import SQLModel

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict
from shop_app.services.books import check as books
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.promotions import admin as promotions_admin
from tests.factories import key_hash, make_basics, make_product, make_promotion, variant_with
from tests.racing import ENOUGH, FORM, at_once, count, fill, numbers

pytestmark = pytest.mark.both
tables = SQLModel.metadata.tables
MANAGER = Principal("staff", 0, "m@example.com", "M", "manager", BUILT_IN_ROLES["manager"])


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "A", stock=1000)
        make_product(session, "Treat", price_minor=1000, stock=7)


def with_code(buyer: str, code: str) -> int:
    """A cart with the code applied; the total that its page shows."""
    fill(buyer, A=1)
    with db.transaction() as session:
        cart_commands.apply_code(session, key_hash(buyer), code)
        return cart_queries.view(session, key_hash(buyer)).total_minor


def place(buyer: str, shown: int, email: str = "marta@example.com") -> placing.PlacedOrder:
    form = replace(FORM, email=email)
    with db.transaction(durable=True) as session:
        return placing.place(session, key_hash(buyer), form, expected_total_minor=shown)


def standing() -> list[tuple[int, int]]:
    with db.reading() as session:
        assert books.check(session).violations == ()
        rows_now = session.connection().execute(
            select(tables["promotion"]).order_by(tables["promotion"].c.id)
        )
        return [(row.used, row.spent_minor) for row in rows_now]


def test_of_fifty_takers_of_a_code_with_five_uses_five_get_it(engine):
    with db.transaction() as session:
        make_promotion(session, "FIVE", percent=50, usage_limit=5)
    buyers = [f"buyer {number}" for number in range(50)]
    shown = {buyer: with_code(buyer, "FIVE") for buyer in buyers}

    ended = at_once(lambda buyer: place(buyer, shown[buyer]) and "placed", buyers, 16)

    refused = sum(times for how, times in ended.items() if how != "placed")
    assert (ended["placed"], refused) == (5, 45)
    assert set(ended) <= {"placed", "PriceRisen", "Conflict"}
    assert standing() == [(5, 5 * 2450)]
    assert count("customer_order") == 5


def test_a_budget_is_never_overdrawn_and_goes_to_the_end(engine):
    with db.transaction() as session:
        # Each taker gets €4.90: seven fit, and €0.70 stays.
        make_promotion(session, "POT", percent=10, budget_minor=3500)
    buyers = [f"buyer {number}" for number in range(30)]
    shown = {buyer: with_code(buyer, "POT") for buyer in buyers}

    ended = at_once(lambda buyer: place(buyer, shown[buyer]) and "placed", buyers, 16)

    assert ended["placed"] == 7
    assert standing() == [(7, 7 * 490)]
    assert count("promotion_use") == 7


def test_uses_and_budget_that_are_given_back_are_there_for_the_next(engine):
    with db.transaction() as session:
        make_promotion(session, "POT", percent=10, usage_limit=3, budget_minor=3 * 490)
    buyers = [f"buyer {number}" for number in range(24)]
    shown = {buyer: with_code(buyer, "POT") for buyer in buyers}

    def take_and_leave(buyer: str) -> str:
        placed = place(buyer, shown[buyer])
        with db.transaction(durable=True) as session:
            order_commands.end_unpaid(session, placed.order_id, why="cancelled")
        return "left"

    ended = at_once(take_and_leave, buyers, 8)

    assert ended["left"] >= 3
    assert standing() == [(0, 0)]


def test_one_person_has_one_first_order_however_many_carts(engine):
    with db.transaction() as session:
        make_promotion(session, "HELLO", percent=10, first_order=True)
    buyers = [f"cart {number}" for number in range(12)]
    shown = {buyer: with_code(buyer, "HELLO") for buyer in buyers}

    ended = at_once(lambda buyer: place(buyer, shown[buyer]) and "placed", buyers, 8)

    assert ended["placed"] == 1
    assert standing() == [(1, 490)]


def test_the_last_gifts_go_to_some_and_everyone_can_buy(engine):
    with db.transaction() as session:
        gift = variant_with(session, "TREAT").id
        make_promotion(session, "", name="a treat", percent=0, kind="gift", gift_variant_id=gift)
    buyers = [f"buyer {number}" for number in range(20)]
    for buyer in buyers:
        fill(buyer, A=1)

    ended = at_once(
        lambda buyer: place(buyer, ENOUGH, f"{buyer.replace(' ', '')}@example.com") and "placed", buyers, 8
    )

    assert ended == {"placed": 20}
    assert numbers("TREAT") == (7, 7, 0)
    assert standing() == [(7, 7000)]
    assert count("order_line") == 27


def test_codes_made_at_once_are_all_different(engine):
    with db.transaction() as session:
        promotion_id = make_promotion(session, "FIRST").id or 0

    def make(_number: int) -> str:
        with db.transaction() as session:
            codes = promotions_admin.generate_codes(session, promotion_id, 500, prefix="X", by=MANAGER)
        return "made" if len(set(codes)) == 500 else Conflict.__name__

    assert at_once(make, range(8), 8) == {"made": 8}
    assert count("promotion_code") == 4001
