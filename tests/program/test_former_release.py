"""The release before works on the database of this one: its migrations only add, and it starts on them."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn

from shop_app.core import migrate
from tests.migrating import FORMER, to

pytestmark = pytest.mark.both

Schema = dict[str, dict[str, ReflectedColumn]]


def schema(connection: Connection) -> Schema:
    """The columns of each table, by their names."""
    look = inspect(connection)
    return {name: {one["name"]: one for one in look.get_columns(name)} for name in look.get_table_names()}


def unique(connection: Connection) -> set[tuple[str, tuple[str, ...]]]:
    """What has to be unique, by table and columns: primary keys too."""
    look = inspect(connection)
    keys = {
        (table, tuple(sorted(look.get_pk_constraint(table)["constrained_columns"])))
        for table in look.get_table_names()
    }
    return keys | {
        (table, tuple(sorted(filter(None, index["column_names"]))))
        for table in look.get_table_names()
        for index in look.get_indexes(table)
        if index["unique"]
    }


def breaks(former: Schema, now: Schema) -> list[str]:
    """What a release that knows the former schema can't do on the one of now, a sentence each."""
    found = []
    for table, columns in former.items():
        if table not in now:
            found.append(f"{table} is gone")
            continue
        for name, column in columns.items():
            if name not in now[table]:
                found.append(f"{table}.{name} is gone")
            elif column["nullable"] and not now[table][name]["nullable"]:
                found.append(f"{table}.{name} has to have a value now")
            elif str(column["type"]) != str(now[table][name]["type"]):
                found.append(f"{table}.{name} was {column['type']} and is {now[table][name]['type']}")
        own_keys = [one["name"] for one in now[table].values() if one.get("primary_key")]
        for name in now[table].keys() - columns.keys():
            column = now[table][name]
            # SQLite gives a table's own whole-number key by itself.
            is_given = own_keys == [name] and str(column["type"]) == "INTEGER"
            if not (column["nullable"] or column.get("default") or column.get("computed") or is_given):
                found.append(f"{table}.{name} is new and has to be given")
    return found


def test_migrations_only_add(engine: Engine):
    with engine.connect() as connection:
        now, unique_now = schema(connection), unique(connection)
    to(engine, FORMER)
    with engine.connect() as connection:
        former, unique_before = schema(connection), unique(connection)
    assert breaks(former, now) == []
    # What the former release doesn't know stays NULL when it writes, and NULLs are never the same.
    tightened = {
        (table, columns)
        for table, columns in unique_now - unique_before
        if table in former and set(columns) <= former[table].keys()
    }
    assert not tightened, "the former release may write what is no longer unique"
    assert migrate.migrate(engine) == (FORMER, migrate.newest())


def test_what_takes_away_is_found(engine: Engine):
    with engine.connect() as connection:
        now = schema(connection)
    to(engine, "0015")
    with engine.connect() as connection:
        former = schema(connection)
    assert breaks(now, former), "a downgrade takes tables away"
    column = now["cart"]["id"]
    assert breaks({"cart": now["cart"]}, {"cart": now["cart"]}) == []
    assert breaks(
        {"cart": {"id": column}},
        {"cart": {"id": column, "new": column | {"nullable": False, "default": None}}},
    ) == ["cart.new is new and has to be given"]


def test_a_release_starts_on_the_database_of_the_next(engine: Engine):
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
        connection.commit()
    assert migrate.migrate(engine) == ("later", "later")
    with engine.connect() as connection:
        assert migrate.suits(connection)


def test_a_release_does_not_work_on_the_database_of_the_one_before(engine: Engine):
    to(engine, FORMER if migrate.newest() != FORMER else "0018")
    with engine.connect() as connection:
        assert not migrate.suits(connection)
