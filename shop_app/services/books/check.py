"""Checks the invariants of orders, payments, refunds, stock and discounts on the database as it is.

Each rule is one statement that selects the rows that break it. It works on SQLite and PostgreSQL, and only
reads. What belongs to a row is summed up once for all rows and then joined, so that the work grows with the
orders and not with their square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from ...core.i18n import _
from ...core.money import show
from .rules import RULES, Rule

MOST = 200
"""How many violations of one rule are listed; more are summed up in one sentence."""


# The rules read whole tables: that may take longer than a request may. Joins are by hash or in order, never
# row by row, however little the server's statistics know of tables that have just grown.
_FOR_WHOLE_TABLES = text(
    "SELECT set_config('statement_timeout', '0', true), set_config('enable_nestloop', 'off', true),"
    " set_config('jit', 'off', true)"
)


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Books:
    """The result of a check. `counts` has the number of rows by table."""

    violations: tuple[Violation, ...]
    rules: int
    counts: dict[str, int]

    @property
    def summary(self) -> str:
        looked = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        if not self.violations:
            return _("The books are right: {rules} rules hold over {looked}.").format(
                rules=self.rules, looked=looked
            )
        return _("{count} violations of {rules} rules, over {looked}.").format(
            count=len(self.violations), rules=self.rules, looked=looked
        )

    def as_dict(self) -> dict[str, Any]:
        return {"ok": not self.violations, **asdict(self)}


def check(session: Session, rules: Sequence[Rule] = RULES) -> Books:
    """Run all rules in the transaction of the session; changes nothing.

    In one of `db.reading` they all see one moment, and the shop sells on meanwhile.
    """
    connection = session.connection()
    prepare(connection)
    violations: list[Violation] = []
    for rule in rules:
        limited = text(f"{rule.sql} LIMIT {MOST + 1}")
        rows = connection.execute(limited).mappings().all()
        violations += [Violation(rule.name, _sentence(rule.sentence, dict(row))) for row in rows[:MOST]]
        if len(rows) > MOST:
            violations.append(
                Violation(
                    rule.name, _("More than {most} break the rule {rule}.").format(most=MOST, rule=rule.name)
                )
            )
    counts = {
        name: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        for name, table in (
            ("orders", "customer_order"),
            ("payments", "payment"),
            ("refunds", "refund"),
            ("stock levels", "stock_level"),
            ("movements", "stock_movement"),
            ("promotion uses", "promotion_use"),
        )
    }
    return Books(tuple(violations), len(rules), counts)


def prepare(connection: Connection) -> None:
    """Prepare the transaction for statements that read whole tables; until its end, on PostgreSQL alone."""
    if connection.dialect.name == "postgresql":
        connection.execute(_FOR_WHOLE_TABLES)


def _sentence(template: str, row: dict[str, Any]) -> str:
    currency = row.get("currency", "EUR")
    shown = {
        name: show(int(value or 0), currency)
        if name.endswith("_minor")
        else value
        if value is not None
        else 0
        for name, value in row.items()
    }
    return template.format(**shown)
