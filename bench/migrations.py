"""A million orders on PostgreSQL, brought from the former release's schema to this one's while others sell.

Their clicks are statements such as the former release sends for the tables that migrations touch, from
a process of its own on several connections. SHOP_BENCH_ORDERS says another number of orders.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from queue import Queue
from random import Random
from typing import Any

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from bench.report import Row, percentile
from tests import postgres, whole_orders

ORDERS = int(os.environ.get("SHOP_BENCH_ORDERS", "1000000"))
AT_ONCE = 4
BREATH_SECONDS = 0.01
QUIET_SECONDS = 10
GOAL_MS = 1_000


def run(folder: Path) -> list[Row]:
    with postgres.server() as address:
        postgres.execute(address, "CREATE DATABASE shop")
        url = address.format(database="shop")
        os.environ |= {"SHOP_DATA_DIR": str(folder), "SHOP_DATABASE_URL": url}
        from shop_app.core import db
        from shop_app.core.settings import settings

        settings.cache_clear()
        db.engine.cache_clear()
        _fill()
        return _measure(url)


def _measure(url: str) -> list[Row]:
    from shop_app.core import db, migrate
    from tests.migrating import FORMER, to

    found = [Row("orders", ORDERS, "")]
    ways: tuple[tuple[str, Callable[[], object], float | None], ...] = (
        ("nothing else", lambda: time.sleep(QUIET_SECONDS), None),
        ("migrated", migrate.migrate, GOAL_MS),
    )
    for name, work, goal in ways:
        to(db.engine(), FORMER)
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("ANALYZE"))
            connection.execute(text("RESET statement_timeout"))
        clicks = _while_others_click(url, work)
        found += [
            Row(f"{name}: took", clicks.seconds, "s"),
            Row(f"{name}: clicks", len(clicks.times), ""),
            Row(f"{name}: clicks that failed", clicks.failed, "", None if goal is None else 0),
            Row(f"{name}: a click, p99", 1000 * percentile(clicks.times, 99), "ms"),
            Row(f"{name}: the longest click", 1000 * max(clicks.times), "ms", goal),
        ]
    return found


def _fill() -> None:
    from shop_app import models as m
    from shop_app.core import db, migrate
    from tests.factories import make_basics, make_product

    migrate.migrate()
    with db.transaction() as session:
        session.connection().execute(text("SET LOCAL statement_timeout = 0"))
        make_basics(session)
        for number in range(whole_orders.VARIANTS):
            make_product(session, f"Thing {number}", stock=1_000_000)
        session.flush()
        _write_orders(session, m)
        session.connection().execute(
            text("INSERT INTO counter (name, value) VALUES ('order', 1000 + :n)"), {"n": ORDERS}
        )
    print(f"  {ORDERS:,} orders are there", flush=True)


def _write_orders(session: Session, m: Any) -> None:
    """Orders with a line and a parcel each, a review of every tenth, and as many people in line."""
    write, at = whole_orders._write, whole_orders.AT
    write(session, ORDERS, m.Order, "made", id="i", number="1000 + i", token="'token ' || i",
          email="'person-' || i % 50000 || '@example.com'", currency="'EUR'", country="'DE'",
          shipping_method="'standard'", payment_provider="'stripe'", subtotal_minor="4760",
          discount_minor="0", total_minor="5250", shipping_minor="490", tax_minor="838", status="'completed'",
          payment_status="'paid'", fulfilment_status="'delivered'", paid_at=at)  # fmt: skip
    variant = f"i % {whole_orders.VARIANTS} + 1"
    write(session, ORDERS, m.OrderLine, "made", id="i", order_id="i", variant_id=variant, title="'Thing'",
          sku="'THING'", quantity="2", unit_price_minor="1190", subtotal_minor="2380", discount_minor="0",
          total_minor="2380", tax_class="'standard'", tax_minor="380", quantity_fulfilled="2")  # fmt: skip
    write(session, ORDERS, m.Shipment, "made", id="i", order_id="i", status="'delivered'", delivered_at=at)
    write(session, ORDERS // 10, m.Cart, "made", id="i", key_hash="'key ' || i", currency="'EUR'",
          country="'DE'")  # fmt: skip
    write(session, ORDERS // 10, m.Review, "made", id="i", product_id=variant,
          author_name="'Marta'", stars="5", body="'Well made'", status="'published'")  # fmt: skip
    write(session, ORDERS // 10, m.StockAlert, "made", id="i", variant_id=variant,
          email="'person-' || i || '@example.com'", mailbox="'person-' || i || '@example.com'",
          confirmed_at=at, token="'token ' || i")  # fmt: skip
    for table in ("customer_order", "order_line", "shipment", "cart", "review", "stock_alert"):
        sequence = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id) + 1) FROM {table}"
        session.connection().execute(text(sequence))


# --- Clicks -----------------------------------------------------------------------------------------


class Clicks:
    """How long each click took, and how many failed, while `seconds` of something else went on."""

    def __init__(self, seconds: float, times: list[float], failed: list[str]) -> None:
        self.seconds, self.times, self.failed = seconds, times, len(failed)
        for sentence in failed[:3]:
            print(f"  a click failed: {sentence}", flush=True)


def _while_others_click(url: str, work: Callable[[], object]) -> Clicks:
    spawn = multiprocessing.get_context("spawn")
    begun, ends, results = spawn.Event(), spawn.Event(), spawn.Queue()
    others = spawn.Process(target=_click, args=(url, begun, ends, results))
    others.start()
    begun.wait(60)
    began = time.perf_counter()
    try:
        work()
    finally:
        seconds = time.perf_counter() - began
        ends.set()
        times, failed = results.get(timeout=60)
        others.join()
    return Clicks(seconds, times, failed)


def _click(url: str, begun: Event, ends: Event, results: Any) -> None:
    """Click on several connections at once until `ends`, as the former release would."""
    times: Queue[float] = Queue()
    failed: Queue[str] = Queue()
    columns = _columns(url)

    def go_on(number: int) -> None:
        random = Random(time.time_ns() + number)
        kinds = (_buy, _buy, _look, _look_at_own, _send, _put_in_cart, _join_line)
        with psycopg.connect(url) as connection:
            while not ends.is_set():
                kind = random.choice(kinds)
                started = time.perf_counter()
                try:
                    with connection.transaction():
                        kind(connection.cursor(), random, columns)
                except psycopg.Error as error:
                    failed.put(f"{kind.__name__}: {str(error).splitlines()[0]}")
                times.put(time.perf_counter() - started)
                begun.set()
                time.sleep(BREATH_SECONDS)

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((list(times.queue), list(failed.queue)))


Columns = dict[str, list[str]]


def _columns(url: str) -> Columns:
    """The columns that the former release knows of the tables that it copies rows of."""
    question = (
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'"
    )
    names = ("customer_order", "order_line", "shipment", "cart", "stock_alert")
    with psycopg.connect(url) as connection:
        return {name: [row[0] for row in connection.execute(question, (name,))] for name in names}


def _copy(cursor: Any, columns: Columns, table: str, row_id: int, **changed: Any) -> int:
    """Insert a row like another one; what differs is given."""
    values = ", ".join("%s" if name in changed else name for name in columns[table])
    given = [changed[name] for name in columns[table] if name in changed]
    copied = f"SELECT {values} FROM {table} WHERE id = %s"
    statement = f"INSERT INTO {table} ({', '.join(columns[table])}) {copied} RETURNING id"
    return cursor.execute(statement, (*given, row_id)).fetchone()[0]


def _buy(cursor: Any, random: Random, columns: Columns) -> None:
    row_id = random.randrange(1, ORDERS)
    cursor.execute(
        "UPDATE stock_level SET allocated = allocated + 1 WHERE variant_id = %s",
        (random.randrange(whole_orders.VARIANTS) + 1,),
    )
    token = f"{random.getrandbits(64):x}"
    cursor.execute("UPDATE counter SET value = value + 1 WHERE name = 'order' RETURNING value")
    number = cursor.fetchone()[0]
    order_id = _copy(cursor, columns, "customer_order", row_id, number=number, token=token)
    _copy(cursor, columns, "order_line", row_id, order_id=order_id)


def _look(cursor: Any, random: Random, columns: Columns) -> None:
    names = ", ".join(columns["customer_order"])
    cursor.execute(
        f"SELECT {names} FROM customer_order WHERE token = %s", (f"token {random.randrange(1, ORDERS)}",)
    )


def _look_at_own(cursor: Any, random: Random, _columns: Columns) -> None:
    of = "SELECT id, number FROM customer_order WHERE customer_id = %s ORDER BY placed_at DESC LIMIT 20"
    cursor.execute(of, (random.randrange(1, 1000),))
    cursor.execute(
        "SELECT stars, body FROM review WHERE product_id = %s ORDER BY id DESC LIMIT 10",
        (random.randrange(1, 20),),
    )


def _send(cursor: Any, random: Random, columns: Columns) -> None:
    row_id = random.randrange(1, ORDERS)
    cursor.execute("UPDATE customer_order SET fulfilment_status = 'delivered' WHERE id = %s", (row_id,))
    _copy(cursor, columns, "shipment", row_id, order_id=row_id)


def _put_in_cart(cursor: Any, random: Random, columns: Columns) -> None:
    row_id = random.randrange(1, ORDERS // 10)
    _copy(cursor, columns, "cart", row_id, key_hash=f"{random.getrandbits(128):x}")


def _join_line(cursor: Any, random: Random, columns: Columns) -> None:
    address = f"{random.getrandbits(64):x}@example.com"
    _copy(cursor, columns, "stock_alert", random.randrange(1, ORDERS // 10), email=address, mailbox=address)
