"""PostgreSQL as the shop uses it: dialect, defaults of the role, and how many connections there are."""

from __future__ import annotations

import select
from collections.abc import Iterable
from typing import Any

from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import URL, Connection, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from .settings import Settings

ROLE_DEFAULTS = {
    "statement_timeout": "5s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "15s",
    "TimeZone": "UTC",
}
"""What each session begins with. The role has them, because PgBouncer takes no options at the start."""
_SET_BY_ROLE = text(
    "SELECT lower(split_part(unnest(setconfig), '=', 1)) FROM pg_db_role_setting"
    " WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    " AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))"
)
CONNECT = {
    "connect_timeout": 5,
    # A server whose machine is gone says nothing: half a minute of silence ends a connection.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""How the driver connects: seconds, `tcp_user_timeout` in ms. What an address says itself counts."""
_GRANTED = text(
    "SELECT least(current_setting('max_connections')::int"
    " - current_setting('superuser_reserved_connections')::int"
    " - coalesce(current_setting('reserved_connections', true)::int, 0),"
    " nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1))"
    " FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()"
)
MAX_PREPARED = 500
"""Statements that one connection keeps prepared; the one that was used longest ago goes first."""


class Dialect(PGDialect_psycopg):
    """Prepared statements that outlive a refusal, and no question to a connection that is well."""

    supports_statement_cache = True

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Undo, and keep what is prepared unless the database itself refused something.

        psycopg forgets all prepared statements with each rollback, because the transaction may have made or
        dropped a type. A query that has read, and a command that refuses, did neither.
        """
        if dbapi_connection.pgconn.transaction_status == TransactionStatus.INTRANS:
            undone = dbapi_connection.pgconn.exec_(b"ROLLBACK")
            if undone.status == ExecStatus.COMMAND_OK:
                return
        super().do_rollback(dbapi_connection)

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether the connection lives, asked only where something has come unasked.

        A server that ends a connection says so, or its system closes the socket; a silent one is well. Asking
        each time would be a round trip for every transaction.
        """
        news = select.poll()
        news.register(dbapi_connection.fileno(), select.POLLIN)
        return not news.poll(0) or super().do_ping(dbapi_connection)


def engine_options(url: URL) -> dict[str, Any]:
    """What `create_engine` takes for PostgreSQL beside the size of the pool, which gives out the warmest."""
    connect_args = {name: value for name, value in CONNECT.items() if name not in url.query}
    return {
        "pool_pre_ping": True,
        "pool_use_lifo": True,
        "pool_timeout": 5,
        "max_overflow": 0,
        "connect_args": connect_args,
    }


def prepare_connection(connection: Any, _record: object) -> None:
    connection.prepared_max = MAX_PREPARED


def missing_defaults(connection: Connection) -> list[str]:
    """Those of ROLE_DEFAULTS that neither the role nor the database has, with any value."""
    found = set(connection.execute(_SET_BY_ROLE).scalars())
    return [name for name in ROLE_DEFAULTS if name.lower() not in found]


def set_defaults(connection: Connection, names: Iterable[str]) -> None:
    """Give them to the role that is signed in, in this database alone; new sessions have them.

    A role may change its own. One process at a time: two that do it together would fail.
    """
    database = connection.execute(text("SELECT quote_ident(current_database())")).scalar_one()
    for name in names:
        value = ROLE_DEFAULTS[name]
        connection.exec_driver_sql(f"ALTER ROLE CURRENT_USER IN DATABASE {database} SET {name} = '{value}'")


def connections_needed(chosen: Settings) -> int:
    """Connections that this shop may open at the same time: of its workers, and of a process for its jobs.

    Each process has its pool, and one more by which it leads or waits to lead; the server and the process for
    jobs have one each by which they say what machine they are on.
    """
    return (chosen.workers + 1) * (chosen.database_connections + 1) + 2


def connections_granted(connection: Connection) -> int:
    """Connections that the server leaves to this role in this database, others' among them."""
    return connection.execute(_GRANTED).scalar_one()


def problem_with_connections(connection: Connection, chosen: Settings) -> str:
    """One sentence where the shop may open more connections than the server has; "" where they suffice."""
    needed, granted = connections_needed(chosen), connections_granted(connection)
    if needed <= granted:
        return ""
    processes, each = chosen.workers + 1, chosen.database_connections + 1
    return (
        f"up to {needed} connections ({processes} processes with {each} each, and two that name the machine),"
        f" and PostgreSQL has {granted} for them: lower SHOP_DATABASE_CONNECTIONS or SHOP_WORKERS,"
        " raise max_connections, or put PgBouncer in front"
    )
