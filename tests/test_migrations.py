"""Tests of the migrations: from nothing to the newest on both databases, without drifting from the models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

import shop_app.models  # noqa: F401  (fills the metadata)
from alembic import command
from shop_app.core import db, migrate
from shop_app.core.settings import settings

pytestmark = pytest.mark.both
HAND_MADE = ("search_", "alembic_version")


@pytest.fixture
def empty(engine: Engine) -> Iterator[Engine]:
    """The test's database with nothing in it."""
    if engine.dialect.name == "sqlite":
        fresh = db.make_engine(f"sqlite:///{settings().data_dir / 'empty.db'}")
        yield fresh
        fresh.dispose()
    else:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        yield engine


def tables(on: Engine) -> set[str]:
    return {name for name in inspect(on).get_table_names() if not name.startswith(HAND_MADE)}


def test_an_empty_database_becomes_the_newest(empty: Engine):
    assert migrate.migrate(empty) == (None, migrate.newest())
    assert tables(empty) == set(SQLModel.metadata.tables)
    assert migrate.migrate(empty) == (migrate.newest(), migrate.newest())


def test_models_and_migrations_say_the_same(engine: Engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _thing, name, kind, *_: (
                    not (kind in ("table", "index") and (name or "").startswith(HAND_MADE))
                ),
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_check_of_the_models_is_in_the_database(engine: Engine):
    """Alembic's comparison looks at no CHECK, so this one does, by name."""
    inspector = inspect(engine)
    for table in SQLModel.metadata.sorted_tables:
        expected = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        names = {check["name"] for check in inspector.get_check_constraints(table.name)}
        assert expected <= names, f"{table.name} lacks {expected - names}"


def test_the_latest_can_be_taken_back_and_put_on_again(empty: Engine):
    migrate.migrate(empty)
    script = ScriptDirectory.from_config(migrate._config())
    before = script.get_revision(migrate.newest()).down_revision
    with empty.connect().execution_options(writes=True) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
        connection.commit()
        assert migrate.current(connection) == before
    assert migrate.migrate(empty) == (before, migrate.newest())
    assert tables(empty) == set(SQLModel.metadata.tables)


def test_there_is_one_line_of_migrations(engine: Engine):
    assert len(ScriptDirectory.from_config(migrate._config()).get_heads()) == 1


def test_every_foreign_key_holds_whole_numbers_of_64_bits(engine: Engine):
    """Money and keys are never cut to 32 bits, nor kept as floats."""
    small = []
    for table in inspect(engine).get_table_names():
        for column in inspect(engine).get_columns(table):
            kind = str(column["type"]).upper()
            if column["name"].endswith("_minor") and kind != "BIGINT":
                small.append(f"{table}.{column['name']} is {kind}")
            if any(word in kind for word in ("FLOAT", "REAL", "DOUBLE", "NUMERIC", "DECIMAL")):
                small.append(f"{table}.{column['name']} is {kind}")
    assert small == []


def test_orders_that_wait_for_a_transfer_already_get_their_time(engine: Engine):
    """0005: fourteen days from the upgrade for those that are unpaid, and for no others."""
    from dataclasses import replace

    from shop_app.core.clock import now
    from shop_app.services.cart import commands as cart_commands
    from shop_app.services.orders import commands as order_commands
    from shop_app.services.orders import placing
    from tests.factories import key_hash, make_basics, make_product
    from tests.paying import FORM, rows

    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Bowl", price_minor=6000, stock=9)
        for visitor in ("waits", "paid", "card"):
            cart_commands.add(session, key_hash(visitor), "BOWL", 1)
            way = "stripe" if visitor == "card" else "manual"
            form = replace(FORM, payment_provider=way)
            placed = placing.place(session, key_hash(visitor), form, expected_total_minor=6000)
            if visitor == "paid":
                order_commands.mark_paid(session, placed.order_id)
    kept = rows("customer_order")[2].expires_at
    with engine.connect().execution_options(writes=True) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        command.upgrade(config, "head")
        connection.commit()
    waits, paid, card = rows("customer_order")
    assert timedelta(days=13, hours=23) < waits.expires_at - now() <= timedelta(days=14)
    assert (paid.expires_at, card.expires_at) == (None, kept)
