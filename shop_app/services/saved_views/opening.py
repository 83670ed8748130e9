"""A list as its page opens it: the address, the saved view that it names, and what the reader likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.i18n import _
from ..lists import engine, query, view
from ..lists.query import ListQuery
from ..lists.spec import ListSpec
from ..lists.view import ListShown, TabShown
from . import views
from .views import ViewShown


@dataclass(frozen=True, slots=True)
class Opened:
    """What a page of a list shows. `saved` is the view that its address names, changed meanwhile or not."""

    list: ListShown = field(default_factory=ListShown)
    tabs: list[TabShown] = field(default_factory=list)
    saved: ViewShown = ViewShown()
    is_edited: bool = False
    can_save: bool = False
    """Whether it asks for something that could be kept as a view."""
    query: str = ""
    """What it asks, as a view keeps it."""
    newest_id: int = 0
    is_new: bool = False
    """Whether there is no record at all, whatever is asked."""


def open_list(session: Session, spec: ListSpec, fields: Mapping[str, Sequence[str]], by: Principal) -> Opened:
    """The list that an address asks for.

    Errors  Forbidden without the list's permission.
    """
    by.need(spec.needs)
    asked, saved = resolve(session, spec, fields, by)
    columns, density = views.preference(session, spec, by)
    shown = view.read(session, spec, asked, by, columns=columns, density=density)
    kept = query.text_of(replace(asked.first_page(), view=0))
    newest = engine.newest_id(session, spec)
    return Opened(
        list=shown,
        tabs=_tabs(session, spec, asked, by),
        saved=saved,
        is_edited=bool(saved.id) and kept != saved.query,
        can_save=bool(kept) and kept != saved.query,
        query=kept,
        newest_id=newest,
        is_new=shown.is_empty and newest == 0,
    )


def resolve(
    session: Session, spec: ListSpec, fields: Mapping[str, Sequence[str]], by: Principal
) -> tuple[ListQuery, ViewShown]:
    """What an address asks, and the saved view that it names.

    An address with a view alone asks what the view has; whatever else stands in it is in force instead.
    """
    asked = query.read(spec, fields)
    if not asked.view:
        return asked, ViewShown()
    saved = views.one(session, spec, asked.view, by)
    if saved is None:
        gone = _("The view that this link names is gone.")
        return replace(asked, view=0, unread=(*asked.unread, gone)), ViewShown()
    if query.fields(replace(asked, view=0, after="", before="")):
        return asked, saved
    kept = query.read(spec, query.fields_of(saved.query))
    return replace(kept, view=saved.id, after=asked.after, before=asked.before), saved


def _tabs(session: Session, spec: ListSpec, asked: ListQuery, by: Principal) -> list[TabShown]:
    """The built-in views, then the saved ones."""
    saved = []
    for one in views.of_list(session, spec, by):
        count = engine.count(session, spec, query.read(spec, query.fields_of(one.query))).text
        saved.append(TabShown(f"view-{one.id}", one.label, one.href, count, one.id == asked.view))
    return [*view.tabs(session, spec, asked, by), *saved]


def look(
    session: Session, spec: ListSpec, fields: Mapping[str, Sequence[str]], newest_id: int, by: Principal
) -> int:
    """How many records that the address asks for were added since the one with that id.

    Errors  Forbidden without the list's permission.
    """
    by.need(spec.needs)
    return engine.newer_than(session, spec, resolve(session, spec, fields, by)[0], newest_id)


def chosen_ids(
    session: Session, spec: ListSpec, fields: Mapping[str, Sequence[str]], by: Principal
) -> tuple[int, ...]:
    """The ids of everything that the address asks for, `engine.MAX_IDS` at most.

    Errors  Forbidden without the list's permission.
    """
    by.need(spec.needs)
    return engine.all_ids(session, spec, resolve(session, spec, fields, by)[0])
