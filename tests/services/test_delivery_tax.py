"""VAT on delivery: as the goods that it carries, by shares of their worth, or at a place's own rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from shop_app.core.currencies import CURRENCIES, currency
from shop_app.models import PromotionKind, TaxClass, TaxRate
from shop_app.providers import taxes as engines
from shop_app.providers.taxes import Place, QuotedRate
from shop_app.services.books import check as books
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.orders import placing
from shop_app.services.pricing.delivery_tax import split_delivery
from shop_app.services.pricing.price_cart import Shipping, price_cart
from shop_app.services.promotions.discounts import Item, Offer
from shop_app.services.storefront import order_page
from shop_app.services.taxes import commands as taxes_commands
from shop_app.services.taxes import queries as taxes_queries
from shop_app.services.taxes.rate import DELIVERY, Rate
from tests.factories import add, key_hash, make_basics, make_product, make_promotion, variant_with
from tests.paying import FORM

STANDARD, REDUCED, ZERO = Rate("19 % VAT", 190_000), Rate("7 % VAT", 70_000), Rate("0 % VAT", 0)
RATES = {"standard": STANDARD, "reduced": REDUCED, "zero": ZERO}
LAMP, BOOK = Item("LAMP", 1, 1190), Item("BOOK", 1, 1070, tax_class="reduced")
SEED = Item("SEED", 1, 500, tax_class="zero")
E_BOOK = replace(BOOK, key="E-BOOK", is_sent=False)
ALL_OFF = Offer(1, "All off", PromotionKind.PERCENT, percent=100, code="ALL")
BOOKS_OFF = Offer(
    1, "Books half off", PromotionKind.PERCENT, percent=50, code="HALF", products=frozenset({7})
)
FREE = Offer(2, "Free delivery", PromotionKind.FREE_SHIPPING, code="SHIP")
GIFT = Offer(3, "A book", PromotionKind.GIFT, gift_variant_id=1, gift=replace(BOOK, key="gift 3"))


def price(items: list[Item], delivery: int = 490, **more: Any):
    given = {"rates": RATES, "currency": "EUR", "shipping": Shipping("standard", delivery)} | more
    return price_cart(items, **given)


@pytest.mark.parametrize(
    ("items", "more", "parts"),
    [
        ([BOOK], {}, [(70_000, 490, 32)]),
        ([LAMP], {}, [(190_000, 490, 78)]),
        ([LAMP, BOOK], {}, [(190_000, 258, 41), (70_000, 232, 15)]),
        ([BOOK, LAMP], {}, [(190_000, 258, 41), (70_000, 232, 15)]),
        ([LAMP, replace(BOOK, quantity=3)], {}, [(190_000, 133, 21), (70_000, 357, 23)]),
        ([LAMP, BOOK, SEED], {}, [(190_000, 211, 34), (70_000, 190, 12), (0, 89, 0)]),
        ([SEED], {}, [(0, 490, 0)]),
        ([replace(LAMP, tax_class="unheard of")], {}, [(0, 490, 0)]),
        ([LAMP, BOOK], {"delivery": 1}, [(190_000, 1, 0)]),
        ([LAMP, BOOK], {"delivery": 0}, [(190_000, 0, 0)]),
        # Discounts move the shares: 11.90 to 5.35.
        (
            [LAMP, replace(BOOK, product_id=7)],
            {"offers": [BOOKS_OFF]},
            [(190_000, 338, 54), (70_000, 152, 10)],
        ),
        # Nothing is left of any price: list prices count.
        ([LAMP, BOOK], {"offers": [ALL_OFF]}, [(190_000, 258, 41), (70_000, 232, 15)]),
        # There are no list prices either: units count.
        (
            [replace(LAMP, unit_minor=0), replace(BOOK, unit_minor=0, quantity=3)],
            {},
            [(190_000, 123, 20), (70_000, 367, 24)],
        ),
        # A gift costs nothing, so it carries nothing of the delivery.
        ([LAMP], {"offers": [GIFT]}, [(190_000, 490, 78)]),
        # What isn't sent isn't carried.
        ([LAMP, E_BOOK], {}, [(190_000, 490, 78)]),
        ([E_BOOK], {}, [(70_000, 490, 32)]),
        ([LAMP, BOOK], {"offers": [FREE]}, [(190_000, 0, 0)]),
        # A place with its own rate: Japan taxes the delivery of food at 10 %.
        ([BOOK], {"rates": RATES | {DELIVERY: Rate("10 %", 100_000)}}, [(100_000, 490, 45)]),
        ([LAMP, BOOK], {"rates": RATES | {DELIVERY: Rate("None", 0)}}, [(0, 490, 0)]),
        # On top.
        ([LAMP, BOOK], {"tax_included": False}, [(190_000, 258, 49), (70_000, 232, 16)]),
        ([LAMP, BOOK], {"tax_included": False, "reverse_charge": True}, [(0, 490, 0)]),
        # By reverse charge the price loses the 41 and the 15 that are in it.
        ([LAMP, BOOK], {"reverse_charge": True}, [(0, 434, 0)]),
        # In whole krónur.
        (
            [replace(LAMP, unit_minor=119_000), replace(BOOK, unit_minor=107_000)],
            {"currency": "ISK", "delivery": 99_000},
            [(190_000, 52_100, 8300), (70_000, 46_900, 3100)],
        ),
    ],
)
def test_delivery_is_taxed_as_what_it_carries(items, more, parts):
    priced = price(items, **more)

    assert priced.shipping
    assert [(part.rate.ppm, part.total_minor, part.tax_minor) for part in priced.shipping.parts] == parts
    assert priced.shipping.tax_minor == sum(part.tax_minor for part in priced.shipping.parts)
    assert sum(part.total_minor for part in priced.shipping.parts) == priced.shipping_minor
    assert priced.tax_minor == sum(line.tax_minor for line in priced.lines) + priced.shipping.tax_minor


def test_the_summary_by_rate_holds_each_part_of_the_delivery():
    taxes = price([LAMP, BOOK]).taxes

    assert [(tax.ppm, tax.base_minor, tax.amount_minor) for tax in taxes] == [
        (190_000, 1000 + 217, 190 + 41),
        (70_000, 1000 + 217, 70 + 15),
    ]


worth = st.lists(
    st.tuples(st.sampled_from(sorted(RATES)), st.integers(0, 10**6), st.integers(1, 9)),
    min_size=1,
    max_size=8,
)


@given(worth, st.integers(0, 10**5), st.sampled_from(sorted(CURRENCIES)))
def test_parts_come_to_the_delivery_and_none_is_a_step_off_its_share(goods, steps, code):
    money = currency(code)
    items = [
        Item(str(at), quantity, unit * money.step_minor, tax_class=tax_class)
        for at, (tax_class, unit, quantity) in enumerate(goods)
    ]
    minor = steps * money.step_minor
    parts = split_delivery(minor, items, RATES, money)

    assert sum(parts.values()) == minor
    whole = sum(item.list_minor for item in items)
    for rate, part in parts.items():
        assert part % money.step_minor == 0
        own = sum(item.list_minor for item in items if RATES[item.tax_class] == rate)
        assert not whole or abs(part - Fraction(minor * own, whole)) < money.step_minor


# --- In the shop ----------------------------------------------------------------------------------

ME = key_hash()
tables = SQLModel.metadata.tables


def rows(session: Session, table: str) -> list[Any]:
    return list(session.connection().execute(select(tables[table]).order_by(*tables[table].primary_key)))


def delivery_rows(session: Session) -> list[tuple[str, int, int, int]]:
    return [
        (row.label, row.rate_ppm, row.base_minor, row.amount_minor)
        for row in rows(session, "order_tax_line")
        if row.line_id is None
    ]


def place(session: Session, form: CheckoutForm = FORM) -> placing.PlacedOrder:
    shown = checkout.save(session, ME, form).total_minor
    return placing.place(session, ME, form, expected_total_minor=shown)


@pytest.fixture
def shop(session: Session) -> Session:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400)
    make_product(session, "Field Book", price_minor=1100, tax_class="reduced")
    return session


@pytest.mark.both
def test_a_book_is_delivered_at_the_rate_of_books(shop):
    cart_commands.add(shop, ME, "FIELD-BOOK", 1)
    placed = place(shop)

    order = rows(shop, "customer_order")[0]
    assert (order.total_minor, order.shipping_minor, order.tax_minor) == (1590, 490, 72 + 32)
    assert delivery_rows(shop) == [("7 % VAT", 70_000, 458, 32)]
    assert order_page.view(shop, placed.token).tax_lines == [("7 % VAT included", "€1.04")]
    assert books.check(shop).violations == ()


@pytest.mark.both
def test_a_mixed_cart_has_a_row_for_each_rate_of_its_delivery(shop):
    cart_commands.add(shop, ME, "FIELD-BOOK", 1)
    cart_commands.add(shop, ME, "DUNE-MUG", 1)
    page = checkout.save(shop, ME, FORM)
    placed = place(shop)

    assert delivery_rows(shop) == [("19 % VAT", 190_000, 282, 54), ("7 % VAT", 70_000, 144, 10)]
    shown = [("19 % VAT included", "€4.37"), ("7 % VAT included", "€0.82")]
    assert page.tax_lines == shown
    assert order_page.view(shop, placed.token).tax_lines == shown
    assert books.check(shop).violations == ()


@pytest.mark.both
def test_a_delivery_that_is_taxed_in_part_is_on_the_books_whole(shop):
    add(shop, TaxClass(code="zero", label="Zero"))
    add(shop, TaxRate(country="DE", tax_class="zero", label="0 % VAT", rate_ppm=0))
    make_product(shop, "Seed Bag", price_minor=2400, tax_class="zero")
    cart_commands.add(shop, ME, "DUNE-MUG", 1)
    cart_commands.add(shop, ME, "SEED-BAG", 1)
    placed = place(shop)

    assert delivery_rows(shop) == [("19 % VAT", 190_000, 206, 39), ("0 % VAT", 0, 245, 0)]
    assert order_page.view(shop, placed.token).tax_lines == [("19 % VAT included", "€4.22")]
    assert books.check(shop).violations == ()


@pytest.mark.both
def test_on_top_the_tax_of_each_part_is_added(shop, configure):
    configure(SHOP_PRICES_INCLUDE_TAX="false")
    cart_commands.add(shop, ME, "FIELD-BOOK", 1)
    cart_commands.add(shop, ME, "DUNE-MUG", 1)
    place(shop)

    assert delivery_rows(shop) == [("19 % VAT", 190_000, 336, 64), ("7 % VAT", 70_000, 154, 11)]
    assert rows(shop, "customer_order")[0].total_minor == 3500 + 490 + 456 + 77 + 64 + 11
    assert books.check(shop).violations == ()


def test_a_class_of_its_own_fixes_the_rate_of_delivery_from_its_day_on(shop):
    add(shop, TaxClass(code=DELIVERY, label="Delivery"))
    add(shop, TaxRate(country="DE", tax_class=DELIVERY, label="Delivery 19 %", rate_ppm=190_000))
    cart_commands.add(shop, ME, "FIELD-BOOK", 1)
    place(shop)

    assert delivery_rows(shop) == [("Delivery 19 %", 190_000, 412, 78)]
    assert books.check(shop).violations == ()


def test_an_engine_that_is_asked_for_delivery_decides(shop, monkeypatch):
    monkeypatch.setattr(engines, "ENGINE", object)
    engines.engine.cache_clear()
    berlin = Place("DE", "", "10999")
    add(shop, TaxClass(code=DELIVERY, label="Delivery"))
    assert DELIVERY in taxes_queries.to_ask(shop, berlin)
    taxes_commands.keep_quotes(shop, berlin, {DELIVERY: QuotedRate("City", 50_000)})
    cart_commands.add(shop, ME, "FIELD-BOOK", 1)
    place(shop)

    assert delivery_rows(shop) == [("City", 50_000, 467, 23)]


def test_what_is_downloaded_carries_no_delivery(shop):
    make_product(shop, "E Book", price_minor=1100, tax_class="reduced", requires_shipping=False)
    assert variant_with(shop, "E-BOOK").requires_shipping is False
    cart_commands.add(shop, ME, "E-BOOK", 1)
    cart_commands.add(shop, ME, "DUNE-MUG", 1)
    place(shop)

    assert delivery_rows(shop) == [("19 % VAT", 190_000, 412, 78)]


def test_goods_that_a_code_makes_free_are_delivered_by_their_list_prices(shop):
    make_promotion(shop, "ALL", percent=100)
    cart_commands.add(shop, ME, "FIELD-BOOK", 1)
    cart_commands.add(shop, ME, "DUNE-MUG", 1)
    cart_commands.apply_code(shop, ME, "ALL")
    place(shop)

    assert delivery_rows(shop) == [("19 % VAT", 190_000, 282, 54), ("7 % VAT", 70_000, 144, 10)]
    assert rows(shop, "customer_order")[0].total_minor == 490
    assert books.check(shop).violations == ()
