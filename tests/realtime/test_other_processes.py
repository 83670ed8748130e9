"""What other processes change is found by the rows that they leave."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from shop_app.core import db, events, fact_cache
from shop_app.core.fact_cache import FactCache, depends, product_tag
from shop_app.realtime import other_processes
from shop_app.realtime.other_processes import Follower
from shop_app.services.catalog import commands
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.search import listing_index
from tests.factories import make_product, variant_with

IMPORT = """
from shop_app.core import db
from shop_app.services.catalog import commands
with db.transaction() as session:
    commands.set_prices(session, {"FABLE-LAMP": (4100, None)}, actor="t")
"""


@pytest.fixture
def cache(engine: Engine) -> FactCache[str]:
    with db.transaction() as session:
        ids = [make_product(session, title).id or 0 for title in ("Fable Lamp", "Bowl")]
        listing_index.refresh(session, ids)
    return FactCache(1000, len)


def kept(cache: FactCache[str]) -> set[str]:
    return {key for key in ("lamp", "bowl", "list") if cache.find(key)}


def fill(cache: FactCache[str]) -> None:
    def make(tag: str) -> str:
        depends(tag)
        return tag

    for key, tag in (("lamp", product_tag(1)), ("bowl", product_tag(2)), ("list", "listing")):
        cache.get(key, lambda tag=tag: make(tag))


@pytest.fixture
def follower() -> Follower:
    follower = Follower()
    events.subscribe(events.ShownChanged, follower.note_own)
    return follower


def repriced(session: Session) -> None:
    commands.set_prices(session, {"FABLE-LAMP": (4100, None)}, actor="t")


def counted(session: Session) -> None:
    inventory_commands.set_on_hand(session, variant_with(session, "FABLE-LAMP").id or 0, 3, reason="t")


def elsewhere(write) -> None:
    """What another process commits: this one hears of no event."""
    with db.transaction() as session:
        write(session)
        session.info.pop("events")


async def happens(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.both
async def test_a_change_of_the_listing_index_elsewhere_empties_everything(engine, cache, follower):
    await follower.look()
    fill(cache)
    await follower.look()
    assert kept(cache) == {"lamp", "bowl", "list"}
    elsewhere(repriced)
    assert kept(cache) == {"lamp", "bowl", "list"}
    await follower.look()
    assert kept(cache) == set()


@pytest.mark.both
async def test_a_change_of_stock_elsewhere_empties_what_shows_that_product(engine, cache, follower):
    await follower.look()
    fill(cache)
    elsewhere(counted)
    await follower.look()
    assert kept(cache) == {"bowl", "list"}


async def test_own_changes_empty_what_they_touch_and_no_more_when_they_are_found(engine, cache, follower):
    await follower.look()
    fill(cache)
    await db.write(repriced)
    assert kept(cache) == {"bowl"}
    await follower.look()
    assert kept(cache) == {"bowl"}


async def test_what_was_made_before_the_first_look_goes(engine, cache, follower):
    fill(cache)
    await follower.look()
    assert kept(cache) == set()


async def test_a_server_finds_what_the_command_line_did(engine, cache, monkeypatch):
    monkeypatch.setattr(other_processes, "EVERY_SECONDS", 0.02)
    facts = fact_cache.number()
    async with other_processes.followed():
        await happens(lambda: fact_cache.number() > facts)
        fill(cache)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", IMPORT, env=os.environ | {"SHOP_TESTING": "1"}, stdout=subprocess.DEVNULL
        )
        assert await process.wait() == 0
        await happens(lambda: not kept(cache))


async def test_a_database_that_is_gone_is_looked_at_again(engine, cache, monkeypatch, caplog):
    monkeypatch.setattr(other_processes, "EVERY_SECONDS", 0.01)
    read, calls = db.read, []

    async def fails(*args):
        calls.append(1)
        if len(calls) < 3:
            raise db.Unavailable("gone")
        return await read(*args)

    monkeypatch.setattr(other_processes.db, "read", fails)
    facts = fact_cache.number()
    async with other_processes.followed():
        await happens(lambda: fact_cache.number() > facts)
    assert "couldn't be looked for" in caplog.text
