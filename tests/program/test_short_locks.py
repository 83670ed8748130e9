"""Migrations of a shop that sells on: what they wait for, what one that fails leaves, and how they go on."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect, text

from shop_app.core import db, migrate, short_locks
from shop_app.core.cant_start import CantStart, ExitCode
from tests import many_orders
from tests.migrating import FORMER, Add, folder, to

both = pytest.mark.both
postgres = pytest.mark.postgres
ORDERS = 35


@pytest.fixture
def add(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Adds a migration; the database has some orders, and all that there were before."""
    with db.transaction() as session:
        many_orders.fill(session, ORDERS)
    return folder(tmp_path, monkeypatch)


def one(engine: Engine, question: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(question)).scalar()


def run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def indexes(engine: Engine) -> dict[str, list[str | None]]:
    return {str(one["name"]): one["column_names"] for one in inspect(engine).get_indexes("customer_order")}


@both
def test_a_migration_that_fails_leaves_the_database_as_it_was_and_says_so(engine: Engine, add: Add):
    before = migrate.newest()
    add("9998", "op.add_column('cart', sa.Column('x', sa.Integer()))\nraise ValueError('no space left')")
    sentence = f"^The database couldn't be brought from {before} to 9998, and is as it was: no space left$"
    with pytest.raises(CantStart, match=sentence) as cant:
        migrate.migrate(engine)
    assert cant.value.exit_code == ExitCode.DATABASE
    assert one(engine, "SELECT version_num FROM alembic_version") == before
    assert "x" not in [column["name"] for column in inspect(engine).get_columns("cart")]


@both
def test_what_came_before_one_that_fails_stays_on_postgresql_alone(engine: Engine, add: Add):
    before = migrate.newest()
    add("9998", "op.add_column('cart', sa.Column('x', sa.Integer()))")
    add("9999", "raise ValueError('no space left')")
    stands, says = {
        "sqlite": (before, "is as it was"),
        "postgresql": ("9998", "works at 9998, where the next start goes on"),
    }[engine.dialect.name]
    with pytest.raises(CantStart, match=f"{says}: no space left$"):
        migrate.migrate(engine)
    assert one(engine, "SELECT version_num FROM alembic_version") == stands


@postgres
def test_a_table_that_others_work_with_is_waited_for_and_never_in_its_queue(
    engine: Engine, add: Add, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    before = migrate.newest()
    add("9998", "op.add_column('customer_order', sa.Column('x', sa.Integer()))")
    buyer = engine.connect()
    buyer.execute(text("UPDATE customer_order SET note = 'x' WHERE number = 1"))

    def release(_seconds: float) -> None:
        # It has given up, so somebody else can have the table at once.
        run(engine, "SET LOCAL lock_timeout = 1; SELECT 1 FROM customer_order")
        buyer.commit()

    monkeypatch.setattr(short_locks.time, "sleep", release)
    assert migrate.migrate(engine) == (before, "9998")
    buyer.close()
    assert capsys.readouterr().err == (
        f"The schema goes from {before} to 9998 now, for good. Before that, a backup is wise:"
        " `python -m shop_app backup FILE`.\n"
        "A migration waits for a table that others work with, and tries again until it is free.\n"
        "Migration 9998 is done (1 of 1).\n"
    )


@postgres
def test_a_table_that_is_never_free_ends_the_migration(
    engine: Engine, add: Add, monkeypatch: pytest.MonkeyPatch
):
    add("9998", "op.add_column('customer_order', sa.Column('x', sa.Integer()))")
    monkeypatch.setattr(short_locks, "PATIENCE_SECONDS", 0)
    with engine.connect() as buyer:
        buyer.execute(text("SELECT 1 FROM customer_order"))
        with pytest.raises(CantStart, match="is as it was: .*lock timeout"):
            migrate.migrate(engine)


@both
def test_an_index_is_made_and_one_that_was_left_unfinished_is_made_anew(engine: Engine, add: Add):
    if engine.dialect.name == "postgresql":
        autocommit = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with autocommit, pytest.raises(Exception, match="could not create unique index"):
            autocommit.execute(text("CREATE UNIQUE INDEX CONCURRENTLY ix_new ON customer_order (currency)"))
        assert indexes(engine)["ix_new"] == ["currency"], (
            "PostgreSQL leaves it there, and uses it for nothing"
        )
    add("9998", "short_locks.create_index('ix_new', 'customer_order', ['country', 'id'])")
    migrate.migrate(engine)
    assert indexes(engine)["ix_new"] == ["country", "id"]
    if engine.dialect.name == "postgresql":
        assert one(engine, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_new'::regclass") is True


@postgres
def test_an_index_doesnt_wait_for_servers_that_wait_for_it(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    """Who waits for a lock inside a statement has a snapshot, and an index waits for every snapshot."""
    sleep, waits = time.sleep, threading.Event()

    def wait(seconds: float) -> None:
        waits.set()
        sleep(seconds)

    def prepare() -> str:
        with migrate.schema_transaction(engine):
            return "its turn"

    monkeypatch.setattr(migrate.time, "sleep", wait)
    autocommit = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with ThreadPoolExecutor() as servers, autocommit:
        with migrate.schema_transaction(engine):
            other = servers.submit(prepare)
            assert waits.wait(30)
            autocommit.execute(text("CREATE INDEX CONCURRENTLY ix_new ON customer_order (country)"))
        assert other.result(30) == "its turn"
    assert indexes(engine)["ix_new"] == ["country"]


@both
def test_rows_are_changed_in_batches_and_a_second_run_goes_on(
    engine: Engine, add: Add, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(short_locks, "FIRST_BATCH", 10)
    monkeypatch.setattr(short_locks, "SMALLEST_BATCH", 10)
    monkeypatch.setattr(short_locks, "BATCH_SECONDS", 0)
    add(
        "9998",
        "short_locks.add_column('customer_order', sa.Column('x', sa.Integer()))\n"
        "short_locks.change_rows('customer_order', \"note = note || 'x', x = 1\", where=\"note = ''\")",
    )
    changed = "SELECT count(*) FROM customer_order WHERE note = 'x' AND x = 1"
    if engine.dialect.name == "postgresql":
        run(engine, "ALTER TABLE customer_order ADD CONSTRAINT stop CHECK (number <> 25 OR note = '')")
        with pytest.raises(CantStart, match="is as it was"):
            migrate.migrate(engine)
        assert one(engine, changed) == 20, "two batches of ten"
        run(engine, "ALTER TABLE customer_order DROP CONSTRAINT stop")
    migrate.migrate(engine)
    assert one(engine, changed) == ORDERS


@both
def test_rules_are_added_and_rows_that_break_them_are_found(engine: Engine, add: Add):
    add("9998", "op.add_column('customer_order', sa.Column('x', sa.BigInteger()))")
    migrate.migrate(engine)
    add(
        "9999",
        "short_locks.add_check('ck_x', 'customer_order', 'x > 0')\n"
        "short_locks.add_foreign_key('fk_x', 'customer_order', 'x', 'customer', ondelete='CASCADE')",
    )
    run(engine, "UPDATE customer_order SET x = 0 WHERE number = 7")
    with pytest.raises(CantStart, match="couldn't be brought from 9998 to 9999, and is as it was"):
        migrate.migrate(engine)
    run(engine, "UPDATE customer_order SET x = NULL")
    migrate.migrate(engine)
    look = inspect(engine)
    checks = {check["name"] for check in look.get_check_constraints("customer_order")}
    (key,) = [key for key in look.get_foreign_keys("customer_order") if key["name"] == "fk_x"]
    assert ("ck_x" in checks, key["referred_table"], key.get("options")) == (
        True,
        "customer",
        {"ondelete": "CASCADE"},
    )
    if engine.dialect.name == "postgresql":
        checked = "SELECT bool_and(convalidated) FROM pg_constraint WHERE conname IN ('ck_x', 'fk_x')"
        assert one(engine, checked) is True


# --- Those that there are ---------------------------------------------------------------------------

BLOCKS = (
    (r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)\S+ ON (?P<table>\w+)", "short_locks.create_index"),
    (
        r"ALTER TABLE (?P<table>\w+) ADD CONSTRAINT (?!.*NOT VALID)",
        "short_locks.add_foreign_key or add_check",
    ),
    (r"ALTER TABLE (?P<table>\w+) ALTER COLUMN \w+ (SET NOT NULL|TYPE)", "a rule that is added by add_check"),
    (r"UPDATE (?P<table>\w+) SET", "short_locks.change_rows"),
    (r"(DELETE FROM|CREATE TABLE \w+ AS SELECT .* FROM) (?P<table>\w+)", "several steps"),
)
"""What keeps a table from others for as long as it has rows, and what a migration uses in its place."""
SMALL = {"alembic_version", "passkey", "known_browser", "review", "shop_profile"}
"""Tables of which a shop with a million orders has few rows, and search's own, which lists don't need."""


def blocked(statement: str) -> tuple[str, str] | None:
    """The table that a statement keeps from others, and what to use instead."""
    plain = " ".join(statement.split())
    for pattern, instead in BLOCKS:
        if match := re.match(pattern, plain):
            return match["table"], instead
    return None


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("CREATE INDEX ix_a ON customer_order (country)", "customer_order"),
        ("CREATE INDEX CONCURRENTLY ix_a ON customer_order (country)", None),
        ("ALTER TABLE cart ADD CONSTRAINT ck_a CHECK (x > 0)", "cart"),
        ("ALTER TABLE cart ADD CONSTRAINT ck_a CHECK (x > 0) NOT VALID", None),
        ("ALTER TABLE cart ALTER COLUMN x SET NOT NULL", "cart"),
        ("ALTER TABLE cart ADD COLUMN x INTEGER", None),
        ("\n UPDATE payment SET\n x = 1", "payment"),
    ],
)
def test_what_keeps_a_table_from_others_is_found(statement: str, table: str | None):
    found = blocked(statement)
    assert (found and found[0]) == table


@postgres
def test_no_migration_keeps_a_large_table_from_others(engine: Engine):
    """Of this release: what is found is written with `short_locks`, or its table is among the SMALL ones."""
    to(engine, FORMER)
    with engine.connect() as connection:
        large = set(inspect(connection).get_table_names()) - SMALL
    found = []

    def look(_connection, _cursor, statement, *_more) -> None:
        it = blocked(statement)
        if it and it[0] in large and not it[0].startswith("search_"):
            found.append(f"{statement}: use {it[1]}")

    event.listen(engine, "before_cursor_execute", look)
    migrate.migrate(engine)
    event.remove(engine, "before_cursor_execute", look)
    assert found == []
