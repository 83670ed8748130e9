"""Availability: the live numbers of products, exactly what a freshly drawn page would show."""

from __future__ import annotations

import pytest
import time_machine
from sqlalchemy import event
from sqlmodel import Session

from shop_app.models import ProductStatus, StockLevel
from shop_app.services.catalog.availability import left, of_variants
from shop_app.services.search import listing_index
from shop_app.services.storefront import home as storefront
from shop_app.services.storefront import product_page
from tests.factories import make_product, variants_of

pytestmark = pytest.mark.both


def test_availability_says_what_a_fresh_page_and_card_say(
    session: Session, clock: time_machine.Coordinates
) -> None:
    product = make_product(
        session, options={"Colour": ["Moss", "Clay"]}, price_minor=2000, compare_at_minor=2500, stock=2
    )
    listing_index.refresh(session, [product.id])  # pyright: ignore
    moss, clay = variants_of(session, product)
    session.get_one(StockLevel, clay.id).held = 2
    session.flush()

    (signal,) = of_variants(session, (moss.id,))  # pyright: ignore

    assert (signal.slug, signal.price, signal.compare_at, signal.saving) == (
        "fable-lamp",
        "€20.00",
        "€25.00",
        "−20 %",
    )
    assert (signal.in_stock, signal.stock_line, signal.at_ms) == (True, "Only 2 left", 1795168800000)
    assert {sku: (v.availability, v.stock_line, v.max_quantity) for sku, v in signal.variants.items()} == {
        "FABLE-LAMP-MOSS": ("low", "Only 2 left in Moss", 2),
        "FABLE-LAMP-CLAY": ("out", "Sold out in Clay", 0),
    }
    page = product_page.product(session, "fable-lamp")
    for variant in page.variants:
        live = signal.variants[variant.sku]
        assert (variant.price, variant.compare_at, variant.saving, variant.available) == (
            live.price,
            live.compare_at,
            live.saving,
            live.available,
        )
    (card,) = storefront.cards(session, ["fable-lamp"])
    assert (card.price, card.compare_at, card.saving, card.in_stock, card.stock_line) == (
        signal.price,
        signal.compare_at,
        signal.saving,
        signal.in_stock,
        signal.stock_line,
    )


def test_variants_of_one_product_make_one_availability_and_hidden_products_none(session: Session) -> None:
    product = make_product(session, options={"Colour": ["Moss", "Clay"]})
    other, hidden = (
        make_product(session, "Other"),
        make_product(session, "Hidden", status=ProductStatus.DRAFT),
    )
    listing_index.refresh(session, [product.id, other.id, hidden.id])  # pyright: ignore
    variant_ids = tuple(
        variant.id for one in (product, other, hidden) for variant in variants_of(session, one)
    )
    assert [signal.slug for signal in of_variants(session, variant_ids)] == ["fable-lamp", "other"]  # pyright: ignore
    assert of_variants(session, ()) == []
    assert of_variants(session, (999_999,)) == []


def test_availability_takes_one_statement_however_many_variants(session: Session) -> None:
    product = [make_product(session, f"Lamp {n}", options={"Colour": ["Moss", "Clay"]}) for n in range(6)]
    listing_index.refresh(session, [one.id for one in product])  # pyright: ignore
    variant_ids = tuple(variant.id for one in product for variant in variants_of(session, one))
    statements: list[str] = []
    bind = session.get_bind()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        assert len(of_variants(session, variant_ids)) == 6  # pyright: ignore
    finally:
        event.remove(bind, "before_cursor_execute", note)
    assert len(statements) == 1


def test_a_price_above_a_hundred_percent_off_never_shows_as_free(session: Session) -> None:
    product = make_product(session, price_minor=1, compare_at_minor=100_000)
    listing_index.refresh(session, [product.id])  # pyright: ignore
    (card,) = storefront.cards(session, ["fable-lamp"])
    assert card.saving == "−99 %"


def test_what_is_left_is_what_no_order_and_no_checkout_has() -> None:
    assert left(10, 3, 2) == 5
