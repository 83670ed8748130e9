"""Runs migrations on the connection that `core/migrate` gives, or on one of the shop's own engine."""

from sqlalchemy import Connection, event
from sqlmodel import SQLModel

import shop_app.models  # noqa: F401  (fills the metadata)
from alembic import context
from shop_app.core import short_locks
from shop_app.core.db import engine

# Kept by hand-written migrations: search indexes and the tables behind them.
HAND_MADE = ("search_",)


def _include(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    return not (kind in ("table", "index") and name and name.startswith(HAND_MADE))


def _plainly(kind: str, thing: object, _context: object) -> str | bool:
    """Types in SQLAlchemy's own words, so that a migration doesn't change with SQLModel's."""
    if kind != "type":
        return False
    name, length = type(thing).__name__, getattr(thing, "length", None)
    if name == "AutoString":
        return f"sa.String({length})" if length else "sa.String()"
    if name == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    if name == "JSON":
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def _run(connection: Connection) -> None:
    alone, done = (context.config.attributes.get(name) for name in (short_locks.ALONE, "done"))
    if alone:
        event.listen(connection, "begin", short_locks.limit)
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_object=_include,
        render_item=_plainly,
        transaction_per_migration=alone or False,
        on_version_apply=(lambda step, **_: done(step.up_revision_id)) if done else (),
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with engine().connect().execution_options(writes=True) as connection:
        _run(connection)
        connection.commit()
