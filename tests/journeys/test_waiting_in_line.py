"""Three people wait for one unit: the first one's page turns live, the second is asked when that lapses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlmodel import col, select

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.models import StockAlert, StockLevel, StockOffer
from shop_app.services.inventory import commands as inventory_commands
from tests.factories import variant_with
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import PHONE, Shopper
from tests.shop import Shop

CLAY = "FH-DNM-CLA"
PAGE = f"/products/dune-mug?variant={CLAY}"
# The job looks for what was changed from outside every five seconds.
ASKED_MS = 20_000


@pytest.fixture(autouse=True)
def _clay_is_sold_out(shop: Shop) -> Iterator[None]:
    yield
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        for row in (*session.exec(select(StockOffer)), *session.exec(select(StockAlert))):
            assert not isinstance(row, StockOffer), "A unit is still kept for somebody"
            session.delete(row)
        session.commit()
    count_in(shop, 0)


def count_in(shop: Shop, units: int) -> None:
    """From outside: the shop's own process isn't told."""
    with db.transaction(on=shop.engine) as session:
        level = session.get_one(StockLevel, variant_with(session, CLAY).id)
        on_hand = level.allocated + units
        inventory_commands.set_on_hand(session, level.variant_id, on_hand, reason="stocktake")


def let_it_lapse(shop: Shop) -> None:
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        offer = session.exec(select(StockOffer)).one()
        offer.expires_at = now() + timedelta(seconds=1)
        session.add(offer)
        session.commit()


def link(shop: Shop, email: str) -> str:
    """The page that the letter to this address leads to."""
    with shop.session() as session:
        alerts = session.exec(select(StockAlert.token).where(col(StockAlert.email) == email)).all()
        offers = session.exec(select(StockOffer.token).where(col(StockOffer.email) == email)).all()
    return f"/line/{[*alerts, *offers][0]}"


def wait(shopper: Shopper, shop: Shop, email: str, place: int) -> None:
    """Ask, confirm by the letter in a second tab, and see the place on the page that was left open."""
    shopper.open(PAGE)
    shopper.page.get_by_label("Email address").fill(email)
    shopper.see("tell-me").click()
    expect(shopper.see("alert-noted")).to_contain_text(f"We wrote to {email}")
    letter = shopper.tab()
    letter.goto(link(shop, email))
    expect(shopper.see("line-place", letter)).to_have_text("Do you want to be told when it is back?")
    shopper.see("line-confirm", letter).click()
    expect(shopper.see("line-place", letter)).to_have_text(f"You are number {place} in line.")
    letter.close()
    expect(shopper.see("line-place")).to_have_text(f"You are number {place} in line.")


def no_violations(shopper: Shopper) -> None:
    found = Axe().run(shopper.page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def test_three_people_in_line_for_one_unit(new_shopper: NewShopper, shop: Shop):
    first, second, third = new_shopper(), new_shopper(dark=True), new_shopper(size=PHONE)
    for place, (shopper, email) in enumerate(
        ((first, "first@example.com"), (second, "second@example.com"), (third, "third@example.com")), 1
    ):
        wait(shopper, shop, email, place)
        expect(shopper.see("add-to-cart").first).to_have_text("Sold out")
        no_violations(shopper)

    count_in(shop, 1)
    expect(first.see("add-to-cart").first).to_have_text("Add to cart", timeout=ASKED_MS)
    expect(first.see("line-place")).to_have_text(re.compile(r"^One is kept for you until .+\.$"))
    no_violations(first)
    for other, place in ((second, 1), (third, 2)):
        expect(other.see("line-place")).to_have_text(f"You are number {place} in line.")
        expect(other.see("add-to-cart").first).to_have_text("Sold out")
    with shop.session() as session:
        offer = session.exec(select(StockOffer)).one()
    assert offer.expires_at - offer.offered_at < timedelta(minutes=11)

    let_it_lapse(shop)
    expect(second.see("add-to-cart").first).to_have_text("Add to cart", timeout=ASKED_MS)
    expect(first.see("add-to-cart").first).to_have_text("Sold out")
    second.add_to_cart()
    second.open("/checkout")
    expect(second.see("hold-timer")).to_contain_text("Held for you")
    second.open(PAGE)

    # It isn't wanted after all: the third has it, by the letter, on a phone and without scripts.
    second.see("line-leave").click()
    expect(third.see("line-place")).to_have_text(re.compile(r"^One is kept for you"), timeout=ASKED_MS)
    plain = new_shopper(size=PHONE, scripts=False)
    plain.page.goto(link(shop, "third@example.com"))
    expect(plain.see("line-place")).to_have_text(re.compile(r"^One is kept for you"))
    plain.see("line-take").click()
    expect(plain.page).to_have_url(re.compile("/cart$"))
    plain.page.goto(link(shop, "third@example.com"))
    plain.see("line-leave").click()
    expect(plain.page.get_by_role("heading", level=1)).to_have_text("Nothing waits for you here")
