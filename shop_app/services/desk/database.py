"""What the database and its backups look like: kind, size, rows of the largest tables, migration, disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session

from ...core import dates, migrate
from ...core.access.principal import Principal
from ...core.i18n import _
from ...core.settings import settings

VIEW = "jobs.view"
TABLES = (
    ("customer_order", _("Orders")),
    ("order_line", _("Lines of orders")),
    ("product", _("Products")),
    ("variant", _("Variants")),
    ("customer", _("Customers")),
    ("cart", _("Carts")),
    ("stock_movement", _("Movements of stock")),
    ("payment_event", _("Events of payments")),
    ("provider_event", _("Received events")),
    ("letter", _("Letters")),
    ("audit_entry", _("Entries of the audit")),
)


@dataclass(frozen=True, slots=True)
class TableShown:
    label: str = ""
    rows: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseShown:
    kind: str = ""
    size: str = ""
    migration: str = ""
    is_newest: bool = True
    free: str = ""
    backup: str = ""
    """When the newest backup in the data folder was made; "" where there is none."""
    tables: list[TableShown] = field(default_factory=list)


def shown(session: Session, by: Principal) -> DatabaseShown:
    """Errors  Forbidden."""
    by.need(VIEW)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    version = str(session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar())
    return DatabaseShown(
        kind=_kind(session, is_sqlite=is_sqlite),
        size=_size(_bytes(session, is_sqlite=is_sqlite)),
        migration=version,
        is_newest=version == migrate.newest(),
        free=_size(shutil.disk_usage(settings().data_dir).free) if settings().data_dir.exists() else "",
        backup=_backup(),
        tables=[TableShown(label, _rows(session, table, is_sqlite=is_sqlite)) for table, label in TABLES],
    )


def _kind(session: Session, *, is_sqlite: bool) -> str:
    version = "SELECT sqlite_version()" if is_sqlite else "SHOW server_version"
    name = "SQLite" if is_sqlite else "PostgreSQL"
    return f"{name} {session.connection().execute(text(version)).scalar()}"


def _bytes(session: Session, *, is_sqlite: bool) -> int:
    if is_sqlite:
        return sum(path.stat().st_size for path in settings().data_dir.glob("shop.db*"))
    size = text("SELECT pg_database_size(current_database())")
    return session.connection().execute(size).scalar_one()


def _rows(session: Session, table: str, *, is_sqlite: bool) -> str:
    """How many rows: by the largest id on SQLite, as PostgreSQL last estimated it there; both are instant."""
    if is_sqlite:
        count = session.connection().execute(text(f"SELECT max(rowid) FROM {table}")).scalar() or 0
    else:
        estimate = text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)")
        count = max(session.connection().execute(estimate, {"name": table}).scalar() or 0, 0)
    return _("about {count}").format(count=f"{count:,}") if count else "0"


def _backup() -> str:
    backups = [path for path in settings().data_dir.glob("backups/*") if path.is_file()]
    if not backups:
        return ""
    newest = max(path.stat().st_mtime for path in backups)
    return dates.full_moment(datetime.fromtimestamp(newest, UTC))


def _size(count: int) -> str:
    """ "12.4 MB", in steps of 1,000.

    >>> _size(12_400_000), _size(900)
    ('12.4 MB', '900 B')
    """
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= step:
            return f"{count * 10 // step / 10:,.1f} {unit}"
    return f"{count} B"
