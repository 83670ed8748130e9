"""The whole checkout in the services: from a full cart to an order whose payment has been applied."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.report import Row, latency_rows

ORDERS = 200


def run(folder: Path) -> list[Row]:
    """Place orders one after another, each durable, on SQLite with the demo catalogue."""
    os.environ["SHOP_DATA_DIR"] = str(folder)
    from shop_app import db, migrate
    from shop_app.services import cart, checkout, orders
    from shop_app.services.checkout import CheckoutForm
    from tests.factories import key_hash, make_basics, make_product

    migrate.migrate()
    with db.transaction() as session:
        make_basics(session)
        make_product(session, stock=10 * ORDERS)
    form = CheckoutForm(
        email="sam@example.com", given_name="Sam", family_name="Shopper", line1="Am Speicher 4",
        postal_code="10115", locality="Berlin", country="DE", shipping_method="standard",
        payment_provider="manual",
    )  # fmt: skip
    adding, placing = [], []
    began = time.perf_counter()
    for number in range(ORDERS):
        visitor = key_hash(f"visitor {number}")
        started = time.perf_counter()
        with db.transaction() as session:
            cart.add(session, visitor, "FABLE-LAMP", 2)
        adding.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        with db.transaction() as session:
            shown = checkout.save(session, visitor, form)
        with db.transaction(durable=True) as session:
            orders.place(session, visitor, form, expected_total_minor=shown.total_minor)
        placing.append((time.perf_counter() - started) * 1000)
    seconds = time.perf_counter() - began
    return [
        *latency_rows("add to cart, in the service", adding),
        *latency_rows("checkout saved and order placed", placing, p50=15),
        Row("orders, one after another", ORDERS / seconds, "orders/s", 60, at_least=True),
    ]
