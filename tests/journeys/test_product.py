"""A product's page in the browser: what belongs to a variant follows the choice and the newest push."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete
from sqlmodel import Session, col, select

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.models import Letter, PriceHistory, StockLevel, Variant
from shop_app.services.inventory import commands as inventory_commands
from tests.factories import variant_with
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import PHONE, Shopper
from tests.shop import Shop

CLAY, MOSS = "FH-DNM-CLA", "FH-DNM-MOS"


@pytest.fixture
def clay_is_sold_out(shop: Shop) -> Iterator[None]:
    """As the demo has it, also after what a test counts in."""
    yield
    _count_in(shop, 0)


def _count_in(shop: Shop, units: int) -> None:
    """So many units that nobody has; from outside, so that the shop's pages learn of it when they read."""
    with db.transaction(on=shop.engine) as session:
        level = session.get_one(StockLevel, variant_with(session, CLAY).id)
        on_hand = level.allocated + units
        inventory_commands.set_on_hand(session, level.variant_id, on_hand, reason="stocktake")


def _serves(shop: Shop, address: str, words: str) -> None:
    """Wait until the shop's process has found what was changed from outside."""
    deadline = time.monotonic() + 10
    while words not in shop.get(address)[1]:
        assert time.monotonic() < deadline, words
        time.sleep(0.1)


@pytest.mark.usefixtures("clay_is_sold_out")
def test_what_is_sold_out_promises_no_day_and_can_be_asked_for(shop: Shop, new_shopper: NewShopper):
    shopper = new_shopper(size=PHONE)
    shopper.open("/products/dune-mug")
    promises = shopper.page.locator("main").get_by_text(re.compile("^With you "))
    form = shopper.see("stock-line")
    expect(promises.first).to_be_visible()
    expect(form).to_have_count(0)
    shopper.choose("Clay")
    expect(form).to_be_visible()
    expect(promises).to_have_count(0)
    form.get_by_role("button", name="Tell me").click()
    expect(form.get_by_text("Enter your email address").last).to_be_visible()
    form.get_by_label("Email address").fill("ada@example.com")
    form.get_by_role("button", name="Tell me").click()
    expect(shopper.see("alert-noted")).to_have_text(
        "We wrote to ada@example.com. Confirm it by that letter, and you are in line."
    )
    _count_in(shop, 2)
    _serves(shop, f"/products/dune-mug?variant={CLAY}", "Only 2 left in Clay")
    with shop.session() as session:
        to_ada = select(Letter).where(Letter.kind == "stock_confirm", Letter.to_email == "ada@example.com")
        assert len(session.exec(to_ada).all()) == 1
    shopper.choose("Moss")
    expect(form).to_have_count(0)
    shopper.choose("Clay")
    expect(promises.first).to_be_visible()
    expect(form).to_have_count(0)


@pytest.fixture
def mugs_are_reduced(shop: Shop) -> Iterator[None]:
    """Each colour to €19 from another price."""
    with db.transaction(on=shop.engine) as session:
        mugs = _mugs(session)
        for mug, before in zip(mugs, (2500, 2700, 2900, 3100), strict=True):
            mug.compare_at_minor = 3500
            for days, price, compare_at in ((60, before, None), (1, 1900, 3500)):
                row = PriceHistory(
                    variant_id=mug.id or 0,
                    currency="EUR",
                    price_minor=price,
                    compare_at_minor=compare_at,
                    recorded_at=now() - timedelta(days=days),
                )
                session.add(row)
    # Prices that are written like this tell the shop's process nothing; stock does.
    _count_in(shop, 1)
    _count_in(shop, 0)
    yield
    with db.transaction(on=shop.engine) as session:
        ids = [mug.id for mug in _mugs(session)]
        session.connection().execute(
            delete(PriceHistory).where(
                col(PriceHistory.variant_id).in_(ids), col(PriceHistory.price_minor) >= 2500
            )
        )
        session.connection().execute(
            delete(PriceHistory).where(
                col(PriceHistory.variant_id).in_(ids), col(PriceHistory.compare_at_minor).is_not(None)
            )
        )
        for mug in _mugs(session):
            mug.compare_at_minor = None
    _count_in(shop, 1)
    _count_in(shop, 0)


def _mugs(session: Session) -> Sequence[Variant]:
    product_id = variant_with(session, MOSS).product_id
    return session.exec(
        select(Variant).where(Variant.product_id == product_id).order_by(col(Variant.position))
    ).all()


@pytest.mark.usefixtures("mugs_are_reduced")
def test_a_choice_brings_its_own_lowest_price(shop: Shop, shopper: Shopper):
    for sku, amount in ((MOSS, 25), ("FH-DNM-OAT", 27), ("FH-DNM-INK", 31)):
        _serves(shop, f"/products/dune-mug?variant={sku}", f"last 30 days: €{amount}.00")
    shopper.open("/products/dune-mug")
    lowest = shopper.page.get_by_text("Lowest price of the last 30 days")
    said = [lowest.inner_text()]
    for value in ("Oat", "Ink"):
        shopper.choose(value)
        expect(shopper.page.locator("legend")).to_contain_text(value)
        said.append(lowest.inner_text())
    assert said == [f"Lowest price of the last 30 days: €{amount}.00" for amount in (25, 27, 31)]


def test_stars_are_as_wide_as_the_average(shopper: Shopper):
    shopper.open("/products/dune-mug")
    drawn = shopper.page.evaluate(
        """() => [...document.querySelectorAll('[data-testid="stars"]')].map((stars) => [
            stars.lastChild.textContent,
            Math.round((100 * stars.children[1].getBoundingClientRect().width) /
              stars.getBoundingClientRect().width),
        ])"""
    )
    assert len(drawn) == 12
    for said, percent in drawn:
        average = float(re.search(r"(\d(\.\d)?) of 5 stars$", said)[1])  # pyright: ignore
        assert abs(percent - 20 * average) <= 1, (said, percent)
    # The demo's reviews are others each day.
    assert len({said for said, _percent in drawn[2:]}) > 1, "nothing to compare"


def test_what_is_typed_for_a_quantity_counts_as_it_is_or_not_at_all(shopper: Shopper):
    """On the page of what nobody counts, in the drawer and in the cart."""
    sentence = "Enter a whole number from 1 to 99."
    shopper.open("/products/long-bench")
    expect(shopper.see("stock-signal").first).to_have_text("Available")
    field, add = shopper.see("quantity").first, shopper.see("add-to-cart").first
    for typed in ("2.5", "1e2", "999999999999"):
        field.fill(typed)
        add.click()
        expect(field).to_have_value("1")
        expect(shopper.page.get_by_role("alert").get_by_text(sentence)).to_be_visible()
    field.fill("３")
    add.click()
    drawer = shopper.see("cart-drawer")
    for place in (drawer, shopper.page.locator("main")):
        line = place.get_by_test_id("line-quantity")
        expect(line).to_have_value("3")
        for typed in ("2.5", "2,5", "-1", "+2", "", "999999999999"):
            line.fill(typed)
            line.press("Enter")
            expect(place.get_by_role("alert").get_by_text(sentence)).to_be_visible()
            expect(line).to_have_value("3")
        for typed, units in ((" 4 ", "4"), ("٣", "3")):
            line.fill(typed)
            line.press("Enter")
            expect(line).to_have_value(units)
            expect(place.get_by_role("alert").get_by_text(sentence)).to_have_count(0)
        if place is drawer:
            shopper.open("/cart")
    line.fill("0")
    line.press("Enter")
    expect(shopper.see("cart-line")).to_have_count(0)
    shopper.page.get_by_role("button", name="Undo").click()
    expect(line).to_have_value("3")
