"""The database locked, full, cut off or stopped in the middle of a checkout: a sentence, and nothing lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import event, text

from shop_app.core import db, migrate
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import MAX_NOTE
from shop_app.workflows import pay, reconcile, recover
from tests import postgres
from tests.conftest import own_postgres, sqlalchemy_url
from tests.factories import key_hash, make_product
from tests.paying import FORM, ME, World, everything, make_world, rows
from tests.selling import wrong_books

SAVE = "can't save anything just now"
READ = "can't be read just now"
FILLING = "('" + "x" * 3000 + "')"
LOCKER = """
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


def finish(world: World, total: int) -> None:
    """The same click again, the card, the webhooks: and it is one order, paid once."""
    world.enter_card(world.pay(total_minor=total))
    world.deliver()
    (order,), (payment,) = rows("customer_order"), rows("payment")
    assert (order.status, order.payment_status, order.number) == ("placed", "paid", 1001)
    assert payment.captured_minor == order.total_minor == total
    assert wrong_books() == []


# --- Locked -----------------------------------------------------------------------------------------


@contextmanager
def locked(seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """Another process has the write lock for so long."""
    path = str(db.engine().url.database)
    command = [sys.executable, "-c", LOCKER, path, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def test_a_lock_of_three_seconds_is_waited_for(world):
    total = world.fill_cart()
    with locked(3):
        url = world.pay(total_minor=total)
    assert url.startswith("http://127.0.0.1/sandbox/pay/")
    finish(world, total)


def test_a_lock_of_eight_seconds_is_a_sentence_and_the_same_click_goes_on_later(world):
    total = world.fill_cart()
    before = everything()
    with locked(8) as process:
        with pytest.raises(db.Unavailable, match=SAVE):
            world.pay(total_minor=total)
        assert process.poll() is None
        # Whoever looks around isn't kept waiting.
        with db.reading() as session:
            assert cart_queries.view(session, ME).count == 1
        assert everything() == before
        process.wait()
    finish(world, total)


def test_a_webhook_that_meets_a_lock_is_sent_again_by_the_provider(world, clock):
    world.enter_card(world.pay())
    with locked(60):
        answers = [
            world.post_event(body, header) for _seq, body, header in world.sandbox.deliveries.claim()[:1]
        ]
        assert answers == [500]
        assert rows("provider_event") == []
    clock.shift(60)
    assert set(world.deliver()) == {200}
    assert [row.payment_status for row in rows("customer_order")] == ["paid"]


# --- Full -------------------------------------------------------------------------------------------


@contextmanager
def full_disk() -> Iterator[None]:
    """The file may not grow any more, and `filler` has all the room in it; its rows have a page each."""
    engine = db.engine()
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE filler (id INTEGER PRIMARY KEY, text TEXT)"))
        connection.execute(text(f"INSERT INTO filler (text) VALUES {', '.join([FILLING] * 30)}"))
        connection.commit()
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        most = connection.execute(text("PRAGMA page_count")).scalar_one()
    engine.dispose()

    def limit(connection, _record) -> None:
        connection.execute(f"PRAGMA max_page_count={most}")

    event.listen(engine, "connect", limit)
    with suppress(db.Unavailable):
        while True:
            with db.transaction() as session:
                session.connection().execute(text(f"INSERT INTO filler (text) VALUES {FILLING}"))
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        engine.dispose()


def make_room(pages: int) -> None:
    with db.transaction() as session:
        some = f"SELECT id FROM filler ORDER BY id DESC LIMIT {pages}"
        session.connection().execute(text(f"DELETE FROM filler WHERE id IN ({some})"))


def test_a_full_disk_refuses_with_a_sentence_at_every_step_and_loses_nothing(world):
    wordy = replace(FORM, note="x" * MAX_NOTE)
    buyers = [key_hash(f"buyer {number}") for number in range(12)]
    with db.transaction() as session:
        make_product(session, "Wren Bird", price_minor=1000, stock=50)
        for buyer in buyers:
            cart_commands.add(session, buyer, "WREN-BIRD", 1)
    refused = 0
    with full_disk():
        for buyer in buyers:
            try:
                asyncio.run(pay.pay(buyer, wordy, 1490))
            except db.Unavailable as sentence:
                refused += SAVE in sentence.message
                # One page at a time: each step of the way finds the disk full once.
                make_room(1)
            assert wrong_books() == []
        assert len(rows("customer_order")) < len(buyers)
    assert refused >= 3
    for buyer in buyers:
        world.enter_card(asyncio.run(pay.pay(buyer, wordy, 1490)))
    world.deliver()
    orders = rows("customer_order")
    assert [(row.number, row.payment_status) for row in orders] == [(1001 + n, "paid") for n in range(12)]
    assert wrong_books() == []


def test_a_webhook_that_finds_the_disk_full_is_sent_again_by_the_provider(world, clock):
    world.enter_card(world.pay())
    with full_disk():
        answers = [world.post_event(body, header) for _seq, body, header in world.sandbox.deliveries.claim()]
        # A small one may still find a place; what was answered with 200 is there.
        assert 500 in answers
        assert len(rows("provider_event")) == answers.count(200)
    clock.shift(60)
    assert set(world.deliver()) == {200}
    asyncio.run(recover.sweep())
    assert [row.payment_status for row in rows("customer_order")] == ["paid"]
    assert [row.applied_at is None for row in rows("provider_event")] == [False] * 4
    assert wrong_books() == []


# --- Cut off, stopped -------------------------------------------------------------------------------


@pytest.mark.postgres
def test_connections_that_are_cut_are_made_anew_without_anybody_noticing(world, postgres_server):
    total = world.fill_cart()
    for _cut in range(5):
        cut_all(postgres_server)
        assert world.pay(total_minor=total).startswith("http://127.0.0.1/sandbox/pay/")
    finish(world, total)


@pytest.mark.postgres
def test_a_connection_that_is_cut_within_a_transaction_undoes_it_and_says_so(world, postgres_server):
    total = world.fill_cart()
    before = everything()
    with pytest.raises(db.Unavailable, match=SAVE), db.transaction(durable=True) as session:
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
        cut_all(postgres_server)
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    assert everything() == before
    finish(world, total)


def cut_all(server: str) -> None:
    """End every connection to this test's database; all of them are gone when this returns."""
    with psycopg.connect(server.format(database="postgres"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
            [db.engine().url.database],
        )


@pytest.mark.timeout(180)
def test_a_database_server_that_stops_and_comes_back_has_lost_no_order(tmp_path, configure):
    with own_postgres() as address:
        postgres.execute(address, "CREATE DATABASE ours")
        # The tests' server answers before it has written, for speed: a server that stops has to know better.
        postgres.execute(address, "ALTER DATABASE ours SET synchronous_commit = on")
        configure(SHOP_DATABASE_URL=address.format(database="ours"))
        empty = db.make_engine(sqlalchemy_url(address, "ours"))
        migrate.migrate(empty)
        empty.dispose()
        world = make_world(tmp_path)
        total = world.fill_cart()
        first = world.pay(total_minor=total)
        with postgres.stopped(address):
            with pytest.raises(db.Unavailable, match=SAVE):
                world.pay(total_minor=total)
            with pytest.raises(db.Unavailable, match=READ), db.reading() as session:
                cart_queries.view(session, ME)
            world.enter_card(first)
            assert [world.post_event(body, header) for _seq, body, header in claimed(world)] == [500] * 4
        assert len(asyncio.run(reconcile.reconcile())) == 1
        assert [row.state for row in rows("payment")] == ["captured"]
        assert [row.payment_status for row in rows("customer_order")] == ["paid"]
        assert wrong_books() == []
        db.engine().dispose()


def claimed(world: World) -> list[tuple[int, str, str]]:
    return world.sandbox.deliveries.claim()
