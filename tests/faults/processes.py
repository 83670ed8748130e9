"""Shop processes, one after the other: everything is loaded once, then each life is forked and killed.

`python -m tests.faults.processes --listen FD --kills N --seed S [--at WORD]` says on its standard output, a
line of JSON each: ready, then every death, then that the last life runs, which ends with standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import random
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import stripe
from sqlmodel import select

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.shop import hold, shop
from shop_app.models import Order
from shop_app.services.orders import placing
from shop_app.services.payments import authorisations
from shop_app.workflows import reconcile, recover
from tests.faults import kill_points, returning, shop_server, staff
from tests.faults.shoppers import CARD, PLENTY

PAY_WITHIN = timedelta(seconds=3)
"""In place of the shop's forty minutes, so that orders run out of time while lives go by."""
HOLD_MINUTES = 0.04
"""And in place of its fifteen, so that holds do."""
FLAG_AFTER = timedelta(seconds=2)
"""And in place of its five, so that someone asks why an order's money was voided."""
NAMED_SHARE = 0.7
LONGEST_LIFE_SECONDS = 0.8
"""A point that isn't reached by then is left for a death at that moment."""
SWEEP_EVERY_SECONDS = 0.2
RECENT = timedelta(seconds=5)
CAPTURES = ("at_order", "at_fulfilment")
LIVES_PER_CAPTURE = 10
"""So many lives in a row have the same `SHOP_CAPTURE`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a life ends."""

    point: str
    """A name of `kill_points.POINTS`, "" for a moment of the clock."""
    times: int
    seconds: float


def plan(chance: random.Random, at: str = "") -> Plan:
    """The next death; of the named points, at one that has the word `at` in its name."""
    if chance.random() < NAMED_SHARE:
        names = [name for name in kill_points.POINTS if at in name]
        return Plan(chance.choice(names), chance.choice((1, 1, 1, 2)), LONGEST_LIFE_SECONDS)
    return Plan("", 0, chance.uniform(0.02, 0.4))


def say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def live(listener: socket.socket, capture: str) -> None:
    """A life: serve requests and run the jobs, until it is killed."""
    hold(replace(shop(), capture=capture))

    async def jobs() -> None:
        # What has to wait raises these, and the next round goes on with it.
        with suppress(ShopError):
            await reconcile.reconcile(RECENT)
        while True:
            with suppress(ShopError):
                await recover.sweep()
            await asyncio.sleep(SWEEP_EVERY_SECONDS)

    async def everything() -> None:
        await asyncio.gather(shop_server.serve(listener), jobs())

    asyncio.run(everything())


def fork(listener: socket.socket, ends: Plan | None, capture: str) -> tuple[int, int]:
    """Begin a life: its process id, and the pipe where it reports that it has reached its point."""
    reads, writes = os.pipe()
    child = os.fork()
    if child:
        os.close(writes)
        return child, reads
    try:
        os.close(reads)
        if ends and ends.point:
            kill_points.arm(ends.point, ends.times, lambda: os.write(writes, b"!"))
        live(listener, capture)
    except BaseException:
        logging.critical("A life ended by itself", exc_info=True)
    finally:
        os._exit(1)


def kill(child: int, reads: int, ends: Plan) -> str:
    """Let the life end as planned; where it ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(reads, selectors.EVENT_READ)
        ready = selector.select(ends.seconds * pace())
    at_point = bool(ready) and os.read(reads, 1) == b"!"
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(reads)
    if not os.WIFSIGNALED(status):
        return "ended by itself"
    return ends.point if at_point else "a moment of the clock"


def pace() -> float:
    """How many times longer lives last here and now: a machine that is busy needs longer to reach a line."""
    return min(4.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) / 1.5))


def warm_up() -> None:
    """One whole life of an order, so that every life finds its statements compiled and its modules loaded."""

    async def checkout() -> None:
        page = await shop_server.fill(key="the first", lines={PLENTY: 3}, card=500)
        url = await shop_server.pay(key="the first", **page)
        async with httpx.AsyncClient(trust_env=False) as browser:
            await browser.post(url, data=CARD)
        await reconcile.reconcile()
        with db.reading() as session:
            token = session.exec(select(Order.token)).one()
        await staff.refund(token=token, amount=1, key="warm-up-refund")
        await staff.refund(token=token, amount=1, key="warm-up-credit", to_credit=True)
        await staff.refund_line(token=token, key="warm-up-line")
        await staff.send(token=token, key="warm-up-shipment")
        await returning.send_back(token=token, key="warm-up-return-key")
        await returning.receive(key="warm-up-return-key", fit=True)
        await returning.pay_back(key="warm-up-return-key", to_credit=False)
        await recover.sweep()

    asyncio.run(checkout())
    db._threads().shutdown()
    # A child that closed its parent's handles would drop the parent's locks.
    db.engine().dispose()


def quick() -> None:
    """Set retries, and the time that orders have, to seconds."""
    stripe.HTTPClient._sleep_time_seconds = lambda *_args, **_kwargs: random.uniform(0.01, 0.05)
    if not isinstance(placing.PAY_WITHIN, timedelta):
        raise SystemExit("The shop keeps the time to pay elsewhere now: `quick` has to follow.")
    placing.PAY_WITHIN = PAY_WITHIN
    authorisations.FLAG_AFTER = FLAG_AFTER
    # A shopkeeper's page takes whole minutes.
    hold(replace(shop(), hold_minutes=HOLD_MINUTES))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.processes", description=__doc__)
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--at", default="")
    given = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    chance = random.Random(given.seed)
    listener = socket.socket(fileno=given.listen)
    quick()
    warm_up()
    gc.collect()
    gc.freeze()
    say(ready=True)
    for life in range(given.kills):
        ends = plan(chance, given.at)
        began = time.monotonic()
        place = kill(*fork(listener, ends, CAPTURES[life // LIVES_PER_CAPTURE % 2]), ends)
        say(died=place, planned=ends.point, seconds=round(time.monotonic() - began, 3))
    child, _reads = fork(listener, None, CAPTURES[0])
    say(last=child)
    sys.stdin.read()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
