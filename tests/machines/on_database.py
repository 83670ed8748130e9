"""Rule-based machines on a real database: an example is a transaction that is undone, a rule a savepoint."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import Engine, RowMapping, select
from sqlmodel import Session, SQLModel

from shop_app.core import db, migrate
from shop_app.core.errors import ShopError
from shop_app.models import Order
from shop_app.services import terms_cache
from shop_app.services.books import check as books
from tests.factories import add

LONG = os.environ.get("SHOP_TESTS_LONG") == "1"
EXAMPLES = settings(
    # A machine's example is thirty steps: ten thousand of them would take the night alone.
    max_examples=2_000 if LONG else 100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
# Making a failing example small takes longer than all that passed.
PATIENCE = pytest.mark.timeout(3600 if LONG else 300)


@lru_cache(maxsize=1)
def _engine() -> Engine:
    folder = Path(tempfile.mkdtemp(prefix="shop-machines-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    engine = db.make_engine(f"sqlite:///{folder / 'shop.db'}")
    migrate.migrate(engine)
    return engine


def make_empty_order(session: Session, count: int) -> int:
    """An order of nothing, for what only needs to belong to one."""
    row = Order(
        number=1001 + count,
        token=f"token {count}",
        email="marta@example.com",
        currency="EUR",
        subtotal_minor=0,
        discount_minor=0,
        shipping_minor=0,
        tax_minor=0,
        total_minor=0,
        country="DE",
        shipping_method="standard",
        payment_provider="manual",
    )
    order_id = add(session, row).id
    assert order_id
    return order_id


class OnDatabase(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        terms_cache.clear_all()
        self.session = Session(_engine(), expire_on_commit=False)
        self.session.connection(execution_options={"writes": True})

    def attempt(self, command: Callable[..., Any], *args: Any, **kwargs: Any) -> ShopError | None:
        """Do it as a transaction of its own would; a refusal undoes it and is handed back."""
        try:
            with self.session.begin_nested():
                command(self.session, *args, **kwargs)
        except ShopError as refusal:
            return refusal
        finally:
            self.session.expire_all()
        return None

    def rows(self, table: str) -> list[RowMapping]:
        named = SQLModel.metadata.tables[table]
        self.session.flush()
        row = self.session.connection().execute(select(named).order_by(*named.primary_key))
        return list(row.mappings())

    def books_are_right(self) -> None:
        self.session.flush()
        assert books.check(self.session).violations == ()

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()
