"""What someone keeps from others without paying: bounded by visitor and by address."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from shop_app.core import db
from shop_app.core.errors import TooMany
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.orders import placing
from shop_app.services.payments import transfers
from shop_app.workflows import pay
from tests.factories import key_hash, make_basics, make_product, stock_of
from tests.paying import FORM, MANAGER, everything, rows

pytestmark = pytest.mark.both
LATER = replace(FORM, payment_provider="manual")
HERE, THERE = "a" * 64, "b" * 64
MOST, TOGETHER = 20, 30


@pytest.fixture(autouse=True)
def shop(engine, configure) -> None:
    """A thousand bowls, of which a visitor may keep 20 unpaid, an address 30."""
    configure(SHOP_UNPAID_UNITS=str(MOST), SHOP_UNPAID_UNITS_PER_ADDRESS=str(TOGETHER))
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Bowl", price_minor=1000, stock=1000)


def fill(visitor: str, units: int) -> int:
    with db.transaction() as session:
        if units:
            cart_commands.add(session, key_hash(visitor), "BOWL", units)
        return checkout.save(session, key_hash(visitor), LATER).total_minor


def place(
    visitor: str, units: int = 0, *, email: str = "", address_hash: str = HERE, way: str = "manual"
) -> None:
    total = fill(visitor, units)
    form = replace(FORM, payment_provider=way, email=email or f"{visitor}@example.com")
    with db.transaction() as session:
        placing.place(session, key_hash(visitor), form, expected_total_minor=total, address_hash=address_hash)


def enter(visitor: str, units: int, address_hash: str = HERE) -> int:
    """Go to the checkout with so many; how many are held for the visitor."""
    with db.transaction() as session:
        cart_commands.add(session, key_hash(visitor), "BOWL", units)
    with db.transaction() as session:
        view = cart_holds.enter(session, key_hash(visitor), address_hash)
        assert view.short == []
        assert view.state == ("held" if view.ends_at else ""), "nothing is over where nothing was held"
    return held(visitor)


def held(visitor: str) -> int:
    carts = {row.id for row in rows("cart") if row.key_hash == key_hash(visitor) and not row.completed_at}
    return sum(row.quantity for row in rows("stock_hold") if row.cart_id in carts)


def kept() -> int:
    """Units that nobody else can have."""
    with db.reading() as session:
        _on_hand, allocated, on_hold = stock_of(session, "BOWL")
        return allocated + on_hold


@pytest.mark.parametrize("way", ["manual", "stripe"])
def test_a_visitor_keeps_so_many_and_the_refusal_says_what_is_left(way):
    place("eve", 15)
    before = everything()
    with pytest.raises(TooMany) as refusal:
        place("eve", 6, way=way)
    assert str(refusal.value) == (
        "The shop keeps 20 things at most for somebody who hasn't paid yet. "
        "You can order 5 more now, and the rest when they are paid."
    )
    after = everything()
    assert after.pop("cart") != before.pop("cart"), "the cart is kept"
    assert after == before
    with db.transaction() as session:
        cart_commands.set_quantity(session, key_hash("eve"), "BOWL", 5)
        total = checkout.view(session, key_hash("eve")).total_minor
        placing.place(session, key_hash("eve"), LATER, expected_total_minor=total, address_hash=HERE)
    with pytest.raises(TooMany, match="Pay for what you have ordered"):
        place("eve", 1)
    assert kept() == 20
    with db.reading() as session:
        assert books.check(session).violations == ()


def test_new_cookies_are_of_no_use_from_one_address():
    for number in range(5):
        try:
            place(f"eve{number}", 10)
        except TooMany:
            assert number == 3
            break
    assert kept() == TOGETHER
    place("sam", 10, address_hash=THERE)


def test_whoever_wants_more_than_that_at_once_reads_how_to_get_it():
    assert enter("sam", 25) == 0
    with pytest.raises(TooMany) as refusal:
        place("sam", way="stripe")
    assert str(refusal.value) == (
        "The shop keeps 20 things at most for somebody who hasn't paid yet. "
        "Order 20 of them now, and the rest when those are paid."
    )


def test_whoever_has_ordered_nothing_reads_that_others_of_the_address_have():
    place("ada", 15)
    place("bob", 12)
    with pytest.raises(TooMany) as refusal:
        place("sam", 4)
    assert str(refusal.value) == (
        "From your internet connection so much was ordered just now, and isn't paid yet, that the shop can "
        "keep only 3 things more. Take fewer, try again later, or use another connection."
    )
    assert refusal.value.code == "unpaid_units"
    place("eve", 3)
    with pytest.raises(TooMany, match="keep nothing more. Try again later, or use another connection"):
        place("sam")
    with pytest.raises(TooMany, match="20 things at most for somebody who hasn't paid yet"):
        place("ada", 6)


def test_nobody_is_kept_from_buying_by_orders_that_others_placed_in_their_name():
    for number in range(5):
        place(f"eve{number}", 20, email="sam@example.com", address_hash=f"{number:064}")
    place("sam", 20, email="sam@example.com", address_hash=THERE)
    placed = rows("customer_order")
    assert [(row.email, row.status) for row in placed] == [("sam@example.com", "placed")] * 6
    assert placed[-1].address_hash == THERE


def test_a_whole_cart_of_things_counts_as_their_sum():
    with db.transaction() as session:
        make_product(session, "Mug", price_minor=1000, stock=1000)
        cart_commands.add(session, key_hash("eve"), "BOWL", 11)
        cart_commands.add(session, key_hash("eve"), "MUG", 10)
        total = checkout.view(session, key_hash("eve")).total_minor
    with pytest.raises(TooMany), db.transaction() as session:
        placing.place(session, key_hash("eve"), LATER, expected_total_minor=total)


def test_what_is_paid_doesnt_count():
    for _time in range(3):
        place("sam", 15)
        number = rows("customer_order")[-1].number
        with db.transaction() as session:
            transfers.mark_paid(session, number, f"SEPA {number}", MANAGER)
    assert [row.address_hash for row in rows("customer_order")] == ["", "", ""]


def test_what_has_ended_doesnt_count():
    place("sam", 15, way="stripe")
    asyncio.run(pay.end_unpaid_order(rows("customer_order")[-1].id, "cancelled"))
    place("sam", 5, way="stripe")
    assert kept() == 20


def test_what_is_in_checkout_counts_for_the_address():
    assert enter("ada", 15) == 15
    assert enter("bob", 15) == 15
    assert enter("eve", 1) == 0, "the page is there, and nothing is held"
    assert kept() == TOGETHER
    with pytest.raises(TooMany):
        place("eve", 1)
    place("ada")
    assert enter("sam", 20, THERE) == 20


def test_a_hold_doesnt_grow_beyond_it_once_it_is_there():
    assert enter("eve", 1) == 1
    with db.transaction() as session:
        cart_commands.add(session, key_hash("eve"), "BOWL", 98)
    assert held("eve") == 1
    with db.transaction() as session:
        cart_commands.set_quantity(session, key_hash("eve"), "BOWL", 20)
    assert held("eve") == 20
    with db.transaction() as session:
        cart_commands.set_quantity(session, key_hash("eve"), "BOWL", 3)
    assert held("eve") == 3
    assert enter("eve", 90) == 3


def test_a_hold_becomes_an_order_without_counting_twice():
    assert enter("sam", 20) == 20
    with db.transaction() as session:
        total = checkout.save(session, key_hash("sam"), LATER).total_minor
        placing.place(session, key_hash("sam"), LATER, expected_total_minor=total, address_hash=HERE)
    assert kept() == 20


def test_nobody_knows_the_address_from_the_database(configure):
    from shop_app.core.access.clients import Client

    origin = Client("192.0.2.7", "").origin
    # By chance a digest has the digits 192; it never has dots.
    assert (len(origin), "192.0" in origin) == (64, False)
    assert origin == Client("192.0.2.7", "x").origin != Client("192.0.2.8", "").origin
    configure(SHOP_SECRET_KEY="another key " * 4)
    assert Client("192.0.2.7", "").origin != origin


def test_many_at_once_keep_no_more_together():
    totals = {number: fill(f"eve{number}", 5) for number in range(12)}

    async def one(number: int) -> bool:
        form = replace(LATER, email=f"eve{number}@example.com")
        try:
            await pay.pay(key_hash(f"eve{number}"), form, totals[number], address_hash=HERE)
        except TooMany:
            return False
        return True

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(one(number) for number in totals))

    assert sum(asyncio.run(all_at_once())) == TOGETHER // 5
    assert kept() == TOGETHER
