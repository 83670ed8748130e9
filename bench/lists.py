"""How lists of the back office hold up as their records grow: every filter with every sort, near and deep.

    python -m bench.lists [--sizes 10000,100000] [--rounds 3] [--url postgresql://…] [--slow 10]

The databases of all sizes are asked in turn in one run, so that they meet the same machine. What is timed is
what a page of a list asks for: its rows, the count and the sum. `--slow` prints the slowest questions.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from sqlalchemy import Engine, insert, text
from sqlmodel import Session

from bench.report import Row, percentile, table
from shop_app.core import db, migrate
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.models import Letter, OrderLine
from shop_app.services.desk.letters import LETTERS
from shop_app.services.lists import engine, query, view
from shop_app.services.lists.chips import options_of
from shop_app.services.lists.query import ListQuery
from shop_app.services.lists.spec import Filter, ListSpec
from shop_app.services.order_desk.order_list import ORDERS
from tests.factories import make_basics
from tests.many_orders import fill

SIZES, ROUNDS, GOAL_MS = (10_000, 100_000), 3, 100.0
READER = Principal("staff", 1, "reader@example.com", permissions=frozenset({"orders.view", "jobs.view"}))
TEXTS = {"sku": ("GOODS-17",), "product": ("goods-17",), "to": ("reader7@example.com",)}


@dataclass(slots=True)
class Asked:
    """One question and how long its rounds took, by the size of the database."""

    spec: ListSpec
    text: str
    times: dict[int, list[float]] = field(default_factory=dict)


def specs() -> tuple[ListSpec, ...]:
    return ORDERS, LETTERS


def fill_all(session: Session, count: int) -> None:
    make_basics(session)
    fill(session, count)
    random, at = Random(1), now()
    for start in range(1, count + 1, 2000):
        rows = [line for id in range(start, min(start + 2000, count + 1)) for line in _lines(random, id)]
        session.connection().execute(insert(OrderLine), rows)
    for start in range(0, count, 2000):
        rows = [_letter(random, number, at) for number in range(start, min(start + 2000, count))]
        session.connection().execute(insert(Letter), rows)


def _lines(random: Random, order_id: int) -> Iterator[dict[str, object]]:
    """Two lines of goods out of two thousand; an order's id is its number in a database without others."""
    for position in range(2):
        price, goods = random.randrange(900, 9000), random.randrange(2000)
        yield {
            "order_id": order_id,
            "position": position,
            "slug": f"goods-{goods}",
            "title": f"Goods {goods}",
            "sku": f"GOODS-{goods}",
            "quantity": 1,
            "unit_price_minor": price,
            "subtotal_minor": price,
            "discount_minor": 0,
            "tax_minor": price * 19 // 119,
            "total_minor": price,
            "tax_class": "standard",
        }


def _letter(random: Random, number: int, at: object) -> dict[str, object]:
    fate = random.random()
    written = at - timedelta(minutes=number)  # pyright: ignore[reportOperatorIssue]
    return {
        "dedupe_key": f"letter:{number}",
        "kind": random.choice(("order_paid", "order_placed", "order_shipped", "refund_sent")),
        "to_email": f"reader{number % 20_000}@example.com",
        "mailbox": "",
        "data": {},
        "created_at": written,
        "next_try_at": written,
        "sent_at": written if fate < 0.97 else None,
        "attempts": 1 if fate < 0.99 else 30,
        "problem": "",
    }


# --- Questions --------------------------------------------------------------------------------------


def questions(session: Session, spec: ListSpec) -> Iterator[str]:
    """Every sort in both directions, alone and with every filter's values, then pairs of filters."""
    sorts = [sign + column.key for column in spec.columns if column.sort is not None for sign in ("", "-")]
    values = {one.key: list(_values(session, one)) for one in spec.filters}
    for sort in sorts:
        yield f"sort={sort}"
        for texts in values.values():
            yield from (f"{one}&sort={sort}" for one in texts)
    keys = list(values)
    for at, key in enumerate(keys):
        for other in keys[at + 1 :]:
            yield f"{values[key][0]}&{values[other][-1]}"
            yield f"{values[key][-1]}&{values[other][0]}"
    if spec.search:
        yield from ("q=ada", "q=4711", "q=nobody@example.com", "q=GOODS-17")


def _values(session: Session, one: Filter) -> Iterator[str]:
    match one.kind:
        case "choice":
            keys = [key for key, _label in options_of(session, one)] or ["none"]
            yield from (f"{one.key}={key}" for key in keys[:5])
            yield f"{one.key}={','.join(keys[-2:])}"
            yield f"{one.key}=not:{keys[0]}"
        case "flag":
            yield from (f"{one.key}=yes", f"{one.key}=no")
        case "day":
            yield from (f"{one.key}=last:2", f"{one.key}=last:300", f"{one.key}=on:2024-12-24")
        case "text":
            yield from (f"{one.key}={value}" for value in TEXTS.get(one.key, ("x",)))
        case _:
            yield from (f"{one.key}=min:89000", f"{one.key}=min:3000", f"{one.key}=min:5000,max:5100")


def measure(databases: dict[int, Engine], rounds: int = ROUNDS) -> list[Asked]:
    first = next(iter(databases.values()))
    # SQLite works on the thread that asks: its time alone is the same on a busy machine.
    clock = time.thread_time if first.dialect.name == "sqlite" else time.perf_counter
    with db.reading(on=first) as session:
        asked = [Asked(spec, text) for spec in specs() for text in questions(session, spec)]
    # The second time around it is a page deep in the list.
    for deep in (False, True):
        for one in asked if not deep else [one for one in asked if "&" not in one.text]:
            for _round in range(rounds):
                for size, on in databases.items():
                    with db.reading(on=on) as session:
                        wanted = _query(session, one, deep=deep)
                        began = clock()
                        view.read(session, one.spec, wanted, READER)
                        took = (clock() - began) * 1000
                    one.times.setdefault(size, []).append(took)
    return asked


def _query(session: Session, one: Asked, *, deep: bool) -> ListQuery:
    wanted = query.read(one.spec, query.fields_of(one.text))
    if not deep:
        return wanted
    # As one arrives there who kept on asking for the next page.
    place = engine.page(session, one.spec, wanted, 5000).following
    return query.replace(wanted, after=place)


def rows_of(asked: Sequence[Asked], sizes: Sequence[int]) -> list[Row]:
    rows = []
    for spec in specs():
        for size in sizes:
            times = [took for one in asked if one.spec.name == spec.name for took in one.times[size]]
            goal = GOAL_MS if size == max(sizes) else None
            slowest = max(percentile(one.times[size], 50) for one in asked if one.spec.name == spec.name)
            rows += [
                Row(f"{spec.name}, {size:,} records, p50", percentile(times, 50), "ms"),
                Row(f"{spec.name}, {size:,} records, p95", percentile(times, 95), "ms", goal),
                Row(f"{spec.name}, {size:,} records, the slowest question", slowest, "ms"),
            ]
    return rows


def run(folder: Path, sizes: Sequence[int] = SIZES, rounds: int = ROUNDS) -> list[Row]:
    databases = {size: _sqlite(folder / f"{size}.db", size) for size in sizes}
    return rows_of(measure(databases, rounds), sizes)


def _sqlite(path: Path, size: int) -> Engine:
    return _filled(db.make_engine(f"sqlite:///{path}"), size)


def _filled(on: Engine, size: int) -> Engine:
    migrate.migrate(on)
    with db.transaction(on=on) as session:
        fill_all(session, size)
    with on.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    return on


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database for each size: …/{size}")
    parser.add_argument("--slow", type=int, default=0)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as folder:
        databases = {
            size: _filled(db.make_engine(given.url.format(size=size)), size)
            if given.url
            else _sqlite(Path(folder) / f"{size}.db", size)
            for size in sizes
        }
        asked = measure(databases, given.rounds)
        print(table(rows_of(asked, sizes)))
        slowest = sorted(asked, key=lambda one: -percentile(one.times[max(sizes)], 50))[: given.slow]
        for one in slowest:
            print(json.dumps({"list": one.spec.name, "asked": one.text, "ms": one.times}))


if __name__ == "__main__":
    main()
