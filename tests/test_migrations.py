"""Tests of the migrations: from nothing to the newest on both databases, without drifting from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError
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


def test_products_and_what_belongs_to_them_outlive_the_copy_of_their_table(empty: Engine):
    _migrate_to(empty, "0004")
    with empty.connect().execution_options(writes=True) as connection:
        connection.execute(text("INSERT INTO tax_class (code, label) VALUES ('standard', 'Standard')"))
        connection.execute(
            text(
                "INSERT INTO product (id, slug, title, subtitle, description_html, care, materials,"
                " dimensions_mm, attributes, vendor, kind, status, tax_class, seo_title, seo_description,"
                " extra, sold_count, review_count, stars_sum, created_at, updated_at, version) VALUES (7,"
                " 'lamp', 'Lamp', '', '', '', '[]', '{}', '[]', '', '', 'active', 'standard', '', '',"
                " '{\"A\": \"é\"}', 3, 0, 0, '2026-01-02 03:04:05', '2026-01-02 03:04:05', 4)"
            )
        )
        connection.execute(text("INSERT INTO slug_redirect (slug, product_id) VALUES ('old-lamp', 7)"))
        connection.commit()
    migrate.migrate(empty)
    with empty.connect().execution_options(writes=True) as connection:
        rows = connection.execute(text("SELECT slug, status, sold_count, version, extra FROM product")).all()
        assert [tuple(row[:4]) for row in rows] == [("lamp", "active", 3, 4)]
        # As text from SQLite, which has no type of its own for it.
        extra = rows[0][4]
        assert (json.loads(extra) if isinstance(extra, str) else extra) == {"A": "é"}
        assert connection.execute(text("SELECT slug, product_id FROM slug_redirect")).all() == [
            ("old-lamp", 7)
        ]
        connection.execute(text("UPDATE product SET status = 'unlisted'"))
        connection.commit()
        for broken in ("status = 'listed'", "sold_count = -1"):
            with pytest.raises(IntegrityError):
                connection.execute(text(f"UPDATE product SET {broken}"))
            connection.rollback()


def _migrate_to(on: Engine, revision: str) -> None:
    with on.connect().execution_options(writes=True) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


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
