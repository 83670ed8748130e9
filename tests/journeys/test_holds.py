"""A hold as the shopper sees it: counted down, kept longer, over by itself, taken again."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlmodel import col, select

from shop_app.core.clock import now
from shop_app.models import StockHold, StockLevel, Variant
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import PHONE
from tests.shop import Shop


def held(shop: Shop) -> int:
    with shop.session() as session:
        return session.exec(select(StockLevel.held).join(Variant).where(Variant.sku == "FH-DNM-MOS")).one()


def let_it_end_in(shop: Shop, seconds: int) -> None:
    """The newest hold has come to its ceiling, so many seconds from now."""
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        hold = session.exec(select(StockHold).order_by(col(StockHold.id).desc())).first()
        assert hold is not None
        hold.expires_at = now() + timedelta(seconds=seconds)
        hold.since = hold.expires_at - timedelta(hours=1)
        session.add(hold)
        session.commit()


def test_the_time_is_shown_kept_longer_and_over_by_itself(new_shopper: NewShopper, shop: Shop):
    shopper = new_shopper(size=PHONE)
    shopper.fill_cart("dune-mug", value="Moss")
    before = held(shop)
    shopper.open("/checkout")
    timer = shopper.see("hold-timer")
    expect(timer).to_contain_text(re.compile(r"Held for you\s*1[45]:\d\d"))
    assert held(shop) == before + 1

    let_it_end_in(shop, 5)
    shopper.see("hold-longer").click()
    expect(timer).to_contain_text(re.compile(r"0:0[0-5]"))
    expect(shopper.see("hold-most")).to_contain_text("the longest we can hold")
    expect(shopper.see("hold-longer")).to_have_count(0)

    # By the page's own clock; the shop agrees.
    expect(shopper.see("hold-over")).to_be_visible(timeout=15_000)
    expect(timer).to_have_text("Not held any more")
    assert held(shop) == before
    shopper.see("hold-again").click()
    expect(timer).to_contain_text(re.compile(r"Held for you\s*1[45]:\d\d"))
    expect(shopper.see("hold-over")).to_have_count(0)
    # The button that was pressed is gone, so the focus goes to what it has done.
    expect(shopper.page.locator(":focus")).to_have_text("Your things are held for you again.")
    assert held(shop) == before + 1
