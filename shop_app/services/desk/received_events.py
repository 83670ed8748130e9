"""The inbox of webhooks as a list: what providers have said, what came of it, and what was in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import Session

from ...core import dates
from ...core.access.principal import Principal
from ...core.errors import NotFound
from ...core.i18n import _
from ...models import ProviderEvent, table_of
from ..lists import spec as lists
from ..lists.spec import Cell, Column, Filter, ListSpec, Row, Tab
from ..staff import audit
from .letters import EDIT, VIEW, moment

MAX_SHOWN = 60_000
"""Characters of a payload that are shown."""
_HIDDEN = ("secret", "token", "key", "signature", "password", "authorization")
"""A field whose name has one of these in it isn't shown."""

event = table_of(ProviderEvent)
_STATES = {
    "waits": event.c.applied_at.is_(None),
    "applied": and_(event.c.applied_at.is_not(None), event.c.outcome != "refused"),
    "refused": event.c.outcome == "refused",
}


@dataclass(frozen=True, slots=True)
class EventShown:
    """A received event as its page shows it."""

    id: int = 0
    title: str = ""
    provider: str = ""
    event_id: str = ""
    received: str = ""
    applied: str = ""
    outcome: str = ""
    problem: str = ""
    payload: str = ""
    """As JSON with indents, without what looks like a secret."""


def _load(session: Session, ids: Sequence[int], _by: Principal) -> Mapping[int, Row]:
    columns = ("id", "provider", "event_id", "kind", "received_at", "applied_at", "outcome", "problem")
    wanted = select(*(event.c[name] for name in columns)).where(event.c.id.in_(ids))
    return {row.id: _row(row) for row in session.connection().execute(wanted)}


def _row(row: Any) -> Row:
    cells = {
        "kind": Cell(row.kind),
        "provider": Cell(row.provider),
        "id": Cell(row.event_id),
        "received": moment(row.received_at),
        "state": _state(row),
        "problem": Cell(row.problem, title=row.problem),
    }
    return Row(row.id, f"/admin/settings/events/{row.id}", row.kind, {"data-testid": "event-row"}, cells)


def _state(row: Any) -> Cell:
    if row.applied_at is None:
        return Cell(_("Waits"), tone="amber" if row.problem else "blue", icon="clock")
    if row.outcome == "refused":
        return Cell(_("Refused"), tone="coral", icon="error")
    at = dates.full_moment(row.applied_at)
    return Cell(row.outcome.capitalize() or _("Applied"), tone="calm", icon="done", title=at)


def _state_is(op: str, words: tuple[str, ...]) -> Any:
    return lists.one_of_conditions(op, [_STATES[word] for word in words if word in _STATES])


def _kinds(session: Session) -> tuple[tuple[str, str], ...]:
    return tuple((kind, kind) for kind in lists.distinct(session, event.c.kind))


def shown(session: Session, event_id: int, by: Principal) -> EventShown:
    """Errors  Forbidden; NotFound."""
    by.need(VIEW)
    row = session.get(ProviderEvent, event_id)
    if row is None or row.id is None:
        raise NotFound(_("There is no such event."))
    return EventShown(
        row.id,
        row.kind,
        row.provider,
        row.event_id,
        dates.full_moment(row.received_at),
        dates.full_moment(row.applied_at) if row.applied_at else "",
        row.outcome,
        row.problem,
        _readable(row.payload),
    )


def _readable(payload: str) -> str:
    try:
        text = json.dumps(_without_secrets(json.loads(payload)), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _("This can't be read as JSON.")
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "\n…"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "…" if _is_secret(name) else _without_secrets(part) for name, part in value.items()}
    return [_without_secrets(part) for part in value] if isinstance(value, list) else value


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _HIDDEN)


def open_again(session: Session, event_id: int, by: Principal) -> None:
    """Take back an event's outcome, so that it is applied once more; what it was about decides what comes of
    it.

    Errors  Forbidden; NotFound.
    """
    by.need(EDIT)
    row = session.get(ProviderEvent, event_id)
    if row is None:
        raise NotFound(_("There is no such event."))
    before = {"outcome": row.outcome, "problem": row.problem}
    row.applied_at, row.outcome, row.problem = None, "", ""
    key = f"{row.provider}:{row.event_id}"[:255]
    audit.record(
        session, by.actor, "event.replayed", "received event", key, before, {"outcome": ""}, staff_id=by.id
    )


EVENTS = ListSpec(
    name="events",
    title=_("Received events"),
    one=_("event"),
    many=_("events"),
    needs=VIEW,
    path="/admin/settings/events",
    source=event,
    key=event.c.id,
    columns=(
        Column("kind", _("Event"), phone="title"),
        Column("provider", _("From"), phone="line"),
        Column("id", _("Its id there"), shown=False),
        Column("received", _("Received"), event.c.received_at, phone="end", nullable=False),
        Column("state", _("State"), phone="badges"),
        Column("problem", _("What was wrong")),
    ),
    load=_load,
    default_sort="-received",
    filters=(
        Filter(
            "state",
            _("State"),
            "choice",
            _state_is,
            (("waits", _("Waits")), ("applied", _("Applied")), ("refused", _("Refused"))),
        ),
        Filter("kind", _("Event"), "choice", lists.choice(event.c.kind), _kinds),
        Filter("received", _("Received"), "day", lists.between(event.c.received_at)),
    ),
    search=lambda _session, text: event.c.event_id == text,
    search_hint=_("The event's id"),
    tabs=(
        Tab("all", _("All")),
        Tab("waits", _("Waiting"), "state=waits"),
        Tab("refused", _("Refused"), "state=refused"),
    ),
    empty=lists.Empty(_("Nothing received yet"), _("Events of payment providers come here.")),
    marks=("data-testid",),
)
