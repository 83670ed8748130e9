"""Ordering again: what can be had at today's prices, each line with what became of it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session

from shop_app.core.errors import NotFound
from shop_app.models import (
    MAX_LINES,
    Order,
    Product,
    ProductStatus,
    StockLevel,
    StockPolicy,
    Variant,
    table_of,
)
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import lines as cart_lines
from shop_app.services.orders import again, placing
from shop_app.services.orders.queries import order_line
from tests.factories import key_hash, make_basics, make_customer, make_product, variant_with
from tests.services.test_orders import LATER

pytestmark = pytest.mark.both
GUEST = key_hash()


@pytest.fixture
def bought(session: Session) -> tuple[int, str]:
    """Two mugs in Moss and one bowl, ordered by an account: the customer's id and the order's token."""
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, options={"Colour": ["Moss", "Clay"]}, stock=9)
    make_product(session, "Shoal Bowl", price_minor=2780, stock=9)
    cart_commands.add(session, GUEST, "DUNE-MUG-MOSS", 2)
    cart_commands.add(session, GUEST, "SHOAL-BOWL", 1)
    placed = placing.place(
        session, GUEST, LATER, expected_total_minor=checkout.view(session, GUEST).total_minor
    )
    customer_id = make_customer(session).id or 0
    session.connection().execute(update(table_of(Order)).values(customer_id=customer_id))
    return customer_id, placed.token


def key_of(customer_id: int) -> str:
    return f"customer:{customer_id}"


def order_again(session: Session, bought: tuple[int, str]) -> again.AgainView:
    return again.of_customer(session, key_of(bought[0]), bought[0], 1001)


def outcomes(view: again.AgainView) -> list[tuple[str, str, str]]:
    return [(line.title, line.outcome, line.text) for line in view.lines]


def in_cart(session: Session, key: str) -> dict[str, tuple[int, bool]]:
    head = cart_lines.head(session, key)
    return (
        {line.sku: (line.quantity, line.saved) for line in cart_lines.lines(session, head.id)} if head else {}
    )


def set_variant(session: Session, sku: str, **values: Any) -> None:
    variant_id = variant_with(session, sku).id
    session.connection().execute(
        update(table_of(Variant)).where(table_of(Variant).c.id == variant_id).values(**values)
    )


def set_stock(session: Session, sku: str, on_hand: int, **values: Any) -> None:
    level = session.get_one(StockLevel, variant_with(session, sku).id)
    level.on_hand = on_hand
    for name, value in values.items():
        setattr(level, name, value)
    session.flush()


def test_all_of_it_comes_into_the_cart_of_the_account(session, bought):
    view = order_again(session, bought)

    assert (view.number, view.headline, view.taken) == ("1001", "All of it is in your cart", 2)
    assert outcomes(view) == [
        ("Dune Mug, Moss", "taken", "2 in your cart, at €24.00 each."),
        ("Shoal Bowl", "taken", "1 in your cart, at €27.80."),
    ]
    assert in_cart(session, key_of(bought[0])) == {"DUNE-MUG-MOSS": (2, False), "SHOAL-BOWL": (1, False)}


def test_twice_is_once_and_what_is_there_stays(session, bought):
    key = key_of(bought[0])
    cart_commands.add(session, key, "DUNE-MUG-CLAY", 3)
    cart_commands.add(session, key, "SHOAL-BOWL", 4)
    cart_commands.add(session, key, "DUNE-MUG-MOSS", 1)
    cart_commands.save_for_later(session, key, "DUNE-MUG-MOSS")

    first, second = order_again(session, bought), order_again(session, bought)

    assert first == second
    assert first.lines[1].text == "4 in your cart, at €27.80 each."
    assert in_cart(session, key) == {
        "DUNE-MUG-CLAY": (3, False), "SHOAL-BOWL": (4, False), "DUNE-MUG-MOSS": (2, False),
    }  # fmt: skip


def test_what_is_gone_and_what_is_dearer_is_said_line_by_line(session, bought):
    set_variant(session, "DUNE-MUG-MOSS", price_minor=2600)
    session.connection().execute(
        update(table_of(Product))
        .where(table_of(Product).c.slug == "shoal-bowl")
        .values(status=ProductStatus.ARCHIVED)
    )

    view = order_again(session, bought)

    assert outcomes(view) == [
        ("Dune Mug, Moss", "taken", "2 in your cart, at €26.00 each. It was €24.00."),
        ("Shoal Bowl", "gone", "It isn't for sale any more."),
    ]
    assert [(line.price, line.href) for line in view.lines] == [("dearer", ""), ("", "")]
    assert (view.headline, view.taken) == ("1 of 2 things are in your cart", 1)
    assert in_cart(session, key_of(bought[0])) == {"DUNE-MUG-MOSS": (2, False)}


def test_no_more_comes_than_there_is(session, bought):
    set_stock(session, "DUNE-MUG-MOSS", 3)
    set_stock(session, "SHOAL-BOWL", 1)

    view = order_again(session, bought)

    assert outcomes(view) == [
        ("Dune Mug, Moss", "fewer", "1 in your cart, at €24.00. You ordered 2, and no more are left."),
        ("Shoal Bowl", "sold_out", "It is sold out at the moment."),
    ]
    assert view.lines[1].href == "/products/shoal-bowl"
    assert in_cart(session, key_of(bought[0])) == {"DUNE-MUG-MOSS": (1, False)}


def test_what_can_be_ordered_ahead_comes_whole(session, bought):
    set_stock(session, "DUNE-MUG-MOSS", 2, policy=StockPolicy.BACKORDER)
    assert [line.outcome for line in order_again(session, bought).lines] == ["taken", "taken"]


def test_a_product_with_other_options_is_offered_and_never_chosen_for_anyone(session, bought):
    set_variant(session, "DUNE-MUG-MOSS", active=False)
    set_variant(session, "SHOAL-BOWL", title="Large")

    view = order_again(session, bought)

    assert [(line.outcome, line.href) for line in view.lines] == [
        ("options", "/products/dune-mug"), ("options", "/products/shoal-bowl"),
    ]  # fmt: skip
    assert view.headline == "Nothing of it can be had at the moment"
    assert in_cart(session, key_of(bought[0])) == {}


def test_values_in_another_order_are_the_same_options(session, bought):
    session.connection().execute(update(table_of(Variant)).values(title="Large / Moss"))
    session.connection().execute(update(order_line).values(variant_title="Moss / Large"))
    assert [line.outcome for line in order_again(session, bought).lines] == ["taken", "taken"]


def test_gifts_of_a_promotion_arent_brought_again(session, bought):
    session.connection().execute(
        update(order_line).where(order_line.c.sku == "SHOAL-BOWL").values(is_gift=True)
    )
    assert [line.title for line in order_again(session, bought).lines] == ["Dune Mug, Moss"]


def test_a_full_cart_has_no_room(session, bought):
    key = key_of(bought[0])
    for number in range(MAX_LINES - 1):
        make_product(session, f"Thing {number}")
        cart_commands.add(session, key, f"THING-{number}", 1)

    view = order_again(session, bought)

    assert [line.outcome for line in view.lines] == ["taken", "full"]
    assert len(in_cart(session, key)) == MAX_LINES


def test_another_ones_order_isnt_found_and_changes_nothing(session, bought):
    other = make_customer(session, "other@example.com").id or 0
    for number in (1001, 9999, -1):
        with pytest.raises(NotFound):
            again.of_customer(session, key_of(other), other, number)
    assert in_cart(session, key_of(other)) == {}


def test_whoever_holds_the_link_orders_again_as_a_guest(session, bought):
    visitor = key_hash("somebody else's browser")
    assert again.of_token(session, visitor, bought[1]).taken == 2
    assert in_cart(session, visitor) == {"DUNE-MUG-MOSS": (2, False), "SHOAL-BOWL": (1, False)}
    for token in ("", "%00", "nobody-holds-this-token-0000000", "x" * 4000):
        with pytest.raises(NotFound):
            again.of_token(session, visitor, token)
    with pytest.raises(NotFound):
        again.of_token(session, "", bought[1])
