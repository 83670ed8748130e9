"""Taxes at checkout: on top of the prices, by reverse charge, and by an outside engine's word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Row, select
from sqlmodel import Session, SQLModel

from shop_app.core.clock import now
from shop_app.core.errors import Invalid
from shop_app.providers import taxes as engines
from shop_app.providers.taxes import Place, QuotedRate
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.cart.price_changes import PriceRisen
from shop_app.services.orders import placing
from shop_app.services.storefront import order_page
from shop_app.services.taxes import commands as taxes_commands
from shop_app.services.taxes import queries as taxes_queries
from shop_app.services.taxes import vat_numbers
from tests.factories import key_hash, make_basics, make_product, make_promotion

pytestmark = pytest.mark.both
ME = key_hash()
tables = SQLModel.metadata.tables
GERMAN = CheckoutForm(
    email="marta@example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    payment_provider="stripe",
)
AUSTRIAN = replace(GERMAN, line1="Ring 1", postal_code="1010", locality="Wien", country="AT")
UID = "ATU13585627"


@pytest.fixture(autouse=True)
def _shop(session: Session) -> None:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400)
    make_product(session, "Field Book", price_minor=1100, tax_class="reduced")
    cart_commands.add(session, ME, "DUNE-MUG", 2)
    cart_commands.add(session, ME, "FIELD-BOOK", 1)


def place(session: Session, form: CheckoutForm) -> placing.PlacedOrder:
    shown = checkout.save(session, ME, form).total_minor
    return placing.place(session, ME, form, expected_total_minor=shown)


def rows(session: Session, table: str) -> list[Row[Any]]:
    return list(session.connection().execute(select(tables[table]).order_by(*tables[table].primary_key)))


# --- On top ---------------------------------------------------------------------------------------


def test_where_prices_hold_no_tax_it_comes_on_top_everywhere(session, configure):
    configure(SHOP_PRICES_INCLUDE_TAX="false")
    view = cart_queries.view(session, ME)
    assert (view.subtotal, view.total, view.tax_note) == ("€59.00", "€68.89", "")
    assert view.tax_lines == [("19 % tax", "€9.12"), ("7 % tax", "€0.77")]
    assert view.price_note == "Plus tax. Delivery is free."
    page = checkout.save(session, ME, GERMAN)
    assert (page.tax_on_top, page.tax_lines, page.total) == (True, view.tax_lines, "€68.89")
    placed = place(session, GERMAN)

    order = rows(session, "customer_order")[0]
    assert (order.tax_included, order.subtotal_minor, order.tax_minor, order.total_minor) == (
        False,
        5900,
        989,
        6889,
    )
    taxed = [(row.base_minor, row.amount_minor, row.included) for row in rows(session, "order_tax_line")]
    assert taxed == [(4800, 912, False), (1100, 77, False), (0, 0, False)]
    shown = order_page.view(session, placed.token)
    assert (shown.tax_on_top, shown.tax_lines) == (True, [("19 % tax", "€9.12"), ("7 % tax", "€0.77")])
    assert books.check(session).violations == ()


# --- Reverse charge -------------------------------------------------------------------------------


def test_a_valid_number_of_another_member_turns_the_tax_over(session, configure):
    configure(SHOP_VAT_NUMBER="DE136695976")
    page = checkout.save(session, ME, replace(AUSTRIAN, vat_number="u 1358 5627"))
    # 24.00 holds 4.00 at 20 %, the book 1.00 at 10 %, and of the shipment 7.24 hold 1.21 and 1.66 hold 0.15.
    assert [(line.sku, line.unit) for line in page.cart.lines] == [
        ("DUNE-MUG", "€20.00"),
        ("FIELD-BOOK", "€10.00"),
    ]
    assert (page.subtotal, page.shipping, page.total) == ("€50.00", "€7.54", "€57.54")
    assert (page.tax_lines, page.tax_note) == ([], "Reverse charge: VAT is owed by the recipient")
    assert page.deliveries[0].price == "€7.54"
    placed = place(session, replace(AUSTRIAN, vat_number="u 1358 5627"))

    order = rows(session, "customer_order")[0]
    assert (order.vat_number, order.reverse_charge, order.tax_minor) == (UID, True, 0)
    assert (order.total_minor, order.tax_included) == (5754, False)
    assert [row.unit_price_minor for row in rows(session, "order_line")] == [2000, 1000]
    taxed = [
        (row.label, row.rate_ppm, row.base_minor, row.amount_minor) for row in rows(session, "order_tax_line")
    ]
    assert taxed == [
        ("Reverse charge", 0, 4000, 0),
        ("Reverse charge", 0, 1000, 0),
        ("Reverse charge", 0, 754, 0),
    ]
    shown = order_page.view(session, placed.token)
    assert (shown.tax_lines, shown.tax_on_top) == ([], False)
    assert (shown.tax_note, shown.vat_number) == ("Reverse charge: VAT is owed by the recipient", UID)
    assert books.check(session).violations == ()
    again = placing.place(session, ME, replace(AUSTRIAN, vat_number=UID), expected_total_minor=5754)
    assert again.order_id == placed.order_id
    with pytest.raises(placing.Superseded):
        placing.place(session, ME, AUSTRIAN, expected_total_minor=10**9)


def test_without_a_number_of_the_shop_or_abroad_the_tax_stays(session, configure):
    number = replace(AUSTRIAN, vat_number=UID)
    assert checkout.save(session, ME, number).tax_note == ""
    configure(SHOP_VAT_NUMBER="DE136695976")
    assert checkout.save(session, ME, replace(GERMAN, vat_number=UID)).tax_note == ""
    assert checkout.save(session, ME, AUSTRIAN).tax_note == ""
    assert checkout.normal(replace(GERMAN, vat_number=UID)).vat_number == ""


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("ATU13585626", "Check the VAT number: it should look like AT123456789"),
        ("DE136695976", "This VAT number is of another country than the delivery address"),
        ("<script>", "Check the VAT number: it should look like AT123456789"),
        ("x" * 200, "Check the VAT number: it should look like AT123456789"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_name_and_changes_no_price(
    session, configure, number, sentence
):
    configure(SHOP_VAT_NUMBER="DE136695976")
    form = replace(AUSTRIAN, vat_number=number)
    assert checkout.save(session, ME, form).tax_note == ""
    with pytest.raises(Invalid) as refusal:
        placing.place(session, ME, form, expected_total_minor=10**9)

    assert (refusal.value.field, refusal.value.message) == ("vat_number", sentence)
    assert rows(session, "customer_order") == []


def test_numbers_are_read_as_people_write_them(configure):
    configure(SHOP_VAT_NUMBER="DE136695976")
    assert vat_numbers.normal("fr 40.303.265.045", "FR") == "FR40303265045"
    assert vat_numbers.normal("40 303 265 045", "FR") == "FR40303265045"
    assert vat_numbers.normal("094 259 216", "GR") == "EL094259216"
    assert vat_numbers.reverses("094259216", "GR")
    assert not vat_numbers.reverses("GB980780684", "GB")
    assert not vat_numbers.is_asked_for("DE")


# --- An outside engine ----------------------------------------------------------------------------

VIENNA = Place("AT", "", "1010")


class FakeEngine:
    """Knows a rate of its own for every class."""

    name = "fake"

    def rates(self, place, tax_classes):
        return {"standard": QuotedRate("Vienna", 250_000)}


@pytest.fixture
def with_engine(monkeypatch) -> None:
    monkeypatch.setattr(engines, "ENGINE", FakeEngine)
    engines.engine.cache_clear()


def test_what_the_engine_said_is_the_tax_of_the_order(session, with_engine):
    taxes_commands.keep_quotes(session, VIENNA, FakeEngine().rates(VIENNA, []))
    place(session, AUSTRIAN)

    taxed = {(row.label, row.rate_ppm, row.amount_minor) for row in rows(session, "order_tax_line")}
    assert taxed == {
        ("Vienna", 250_000, 960),
        ("10 % VAT", 100_000, 100),
        ("Vienna", 250_000, 145),
        ("10 % VAT", 100_000, 15),
    }
    assert books.check(session).violations == ()


def test_the_engine_is_asked_again_after_an_hour_and_its_last_word_holds(session, with_engine, clock):
    assert taxes_queries.to_ask(session, VIENNA) == ["reduced", "standard"]
    taxes_commands.keep_quotes(session, VIENNA, {"standard": QuotedRate("Vienna", 250_000)})
    assert taxes_queries.to_ask(session, VIENNA) == []
    clock.shift(3601)
    assert taxes_queries.to_ask(session, VIENNA) == ["reduced", "standard"]
    assert taxes_queries.rates(session, VIENNA, now().date())["standard"].ppm == 250_000
    taxes_commands.keep_quotes(session, VIENNA, {"standard": QuotedRate("Vienna", 260_000)})
    assert taxes_queries.rates(session, VIENNA, now().date())["standard"].ppm == 260_000


def test_a_rate_that_cannot_be_is_left_out(session, with_engine):
    taxes_commands.keep_quotes(session, VIENNA, {"standard": QuotedRate("Nonsense", -1)})

    assert rows(session, "tax_quote") == []
    assert taxes_queries.rates(session, VIENNA, now().date())["standard"].ppm == 200_000


def test_without_an_engine_old_quotes_count_for_nothing(session):
    taxes_commands.keep_quotes(session, VIENNA, {"standard": QuotedRate("Vienna", 250_000)})

    assert taxes_queries.rates(session, VIENNA, now().date())["standard"].ppm == 200_000


# --- A rise, explained ----------------------------------------------------------------------------


def test_every_cent_of_a_rise_is_explained_by_the_parts_that_the_page_showed(session, clock):
    make_promotion(session, "AUTUMN10")
    cart_commands.apply_code(session, ME, "AUTUMN10")
    page = checkout.save(session, ME, AUSTRIAN)
    session.connection().exec_driver_sql("UPDATE variant SET price_minor = 2600 WHERE sku = 'DUNE-MUG'")
    session.connection().exec_driver_sql("UPDATE shipping_rate SET price_minor = 990")
    session.connection().exec_driver_sql("UPDATE promotion SET active = false")
    with pytest.raises(PriceRisen) as refusal:
        placing.place(
            session, ME, AUSTRIAN, expected_total_minor=page.total_minor, shown_parts=page.shown_parts
        )

    changes = [(one.label, one.before, one.now, one.difference) for one in refusal.value.changes]
    assert changes == [
        ("Dune Mug", "€48.00", "€52.00", "+€4.00"),
        ("Delivery", "€8.90", "€9.90", "+€1.00"),
        ("Autumn, 10 % off", "−€5.90", "", "+€5.90"),
    ]
    assert refusal.value.message == (
        "The total is now €72.90, €10.90 more than before. There is no code AUTUMN10."
        " Dune Mug: €52.00, before €48.00. Delivery: €9.90, before €8.90."
        " Autumn, 10 % off fell away: −€5.90."
    )
    assert rows(session, "customer_order") == []


def test_taxes_on_top_are_among_the_parts(session, configure):
    configure(SHOP_PRICES_INCLUDE_TAX="false")
    page = checkout.save(session, ME, AUSTRIAN)
    session.connection().exec_driver_sql("UPDATE tax_rate SET rate_ppm = 300000 WHERE rate_ppm = 200000")
    with pytest.raises(PriceRisen) as refusal:
        placing.place(
            session, ME, AUSTRIAN, expected_total_minor=page.total_minor, shown_parts=page.shown_parts
        )

    assert [(one.label, one.difference) for one in refusal.value.changes] == [("20 % VAT", "+€5.52")]


@pytest.mark.parametrize(
    "junk", ["", "[", "[1]", '[["a","b",1]]', "null", "[" * 5000, '[["a","b","c"]]', '{"a":1}', "[[[]]]"]
)
def test_parts_that_do_not_add_up_explain_nothing_and_harm_nobody(session, junk):
    with pytest.raises(PriceRisen) as refusal:
        placing.place(session, ME, AUSTRIAN, expected_total_minor=5, shown_parts=junk)

    assert refusal.value.changes == ()
    assert refusal.value.message == "The total is now €67.90, €67.85 more than before."
