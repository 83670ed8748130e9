"""The audit as a list: searched, filtered by who, what, which kind of record and when, and exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, literal, or_, select
from sqlmodel import Session

from ...core.access.permissions import label_of
from ...core.access.principal import Principal
from ...core.i18n import _
from ...models import AuditEntry, Staff, table_of
from ..lists import spec as lists
from ..lists.spec import Cell, Column, Filter, ListSpec, Options, Row, Tab
from . import audit
from .audit_words import AuditView, action_words, kind_words, who_words

VIEW = "audit.view"
_entry, _staff = table_of(AuditEntry), table_of(Staff)
_OF_STAFF = "staff:"
_PAGES = {
    "order": "/admin/orders/{key}",
    "product": "/admin/products/{key}",
    "variant": "/admin/inventory?q={key}",
    "staff": "/admin/staff",
    "role": "/admin/staff/roles",
}
"""Where a record of that kind is shown."""


def _load(session: Session, ids: Sequence[int], by: Principal) -> Mapping[int, Row]:
    by.need(VIEW)
    return {id: _row(view) for id, view in audit.views(session, ids).items()}


def _row(view: AuditView) -> Row:
    changes = "; ".join(_change(change) for change in view.changes)
    record = label_of(view.key) if view.kind == "right" else view.key
    cells = {
        "at": Cell(view.at_short, title=view.at, plain=view.at_iso),
        "who": Cell(view.who, title=view.actor),
        "what": Cell(view.what),
        "record": Cell(record, sub=kind_words(view.kind), plain=f"{view.kind} {view.key}"),
        "changes": Cell(changes, title=changes),
        "place": Cell(view.place),
    }
    page = _PAGES.get(view.kind, "").format(key=quote(view.key, safe=""))
    return Row(view.id, page, f"{view.what}, {record}", {"data-testid": "audit-row"}, cells)


def _change(change: Any) -> str:
    before, after = change.before or _("nothing"), change.after or _("nothing")
    return f"{change.field}: {before} → {after}" if change.before else f"{change.field}: {after}"


def _people(session: Session) -> Options:
    """Staff by their id, so that no address stands in an address; others by name: "command-line"."""
    members = select(_staff.c.id, _staff.c.name, _staff.c.email).order_by(
        func.lower(_staff.c.name), _staff.c.id
    )
    staff = [(str(row.id), row.name or row.email) for row in session.connection().execute(members)]
    others = [actor for actor in lists.distinct(session, _entry.c.actor) if not actor.startswith(_OF_STAFF)]
    return (*staff, *((actor.replace(" ", "-"), who_words(actor)) for actor in others))


def _is_by(op: str, words: tuple[str, ...]) -> Any:
    # No id has more digits, and the database takes none with many more.
    ids = [int(word) for word in words if word.isdigit() and len(word) <= 15]
    others = [word.replace("-", " ") for word in words if not word.isdigit()]
    members = select(literal(_OF_STAFF) + _staff.c.email).where(_staff.c.id.in_(ids))
    return lists.one_of_conditions(op, [_entry.c.actor.in_(others), _entry.c.actor.in_(members)])


def _actions(session: Session) -> Options:
    return tuple((action, action_words(action)) for action in lists.distinct(session, _entry.c.action))


def _kinds(session: Session) -> Options:
    return tuple((kind, kind_words(kind)) for kind in lists.distinct(session, _entry.c.object_kind))


def _search(_session: Session, text: str) -> Any:
    return or_(
        lists.starts_with(_entry.c.object_key, text),
        lists.starts_with(_entry.c.actor, _OF_STAFF + text.lower()),
    )


AUDIT = ListSpec(
    name="audit",
    title=_("Audit"),
    one=_("entry"),
    many=_("entries"),
    needs=VIEW,
    source=_entry,
    key=_entry.c.id,
    columns=(
        Column("at", _("When"), _entry.c.at, phone="title", nullable=False),
        Column("who", _("Who"), phone="line"),
        Column("what", _("What"), phone="end"),
        Column("record", _("Of what"), phone="line"),
        Column("changes", _("Before → after"), phone="line"),
        Column("place", _("From where")),
    ),
    load=_load,
    default_sort="-at",
    filters=(
        Filter("who", _("Who"), "choice", _is_by, _people),
        Filter("what", _("What"), "choice", lists.choice(_entry.c.action), _actions),
        Filter("kind", _("Of what"), "choice", lists.choice(_entry.c.object_kind), _kinds),
        Filter("at", _("When"), "day", lists.between(_entry.c.at)),
    ),
    search=_search,
    search_hint=_("Number, SKU or e-mail address"),
    tabs=(
        Tab("all", _("All")),
        Tab("staff", _("Staff and rights"), "kind=staff,role,right"),
        Tab("refused", _("Refused"), "what=right.refused"),
    ),
    empty=lists.Empty(_("Nothing yet"), _("What anybody changes in the back office is written here.")),
    marks=("data-testid",),
)
