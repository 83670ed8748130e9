"""Holds: what a cart in checkout keeps, for how long, and who releases it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from shop_app.core import events
from shop_app.core.clock import now
from shop_app.models import StockPolicy
from shop_app.services.books import check as books
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.cart.holds import ShortLine
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.storefront import order_page
from tests.factories import key_hash, make_basics, make_product, stock_of, variant_with

pytestmark = pytest.mark.both
stock_movement = SQLModel.metadata.tables["stock_movement"]
stock_hold = SQLModel.metadata.tables["stock_hold"]
MARTA, JONAS = key_hash("Marta"), key_hash("Jonas")
FORM = CheckoutForm(
    email="marta@example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    payment_provider="stripe",
)


@pytest.fixture
def shop(session: Session, clock) -> Session:
    """Ten lamps and four bowls, at 10:00."""
    make_basics(session)
    make_product(session, "Lamp", stock=10)
    make_product(session, "Bowl", stock=4)
    return session


def fill(session: Session, key: str, **lines: int) -> None:
    for title, quantity in lines.items():
        cart_commands.add(session, key, title.upper(), quantity)


def until(view: cart_holds.HoldView) -> float:
    """Minutes left."""
    return (datetime.fromisoformat(view.ends_at) - now()).total_seconds() / 60


def rows(session: Session) -> list[tuple[int, datetime]]:
    rows_now = session.connection().execute(select(stock_hold).order_by(stock_hold.c.id))
    return [(row.quantity, row.expires_at) for row in rows_now]


def of(session: Session, sku: str) -> tuple[int, int, int]:
    return stock_of(session, sku)


def test_entering_checkout_holds_every_line_for_a_quarter_of_an_hour(shop):
    fill(shop, MARTA, lamp=2, bowl=3)
    hold = cart_holds.enter(shop, MARTA)

    assert (hold.state, until(hold), hold.can_stay, hold.short) == ("held", 15, True, [])
    assert hold.as_of == now().isoformat()
    assert (of(shop, "LAMP"), of(shop, "BOWL")) == ((10, 0, 2), (4, 0, 3))
    assert [expires_at for _units, expires_at in rows(shop)] == [now() + timedelta(minutes=15)] * 2


def test_saved_lines_and_nothing_at_all_are_not_held(shop):
    assert cart_holds.enter(shop, MARTA) == cart_holds.HoldView()
    fill(shop, MARTA, lamp=2)
    cart_commands.save_for_later(shop, MARTA, "LAMP")

    assert cart_holds.enter(shop, MARTA) == cart_holds.HoldView()
    assert (of(shop, "LAMP"), rows(shop)) == ((10, 0, 0), [])


def test_entering_again_holds_longer_and_no_more(shop, clock):
    fill(shop, MARTA, lamp=2)
    cart_holds.enter(shop, MARTA)
    clock.shift(600)

    assert until(cart_holds.enter(shop, MARTA)) == 15
    assert of(shop, "LAMP") == (10, 0, 2)


def test_whoever_stays_is_held_for_up_to_an_hour_from_the_start(shop, clock):
    fill(shop, MARTA, lamp=2)
    cart_holds.enter(shop, MARTA)
    left = []
    for _step in range(5):
        clock.shift(12 * 60)
        hold = cart_holds.extend(shop, MARTA)
        left.append((hold.state, until(hold) if hold.ends_at else 0, hold.can_stay))

    assert left == [
        ("held", 15, True),
        ("held", 15, True),
        ("held", 15, True),
        ("held", 12, False),
        ("over", 0, False),
    ]


def test_a_hold_that_ran_out_is_not_extended_and_a_new_one_starts_its_own_hour(shop, clock):
    fill(shop, MARTA, lamp=2)
    cart_holds.enter(shop, MARTA)
    clock.shift(15 * 60)
    assert cart_holds.extend(shop, MARTA).state == "over"

    hold = cart_holds.enter(shop, MARTA)
    assert (hold.state, until(hold), hold.can_stay) == ("held", 15, True)
    assert of(shop, "LAMP") == (10, 0, 2)
    kinds = [
        row.kind for row in shop.connection().execute(select(stock_movement).order_by(stock_movement.c.id))
    ]
    assert kinds == ["received", "received", "held", "unheld", "held"]


def test_the_times_are_settings(shop, configure):
    configure(SHOP_HOLD_MINUTES="5", SHOP_HOLD_MOST_MINUTES="5")
    fill(shop, MARTA, lamp=2)
    hold = cart_holds.enter(shop, MARTA)

    assert (until(hold), hold.can_stay) == (5, False)


def test_what_another_holds_is_short_line_by_line_and_the_rest_is_held(shop):
    fill(shop, JONAS, bowl=3)
    fill(shop, MARTA, lamp=2, bowl=3)
    cart_holds.enter(shop, JONAS)
    hold = cart_holds.enter(shop, MARTA)

    assert hold.short == [ShortLine("BOWL", 1, "Only 1 of Bowl is left.")]
    assert (hold.state, of(shop, "LAMP"), of(shop, "BOWL")) == ("held", (10, 0, 2), (4, 0, 4))
    cart_commands.set_quantity(shop, MARTA, "BOWL", 1)
    assert cart_holds.view(shop, MARTA).short == []
    assert of(shop, "BOWL") == (4, 0, 4)


def test_where_everything_is_gone_nothing_is_held(shop):
    fill(shop, JONAS, bowl=4)
    fill(shop, MARTA, bowl=1)
    cart_holds.enter(shop, JONAS)
    hold = cart_holds.enter(shop, MARTA)

    assert (hold.state, hold.short) == ("over", [ShortLine("BOWL", 0, "Bowl is sold out.")])
    assert of(shop, "BOWL") == (4, 0, 4)


def test_what_may_be_backordered_is_held_beyond_what_is_there(shop):
    make_product(shop, "Chair", stock=1, policy=StockPolicy.BACKORDER)
    fill(shop, MARTA, chair=5)

    assert cart_holds.enter(shop, MARTA).short == []
    assert of(shop, "CHAIR") == (1, 0, 5)


@pytest.mark.parametrize(
    ("change", "held"),
    [
        (lambda s: cart_commands.set_quantity(s, MARTA, "BOWL", 1), (2, 1)),
        (lambda s: cart_commands.set_quantity(s, MARTA, "LAMP", 5), (5, 2)),
        (lambda s: cart_commands.add(s, MARTA, "BOWL", 2), (2, 4)),
        (lambda s: cart_commands.remove(s, MARTA, "BOWL"), (2, 0)),
        (lambda s: cart_commands.save_for_later(s, MARTA, "LAMP"), (0, 2)),
        (lambda s: (cart_commands.remove(s, MARTA, "BOWL"), cart_commands.remove(s, MARTA, "LAMP")), (0, 0)),
    ],
)
def test_the_hold_follows_the_cart(shop, change, held):
    fill(shop, MARTA, lamp=2, bowl=2)
    cart_holds.enter(shop, MARTA)
    change(shop)

    assert (of(shop, "LAMP")[2], of(shop, "BOWL")[2]) == held
    assert books.check(shop).violations == ()


def test_a_new_line_is_held_with_the_others_and_to_the_same_moment(shop, clock):
    fill(shop, MARTA, lamp=2)
    ends_at = cart_holds.enter(shop, MARTA).ends_at
    clock.shift(60)
    fill(shop, MARTA, bowl=1)

    assert [(units, at.isoformat()) for units, at in sorted(rows(shop))] == [(1, ends_at), (2, ends_at)]


def test_a_cart_that_holds_nothing_takes_nothing_when_it_changes(shop, clock):
    fill(shop, MARTA, lamp=2)
    cart_holds.enter(shop, MARTA)
    clock.shift(15 * 60)
    cart_holds.sweep(shop)
    fill(shop, MARTA, bowl=1)

    assert rows(shop) == []


def test_what_the_cart_holds_is_there_for_the_cart_and_for_nobody_else(shop):
    fill(shop, MARTA, bowl=4)
    fill(shop, JONAS, bowl=1)
    cart_holds.enter(shop, MARTA)

    assert [(line.max_quantity, line.notice) for line in cart_queries.view(shop, MARTA).lines] == [(4, "")]
    assert cart_queries.view(shop, JONAS).lines[0].notice == "Sold out. Take it out or save it for later."


def test_the_sweep_releases_what_ran_out_and_publishes_it(shop, clock):
    fill(shop, MARTA, lamp=2, bowl=1)
    fill(shop, JONAS, bowl=2)
    cart_holds.enter(shop, MARTA)
    clock.shift(60)
    cart_holds.enter(shop, JONAS)
    shop.info.pop("events")
    clock.shift(14 * 60)

    assert cart_holds.any_run_out(shop)
    assert [cart_holds.sweep(shop) for _again in range(2)] == [1, 0]
    assert not cart_holds.any_run_out(shop)
    assert (of(shop, "LAMP"), of(shop, "BOWL")) == ((10, 0, 0), (4, 0, 2))
    published = [event for event in shop.info["events"] if not isinstance(event, events.ShownChanged)]
    assert [type(event) for event in published] == [events.StockChanged, events.CartChanged]
    assert published[0] == events.StockChanged(
        tuple(sorted(variant_with(shop, sku).id or 0 for sku in ("BOWL", "LAMP")))
    )
    assert (cart_holds.view(shop, MARTA).state, cart_holds.view(shop, JONAS).state) == ("over", "held")
    assert books.check(shop).violations == ()


def test_the_sweep_takes_so_many_carts_at_a_time(shop, clock):
    for buyer in range(5):
        fill(shop, key_hash(f"buyer {buyer}"), lamp=2)
        cart_holds.enter(shop, key_hash(f"buyer {buyer}"))
    clock.shift(15 * 60)

    assert [cart_holds.sweep(shop, 2) for _again in range(4)] == [2, 2, 1, 0]
    assert of(shop, "LAMP") == (10, 0, 0)


def test_the_pages_clock_ends_a_hold_only_when_it_is_over(shop, clock):
    fill(shop, MARTA, lamp=2)
    cart_holds.enter(shop, MARTA)
    clock.shift(15 * 60 - 1)
    assert (cart_holds.end(shop, MARTA).state, of(shop, "LAMP")) == ("held", (10, 0, 2))
    clock.shift(1)
    assert (cart_holds.end(shop, MARTA).state, of(shop, "LAMP")) == ("over", (10, 0, 0))
    assert cart_holds.end(shop, MARTA).state == "over"


def test_the_order_takes_over_what_is_held_and_giving_it_up_lets_the_cart_hold_again(shop):
    fill(shop, MARTA, lamp=2, bowl=4)
    cart_holds.enter(shop, MARTA)
    placed = placing.place(shop, MARTA, FORM, expected_total_minor=10**9)

    assert (of(shop, "LAMP"), of(shop, "BOWL"), rows(shop)) == ((10, 2, 0), (4, 4, 0), [])
    hold = cart_holds.enter(shop, MARTA)
    assert (hold.state, until(hold), hold.can_stay, hold.short) == ("held", 40, False, [])
    assert of(shop, "BOWL") == (4, 4, 0), "what the own order has isn't held again"
    order_commands.end_unpaid(shop, placed.order_id, why="cancelled")
    assert cart_holds.view(shop, MARTA).state == "over"
    assert until(cart_holds.enter(shop, MARTA)) == 15
    assert (of(shop, "LAMP"), of(shop, "BOWL")) == ((10, 0, 2), (4, 0, 4))


def test_only_what_the_own_order_lacks_is_held(shop):
    fill(shop, MARTA, lamp=2)
    placing.place(shop, MARTA, FORM, expected_total_minor=10**9)
    cart_commands.set_quantity(shop, MARTA, "LAMP", 5)

    cart_holds.enter(shop, MARTA)
    assert of(shop, "LAMP") == (10, 2, 3)


def test_units_of_a_hold_cannot_be_counted_away(shop):
    fill(shop, MARTA, bowl=3)
    cart_holds.enter(shop, MARTA)
    with pytest.raises(inventory_commands.Invalid):
        inventory_commands.set_on_hand(shop, variant_with(shop, "BOWL").id or 0, 2, reason="stocktake")

    assert of(shop, "BOWL") == (4, 0, 3)


def test_units_that_are_still_to_come_are_promised_for_a_day_and_the_order_keeps_the_promise(shop):
    make_product(shop, "Chair", stock=2, policy=StockPolicy.BACKORDER)
    chair = variant_with(shop, "CHAIR").id or 0
    inventory_commands.set_policy(shop, chair, StockPolicy.BACKORDER, expected_on=date(2026, 12, 12))
    fill(shop, MARTA, chair=2, lamp=1)
    assert [line.promise for line in cart_queries.view(shop, MARTA).lines] == ["", ""]
    cart_commands.set_quantity(shop, MARTA, "CHAIR", 3)
    assert [line.promise for line in cart_queries.view(shop, MARTA).lines] == ["Expected on 12 December", ""]

    cart_holds.enter(shop, MARTA)
    assert cart_queries.view(shop, MARTA).lines[0].promise == "Expected on 12 December", (
        "the own hold changes nothing"
    )
    placed = placing.place(shop, MARTA, FORM, expected_total_minor=10**9)
    inventory_commands.set_policy(shop, chair, StockPolicy.BACKORDER, expected_on=date(2027, 1, 31))
    assert [line.note for line in order_page.view(shop, placed.token).lines] == [
        "Expected on 12 December",
        "",
    ]


def test_a_day_that_has_passed_is_promised_to_nobody(shop, clock):
    make_product(shop, "Chair", stock=0, policy=StockPolicy.BACKORDER)
    inventory_commands.set_policy(
        shop, variant_with(shop, "CHAIR").id or 0, StockPolicy.BACKORDER, expected_on=date(2026, 11, 21)
    )
    fill(shop, MARTA, chair=1)
    assert cart_queries.view(shop, MARTA).lines[0].promise == "Expected on 21 November"
    clock.shift(24 * 3600)
    assert cart_queries.view(shop, MARTA).lines[0].promise == ""


def test_what_goes_on_in_a_new_cart_is_free_of_the_old_carts_hold(shop):
    fill(shop, MARTA, lamp=2)
    placed = placing.place(shop, MARTA, FORM, expected_total_minor=10**9)
    cart_commands.set_quantity(shop, MARTA, "LAMP", 5)
    cart_holds.enter(shop, MARTA)
    assert of(shop, "LAMP") == (10, 2, 3)
    order_commands.apply_payments(shop, placed.order_id, placed.total_minor, "EUR")

    assert (of(shop, "LAMP"), rows(shop)) == ((10, 2, 0), [])
    assert [line.quantity for line in cart_queries.view(shop, MARTA).lines] == [3]
    cart_holds.enter(shop, MARTA)
    assert of(shop, "LAMP") == (10, 2, 3)
    assert books.check(shop).violations == ()


def test_held_and_ordered_units_are_kept_for_the_visitor_alone(shop):
    fill(shop, MARTA, lamp=2)
    assert cart_holds.held_for(shop, MARTA, "LAMP") == ""
    cart_holds.enter(shop, MARTA)
    assert cart_holds.held_for(shop, MARTA, "LAMP") == "2 of these are kept for you"
    placing.place(shop, MARTA, FORM, expected_total_minor=10**9)
    cart_commands.set_quantity(shop, MARTA, "LAMP", 5)
    cart_holds.enter(shop, MARTA)
    assert cart_holds.held_for(shop, MARTA, "LAMP") == "5 of these are kept for you"
    assert (cart_holds.held_for(shop, MARTA, "BOWL"), cart_holds.held_for(shop, JONAS, "LAMP")) == ("", "")
