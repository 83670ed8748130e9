"""The same checkouts without sockets: what the services alone do, one order after another."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from pathlib import Path

from bench.report import Row, latency_rows

ORDERS = 300


def run(folder: Path, orders_count: int = ORDERS) -> list[Row]:
    """From an empty cart to a paid order, on SQLite with a catalogue of one; placing and paying durable."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["SHOP_DATA_DIR"] = str(folder)
    from shop_app.core import db, migrate
    from shop_app.core.settings import settings
    from shop_app.services.accounts import sessions
    from shop_app.services.accounts.passwords import hash_password
    from shop_app.services.cart import checkout
    from shop_app.services.cart import commands as cart_commands
    from shop_app.services.cart.checkout import CheckoutForm
    from shop_app.services.orders import placing
    from shop_app.services.payments import transfers
    from tests.factories import key_hash, make_basics, make_product

    # The sockets' part may have read them already, with the data folder of this machine's own shop.
    settings.cache_clear()
    db.engine.cache_clear()
    migrate.migrate()
    with db.transaction() as session:
        make_basics(session)
        make_product(session, stock=10 * orders_count)
        owner = sessions.create_staff(session, "owner@example.com", hash_password("demo-owner"), "owner")
    form = CheckoutForm(
        email="sam@example.com",
        given_name="Sam",
        family_name="Shopper",
        line1="Am Speicher 4",
        postal_code="10115",
        locality="Berlin",
        country="DE",
        shipping_method="standard",
        payment_provider="manual",
    )
    times: dict[str, list[float]] = defaultdict(list)

    def timed(step, command, *args, durable=False, **more):
        started = time.perf_counter()
        with db.transaction(durable=durable) as session:
            answer = command(session, *args, **more)
        times[step].append((time.perf_counter() - started) * 1000)
        return answer

    began, used = time.perf_counter(), time.process_time()
    for number in range(orders_count):
        visitor = key_hash(f"visitor {number}")
        timed("add to cart", cart_commands.add, visitor, "FABLE-LAMP", 2)
        shown = timed("keep the form", checkout.save, visitor, form)
        total = shown.total_minor
        placed = timed("place", placing.place, visitor, form, expected_total_minor=total, durable=True)
        timed("mark paid", transfers.mark_paid, placed.number, f"transfer {number}", owner, durable=True)
    seconds, used = time.perf_counter() - began, time.process_time() - used
    return [
        Row("in the services alone, one after another", orders_count / seconds, "orders/s"),
        Row("CPU for one order in the services", used * 1000 / orders_count, "ms"),
        *(row for step, values in times.items() for row in latency_rows(f"  {step}", values)),
    ]
