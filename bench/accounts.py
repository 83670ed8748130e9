"""What the pages of an account cost in services, in a shop of many customers and orders.

    python -m bench.accounts [--customers 200000] [--orders 1000000] [--rounds 300] [--url postgresql://…]

Customers have orders as people do: most a few, some many, and one has thousands. The pages of all kinds of
them are asked for in turn: the first page, the next one, each filter, and searches.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, text
from sqlmodel import Session

from bench.report import Row, percentile, table
from shop_app.core import db, migrate
from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.models import Address, CreditAccount, CreditEntry, Customer, Order, OrderLine
from shop_app.services.credit import own as own_credit
from shop_app.services.customers import address_book
from shop_app.services.storefront import own_orders
from tests.factories import make_basics
from tests.many_orders import _row as order_row

CUSTOMERS, ORDERS, ROUNDS, GOAL_MS = 200_000, 1_000_000, 300, 50.0
BUSY = 4000
"""Orders of the one customer who has thousands."""
CHUNK = 5000


def fill(session: Session, customers: int, orders: int) -> None:
    """Customers with addresses and credit, and their orders, a tenth of them of guests."""
    make_basics(session)
    dice, run = random.Random(1), session.connection().execute
    for start in range(1, customers + 1, CHUNK):
        ids = range(start, min(start + CHUNK, customers + 1))
        run(insert(Customer), [_customer(id) for id in ids])
        run(insert(Address), [_address(id, place) for id in ids for place in range(1 + id % 3)])
    for start in range(1, orders + 1, CHUNK):
        ids = range(start, min(start + CHUNK, orders + 1))
        run(insert(Order), [_order(dice, id, customers) for id in ids])
        run(insert(OrderLine), [_line(dice, id, place) for id in ids for place in range(2)])
    for id in range(1, min(customers, 2000) + 1):
        _credit(session, id)


def _customer(id: int) -> dict[str, Any]:
    return {"id": id, "email": f"c{id}@example.com", "name": f"Customer {id}", "verified_at": now()}


def _address(id: int, place: int) -> dict[str, Any]:
    return {
        "customer_id": id, "given_name": "Ada", "family_name": f"Lind {id}", "line1": f"Street {place}",
        "postal_code": "10435", "locality": "Berlin", "country": "DE", "is_default": place == 0,
    }  # fmt: skip


def _order(dice: random.Random, id: int, customers: int) -> dict[str, Any]:
    # The square makes a few customers of many orders, and many of a few.
    customer = 1 if id <= BUSY else 1 + int(dice.random() ** 2 * customers)
    return order_row(dice, id) | {"id": id, "customer_id": None if id % 10 == 9 else min(customer, customers)}


def _line(dice: random.Random, order_id: int, place: int) -> dict[str, Any]:
    goods, price = dice.randrange(2000), dice.randrange(900, 9000)
    return {
        "order_id": order_id, "position": place, "slug": f"goods-{goods}", "title": f"Goods {goods}",
        "variant_title": "Moss", "sku": f"GOODS-{goods}", "options": {}, "quantity": 1,
        "unit_price_minor": price, "subtotal_minor": price, "discount_minor": 0, "tax_minor": 0,
        "total_minor": price, "tax_class": "standard",
    }  # fmt: skip


def _credit(session: Session, id: int) -> None:
    run, at = session.connection().execute, now()
    account = {"id": id, "kind": "store_credit", "email": f"c{id}@example.com", "currency": "EUR"}
    run(insert(CreditAccount), [account | {"balance_minor": 1000, "created_at": at - timedelta(days=1)}])
    entry = {"account_id": id, "kind": "issued", "amount_minor": 1000, "request_key": f"bench-{id}"}
    run(insert(CreditEntry), [entry])


def _pages(session: Session, by: Principal) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each page of the account by its name."""
    yield (
        "overview",
        lambda: (
            own_orders.view(session, by, most=3),
            address_book.views(session, by),
            own_credit.view(session, by),
        ),
    )
    first = own_orders.view(session, by)
    yield "orders", lambda: own_orders.view(session, by)
    yield "orders, the next page", lambda: own_orders.view(session, by, before=first.older)
    for group in own_orders.GROUPS:
        yield "orders, filtered", lambda group=group: own_orders.view(session, by, group=group)
    number = first.orders[0].number if first.orders else "1"
    for typed in (number, "goods 17", "nothing"):
        yield "orders, searched", lambda typed=typed: own_orders.view(session, by, text=typed)
    yield "addresses", lambda: address_book.views(session, by)
    yield "credit", lambda: own_credit.view(session, by)


def measure(on: Engine, customers: int, rounds: int) -> list[Row]:
    """The goal is for customers of all sizes together; the one of thousands has rows of their own."""
    # SQLite works on the thread that asks: its time alone is the same on a busy machine.
    clock = time.thread_time if on.dialect.name == "sqlite" else time.perf_counter
    dice, times, busy = random.Random(2), defaultdict[str, list[float]](list), list[float]()
    for at in range(rounds):
        id = 1 if at % 20 == 0 else 1 + int(dice.random() ** 2 * (customers - 1))
        with db.reading(on=on) as session:
            for name, page in _pages(session, Principal("customer", id, f"c{id}@example.com")):
                began = clock()
                page()
                took = (clock() - began) * 1000
                (busy if id == 1 else times[name]).append(took)
    rows = [
        row
        for name, taken in times.items()
        for row in (
            Row(f"{name}, p50", percentile(taken, 50), "ms"),
            Row(f"{name}, p95", percentile(taken, 95), "ms", GOAL_MS),
        )
    ]
    return [
        *rows,
        Row(f"all pages of a customer with {BUSY:,} orders, p95", percentile(busy, 95), "ms", GOAL_MS),
    ]


def run(folder: Path, customers: int = CUSTOMERS, orders: int = ORDERS, rounds: int = ROUNDS) -> list[Row]:
    return measure(
        _filled(db.make_engine(f"sqlite:///{folder / 'shop.db'}"), customers, orders), customers, rounds
    )


def _filled(on: Engine, customers: int, orders: int) -> Engine:
    migrate.migrate(on)
    with db.transaction(on=on) as session:
        if on.dialect.name == "postgresql":
            session.connection().execute(text("SET LOCAL statement_timeout = 0"))
        fill(session, customers, orders)
    with on.connect() as connection:
        if on.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("ANALYZE"))
        connection.commit()
    return on


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as folder:
        on = db.make_engine(given.url or f"sqlite:///{folder}/shop.db")
        _filled(on, given.customers, given.orders)
        print(table(measure(on, given.customers, given.rounds)))


if __name__ == "__main__":
    main()
