"""Promotions in carts and orders: limits, budgets, first orders, gifts; each use is given back once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Row, select, update
from sqlmodel import Session, SQLModel

from shop_app.core.errors import Conflict, NotFound
from shop_app.models import PromotionKind
from shop_app.services import terms_cache
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.promotions import commands as promotions_commands
from shop_app.services.promotions.discounts import DiscountLine, Offer
from shop_app.services.storefront import order_page
from tests.factories import (
    key_hash,
    make_basics,
    make_category,
    make_product,
    make_promotion,
    stock_of,
    variant_with,
)
from tests.machines.on_database import make_empty_order

pytestmark = pytest.mark.both
ME, OTHER = key_hash(), key_hash("another")
tables = SQLModel.metadata.tables
FORM = CheckoutForm(
    email="marta@example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="stripe",
)
LATER = replace(FORM, payment_provider="manual")


@pytest.fixture(autouse=True)
def _shop(session: Session) -> None:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, stock=50)
    make_product(session, "Salt Cellar", price_minor=1900, stock=2)
    cart_commands.add(session, ME, "DUNE-MUG", 2)


def place(session: Session, form: CheckoutForm = FORM, key: str = ME) -> placing.PlacedOrder:
    checkout.save(session, key, form)
    shown = checkout.view(session, key).total_minor
    return placing.place(session, key, form, expected_total_minor=shown)


def rows(session: Session, table: str) -> list[Row[Any]]:
    return list(session.connection().execute(select(tables[table]).order_by(*tables[table].primary_key)))


def set_row(session: Session, table: str, **values: Any) -> None:
    session.connection().execute(update(tables[table]).values(**values))


def standing(session: Session) -> list[tuple[int, int]]:
    return [(row.used, row.spent_minor) for row in rows(session, "promotion")]


def make_gift(session: Session, **more: Any):
    gift = variant_with(session, "SALT-CELLAR").id
    more = {"minimum_minor": 4000, "name": "a salt cellar", **more}
    promotion_id = make_promotion(
        session, more.pop("code", ""), percent=0, kind="gift", gift_variant_id=gift, **more
    )
    terms_cache.clear_all()
    return promotion_id


def reasons(view: cart_queries.CartView) -> list[str]:
    return [reason.reason for reason in view.reasons] + view.hints


def books_are_right(session: Session) -> bool:
    return books.check(session).violations == ()


# --- Budgets and first orders ---------------------------------------------------------------------


def test_an_order_takes_a_use_and_its_part_of_the_budget_and_gives_both_back(session):
    make_promotion(session, "AUTUMN10", budget_minor=1000)
    cart_commands.apply_code(session, ME, "AUTUMN10")
    placed = place(session)
    assert standing(session) == [(1, 480)]
    order_commands.end_unpaid(session, placed.order_id, why="expired")
    assert standing(session) == [(0, 0)]
    order_commands.end_unpaid(session, placed.order_id, why="expired")

    assert order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR") == "paid"
    assert standing(session) == [(1, 480)]
    assert books_are_right(session)


def test_the_own_waiting_order_does_not_use_up_the_budget_for_its_cart(session):
    make_promotion(session, "AUTUMN10", budget_minor=480)
    cart_commands.apply_code(session, ME, "AUTUMN10")
    place(session)

    assert [line.amount for line in cart_queries.view(session, ME).discounts] == ["−€4.80"]
    cart_commands.add(session, OTHER, "DUNE-MUG", 1)
    with pytest.raises(NotFound, match="AUTUMN10 is used up"), session.begin_nested():
        cart_commands.apply_code(session, OTHER, "AUTUMN10")


def test_a_budget_that_does_not_reach_gives_nothing_and_says_so(session):
    make_promotion(session, "AUTUMN10", budget_minor=479)
    cart_commands.apply_code(session, ME, "AUTUMN10")
    view = cart_queries.view(session, ME)

    assert (view.discounts, reasons(view)) == ([], ["AUTUMN10 is used up"])


def test_a_budget_that_others_took_in_the_meantime_refuses_the_order(session):
    promotion = make_promotion(session, "AUTUMN10", budget_minor=1000)
    cart_commands.apply_code(session, ME, "AUTUMN10")
    placed = place(session)
    order_commands.end_unpaid(session, placed.order_id, why="expired")
    set_row(session, "promotion", spent_minor=600, used=1)
    offer = Offer(promotion.id or 0, "Autumn", "percent", code="AUTUMN10")
    with pytest.raises(Conflict, match="AUTUMN10 is used up"), session.begin_nested():
        promotions_commands.take(
            session, placed.order_id, "marta@example.com", [promotions_commands.DiscountLine(offer, 480)]
        )

    assert standing(session) == [(1, 600)]


def test_a_first_order_is_known_by_its_address_once_it_is_typed(session):
    make_promotion(session, "WELCOME5", first_order=True)
    cart_commands.add(session, OTHER, "DUNE-MUG", 1)
    place(session, LATER, OTHER)
    cart_commands.apply_code(session, ME, "WELCOME5")
    assert cart_queries.view(session, ME).discounts, "nobody knows yet whose cart it is"

    view = checkout.save(session, ME, FORM)
    assert (view.discounts, view.total_minor) == ([], 5290)
    assert reasons(view.cart) == ["WELCOME5 is only for a first order"]
    new = checkout.save(session, ME, replace(FORM, email="new@example.com"))
    assert [line.amount for line in new.discounts] == ["−€4.80"]


def test_a_first_order_is_checked_again_when_the_use_is_taken(session):
    promotion = make_promotion(session, "WELCOME5", first_order=True)
    cart_commands.add(session, OTHER, "DUNE-MUG", 1)
    first = place(session, LATER, OTHER)
    second = place(session)
    offer = Offer(promotion.id or 0, "Welcome", "percent", code="WELCOME5")
    for order_id in (first.order_id, second.order_id):
        with pytest.raises(Conflict, match="only for a first order"), session.begin_nested():
            promotions_commands.take(
                session, order_id, "marta@example.com", [promotions_commands.DiscountLine(offer, 480)]
            )

    assert standing(session) == [(0, 0)]


# --- What it is about -----------------------------------------------------------------------------


def test_a_category_covers_those_below_it(session):
    table = make_category(session, "Table")
    make_category(session, "Bowls", parent=table)
    make_product(session, "Shoal Bowl", price_minor=3000, category="Bowls")
    make_promotion(session, "TABLE10", conditions={"categories": [table.id]})
    cart_commands.apply_code(session, ME, "TABLE10")
    assert reasons(cart_queries.view(session, ME)) == ["TABLE10 is for other things than those in your cart"]

    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    view = cart_queries.view(session, ME)
    assert [line.amount for line in view.discounts] == ["−€3.00"]


def test_three_for_two_in_an_order(session):
    make_promotion(
        session,
        "",
        name="3 for 2",
        kind=PromotionKind.BUY_X_GET_Y,
        percent=100,
        buy_quantity=2,
        get_quantity=1,
    )
    terms_cache.clear_all()
    assert reasons(cart_queries.view(session, ME)) == ["Add 1 more thing for 3 for 2"]
    cart_commands.add(session, ME, "DUNE-MUG", 1)
    placed = place(session)

    assert placed.total_minor == 2 * 2400 + 490
    assert standing(session) == [(1, 2400)]
    assert books_are_right(session)


# --- Gifts ----------------------------------------------------------------------------------------


def test_a_gift_is_a_line_of_the_cart_and_of_the_order_that_costs_nothing(session):
    promotion = make_gift(session)
    view = cart_queries.view(session, ME)
    assert [(line.sku, line.total, line.compare_at) for line in view.gifts] == [
        ("SALT-CELLAR", "Free", "€19.00")
    ]
    assert (view.subtotal, view.discounts, view.count) == ("€48.00", [], 2)
    placed = place(session)

    bought, gift = rows(session, "order_line")
    assert (bought.is_gift, gift.is_gift, gift.sku, gift.quantity) == (False, True, "SALT-CELLAR", 1)
    assert (gift.subtotal_minor, gift.discount_minor, gift.total_minor, gift.tax_minor) == (1900, 1900, 0, 0)
    assert stock_of(session, "SALT-CELLAR") == (2, 1, 0)
    assert placed.total_minor == 5290
    shown = order_page.view(session, placed.token)
    assert [(line.title, line.total, line.is_gift) for line in shown.lines] == [
        ("Dune Mug", "€48.00", False),
        ("Salt Cellar", "Free", True),
    ]
    assert (shown.subtotal, shown.discounts, shown.total) == ("€48.00", [], "€52.90")
    assert standing(session) == [(1, 1900)]
    assert promotion.id
    assert books_are_right(session)
    order_commands.end_unpaid(session, placed.order_id, why="cancelled")
    assert (stock_of(session, "SALT-CELLAR"), standing(session)) == ((2, 0, 0), [(0, 0)])


def test_a_gift_may_be_a_unit_of_what_is_in_the_cart_too(session, clock):
    make_gift(session)
    cart_commands.add(session, ME, "SALT-CELLAR", 1)
    placed = place(session)
    assert [(row.sku, row.quantity) for row in rows(session, "order_line")] == [
        ("DUNE-MUG", 2),
        ("SALT-CELLAR", 1),
        ("SALT-CELLAR", 1),
    ]
    assert stock_of(session, "SALT-CELLAR") == (2, 2, 0)
    assert [line.max_quantity for line in cart_queries.view(session, ME).lines] == [50, 1]
    order_commands.end_unpaid(session, placed.order_id, why="expired")
    assert order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR") == "paid"
    assert stock_of(session, "SALT-CELLAR") == (2, 2, 0)
    assert books_are_right(session)


def test_the_last_units_are_sold_rather_than_given(session):
    make_gift(session)
    cart_commands.add(session, ME, "SALT-CELLAR", 2)
    view = cart_queries.view(session, ME)

    assert (view.gifts, view.hints) == ([], ["The gift that comes with a salt cellar is sold out"])
    assert place(session).total_minor == 4800 + 3800


def test_a_gift_that_ran_out_falls_away_with_a_reason(session):
    make_gift(session, code="TREAT")
    cart_commands.apply_code(session, ME, "TREAT")
    set_row(session, "stock_level", on_hand=1)
    session.connection().execute(
        update(tables["stock_level"])
        .where(tables["stock_level"].c.variant_id == variant_with(session, "SALT-CELLAR").id)
        .values(on_hand=0)
    )
    cart_commands.set_quantity(session, ME, "DUNE-MUG", 1)
    set_row(session, "promotion", minimum_minor=0)
    view = cart_queries.view(session, ME)

    assert (view.gifts, reasons(view)) == ([], ["The gift that comes with TREAT is sold out"])


def test_a_gift_that_somebody_got_between_price_and_stock_keeps_nobody_from_buying(session, monkeypatch):
    make_gift(session)
    shown = checkout.save(session, ME, FORM).total_minor
    allocate, calls = placing.inventory_commands.allocate, []

    def somebody_was_quicker(opened: Session, order_id: int, units: dict[int, int], **more: Any) -> None:
        calls.append(dict(units))
        if len(calls) == 1:
            of_gift = variant_with(opened, "SALT-CELLAR").id
            level = tables["stock_level"]
            opened.connection().execute(
                update(level).where(level.c.variant_id == of_gift).values(allocated=2)
            )
        allocate(opened, order_id, units, **more)

    monkeypatch.setattr(placing.inventory_commands, "allocate", somebody_was_quicker)
    placed = placing.place(session, ME, FORM, expected_total_minor=shown)

    assert [len(units) for units in calls] == [2, 1]
    assert (placed.number, placed.total_minor) == (1001, 5290)
    assert [row.sku for row in rows(session, "order_line")] == ["DUNE-MUG"]
    assert standing(session) == [(0, 0)]


def test_the_last_use_goes_to_one_order_whoever_was_told_before_that_it_is_there(session):
    promotion = make_promotion(session, "LAST", usage_limit=1)
    first, second = make_empty_order(session, 0), make_empty_order(session, 1)
    use = [DiscountLine(Offer(promotion.id, "Last", "fixed", code="LAST"), 500)]
    promotions_commands.take(session, first, "ann@example.com", use)

    with pytest.raises(Conflict, match="LAST is used up"):
        promotions_commands.take(session, second, "bob@example.com", use)

    session.refresh(promotion)
    assert (promotion.used, promotion.spent_minor) == (1, 500)
