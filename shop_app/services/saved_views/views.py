"""Saved views: kept under a name, by one member of staff or for everybody, and pinned to the navigation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from ...core.access.principal import Principal
from ...core.errors import Conflict, Forbidden, Invalid, NotFound
from ...core.i18n import _
from ...core.typed_text import prose
from ...core.upsert import Insert, upsert
from ...models import ListPreference, SavedView, table_of
from ..lists import catalogue, engine, query
from ..lists.spec import ListSpec
from ..staff import audit

MAX_VIEWS = 20
"""So many views of one list each member of staff can keep."""
MAX_PINNED = 3
"""So many of them stand in the navigation."""
MAX_LABEL = 60
EDITS_SHARED = "settings.edit"
"""Who may change what others have shared."""

_preference = table_of(ListPreference)


@dataclass(frozen=True, slots=True)
class ViewShown:
    """A saved view. `may_edit` says whether who reads it may rename, change and delete it."""

    id: int = 0
    label: str = ""
    query: str = ""
    shared: bool = False
    pinned: bool = False
    may_edit: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class PinnedView:
    """A view in the navigation, below the entry of its list, with how many records it finds now."""

    list_name: str
    label: str
    href: str
    count: str


def of_list(session: Session, spec: ListSpec, by: Principal) -> list[ViewShown]:
    """Their own views of a list and the shared ones, the oldest first.

    Errors  Forbidden without the list's permission.
    """
    by.need(spec.needs)
    mine = or_(SavedView.staff_id == by.id, col(SavedView.shared).is_(True))
    wanted = select(SavedView).where(SavedView.list_name == spec.name, mine).order_by(col(SavedView.id))
    return [_shown(row, spec, by) for row in session.exec(wanted.limit(200)).all()]


def one(session: Session, spec: ListSpec, view_id: int, by: Principal) -> ViewShown | None:
    """The view with that id; None where there is none, or it is somebody's own."""
    row = session.get(SavedView, view_id)
    is_there = row and row.list_name == spec.name and (row.shared or row.staff_id == by.id)
    return _shown(row, spec, by) if row and is_there else None


def _shown(row: SavedView, spec: ListSpec, by: Principal) -> ViewShown:
    assert row.id
    href = f"{spec.address}?{urlencode({'view': row.id})}"
    return ViewShown(row.id, row.label, row.query, row.shared, row.pinned, _may_edit(row, by), href)


def _may_edit(row: SavedView, by: Principal) -> bool:
    return row.staff_id == by.id or (row.shared and EDITS_SHARED in by.permissions)


def save_new(
    session: Session, spec: ListSpec, label: str, text: str, by: Principal, *, shared: bool = False
) -> int:
    """Keep what `text` asks of the list (as it stands in an address) as a view of that name; returns its id.

    Errors  Invalid without a name; Conflict for a name of theirs, or beyond `MAX_VIEWS`; Forbidden.
    """
    by.need(spec.needs)
    label = _label(session, spec, label, by.id)
    own = select(func.count()).where(SavedView.list_name == spec.name, SavedView.staff_id == by.id)
    if session.exec(own).one() >= MAX_VIEWS:
        raise Conflict(
            _("You have {count} views of this list, and that is the most. Delete one first.").format(
                count=MAX_VIEWS
            )
        )
    row = SavedView(
        staff_id=by.id, list_name=spec.name, label=label, query=_normal(spec, text), shared=shared
    )
    session.add(row)
    session.flush()
    assert row.id
    audit.record(session, by.actor, "view.saved", "list view", str(row.id), after=_facts(row), staff_id=by.id)
    return row.id


def update(session: Session, spec: ListSpec, view_id: int, text: str, by: Principal) -> None:
    """Keep what `text` asks in place of what the view had.

    Errors  NotFound; Forbidden for somebody else's.
    """
    row, before = _to_edit(session, spec, view_id, by)
    row.query = _normal(spec, text)
    _record(session, "view.changed", row, before, by)


def rename(
    session: Session, spec: ListSpec, view_id: int, label: str, by: Principal, *, shared: bool, pinned: bool
) -> None:
    """Give the view this name, share it or keep it to oneself, and pin it or not.

    Errors  NotFound; Forbidden for somebody else's; Invalid and Conflict for the name; Conflict beyond
            `MAX_PINNED`.
    """
    row, before = _to_edit(session, spec, view_id, by)
    if prose(label)[:MAX_LABEL] != row.label:
        row.label = _label(session, spec, label, row.staff_id)
    if pinned and not row.pinned and len(_pinned_of(session, spec, by)) >= MAX_PINNED:
        raise Conflict(
            _("{count} views of a list can be pinned. Take one out first.").format(count=MAX_PINNED)
        )
    row.shared, row.pinned = shared, pinned
    _record(session, "view.changed", row, before, by)


def delete(session: Session, spec: ListSpec, view_id: int, by: Principal) -> None:
    """Errors  NotFound; Forbidden for somebody else's."""
    row, before = _to_edit(session, spec, view_id, by)
    session.delete(row)
    key = str(view_id)
    audit.record(session, by.actor, "view.deleted", "list view", key, before=before, staff_id=by.id)


def pinned(session: Session, by: Principal) -> list[PinnedView]:
    """What is pinned to their navigation: of the lists that they may read, with counts as of now."""
    shown = []
    for spec in catalogue.everything():
        if spec.needs not in by.permissions:
            continue
        for row in _pinned_of(session, spec, by):
            asked = query.read(spec, query.fields_of(row.query))
            count = engine.count(session, spec, asked).text
            shown.append(PinnedView(spec.name, row.label, _shown(row, spec, by).href, count))
    return shown


def _pinned_of(session: Session, spec: ListSpec, by: Principal) -> Sequence[SavedView]:
    mine = or_(SavedView.staff_id == by.id, col(SavedView.shared).is_(True))
    limits = (SavedView.list_name == spec.name, col(SavedView.pinned).is_(True), mine)
    return session.exec(
        select(SavedView).where(*limits).order_by(col(SavedView.id)).limit(2 * MAX_PINNED)
    ).all()


def _to_edit(
    session: Session, spec: ListSpec, view_id: int, by: Principal
) -> tuple[SavedView, dict[str, object]]:
    by.need(spec.needs)
    row = session.get(SavedView, view_id)
    if row is None or row.list_name != spec.name or not (row.shared or row.staff_id == by.id):
        raise NotFound(_("There is no such view any more."))
    if not _may_edit(row, by):
        raise Forbidden(_("That view is somebody else's. Save yours as a new one."))
    return row, _facts(row)


def _label(session: Session, spec: ListSpec, text: str, owner_id: int) -> str:
    label = prose(text)[:MAX_LABEL]
    if not label:
        raise Invalid(_("Give the view a name."), field="label")
    taken = select(SavedView.id).where(
        SavedView.list_name == spec.name, SavedView.staff_id == owner_id, SavedView.label == label
    )
    if session.exec(taken).first():
        raise Conflict(_("There is a view of that name already."))
    return label


def _normal(spec: ListSpec, text: str) -> str:
    """What a view keeps of an address: everything but its place and the view that it was begun from."""
    asked = query.read(spec, query.fields_of(text)).first_page()
    return query.text_of(query.replace(asked, view=0))


def _facts(row: SavedView) -> dict[str, object]:
    fields = ("list_name", "label", "query", "shared", "pinned")
    return {name: getattr(row, name) for name in fields}


def _record(session: Session, action: str, row: SavedView, before: dict[str, object], by: Principal) -> None:
    session.flush()
    audit.record(session, by.actor, action, "list view", str(row.id), before, _facts(row), staff_id=by.id)


# --- How a list looks -------------------------------------------------------------------------------


@upsert(_preference)
def _put(insert: Insert) -> object:
    values = {name: getattr(insert.excluded, name) for name in ("columns", "density")}
    return insert.on_conflict_do_update(index_elements=["staff_id", "list_name"], set_=values)


def preference(session: Session, spec: ListSpec, by: Principal) -> tuple[tuple[str, ...], str]:
    """The columns and the density that they like, () and "" where they never said so."""
    row = session.get(ListPreference, (by.id, spec.name))
    return (tuple(row.columns), row.density) if row else ((), "")


def prefer(
    session: Session,
    spec: ListSpec,
    by: Principal,
    *,
    columns: Sequence[str] | None = None,
    density: str | None = None,
) -> None:
    """Keep how they like the list. It is theirs alone and changes nothing, so it isn't audited.

    Errors  Forbidden; Invalid where no column is left.
    """
    by.need(spec.needs)
    before = preference(session, spec, by)
    kept = [key for key in dict.fromkeys(columns if columns is not None else before[0]) if spec.column(key)]
    if columns is not None and not kept:
        raise Invalid(_("Choose one column at least."), field="columns")
    density = before[1] if density is None else density
    values = {"staff_id": by.id, "list_name": spec.name, "columns": kept, "density": density}
    session.connection().execute(_put(session), values)
    session.expire_all()
