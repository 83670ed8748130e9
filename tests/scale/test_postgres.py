"""PostgreSQL under the shop: statements that stay prepared, restarts, time-outs of the role, PgBouncer."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, select

from shop_app.cli import check_up
from shop_app.core import db, migrate
from shop_app.core.errors import NotFound
from shop_app.models import Tag
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import queries as cart_queries
from shop_app.workflows import pay
from tests import postgres
from tests.conftest import own_postgres, skip_or_fail, sqlalchemy_url
from tests.factories import key_hash, make_basics, make_product
from tests.paying import FORM, World, make_sandbox, rows
from tests.selling import wrong_books

from . import pgbouncer

pytestmark = pytest.mark.postgres
SAVE = "can't save anything just now"
READ = "can't be read just now"


@pytest.fixture
def one(engine: Engine) -> Iterator[Engine]:
    """An engine with one connection."""
    single = db.make_engine(engine.url.render_as_string(hide_password=False), pool_size=1)
    yield single
    single.dispose()


def prepared(on: Engine) -> dict[str, int]:
    """Statements that its connection has prepared, and how often each was run so."""
    statement = text("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
    with db.reading(on=on) as session:
        return {row[0]: row[1] for row in session.connection().execute(statement)}


def count(session: Session) -> int:
    return session.connection().execute(text("SELECT count(*) FROM tag")).scalar_one()


COUNT = "SELECT count(*) FROM tag"


# --- Prepared statements --------------------------------------------------------------------------


def test_after_a_hundred_readings_the_cart_is_read_by_prepared_statements(one: Engine):
    with db.transaction(on=one) as session:
        make_basics(session)
        make_product(session)
        cart_commands.add(session, key_hash(), "FABLE-LAMP", 2)
    for _ in range(100):
        with db.reading(on=one) as session:
            assert len(cart_queries.view(session, key_hash()).lines) == 1
    lines = [runs for statement, runs in prepared(one).items() if "FROM cart_line" in statement]
    assert max(lines) >= 90


def test_a_refusal_keeps_what_is_prepared(one: Engine):
    for _ in range(10):
        with pytest.raises(NotFound), db.transaction(on=one) as session:
            count(session)
            raise NotFound("There is no such thing.")
        with pytest.raises(NotFound), db.reading(on=one) as session:
            count(session)
            raise NotFound("There is no such thing.")
    assert prepared(one)[COUNT] >= 10


def test_an_error_of_the_database_drops_what_is_prepared(one: Engine):
    for _ in range(10):
        with db.reading(on=one) as session:
            count(session)
    with pytest.raises(IntegrityError), db.transaction(on=one) as session:
        session.add_all([Tag(name="oak"), Tag(name="oak")])
    assert prepared(one) == {}


def test_a_statement_whose_column_changed_its_type_fails_once_at_most(one: Engine, engine: Engine):
    """As when a new release migrates while this one runs."""
    kinds = text("SELECT kind FROM kinds")
    with db.transaction() as session:
        session.connection().execute(text("CREATE TABLE kinds (kind int)"))
    for _ in range(10):
        with db.reading(on=one) as session:
            assert session.connection().execute(kinds).all() == []
    with db.transaction() as session:
        session.connection().execute(text("ALTER TABLE kinds ALTER kind TYPE text"))
        session.connection().execute(text("INSERT INTO kinds VALUES ('oak')"))
    with pytest.raises(DBAPIError), db.reading(on=one) as session:
        session.connection().execute(kinds)
    with db.reading(on=one) as session:
        assert session.connection().execute(kinds).scalar_one() == "oak"


def test_a_query_of_one_statement_is_three_round_trips(one: Engine, tmp_path: Path):
    """BEGIN with its isolation, the statement, the end: no question whether the connection lives."""
    for _ in range(10):
        with db.reading(on=one) as session:
            count(session)
    with (tmp_path / "trace").open("w+") as trace:
        with db.reading(on=one) as session:
            driver = session.connection().connection.driver_connection
            assert driver
        driver.pgconn.trace(trace.fileno())
        with db.reading(on=one) as session:
            count(session)
        driver.pgconn.untrace()
        trace.seek(0)
        sent = [line.split("\t")[1:] for line in trace if "\tF\t" in line]
    trips = [part[2].strip() for part in sent if part[2].strip() in ("Query", "Sync")]
    assert trips == ["Query", "Sync", "Query"]


# --- Restarts -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL of these tests alone, which they may stop, with a migrated template.

    A role without rights beyond its databases signs in there.
    """
    with own_postgres() as address:
        postgres.execute(address, "CREATE ROLE plain LOGIN")
        postgres.execute(address, "CREATE DATABASE shop OWNER plain")
        first = db.make_engine(sqlalchemy_url(as_plain(address), "shop"))
        migrate.migrate(first)
        first.dispose()
        yield address


def as_plain(address: str) -> str:
    return address.replace("shop@", "plain@")


@pytest.fixture
def ours(server: str, configure) -> Iterator[str]:
    """The name of the shop's own database on that server: a copy, whose role has no defaults there yet."""
    name = f"ours_{secrets.token_hex(4)}"
    postgres.execute(server, f"CREATE DATABASE {name} OWNER plain TEMPLATE shop STRATEGY file_copy")
    configure(SHOP_DATABASE_URL=as_plain(server).format(database=name))
    yield name
    db.engine().dispose()
    postgres.execute(server, "ALTER ROLE plain CONNECTION LIMIT -1")
    postgres.execute(server, "ALTER ROLE plain RESET ALL")


async def every_thread(work) -> list[Any]:
    """The work on more threads at once than there are connections; the errors in place of answers."""
    return await asyncio.gather(*(db.read(work) for _ in range(30)), return_exceptions=True)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_is_refused_at_once_and_forgotten_at_once(server: str, ours: str, mode: str):
    together = threading.Barrier(8)

    def meet(session: Session) -> int:
        together.wait(20)
        return count(session)

    # As many connections as there are threads, all of them open.
    assert await asyncio.gather(*(db.read(meet) for _ in range(8))) == [0] * 8
    with postgres.stopped(server, mode):
        answers = await every_thread(count)
        assert {type(answer) for answer in answers} == {db.Unavailable}
        assert READ in str(answers[0])
        with pytest.raises(db.Unavailable, match=SAVE):
            await db.write(lambda session: session.add(Tag(name="oak")))
    assert await every_thread(count) == [0] * 30
    await db.write(lambda session: session.add(Tag(name="oak")))
    assert await every_thread(count) == [1] * 30


async def test_a_restart_that_nobody_noticed_refuses_nobody(server: str, ours: str):
    """All connections of the pool are dead, and no click came meanwhile."""
    assert await every_thread(count) == [0] * 30
    with postgres.stopped(server, "immediate"):
        pass
    assert await every_thread(count) == [0] * 30


def test_a_transaction_that_is_idle_for_too_long_is_a_refusal(engine: Engine):
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    with pytest.raises(db.Unavailable, match=SAVE), db.transaction() as session:
        connection = session.connection()
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10ms'"))
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        while True:
            with db.reading() as other:
                if not other.connection().execute(waiting, {"pid": pid}).scalar_one():
                    break
        session.exec(select(Tag)).all()


# --- The role, and how many connections there are --------------------------------------------------


def defaults() -> list[str]:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")
    with db.reading() as session:
        return [session.connection().execute(text(f"SHOW {name}")).scalar_one() for name in names]


def test_migrating_gives_the_role_its_time_outs_and_keeps_those_that_it_has(server: str, ours: str):
    postgres.execute(server, "ALTER ROLE plain SET statement_timeout = '7s'")
    postgres.execute(server, "ALTER ROLE plain SET lock_timeout = 0")
    migrate.migrate()
    assert defaults() == ["7s", "0", "15s", "UTC"]
    # The next start finds nothing to do, and leaves what an operator wrote meanwhile.
    postgres.execute(server, f"ALTER ROLE plain IN DATABASE {ours} SET statement_timeout = '9s'")
    db.engine().dispose()
    migrate.migrate()
    assert defaults() == ["9s", "0", "15s", "UTC"]


def findings() -> dict[str, tuple[str, str]]:
    return {found.subject: (found.mark, found.text) for found in check_up.examine()}


def test_doctor_adds_up_connections_and_looks_for_time_outs(server: str, ours: str, caplog):
    migrate.migrate()
    # One worker and one process for jobs, each with twelve and one to lead by; two name the machine.
    assert findings()["connections"] == ("ok", "up to 28, and PostgreSQL has 197 for them")
    assert findings()["time-outs"] == ("ok", "the role has them")
    assert caplog.messages == []
    postgres.execute(server, "ALTER ROLE plain CONNECTION LIMIT 25")
    postgres.execute(server, f"ALTER ROLE plain IN DATABASE {ours} RESET lock_timeout")
    db.engine().dispose()
    mark, sentence = findings()["connections"]
    assert mark == "fails"
    assert sentence.startswith(
        "up to 28 connections (2 processes with 13 each, and two that name the machine),"
        " and PostgreSQL has 25"
    )
    assert findings()["time-outs"] == ("fails", "the role has no lock_timeout; run migrate")
    db.engine().dispose()
    migrate.migrate()
    assert "may need up to 28 connections" in caplog.text
    assert findings()["time-outs"][0] == "ok"


async def test_a_process_opens_no_more_connections_than_the_settings_say(ours: str, configure):
    configure(SHOP_DATABASE_CONNECTIONS="7")
    statement = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    opened = await every_thread(lambda session: session.connection().execute(statement).scalar_one())
    # Three threads ask; the other connections are left to background work.
    assert max(opened) <= 3
    deep(7)
    with pytest.raises(db.Unavailable):
        deep(8)


def deep(levels: int) -> None:
    """So many transactions at the same time."""
    with db.reading() as session:
        count(session)
        if levels > 1:
            deep(levels - 1)


# --- PgBouncer ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def front(server: str) -> Iterator[str]:
    running = pgbouncer.in_front_of(as_plain(server))
    try:
        address = running.__enter__()
    except pgbouncer.NoPgBouncer as error:
        skip_or_fail("pgbouncer", f"PGBOUNCER TESTS SKIPPED: {error}")
        raise
    yield address
    running.__exit__(None, None, None)


@pytest.fixture
def pooled(server: str, front: str, configure) -> Iterator[str]:
    """The shop's own database is reached through PgBouncer in transaction mode, and so is it migrated."""
    name = f"pooled_{secrets.token_hex(4)}"
    postgres.execute(server, f"CREATE DATABASE {name} OWNER plain")
    configure(SHOP_DATABASE_URL=front.format(database=name))
    migrate.migrate()
    yield name
    db.engine().dispose()


@pytest.mark.timeout(240)
async def test_a_shop_behind_pgbouncer_sells_by_prepared_statements(pooled: str, tmp_path: Path):
    """More threads than connections, and more statements than are kept: many land where they aren't known."""
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Shoal Bowl", price_minor=2780, stock=100)
    world = World(make_sandbox(tmp_path))
    buyers = [key_hash(f"buyer {number}") for number in range(12)]

    async def fill_cart(buyer: str) -> None:
        for quantity in range(1, 7):
            await db.write(cart_commands.add, buyer, "SHOAL-BOWL", 1)
            view = await db.read(cart_queries.view, buyer)
            assert [line.quantity for line in view.lines] == [quantity]
            with pytest.raises(NotFound):
                await db.write(refuse)

    await asyncio.gather(*map(fill_cart, buyers))
    for buyer in buyers:
        shown = await db.write(checkout.save, buyer, FORM)
        await asyncio.to_thread(world.enter_card, await pay.pay(buyer, FORM, shown.total_minor))
    # The payment provider's events are applied on event loops of their own.
    answers = await asyncio.to_thread(world.deliver)
    assert set(answers) == {200}
    assert [row.payment_status for row in rows("customer_order")] == ["paid"] * len(buyers)
    assert wrong_books() == []
    statement = text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'PGBOUNCER_%'")
    with db.reading() as session:
        assert session.connection().execute(statement).scalar_one() > 10
        assert session.connection().execute(text("SHOW lock_timeout")).scalar_one() == "4s"


def refuse(session: Session) -> None:
    count(session)
    raise NotFound("There is no such thing.")


async def test_a_restart_behind_pgbouncer_is_refused_and_forgotten(
    server: str, front: str, ours: str, configure
):
    configure(SHOP_DATABASE_URL=front.format(database=ours))
    assert await every_thread(count) == [0] * 30
    with postgres.stopped(server, "fast"):
        answers = await every_thread(count)
        assert {type(answer) for answer in answers} == {db.Unavailable}
    # PgBouncer asks anew after a second.
    until = asyncio.get_running_loop().time() + 30
    while isinstance((await every_thread(count))[0], db.Unavailable):
        assert asyncio.get_running_loop().time() < until
    assert await every_thread(count) == [0] * 30
    await db.write(lambda session: session.add(Tag(name="oak")))
    assert await every_thread(count) == [1] * 30
