"""10,000 people wait for one variant: a count of 500 asks 500 of them, and buyers of it wait little.

On SQLite, and on PostgreSQL where it is installed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert

from bench.report import Row
from tests import postgres

WAITING, UNITS = 10_000, 500


def run(folder: Path) -> list[Row]:
    rows: list[Row] = []
    for name in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            own = folder / name
            own.mkdir()
            try:
                url = stack.enter_context(_database(name, own))
            except postgres.NoPostgres:
                continue
            rows += _measure(name, own, url)
    return rows


@contextmanager
def _database(name: str, folder: Path) -> Iterator[str]:
    if name == "SQLite":
        yield ""
    else:
        with postgres.server() as address:
            postgres.execute(address, "CREATE DATABASE shop")
            yield address.format(database="shop")


def _measure(name: str, folder: Path, url: str) -> list[Row]:
    os.environ |= {"SHOP_DATA_DIR": str(folder), "SHOP_DATABASE_URL": url, "SHOP_LOAD_TEST": "1"}
    from shop_app.core import db
    from shop_app.core.settings import settings
    from shop_app.services.inventory import commands as inventory_commands
    from shop_app.services.stock_alerts import asking
    from shop_app.worker import waiting
    from tests.factories import variant_with
    from tests.paying import rows as all_rows

    settings.cache_clear()
    db.engine.cache_clear()
    _fill()
    with db.transaction() as session:
        # A shop that runs has had every statement before.
        inventory_commands.set_on_hand(session, variant_with(session, "OTHER").id or 0, 1, reason="stocktake")
        variant_id = variant_with(session, "RARE").id or 0
    waiting.serve_line(lambda _seconds: None)
    locks = _Locks(db.engine())
    began = time.perf_counter()
    with db.transaction() as session:
        inventory_commands.set_on_hand(session, variant_id, UNITS, reason="stocktake")
    counted = time.perf_counter() - began
    buyers = _Buyers()
    with buyers:
        waiting.serve_line(lambda seconds: time.sleep(min(seconds, asking.ANSWER_SECONDS)) or None)
    seconds = time.perf_counter() - began
    asked = sum(row.told_at is not None for row in all_rows("stock_offer"))
    db.engine().dispose()
    return [
        Row(f"{name}: asked and written to, of {UNITS}", asked, "", UNITS, at_least=True),
        Row(f"{name}: from the count to the last letter", round(seconds, 2), "s", 5),
        Row(f"{name}: the count itself", round(1000 * counted, 1), "ms", 50),
        Row(
            f"{name}: the longest transaction that has the level locked", round(locks.longest_ms, 1), "ms", 50
        ),
        Row(
            f"{name}: a buyer's try meanwhile, slowest of {len(buyers.times)}",
            round(buyers.slowest_ms, 1),
            "ms",
        ),
    ]


class _Locks:
    """How long transactions last from their first change of a stock level to their end."""

    def __init__(self, engine: Any) -> None:
        self.longest_ms = 0.0
        self._since: dict[int, float] = {}
        event.listen(engine, "before_cursor_execute", self._began)
        for name in ("commit", "rollback"):
            event.listen(engine, name, self._ended)

    def _began(self, connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        locks = statement.startswith("UPDATE stock_level") or (
            "FROM stock_level" in statement and "FOR UPDATE" in statement
        )
        if locks:
            self._since.setdefault(id(connection.connection.dbapi_connection), time.perf_counter())

    def _ended(self, connection: Any) -> None:
        since = self._since.pop(id(connection.connection.dbapi_connection), None)
        if since is not None:
            self.longest_ms = max(self.longest_ms, 1000 * (time.perf_counter() - since))


class _Buyers:
    """Somebody who tries to buy the variant again and again, for as long as this is entered."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._try)

    @property
    def slowest_ms(self) -> float:
        return 1000 * max(self.times, default=0.0)

    def _try(self) -> None:
        from shop_app.core import db
        from shop_app.core.errors import OutOfStock
        from shop_app.services.inventory import commands as inventory_commands
        from tests.factories import variant_with

        while not self._ends.wait(0.02):
            began = time.perf_counter()
            try:
                with db.transaction() as session:
                    units = {variant_with(session, "RARE").id or 0: 1}
                    inventory_commands.allocate(session, 1, units)
            except OutOfStock:
                self.times.append(time.perf_counter() - began)

    def __enter__(self) -> _Buyers:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ends.set()
        self._thread.join()


def _fill() -> None:
    from shop_app.core import db, migrate
    from shop_app.core.clock import now
    from shop_app.models import StockAlert, table_of
    from shop_app.services.inventory import commands as inventory_commands
    from tests.factories import key_hash, make_basics, make_product, variant_with

    migrate.migrate()
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Rare", stock=1)
        variant_id = variant_with(session, "RARE").id or 0
        inventory_commands.set_on_hand(session, variant_id, 0, reason="stocktake")
        make_product(session, "Other", stock=1)
        other_id = variant_with(session, "OTHER").id or 0
        inventory_commands.set_on_hand(session, other_id, 0, reason="stocktake")
        people = [
            {
                "variant_id": variant_id,
                "email": f"person-{number}@example.com",
                "mailbox": f"person-{number}@example.com",
                "created_at": now(),
                "confirmed_at": now(),
                "key_hash": key_hash(str(number)),
                "token": f"token {number}",
            }
            for number in range(WAITING)
        ]
        first = people[0] | {"variant_id": other_id, "token": "another"}
        session.connection().execute(insert(table_of(StockAlert)), [*people, first])
