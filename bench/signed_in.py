"""What a page costs the server that a customer opens, beside what it costs for a guest.

Guests and customers open the same pages in turns on the same server: its document, its socket, and everything
that it loads with. One more row has what any later event costs.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from statistics import median

from sqlmodel import Session

from bench import cpu
from bench.hydration import LOADED, get
from bench.report import Row
from shop_app.core.access.cookies import key_hash
from shop_app.core.clock import now
from shop_app.models import Customer, LoginSession
from tests.shop import Shop, running
from tests.socket_client import STATE, Tab, page_says

PAGES = {"home": "/", "product": "/products/dune-mug", "cart": "/cart"}
ROUNDS, OPENED, EVENTS = 9, 40, 150
EVENT = f"{STATE}.shop_app___state___cart____cart.close_drawer"
GUEST: dict[str, str] = {}


def run(folder: Path) -> list[Row]:
    with running(folder, SHOP_LOAD_TEST="1", SHOP_LOG_LEVEL="WARNING") as shop:
        customer = {"shop_session": _session(shop)}
        rows = []
        for page, path in PAGES.items():
            said = page_says(shop.url, path)
            rows += _rows(page, shop, customer, lambda cookies, path=path, said=said: _opened(
                shop.url, path, said, cookies
            ), OPENED, goal=1.2)  # fmt: skip
        return rows + _rows("an event", shop, customer, lambda cookies: _sent(shop.url, cookies), EVENTS)


def _rows(
    what: str,
    shop: Shop,
    customer: Mapping[str, str],
    work: Callable[[Mapping[str, str]], Awaitable[None]],
    times: int,
    *,
    goal: float | None = None,
) -> list[Row]:
    """Both in turns; the first round only warms up."""
    costs = defaultdict[str, list[float]](list)
    for turn in range(ROUNDS + 1):
        for name, cookies in (("guest", GUEST), ("customer", customer)):
            began = cpu.of_shop(shop)
            asyncio.run(work(cookies))
            if turn:
                costs[name].append(1000 * (cpu.of_shop(shop) - began) / times)
    guest, signed_in = (median(costs[name]) for name in ("guest", "customer"))
    return [
        Row(f"{what}: the server's CPU for a guest", guest, "ms"),
        Row(f"{what}: the server's CPU for a customer", signed_in, "ms"),
        Row(f"{what}: a customer's, as many times a guest's", signed_in / guest, "x", goal),
    ]


async def _opened(url: str, path: str, said: list[str], cookies: Mapping[str, str]) -> None:
    """The page with its document, so many times, one after another."""
    get(url, path, OPENED, cookies)
    for _time in range(OPENED):
        tab = Tab(url, cookies=cookies)
        tab.keep_frames = False
        await tab.connect(path, said=said)
        async with asyncio.timeout(20):
            while LOADED not in await tab._receive():
                pass
        await tab.close()


async def _sent(url: str, cookies: Mapping[str, str]) -> None:
    """So many events of one tab, one after another."""
    async with Tab(url, cookies=cookies) as tab:
        await tab.settle()
        for _time in range(EVENTS):
            await tab.call(EVENT)


def _session(shop: Shop) -> str:
    """The key of a session of a new account."""
    key = secrets.token_urlsafe(32)
    with Session(shop.engine) as session:
        session.connection(execution_options={"writes": True})
        person = Customer(email="bench@example.com", name="Ben Bench")
        session.add(person)
        session.flush()
        until = now() + timedelta(days=1)
        session.add(LoginSession(token_hash=key_hash(key), customer_id=person.id, expires_at=until))
        session.commit()
    return key
