"""A customer's file is fetched by its owner alone, and the page's handlers change what is theirs alone."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.access import policy
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.services.personal import exports
from shop_app.web import data_files
from shop_app.worker import data_exports
from tests.factories import make_customer
from tests.paying import MANAGER, rows


def customer(email: str) -> Principal:
    with db.transaction() as session:
        return Principal("customer", make_customer(session, email).id or 0, email)


async def test_a_file_is_its_owners_for_a_day(engine, monkeypatch, clock):
    me, other = customer("me@example.com"), customer("other@example.com")
    with db.transaction() as session:
        exports.ask(session, me)
    assert data_exports.make(pause=bool) == 1
    path = f"/account/data/{rows('data_export')[0].token}.zip"
    asks = [me]

    async def who(_cookie: str) -> Principal:
        return asks[-1]

    monkeypatch.setattr(policy, "who", who)
    transport = httpx.ASGITransport(app=Starlette(routes=data_files.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        mine = await client.get(path)
        assert (mine.status_code, mine.headers["content-type"]) == (200, "application/zip")
        assert mine.headers["cache-control"] == "no-store"
        assert mine.headers["content-disposition"] == 'attachment; filename="my-data-2026-11-20.zip"'
        for stranger in (NOBODY, MANAGER):
            asks.append(stranger)
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (
                303,
                "/account/login?next=/account/data",
            )
        asks.append(other)
        theirs = await client.get(path)
        asks.append(me)
        unknown = await client.get("/account/data/unknown.zip")
        assert (theirs.status_code, theirs.text) == (404, unknown.text)
        clock.shift(timedelta(days=1).total_seconds())
        assert (await client.get(path)).text == unknown.text


@pytest.mark.parametrize("by", [NOBODY, MANAGER])
async def test_nobody_but_customers_asks_for_a_file(engine, by):
    with pytest.raises(exports.Forbidden):
        await db.write(exports.ask, by)
    assert rows("data_export") == []
