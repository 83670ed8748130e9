"""Who else has a record of the back office open: each tab tells of itself, and is forgotten a while later."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, delete, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.upsert import Insert, upsert
from ...models import Presence, table_of

FORGOTTEN_AFTER = timedelta(seconds=75)
"""A tab tells of itself every 30 seconds while it is seen."""

_presence = table_of(Presence)
_FORGET = delete(_presence).where(_presence.c.seen_at < bindparam("before"))
_LEAVE = delete(_presence).where(_presence.c.tab == bindparam("this_tab"))
_OTHERS = (
    select(_presence.c.name, _presence.c.actor)
    .where(_presence.c.record == bindparam("this"), _presence.c.seen_at >= bindparam("since"))
    .order_by(_presence.c.name)
)


@upsert(_presence)
def _write(insert: Insert):
    keys = [_presence.c.record, _presence.c.tab]
    return insert.on_conflict_do_update(
        index_elements=keys, set_={"seen_at": insert.excluded.seen_at, "name": insert.excluded.name}
    )


def tell(session: Session, record: str, tab: str, *, by: Principal) -> list[str]:
    """Say that this tab has the record open; the names of the other people who have, each once."""
    at, connection = now(), session.connection()
    connection.execute(_FORGET, {"before": at - FORGOTTEN_AFTER})
    row = {"record": record[:64], "tab": tab[:64], "actor": by.actor[:200], "name": by.name or by.email}
    connection.execute(_write(session), row | {"seen_at": at})
    others = connection.execute(_OTHERS, {"this": record[:64], "since": at - FORGOTTEN_AFTER})
    return list(dict.fromkeys(row.name for row in others if row.actor != by.actor))


def leave(session: Session, tab: str) -> None:
    """The tab shows no record any more."""
    session.connection().execute(_LEAVE, {"this_tab": tab[:64]})
