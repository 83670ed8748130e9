"""Orders: placed once, frozen, paid once however often it is reported, and released whole when they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Row, select, update
from sqlmodel import Session, SQLModel

from shop_app.core import events
from shop_app.core.errors import Conflict, Invalid, NotFound, OutOfStock
from shop_app.core.settings import settings
from shop_app.models import OrderStatus, PaymentStatus, ProductStatus
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.orders import queries as order_queries
from shop_app.services.storefront import order_page
from tests.factories import key_hash, make_basics, make_product, make_promotion, stock_of

pytestmark = pytest.mark.both
ME = key_hash()
tables = SQLModel.metadata.tables
FORM = CheckoutForm(
    email="Marta@Example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="D-10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="stripe",
)
LATER = replace(FORM, payment_provider="manual")


@pytest.fixture(autouse=True)
def _shop(session: Session) -> None:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, options={"Colour": ["Moss", "Clay"]}, stock=5)
    make_product(session, "Shoal Bowl", price_minor=2780, stock=3)
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 2)


def place(session: Session, form: CheckoutForm = FORM, shown: int | None = None) -> placing.PlacedOrder:
    shown = checkout.view(session, ME).total_minor if shown is None else shown
    return placing.place(session, ME, form, expected_total_minor=shown)


def rows(session: Session, table: str) -> list[Row[Any]]:
    return list(session.connection().execute(select(tables[table]).order_by(*tables[table].primary_key)))


def the_order(session: Session) -> Row[Any]:
    (row,) = rows(session, "customer_order")
    return row


def set_row(session: Session, table: str, **values: Any) -> None:
    session.connection().execute(update(tables[table]).values(**values))


# --- Placing --------------------------------------------------------------------------------------


def test_an_order_is_a_frozen_copy_of_all_that_was_agreed(session, clock):
    placed = place(session)

    order = the_order(session)
    assert (placed.number, placed.total_minor, placed.provider) == (1001, 5290, "stripe")
    assert (placed.awaits_payment, placed.email) == (True, "marta@example.com")
    assert (order.status, order.payment_status, order.cart_version) == ("pending", "none", 1)
    assert (order.subtotal_minor, order.shipping_minor, order.tax_minor) == (4800, 490, 844)
    assert (order.ship_to["postal_code"], order.shipping_label) == ("10999", "Standard")
    assert len(order.token) == 32
    line = rows(session, "order_line")[0]
    assert (line.title, line.sku, line.options) == ("Dune Mug", "DUNE-MUG-MOSS", {"Colour": "Moss"})
    assert (line.quantity, line.unit_price_minor, line.tax_minor, line.total_minor) == (2, 2400, 766, 4800)
    taxes = [
        (row.line_id, row.label, row.base_minor, row.amount_minor) for row in rows(session, "order_tax_line")
    ]
    assert taxes == [(line.id, "19 % VAT", 4034, 766), (None, "19 % VAT", 412, 78)]
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 2, 0)
    assert events.OrderPlaced(placed.order_id) in session.info["events"]
    assert cart_queries.view(session, ME).count == 2


def test_later_changes_of_the_catalogue_leave_the_order_as_it_was(session):
    placed = place(session)
    before = order_page.view(session, placed.token)
    set_row(session, "product", title="Something else")
    set_row(session, "variant", price_minor=1)
    set_row(session, "tax_rate", rate_ppm=1)

    assert order_page.view(session, placed.token) == before


def test_placing_the_same_cart_again_gives_the_same_order_back(session):
    first = place(session)
    again = place(session)

    assert again == first
    assert len(rows(session, "customer_order")) == 1
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 2, 0)


def test_placing_a_cart_that_has_become_an_order_gives_that_order_back(session):
    first = placing.place(session, ME, LATER, expected_total_minor=5290)
    again = placing.place(session, ME, LATER, expected_total_minor=5290)

    assert again == first
    assert len(rows(session, "customer_order")) == 1
    with pytest.raises(NotFound, match="empty"):
        placing.place(session, ME, replace(LATER, line1="Elsewhere 1"), expected_total_minor=5290)


@pytest.mark.parametrize("change", ["the cart", "the address", "the time"])
def test_a_changed_request_asks_for_the_waiting_order_to_be_ended_first(session, clock, change):
    first, form = place(session), FORM
    if change == "the cart":
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    elif change == "the address":
        form = replace(FORM, line1="Linienstraße 40")
    else:
        clock.shift(placing.PAY_WITHIN)
    with pytest.raises(placing.Superseded) as refusal:
        place(session, form)

    assert refusal.value.order_id == first.order_id
    order_commands.end_unpaid(session, first.order_id, why="superseded")
    second = place(session, form)
    assert (second.number, second.order_id != first.order_id) == (1002, True)
    assert [row.status for row in rows(session, "customer_order")] == ["cancelled", "pending"]
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 2, 0)


def test_the_first_wrong_field_is_named(session):
    with pytest.raises(Invalid) as refusal:
        place(session, replace(FORM, email="marta", postal_code="1"))

    assert (refusal.value.field, refusal.value.message) == (
        "email",
        "Enter an email address with an @, like name@example.com",
    )
    assert rows(session, "customer_order") == []


def test_a_risen_total_is_refused_with_the_difference_line_by_line(session):
    set_row(session, "variant", price_minor=2800)
    with pytest.raises(Conflict) as refusal:
        place(session, shown=5290)

    assert refusal.value.message == (
        "The total is now €56.00, €3.10 more than before. Dune Mug, Moss now costs €28.00, it was €24.00."
    )
    assert rows(session, "customer_order") == []
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 0, 0)
    assert place(session, shown=5600).total_minor == 5600


def test_a_fallen_total_passes(session):
    set_row(session, "variant", price_minor=2000)

    assert place(session, shown=5290).total_minor == 4490


def test_what_ran_out_is_told_for_every_line_and_nothing_is_taken(session):
    cart_commands.add(session, ME, "SHOAL-BOWL", 3)
    set_row(session, "stock_level", on_hand=1)
    with pytest.raises(OutOfStock) as refusal, session.begin_nested():
        place(session)

    assert refusal.value.left == {"DUNE-MUG-MOSS": 1, "SHOAL-BOWL": 1}
    assert refusal.value.message == "Only 1 of Dune Mug, Moss is left. Only 1 of Shoal Bowl is left."
    assert rows(session, "customer_order") == []
    assert stock_of(session, "DUNE-MUG-MOSS") == (1, 0, 0)


def test_what_is_no_longer_sold_is_refused_by_name(session):
    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    mug = tables["product"].c.slug == "dune-mug"
    session.connection().execute(
        update(tables["product"]).where(mug).values(status=ProductStatus.ARCHIVED.value)
    )
    with pytest.raises(OutOfStock, match="Dune Mug, Moss isn't sold any more") as refusal:
        place(session)

    assert refusal.value.left == {"DUNE-MUG-MOSS": 0, "SHOAL-BOWL": 1}


def test_an_empty_cart_is_refused(session):
    cart_commands.save_for_later(session, ME, "DUNE-MUG-MOSS")
    with pytest.raises(NotFound, match="Your cart is empty"):
        placing.place(session, ME, FORM, expected_total_minor=10**9)


def test_an_order_to_be_paid_later_is_placed_at_once(session, clock):
    placed = placing.place(session, ME, LATER, expected_total_minor=5290)

    order = the_order(session)
    assert (order.status, placed.awaits_payment) == ("placed", False)
    # Ten days, until midnight in Berlin.
    assert order.expires_at == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert cart_queries.view(session, ME) == cart_queries.CartView()
    assert [row.kind for row in rows(session, "letter")] == ["order_placed"]
    view = order_page.view(session, placed.token)
    until = ("Until", "30 November 2026")
    assert (view.phase, view.transfer_details) == (
        "awaiting_transfer",
        [("Amount", "€52.90"), ("Reference", "Order 1001"), until, ("Account", settings().bank_account)],
    )


def test_a_free_order_is_paid_at_once(session):
    make_promotion(session, "GIFT", percent=100)
    make_promotion(session, "SHIP", kind="free_shipping", lane="shipping")
    cart_commands.apply_code(session, ME, "GIFT")
    cart_commands.apply_code(session, ME, "SHIP")
    placed = place(session)

    order = the_order(session)
    assert (placed.total_minor, placed.awaits_payment) == (0, False)
    assert (order.status, order.payment_status) == ("placed", "paid")
    assert [row.kind for row in rows(session, "letter")] == ["order_paid"]


# --- Money ----------------------------------------------------------------------------------------


def test_the_money_makes_the_order_and_closes_the_cart_once(session):
    placed = place(session)
    outcomes = [order_commands.apply_payments(session, placed.order_id, 5290, "eur") for _again in range(3)]
    order_commands.set_payment_status(session, placed.order_id, PaymentStatus.PAID)

    order = the_order(session)
    assert outcomes == ["paid", "already", "already"]
    assert (order.status, order.payment_status, order.needs_review) == ("placed", "paid", "")
    assert (order.paid_at is not None, order.expires_at) == (True, None)
    assert [row.dedupe_key for row in rows(session, "letter")] == ["order_paid:1001"]
    assert [row.sold_count for row in rows(session, "product")] == [2, 0]
    assert cart_queries.view(session, ME) == cart_queries.CartView()
    view = order_page.view(session, placed.token)
    assert (view.phase, view.headline) == ("paid", "Thank you, Marta. It is paid")
    assert [(step.label, step.state) for step in view.steps] == [
        ("Order received", "done"),
        ("Paid", "done"),
        ("Being packed", "now"),
        ("On its way", "next"),
        ("Delivered", "next"),
    ]


@pytest.mark.parametrize(
    ("captured", "currency", "status", "sentence"),
    [
        (5000, "EUR", "pending", "Paid €50.00 of €52.90."),
        (5290, "USD", "pending", "Paid in another currency: 5290 USD (minor units) for an order in EUR."),
        (10580, "EUR", "placed", "Paid too much: €105.80 for €52.90."),
    ],
)
def test_money_that_does_not_fit_is_flagged_for_review(session, captured, currency, status, sentence):
    placed = place(session)
    for _again in range(2):
        assert order_commands.apply_payments(session, placed.order_id, captured, currency) == "needs_review"

    order = the_order(session)
    assert (order.status, order.needs_review, order.expires_at) == (status, sentence, None)
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 2, 0)
    assert order_page.view(session, placed.token).phase == "needs_review"


def test_an_order_with_money_is_not_ended_and_not_placed_anew(session):
    placed = place(session)
    order_commands.apply_payments(session, placed.order_id, 5000, "EUR")
    with pytest.raises(Conflict, match="Money has come in"):
        order_commands.end_unpaid(session, placed.order_id, why="expired")

    assert place(session).order_id == placed.order_id


def test_no_money_changes_nothing(session):
    placed = place(session)

    assert order_commands.apply_payments(session, placed.order_id, 0, "EUR") == "nothing"
    assert the_order(session).status == "pending"


def test_a_late_payment_takes_the_units_again_where_they_are_left(session):
    make_promotion(session, "ONCE", percent=10, usage_limit=1)
    cart_commands.apply_code(session, ME, "ONCE")
    placed = place(session)
    order_commands.end_unpaid(session, placed.order_id, why="expired")
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 0, 0)

    assert order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR") == "paid"
    assert the_order(session).status == "placed"
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 2, 0)
    assert [row.used for row in rows(session, "promotion")] == [1]


@pytest.mark.parametrize(
    "why", ["the units are gone", "the code is used", "it was cancelled", "another order"]
)
def test_a_late_payment_that_comes_too_late_is_flagged_for_review(session, why):
    make_promotion(session, "ONCE", percent=10, usage_limit=1)
    cart_commands.apply_code(session, ME, "ONCE")
    placed = place(session)
    order_commands.end_unpaid(
        session, placed.order_id, why="cancelled" if why == "it was cancelled" else "expired"
    )
    if why == "the units are gone":
        set_row(session, "stock_level", on_hand=1)
    elif why == "the code is used":
        set_row(session, "promotion", used=1)
    elif why == "another order":
        place(session)
    before = [tuple(row) for row in rows(session, "stock_level")]

    assert (
        order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR") == "needs_review"
    )
    order = rows(session, "customer_order")[0]
    assert order.status == ("cancelled" if why == "it was cancelled" else "expired")
    assert order.needs_review.startswith("Paid after the order")
    assert [tuple(row) for row in rows(session, "stock_level")] == before
    assert order_page.view(session, placed.token).phase == "needs_review"


# --- The end of an order --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "status", "phase"),
    [
        ("cancelled", "cancelled", "unpaid"),
        ("expired", "expired", "expired"),
        ("superseded", "cancelled", "cancelled"),
    ],
)
def test_an_ended_order_releases_everything_once(session, why, status, phase):
    make_promotion(session, "AUTUMN10")
    cart_commands.apply_code(session, ME, "AUTUMN10")
    placed = place(session)
    for _again in range(2):
        order_commands.end_unpaid(session, placed.order_id, why=why)

    assert the_order(session).status == status
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 0, 0)
    assert [row.used for row in rows(session, "promotion")] == [0]
    assert cart_queries.view(session, ME).count == 2
    view = order_page.view(session, placed.token)
    assert (view.phase, view.can_pay_again) == (phase, True)
    assert view.explanation == "Nothing was charged, and your cart is still there."
    set_row(session, "customer_order", cart_id=None)
    assert order_page.view(session, placed.token).explanation == "Nothing was charged."


def test_illegal_moves_are_refused(session):
    placed = place(session)
    order_commands.end_unpaid(session, placed.order_id, why="cancelled")
    for to in (OrderStatus.PLACED, OrderStatus.COMPLETED, OrderStatus.EXPIRED):
        with pytest.raises(Conflict, match="moved on"):
            order_commands.move(session, placed.order_id, to)

    assert the_order(session).status == "cancelled"


def test_what_was_not_ordered_goes_on_in_a_new_cart(session):
    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    cart_commands.save_for_later(session, ME, "SHOAL-BOWL")
    placed = place(session)
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 1)
    cart_commands.add(session, ME, "DUNE-MUG-CLAY", 1)
    order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR")

    view = cart_queries.view(session, ME)
    assert [(line.sku, line.quantity) for line in view.lines] == [("DUNE-MUG-MOSS", 1), ("DUNE-MUG-CLAY", 1)]
    assert [line.sku for line in view.saved] == ["SHOAL-BOWL"]


def test_units_of_the_own_waiting_order_are_there_for_the_cart(session):
    cart_commands.set_quantity(session, ME, "DUNE-MUG-MOSS", 5)
    place(session)

    line = cart_queries.view(session, ME).lines[0]
    assert (line.max_quantity, line.notice) == (5, "")
    with pytest.raises(OutOfStock):
        cart_commands.add(session, key_hash("somebody else"), "DUNE-MUG-MOSS", 1)


def test_a_code_for_one_use_each_is_refused_to_the_same_customer(session):
    make_promotion(session, "ONCE", per_customer_limit=1)
    cart_commands.apply_code(session, ME, "ONCE")
    first = place(session, shown=10**9)
    order_commands.apply_payments(session, first.order_id, first.total_minor, "EUR")
    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    cart_commands.apply_code(session, ME, "ONCE")
    checkout.save(session, ME, FORM)

    view = checkout.view(session, ME)
    assert (view.discounts, view.total_minor) == ([], 2780 + 490)
    assert place(session).total_minor == 2780 + 490


# --- Finding it -----------------------------------------------------------------------------------


def test_an_order_is_found_by_number_and_address_and_by_nothing_less(session):
    placed = place(session)

    assert order_queries.look_up(session, " #1001 ", "MARTA@example.com") == placed.token
    sentences = set()
    for number, email in (
        ("1001", "else@example.com"),
        ("1002", "marta@example.com"),
        ("1 OR 1", "x"),
        ("", ""),
    ):
        with pytest.raises(NotFound) as refusal:
            order_queries.look_up(session, number, email)
        sentences.add(refusal.value.message)
    assert len(sentences) == 1


def test_an_unknown_token_finds_nothing(session):
    for token in ("", "x" * 10_000, "' OR 1=1"):
        with pytest.raises(NotFound):
            order_page.view(session, token)


def test_the_page_shows_the_agreed_parts(session, clock):
    make_promotion(session, "SHIP", kind="free_shipping", lane="shipping", name="Free delivery")
    cart_commands.apply_code(session, ME, "SHIP")
    view = order_page.view(session, place(session).token)

    assert (view.subtotal, view.shipping, view.total) == ("€48.00", "€4.90", "€48.00")
    assert [(line.label, line.amount) for line in view.discounts] == [("Free delivery", "−€4.90")]
    assert view.tax_lines == [("19 % VAT included", "€7.66")]
    assert view.address == ["Marta Lind", "Oranienstraße 18", "10999 Berlin", "Germany"]
    assert (view.placed, view.delivery_dates) == ("20 November", "Mon 23 to Wed 25 November")
    assert (view.phase, view.payment_label, view.can_pay_again) == ("confirming", "Card", False)


def test_stock_and_ledger_agree_after_all_of_it(session):
    placed = place(session)
    order_commands.end_unpaid(session, placed.order_id, why="cancelled")
    place(session)
    bowl = next(row for row in rows(session, "variant") if row.sku == "SHOAL-BOWL")
    inventory_commands.set_on_hand(session, bowl.id, 9, reason="stocktake", actor="clerk@example.com")
    inventory_commands.adjust(session, bowl.id, -2, reason="broken")

    for level in rows(session, "stock_level"):
        moved = [row for row in rows(session, "stock_movement") if row.variant_id == level.variant_id]
        assert level.on_hand == sum(row.on_hand_delta for row in moved)
        assert level.allocated == sum(row.allocated_delta for row in moved)
        assert level.held == sum(row.held_delta for row in moved)


def test_the_billing_address_is_frozen_apart_from_the_delivery(session):
    elsewhere = replace(
        FORM,
        billing="other",
        billing_given_name="Ada",
        billing_family_name="Bell",
        billing_company="Bell Ltd",
        billing_line1="9  Mill Lane",
        billing_postal_code="ec1y8sy",
        billing_locality="London",
        billing_region="never shown",
        billing_country="GB",
    )
    placed = place(session, elsewhere)

    order = rows(session, "customer_order")[0]
    assert order.bill_to == {
        "given_name": "Ada", "family_name": "Bell", "company": "Bell Ltd", "line1": "9 Mill Lane",
        "line2": "", "postal_code": "EC1Y 8SY", "locality": "London", "region": "", "country": "GB",
    }  # fmt: skip
    assert (order.ship_to["locality"], order.country) == ("Berlin", "DE")
    view = order_page.view(session, placed.token)
    assert view.billing == ["Ada Bell", "Bell Ltd", "9 Mill Lane", "London", "EC1Y 8SY", "United Kingdom"]
    assert view.address[-1] == "Germany"
    assert place(session, elsewhere, 5290).order_id == placed.order_id
    with pytest.raises(placing.Superseded):
        place(session, FORM, 5290)


def test_a_bill_to_the_delivery_address_is_not_shown_twice(session):
    placed = place(session, replace(FORM, billing_locality="left over"))

    order = rows(session, "customer_order")[0]
    assert order.bill_to == order.ship_to
    assert order_page.view(session, placed.token).billing == []


def test_a_transfer_without_a_bank_account_is_refused(session, configure):
    shown = checkout.view(session, ME).total_minor
    configure(SHOP_BANK_ACCOUNT="")
    with pytest.raises(Invalid, match="isn't possible with this delivery") as refusal:
        place(session, LATER, shown)
    assert refusal.value.field == "payment_provider"


def test_what_is_collected_can_be_paid_then(session, configure):
    configure(SHOP_BANK_ACCOUNT="")
    placed = place(session, replace(LATER, shipping_method="pick-up"), 4800)

    view = order_page.view(session, placed.token)
    assert (view.phase, view.payment_label, view.is_collected) == (
        "awaiting_transfer",
        "Cash when you collect",
        True,
    )
    assert view.explanation.startswith("We keep your things for you until ")
    assert "You can pay when you collect them." in view.explanation
