"""check-books over many orders: plans that grow as they do, and one moment while the shop sells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from shop_app.core import db, migrate
from shop_app.services.books import check as books
from shop_app.services.books.rules import RULES, Rule
from tests import whole_orders
from tests.racing import fill_many, place
from tests.services.test_books import BREAKS

FEW, MANY = 200, 800


@pytest.mark.both
def test_orders_with_all_that_belongs_to_them_have_right_books(engine: Engine):
    with db.transaction() as session:
        whole_orders.fill(session, 100)
    with db.reading() as session:
        result = books.check(session)
    assert result.violations == ()
    assert result.counts["orders"] == 100


def _steps(path: Path, count: int) -> dict[str, int]:
    """Hundreds of steps of SQLite's machine that each rule takes over `count` orders."""
    engine = db.make_engine(f"sqlite:///{path}")
    migrate.migrate(engine)
    with db.transaction(on=engine) as session:
        whole_orders.fill(session, count)
    steps: dict[str, int] = {}
    with db.reading(on=engine) as session:
        driver: Any = session.connection().connection.driver_connection
        for rule in RULES:
            hundreds: list[None] = []
            # It ends a statement where it answers something true.
            driver.set_progress_handler(lambda seen=hundreds: seen.append(None), 100)
            books.check(session, [rule])
            steps[rule.name] = len(hundreds)
        driver.set_progress_handler(None, 0)
    engine.dispose()
    return steps


def test_the_work_of_each_rule_grows_as_the_orders_do(tmp_path):
    few, many = (_steps(tmp_path / f"{count}.db", count) for count in (FEW, MANY))
    # A scan for each row would take sixteen times as much; what is sorted takes a little more than four.
    too_much = {name: (few[name], many[name]) for name in few if many[name] > 5 * few[name] + 50}
    assert too_much == {}
    assert sum(many.values()) > 1000


def _plan(session: Any, sql: str) -> str:
    books.prepare(session.connection())
    return "\n".join(session.connection().execute(text(f"EXPLAIN {sql}")).scalars())


def _scans_for_each_row(plan: str) -> bool:
    return "Nested Loop" in plan or "SubPlan" in plan


@pytest.mark.postgres
def test_no_rule_looks_into_a_table_for_each_row_of_another(session):
    assert [rule.name for rule in RULES if _scans_for_each_row(_plan(session, rule.sql))] == []
    correlated = "SELECT 1 FROM payment p WHERE 1 < (SELECT count(*) FROM refund r WHERE r.payment_id = p.id)"
    assert _scans_for_each_row(_plan(session, correlated))


class WhileSelling(Sequence[Rule]):
    """The rules, and before each of them another order is placed."""

    def __init__(self, buyers: list[str]) -> None:
        self._buyers = buyers

    def __len__(self) -> int:
        return len(RULES)

    def __getitem__(self, place_at: Any) -> Any:
        return RULES[place_at]

    def __iter__(self) -> Iterator[Rule]:
        for rule in RULES:
            place(self._buyers.pop())
            yield rule


@pytest.mark.both
def test_all_rules_see_the_same_moment_while_the_shop_sells(engine: Engine):
    with db.transaction() as session:
        whole_orders.fill(session, 10)
    buyers = [f"buyer {number}" for number in range(len(RULES))]
    fill_many({buyer: {"THING-1": 1, "THING-2": 1} for buyer in buyers})

    with db.reading() as session:
        books.check(session, [])
        result = books.check(session, WhileSelling(buyers))
    with db.reading() as session:
        after = books.check(session)

    assert (result.violations, result.counts["orders"]) == ((), 10)
    assert (buyers, after.violations, after.counts["orders"]) == ([], (), 10 + len(RULES))


@pytest.mark.postgres
def test_the_time_that_a_request_may_take_does_not_end_it(session):
    session.connection().execute(text("SET LOCAL statement_timeout = '1s'"))
    slow = Rule("slow", "", "SELECT * FROM (SELECT pg_sleep(1.2) IS NULL AS never) x WHERE never")
    assert books.check(session, [slow]).violations == ()


@pytest.mark.postgres
def test_broken_rules_are_found_on_postgresql_too(session):
    """Those that PostgreSQL's own checks let through."""
    whole_orders.fill(session, 20)
    found, refused = set(), set()
    for name, breaks in BREAKS.items():
        before = session.connection().begin_nested()
        try:
            for statement in breaks.split("; "):
                session.connection().execute(text(statement))
        except IntegrityError:
            refused.add(name)
        else:
            found |= {
                one.rule for one in books.check(session, [r for r in RULES if r.name == name]).violations
            }
        before.rollback()
    assert found | refused == set(BREAKS)
    assert len(found) > 30
