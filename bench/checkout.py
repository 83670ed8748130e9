"""Whole checkouts over the real socket of the real server: from an empty cart to an order that is paid.

Each shopper is a socket with a cookie of its own and does what the page does, again and again: adds to
the cart, opens the checkout, chooses the delivery, and pays with the whole form (the address among it)
by bank transfer. Staff, on sockets of their own with a session of theirs, mark each order paid as soon
as it is placed. What a page asks its tab to load again is loaded again, as a browser does.
"""

from __future__ import annotations

import time
from pathlib import Path

from sqlmodel import col, func, select

from bench import cpu, in_services, shoppers
from bench.report import Row, latency_rows, percentile
from shop_app.core import db
from shop_app.models import Letter, Order, Payment, PaymentState, PaymentStatus, Variant
from shop_app.services.accounts import sessions
from shop_app.services.books import check as books
from shop_app.services.inventory import commands as inventory_commands
from tests.shop import Shop, running

SHOPPERS, STAFF = 16, 4
SECONDS = 12.0
STOCK = 100_000
SKUS = ("FH-DNM-OAT", "FH-DNM-MOS", "FH-DNM-INK", "FH-WRB-OAK", "FH-HLV-BON", "FH-DRB-SMO")
"""Those of them that the demo has; a shopper buys each in turn."""
PEERS = "For comparison, on two such cores: Vendure 16.7, django-oscar 5.1, Saleor 1.9 orders/s."
GOAL = 160


def run(folder: Path) -> list[Row]:
    """The whole way over sockets, then the same work in the services alone."""
    with running(folder, SHOP_LOAD_TEST="1", SHOP_LOG_LEVEL="WARNING") as shop:
        rows = over_sockets(shop)
    print(f"  {PEERS}")
    return [*rows, *in_services.run(folder / "services")]


def over_sockets(shop: Shop, *, seconds: float = SECONDS, shopper_count: int = SHOPPERS) -> list[Row]:
    """Measure, then prove that every order counted is paid and that the books are right."""
    skus, key = prepare(shop)
    first = newest_number(shop) + 1
    shoppers.run(shop.url, key, skus, shoppers=2, staff=1, seconds=1.0, first=first)
    first = newest_number(shop) + 1
    before = cpu.of_shop(shop)
    done = shoppers.run(
        shop.url, key, skus, shoppers=shopper_count, staff=STAFF, seconds=seconds, first=first
    )
    cpu_ms = (cpu.of_shop(shop) - before) * 1000 / max(done.orders, 1)
    waiting = unsent(shop)
    check(shop, first, done.orders)
    whole = done.milliseconds["whole"]
    return [
        Row(
            "whole checkouts, from cart to paid", done.orders / done.seconds, "orders/s", GOAL, at_least=True
        ),
        Row("the server's CPU for one order", cpu_ms, "ms"),
        Row("the load's own CPU for one order", done.cpu_seconds * 1000 / max(done.orders, 1), "ms"),
        *latency_rows(f"whole checkout, {shopper_count} at once", whole),
        *(Row(f"  {step}, p50", percentile(done.milliseconds[step], 50), "ms") for step in shoppers.STEPS),
        Row("letters that still wait at the end", waiting, "letters"),
    ]


def prepare(shop: Shop) -> tuple[list[str], str]:
    """Enough stock of some things, and a session of staff: the SKUs and the session's key."""
    with db.transaction(on=shop.engine) as session:
        variants = session.exec(select(Variant).where(col(Variant.sku).in_(SKUS), Variant.active)).all()
        for variant in variants:
            assert variant.id
            inventory_commands.set_on_hand(session, variant.id, STOCK, reason="for the benchmark")
        login = sessions.login_of(session, "owner@example.com", kind="staff")
        key, _owner = sessions.sign_in(session, sessions.prove(login, "demo-owner"))
    return sorted(variant.sku for variant in variants), key


def newest_number(shop: Shop) -> int:
    with shop.session() as session:
        return session.exec(select(func.max(Order.number))).one() or 0


def unsent(shop: Shop) -> int:
    with shop.session() as session:
        return session.exec(select(func.count()).where(col(Letter.sent_at).is_(None))).one()


def check(shop: Shop, first: int, orders: int) -> None:
    """Every order that was counted is paid in full, numbered without a gap, and the books are right.

    Errors  AssertionError with what is wrong.
    """
    time.sleep(0.3)
    with shop.session() as session:
        ours = Order.number >= first
        paid = session.exec(
            select(func.count(), func.min(Order.number), func.max(Order.number)).where(
                ours, Order.payment_status == PaymentStatus.PAID.value, col(Order.paid_at).is_not(None)
            )
        ).one()
        assert paid == (orders, first, first + orders - 1), f"{orders} were answered, but {paid} are paid"
        money = session.exec(
            select(func.count(col(Payment.id)))
            .join(Order, col(Order.id) == Payment.order_id)
            .where(
                ours,
                Payment.state == PaymentState.CAPTURED.value,
                Payment.captured_minor == Order.total_minor,
            )
        ).one()
        assert money == orders, f"{money} captured payments for {orders} orders"
        violations = books.check(session)
    assert not violations.violations, f"The books are wrong: {violations.violations[:3]}"
