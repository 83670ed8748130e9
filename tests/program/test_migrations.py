"""Tests of the migrations: from nothing to the newest on both databases, without drifting from the models."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Table, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

import shop_app.models  # noqa: F401  (fills the metadata)
from alembic import command
from shop_app.core import db, migrate
from shop_app.core.settings import settings
from shop_app.core.version import VERSION
from shop_app.models import ListingVariant, Product, Variant
from shop_app.services.books import check as books
from tests.paying import make_world

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
        names = [check["name"] for check in inspector.get_check_constraints(table.name)]
        assert expected <= set(names), f"{table.name} lacks {expected - set(names)}"
        assert len(set(names)) == len(names), f"{table.name} has a CHECK twice: {names}"


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


def test_days_of_arrival_stay_the_same_days(engine: Engine, tmp_path):
    """They were kept as the moments at which they begin in UTC; migrated back and forth with an order."""
    make_world(tmp_path).pay()
    arrives = "SELECT arrives_from, arrives_until FROM customer_order"

    def kept() -> list[str]:
        with engine.connect() as connection:
            return [str(value) for value in connection.execute(text(arrives)).one()]

    days = kept()
    assert all(len(day) == len("2026-11-24") for day in days)
    before = ScriptDirectory.from_config(migrate._config()).get_revision("0010").down_revision
    with engine.connect().execution_options(writes=True) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, str(before))
        connection.commit()
    assert [moment[:19] for moment in kept()] == [f"{day} 00:00:00" for day in days]
    migrate.migrate(engine)
    assert kept() == days


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


def test_prices_that_cant_be_charged_are_rounded_once_and_orders_stay_as_they_were(empty: Engine):
    """A shop in Iceland: 114.81 krónur and delivery at 4.90, with an order over both."""
    _migrate_to(empty, "0007")
    with empty.connect().execution_options(writes=True) as connection:
        put = functools.partial(_put, connection)
        put("tax_class", code="standard", label="Standard")
        put("product", id=7, slug="lamp", title="Lamp", status="active", tax_class="standard", handle="lamp")
        prices = {1: (11_481, 11_520), 2: (11_481, 15_050), 3: (30, None), 4: (11_500, None)}
        for id, (price, compare_at) in prices.items():
            put(
                "variant", id=id, product_id=7, sku=f"L-{id}", currency="ISK", price_minor=price,
                compare_at_minor=compare_at,
            )  # fmt: skip
            put("price_history", id=id, variant_id=id, currency="ISK", price_minor=price)
        put("listing_variant", product_id=7, place=0, variant_id=1, sku="L-1", price_minor=11_481)
        put("shipping_zone", id=1, name="Iceland")
        put("shipping_method", id=1, zone_id=1, code="s", kind="flat", price_minor=490, free_above_minor=5050)
        put(
            "promotion", id=1, name="Five", kind="fixed", amount_minor=550, lane="default", conditions={},
            active=True,
        )  # fmt: skip
        put("counter", name="order", value=1001)
        put(
            "customer_order", id=1, number=1001, token="t", status="placed", payment_status="none",
            fulfilment_status="none", currency="ISK", subtotal_minor=11_481, shipping_minor=490,
            tax_minor=1911, total_minor=11_971, tax_included=True,
        )  # fmt: skip
        put(
            "order_line", id=1, order_id=1, title="Lamp", sku="L-1", quantity=1, unit_price_minor=11_481,
            subtotal_minor=11_481, tax_minor=1833, total_minor=11_481,
        )  # fmt: skip
        for line_id, base, tax in ((1, 9648, 1833), (None, 412, 78)):
            put(
                "order_tax_line", id=base, order_id=1, line_id=line_id, rate_ppm=190_000, base_minor=base,
                amount_minor=tax, included=True,
            )  # fmt: skip
        connection.commit()
    migrate.migrate(empty)
    with Session(empty) as session:

        def read(columns: str) -> list[Any]:
            return [tuple(row) for row in session.connection().execute(text(f"SELECT {columns}"))]

        assert read("price_minor, compare_at_minor FROM variant ORDER BY id") == [
            (11_500, None), (11_500, 15_100), (100, None), (11_500, None),
        ]  # fmt: skip
        assert read("price_minor FROM price_history ORDER BY id") == [(11_500,), (11_500,), (100,), (11_500,)]
        assert read("product_id FROM listing_variant") == [], "its product is projected again"
        assert read("price_minor, free_above_minor FROM shipping_method") == [(500, 5100)]
        assert read("amount_minor FROM promotion") == [(600,)]
        assert read("total_minor, shipping_minor, step_minor FROM customer_order") == [(11_971, 490, 1)]
        assert books.check(session).violations == ()


def _put(connection: Connection, name: str, /, **values: Any) -> None:
    """Insert a row as an earlier version had it; what it doesn't say is blank."""
    table = Table(name, MetaData(), autoload_with=connection)
    blank = {str: "", int: 0, bool: False, object: {}, datetime: datetime(2026, 1, 1, tzinfo=UTC)}
    for column in table.columns:
        if not column.nullable and column.server_default is None and column.name not in values:
            values[column.name] = blank[column.type.python_type]
    connection.execute(table.insert().values(**values))


def _migrate_to(on: Engine, revision: str) -> None:
    with on.connect().execution_options(writes=True) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def test_handles_are_what_files_said_and_nothing_is_lost_on_the_way(empty: Engine):
    before = ScriptDirectory.from_config(migrate._config()).get_revision("0007").down_revision
    _migrate_to(empty, str(before))
    with empty.connect().execution_options(writes=True) as connection:
        was = MetaData()
        was.reflect(connection, only=("tax_class", "product", "variant", "listing_item", "listing_variant"))
        _insert(connection, was.tables["tax_class"], code="standard", label="Standard")
        for number, (slug, extra) in enumerate(
            [
                ("flute-vase", {"Handle": "Flute-Vase", "MPN": "7"}),
                ("shi", {"Handle": "是"}),
                ("renamed", {"Handle": "MUG"}),
                ("mug", {}),
                ("cafe", {"Handle": "Cafe\u0301 "}),
            ]
        ):
            _insert(
                connection, was.tables["product"], id=number, slug=slug, extra=extra, tax_class="standard"
            )
        _insert(connection, was.tables["variant"], id=1, product_id=3, sku="M", currency="EUR", price_minor=5)
        _insert(connection, was.tables["listing_item"], product_id=3, slug="mug", title="Mug", price_minor=5)
        _insert(connection, was.tables["listing_variant"], product_id=3, variant_id=1, sku="M", price_minor=5)
        connection.commit()
    migrate.migrate(empty)
    with Session(empty) as session:
        rows = session.exec(select(Product.slug, Product.handle, Product.extra).order_by(col(Product.id)))
        assert [tuple(row) for row in rows] == [
            ("flute-vase", "flute-vase", {"MPN": "7"}),
            ("shi", "是", {}),
            ("renamed", "mug-2", {}),
            ("mug", "mug", {}),
            ("cafe", "café", {}),
        ]
        assert session.exec(select(Variant.sku, Variant.price_minor)).all() == [("M", 5)]
        # What is on the listing index is projected again.
        assert session.exec(select(ListingVariant)).all() == []
        session.exec(select(Variant)).one().sku = "x" * 255
        session.commit()


def _insert(connection: Connection, table: Table, **values: object) -> None:
    """A row with these values; what must be given besides is empty, zero or now."""
    made: dict[str, object] = dict(values)
    for column in table.columns:
        if column.name not in made and not column.nullable and column.default is None:
            json_value = [] if column.name in ("materials", "attributes", "picture") else {}
            empty = {str: "", int: 0, bool: False, datetime: datetime.now(UTC)}
            made[column.name] = empty.get(column.type.python_type, json_value)
    if "status" in made:
        made["status"] = "draft"
    connection.execute(table.insert(), made)


@pytest.fixture
def a_release_before(empty: Engine) -> Engine:
    """A database of the second newest schema."""
    migrate.migrate(empty)
    with migrate.schema_transaction(empty) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    return empty


def test_before_a_migration_the_file_is_kept_beside_and_only_the_last_three(a_release_before: Engine):
    if a_release_before.dialect.name != "sqlite":
        pytest.skip("PostgreSQL is told of a backup instead")
    path = settings().data_dir / "empty.db"
    for old in ("0001", "0002", "0003"):
        path.with_name(f"empty.db.before-{old}").write_bytes(b"a copy")
    before = revision(a_release_before)
    assert migrate.migrate(a_release_before) == (before, migrate.newest())
    copies = sorted(copy.name for copy in path.parent.glob("empty.db.before-*"))
    kept = f"empty.db.before-{migrate.newest()}"
    assert copies == ["empty.db.before-0002", "empty.db.before-0003", kept]
    copy = db.make_engine(f"sqlite:///{path.with_name(kept)}")
    assert revision(copy) == before
    copy.dispose()


def test_a_database_of_a_later_release_is_worked_with_and_named(
    engine: Engine, caplog: pytest.LogCaptureFixture
):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999', release = '9.9.9'"))
    assert migrate.migrate(engine) == ("9999", "9999")
    own = f"{VERSION} ({migrate.newest()})"
    assert f"The database is of release 9.9.9 (9999); this one, {own}, can work with it" in caplog.text


def revision(on: Engine) -> str | None:
    with on.connect() as connection:
        return migrate.current(connection)


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
