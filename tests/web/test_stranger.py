"""One stranger at the real server's socket: what can be taken, guessed and sent to others without paying."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import SQLModel

from shop_app.core import db
from shop_app.services.books import check as books
from shop_app.services.search import listing_index
from tests import factories
from tests.socket_client import STATE, Tab
from tests.web.conftest import Probe, start_probe_app

CART = f"{STATE}.shop_app___state___cart____cart"
CHECKOUT = f"{STATE}.shop_app___state___checkout____checkout"
LOOKUP = f"{STATE}.shop_app___state___lookup____lookup"
FORM = {
    "email": "victim@example.com",
    "given_name": "Sam",
    "family_name": "Shopper",
    "line1": "Am Speicher 4",
    "postal_code": "10115",
    "locality": "Berlin",
    "country": "DE",
    "shipping_method": "express",
    "payment_provider": "manual",
    "ticket": "t",
    "shown_minor": "99999999",
}
TOO_OFTEN = "That was too often in a short time."
TRIES = 20


@dataclass
class Besieged(Probe):
    """The server, and its database to look into from outside."""

    engine: Engine | None = None

    def rows(self, table: str) -> list[Any]:
        with db.reading(on=self.engine) as session:
            return list(session.connection().execute(select(SQLModel.metadata.tables[table])))


@pytest.fixture(scope="module")
def probe(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """A server behind a proxy, with a thousand bowls, of which one address may keep 30 unpaid."""
    folder = tmp_path_factory.mktemp("besieged")
    (folder / "data").mkdir()
    shutil.copyfile(_sqlite_template, folder / "data" / "shop.db")
    engine = db.make_engine(f"sqlite:///{folder / 'data' / 'shop.db'}")
    with db.transaction(on=engine) as session:
        factories.make_basics(session)
        bowl = factories.make_product(session, "Bowl", price_minor=1000, stock=1000)
        listing_index.refresh(session, [bowl.id or 0])
    started = start_probe_app(
        folder, SHOP_TRUSTED_PROXY_HOPS="1", SHOP_UNPAID_UNITS="20", SHOP_UNPAID_UNITS_PER_ADDRESS="30"
    )
    yield Besieged(started.url, started.process, started.log, started.name, engine)
    engine.dispose()
    started.process.kill()
    started.process.wait()


async def ready(tab: Tab) -> None:
    """Wait until the page's own load is over."""
    while not any('is_hydrated_rx_state_":true' in frame for frame in tab.frames):
        await tab.settle()
    await tab.settle()


async def answer_to(tab: Tab, name: str, payload: dict[str, Any], path: str = "/") -> str:
    """Send an event; all that comes until its answer is there."""
    await tab.send(name, payload, path=path)
    sentence = ""
    while '"answers_rx_state_"' not in sentence and '"departure_rx_state_"' not in sentence:
        sentence += json.dumps(await tab.answer(seconds=30))
    return sentence


async def at_once(probe: Probe, one: Callable[[Tab], Awaitable[str]]) -> list[str]:
    """Do it from so many tabs, each with a cookie and an IPv6 address of its own, all of one household."""

    async def alone(number: int) -> str:
        async with Tab(probe.url, forwarded=f"6.6.6.6, 2001:db8:1:2:{number:x}::{number:x}") as tab:
            await ready(tab)
            return await one(tab)

    return list(await asyncio.gather(*map(alone, range(TRIES))))


async def test_one_household_takes_no_more_than_its_share_and_writes_to_nobody_endlessly(probe):
    async def order(tab: Tab) -> str:
        await answer_to(tab, f"{CART}.add", {"sku": "BOWL", "quantity": 5})
        return await answer_to(tab, f"{CHECKOUT}.pay", {"form": FORM}, "/checkout")

    answers = await at_once(probe, order)
    refused = [one for one in answers if "From your internet connection so much was ordered just now" in one]
    assert len(refused) == TRIES - 6
    assert probe.rows("stock_level")[0].allocated == 30
    assert len(probe.rows("customer_order")) == len(probe.rows("letter")) == 6
    with db.reading(on=probe.engine) as session:
        assert books.check(session).violations == ()


async def test_numbers_are_guessed_no_faster_with_many_cookies_and_addresses(probe):
    async def guess(tab: Tab) -> str:
        form = {"number": "999", "email": "victim@example.com"}
        return await answer_to(tab, f"{LOOKUP}.find", {"form": form}, "/orders/lookup")

    answers = await at_once(probe, guess)
    answered = [one for one in answers if "We found no order" in one]
    assert 10 <= len(answered) <= 14, "ten at once, and those who wait"
    assert sum(TOO_OFTEN in one for one in answers) == TRIES - len(answered)
    log = probe.log.read_text()
    assert "Security: look-up failed, from 2001:db8:1:2::, visitor " in log
    assert "Security: limit, from 2001:db8:1:2::, visitor " in log


@pytest.mark.parametrize(
    ("state", "address"), [(CART, "10.0.0.1"), (CHECKOUT, "10.0.0.2")], ids=["cart", "checkout"]
)
async def test_codes_are_tried_no_faster_than_the_limit(probe, state, address):
    async with Tab(probe.url, forwarded=address) as tab:
        await ready(tab)
        await answer_to(tab, f"{CART}.add", {"sku": "BOWL", "quantity": 1})
        sentences = []
        for number in range(25):
            form = {"code": f"GUESS{number}"}
            await tab.send(f"{state}.apply_code", {"form": form}, path="/cart")
            sentences.append(json.dumps(await tab.answer(seconds=30)))
    assert sum(TOO_OFTEN in one for one in sentences) == 5


async def test_nobody_is_sent_a_strangers_link(probe):
    before = probe.rows("customer_order"), probe.rows("letter")
    async with Tab(probe.url) as tab:
        await ready(tab)
        await answer_to(tab, f"{CART}.add", {"sku": "BOWL", "quantity": 1})
        form = FORM | {"line1": "You won: www.evil.example/win"}
        answers = await answer_to(tab, f"{CHECKOUT}.pay", {"form": form}, "/checkout")
    assert "Leave web and email addresses out." in answers
    assert (probe.rows("customer_order"), probe.rows("letter")) == before
