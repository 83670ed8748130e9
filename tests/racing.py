"""Races: many buyers who start together, from threads of this process or from two processes of their own.

`python -m tests.racing` is such a process: it reads a line of JSON per race from its standard input
(command and buyers) and answers with how they ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import func, insert, select
from sqlmodel import Session, SQLModel

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.core.errors import ShopError
from shop_app.services.books import check as books
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.orders import placing
from tests.factories import key_hash, stock_of

T = TypeVar("T")
tables = SQLModel.metadata.tables
FORM = CheckoutForm(
    email="marta@example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
)
ENOUGH = 10**9
THREADS = 10
"""As many as may wait for a database at once; a shop process has eight."""


# --- Buyers -----------------------------------------------------------------------------------------


def place(buyer: str) -> placing.PlacedOrder:
    with db.transaction(durable=True) as session:
        return placing.place(session, key_hash(buyer), FORM, expected_total_minor=ENOUGH)


def _placed(session: Session, buyer: str) -> str:
    placing.place(session, key_hash(buyer), FORM, expected_total_minor=ENOUGH)
    return "placed"


def _entered(session: Session, buyer: str) -> str:
    """Go to checkout, where the units are held; says whether all of them are."""
    view = cart_holds.enter(session, key_hash(buyer))
    return "short" if view.short else view.state


def _in_a_transaction(command: Callable[[Session, str], str]) -> Callable[[str], str]:
    def run(buyer: str) -> str:
        with db.transaction(durable=True) as session:
            return command(session, buyer)

    return run


def fill(buyer: str, **lines: int) -> None:
    with db.transaction() as session:
        for sku, quantity in lines.items():
            cart_commands.add(session, key_hash(buyer), sku, quantity)


def fill_many(carts_by_buyer: Mapping[str, Mapping[str, int]]) -> None:
    """Carts by plain inserts: {buyer: {sku: quantity}}."""
    carts, lines, variants = tables["cart"], tables["cart_line"], tables["variant"]
    at = now()
    heads = [
        {
            "key_hash": key_hash(buyer),
            "currency": "EUR",
            "country": "DE",
            "codes": [],
            "checkout": {},
            "version": 1,
            "created_at": at,
            "updated_at": at,
        }
        for buyer in carts_by_buyer
    ]
    with db.transaction() as session:
        run = session.connection().execute
        variants_by_sku = {
            row.sku: row for row in run(select(variants.c.sku, variants.c.id, variants.c.price_minor))
        }
        ids = run(insert(carts).returning(carts.c.id, sort_by_parameter_order=True), heads).scalars().all()
        rows = [
            {
                "cart_id": cart_id,
                "variant_id": variants_by_sku[sku].id,
                "quantity": quantity,
                "saved": False,
                "seen_price_minor": variants_by_sku[sku].price_minor,
                "added_at": at,
            }
            for cart_id, basket in zip(ids, carts_by_buyer.values(), strict=True)
            for sku, quantity in basket.items()
        ]
        run(insert(lines), rows)


# --- Starting together ------------------------------------------------------------------------------


def at_once(work: Callable[[T], object], items: Sequence[T], threads: int = THREADS) -> Counter[str]:
    """Run `work` on all items from so many threads that start together; counts how they ended."""
    ready = threading.Barrier(threads)
    ended: Counter[str] = Counter()
    guard = threading.Lock()

    def one_thread(own: Sequence[T]) -> None:
        ready.wait()
        for item in own:
            try:
                result = str(work(item) or "done")
            except ShopError as refusal:
                result = type(refusal).__name__
            with guard:
                ended[result] += 1

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(one_thread, items[start::threads]) for start in range(threads)]:
            future.result()
    return ended


COMMANDS: dict[str, Callable[[Session, str], str]] = {"place": _placed, "enter": _entered}

Race = Callable[[str, Sequence[str], int], Counter[str]]
"""(command, buyers, threads) -> how they ended."""


def by_threads(command: str, buyers: Sequence[str], threads: int = THREADS) -> Counter[str]:
    return at_once(_in_a_transaction(COMMANDS[command]), buyers, threads)


def by_tasks(command: str, buyers: Sequence[str], threads: int = THREADS) -> Counter[str]:
    """All of them at once on one loop, through `db`: its queue and its threads, as in a shop process."""

    async def one(buyer: str) -> str:
        try:
            return str(await db.write(COMMANDS[command], buyer, durable=True))
        except ShopError as refusal:
            return type(refusal).__name__

    async def everybody() -> Counter[str]:
        return Counter(await asyncio.gather(*map(one, buyers)))

    return asyncio.run(everybody())


@contextmanager
def processes(count: int) -> Iterator[Race]:
    """A race that is run by so many shop processes, each with its share of the buyers, all at once."""
    runners = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.racing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"SHOP_TESTING": "1"},
        )
        for _process in range(count)
    ]

    def race(command: str, buyers: Sequence[str], threads: int = THREADS) -> Counter[str]:
        for place_at, runner in enumerate(runners):
            assert runner.stdin
            job = {"command": command, "buyers": buyers[place_at::count]}
            runner.stdin.write(json.dumps(job) + "\n")
            runner.stdin.flush()
        return sum((Counter(_answer(runner)) for runner in runners), Counter[str]())

    try:
        for runner in runners:
            _answer(runner)
        yield race
    finally:
        for runner in runners:
            runner.kill()
            runner.communicate()


def _answer(runner: subprocess.Popen[str]) -> Any:
    assert runner.stdout
    line = runner.stdout.readline()
    assert line, "a racing process ended before its time"
    return json.loads(line)


def main() -> None:
    db.engine()
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        job = json.loads(line)
        ended = by_tasks(job["command"], job["buyers"])
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


# --- What came of it --------------------------------------------------------------------------------


def count(table: str) -> int:
    with db.reading() as session:
        return session.connection().execute(select(func.count()).select_from(tables[table])).scalar_one()


def numbers(sku: str) -> tuple[int, int, int]:
    with db.reading() as session:
        return stock_of(session, sku)


def wrong_in_the_books() -> list[str]:
    with db.reading() as session:
        return [violation.sentence for violation in books.check(session).violations]


class Stopwatch:
    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began


if __name__ == "__main__":
    main()
