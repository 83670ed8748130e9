"""The list that a page of the back office shows: one State for all lists, told apart by their addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field, StringConstraints, model_validator

from shop_app.core import db
from shop_app.core.errors import NotFound, ShopError
from shop_app.core.i18n import _
from shop_app.core.shop import shop
from shop_app.services.bulk_jobs import jobs
from shop_app.services.bulk_jobs.jobs import JobShown
from shop_app.services.lists import catalogue, chips, query, view
from shop_app.services.lists.chips import Filled
from shop_app.services.lists.query import ListQuery
from shop_app.services.lists.spec import ListSpec
from shop_app.services.lists.view import ListShown, TabShown
from shop_app.services.saved_views import opening, views
from shop_app.services.saved_views.opening import Opened
from shop_app.services.saved_views.views import ViewShown

from .. import live
from ..base import asked_by, say, staff
from ..forms import Form
from ..input_types import LongText, Name, RecordId, ShortText
from ..reauth import ask_again, is_fresh
from .shell import BackOffice

Word = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_.-]{0,64}\z", max_length=64)]
Ids = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9,]*\z", max_length=4000)]
"""Ids with commas between them, of one page."""


class SearchForm(Form):
    q: ShortText = ""


class _Gathering(Form):
    """A form with fields such as "word-paid" and "word-placed", gathered into `word` by what follows."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        parts = [(name.partition("-"), value) for name, value in data.items() if isinstance(name, str)]
        gathered: dict[str, Any] = {name: value for (name, dash, _rest), value in parts if not dash}
        for (name, dash, rest), value in parts:
            if dash:
                gathered.setdefault(name, {})[rest] = value
        return gathered


class FilterForm(_Gathering):
    key: Name
    op: Word = ""
    text: ShortText = ""
    word: Annotated[dict[Word, ShortText], Field(max_length=query.MAX_WORDS)] = {}
    choice: Word = ""
    low: ShortText = ""
    high: ShortText = ""
    period: Word = ""

    @property
    def filled(self) -> Filled:
        words = (self.choice,) if self.choice else tuple(self.word)
        return Filled(self.op, self.text, words, self.low, self.high, self.period)


class ColumnsForm(_Gathering):
    column: Annotated[dict[Name, ShortText], Field(max_length=60)] = {}
    order: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9_.,-]*\z", max_length=2000)] = ""
    """The keys of all columns in their order."""

    @property
    def keys(self) -> list[str]:
        return [key for key in self.order.split(",") if key in self.column]


class ViewForm(Form):
    label: ShortText = ""
    shared: ShortText = ""
    pinned: ShortText = ""


class BulkForm(Form):
    """Which records: those of `ids`, or with `every` all that the list finds."""

    action: Name
    ids: Ids = ""
    every: Word = ""


class ConfirmForm(_Gathering):
    ask: Annotated[dict[Name, LongText], Field(max_length=10)] = {}


@dataclass(frozen=True, slots=True)
class PlanShown:
    """What is asked before a bulk action: how many it changes, and which it leaves out and why."""

    action: str = ""
    question: str = ""
    skipped: str = ""
    reasons: list[tuple[str, str]] = field(default_factory=list)
    can_begin: bool = False


class RecordList(rx.State):
    name: str = ""
    """Of the list that is shown; pages of other lists wait until theirs is there."""
    list: ListShown = ListShown()
    tabs: list[TabShown] = []
    saved: ViewShown = ViewShown()
    is_edited: bool = False
    can_save: bool = False
    is_new: bool = False
    waiting: str = ""
    """ "3 new", for records that have come since; "" for none."""
    answers: int = 0
    """Grows with every load: what was chosen on the page counts no more."""
    plan: PlanShown = PlanShown()
    error: str = ""
    """Why what was filled into an open form isn't taken."""
    jobs: list[JobShown] = []
    _query: str = ""
    _newest: int = 0
    _ids: tuple[int, ...] = ()
    _told: int = 0
    """The last job whose end was said here."""

    @rx.event
    @staff()
    async def load(self):
        by, spec = await asked_by(self), _spec(self)
        opened = await db.read(opening.open_list, spec, _fields(self), by)
        self._show(spec, opened)
        self.jobs = await db.read(jobs.of_list, spec, by)
        await live.join_list(self, spec.name, by.id)

    def _show(self, spec: ListSpec, opened: Opened) -> None:
        self.name, self.list, self.tabs = spec.name, opened.list, opened.tabs
        self.saved, self.is_edited, self.can_save = opened.saved, opened.is_edited, opened.can_save
        self.is_new, self._query, self._newest = opened.is_new, opened.query, opened.newest_id
        self.waiting, self.error, self.plan, self._ids = "", "", PlanShown(), ()
        self.answers += 1

    @rx.event
    @staff()
    async def look(self):
        """Records were added or changed: say how many are new, and show the others as they are now."""
        by, spec = await asked_by(self), _spec_here(self)
        if spec is None or spec.name != self.name:
            return
        count = await db.read(opening.look, spec, _fields(self), self._newest, by)
        self.waiting = view.waiting(count) if count else ""
        self.list = await db.read(view.again, spec, self.list, by)

    @rx.event
    @staff()
    async def show_new(self):
        spec = _spec(self)
        asked = await _asked(self, spec)
        if asked.after or asked.before:
            return rx.redirect(query.address(spec, asked.first_page()))
        return RecordList.load

    # --- What is asked ---

    @rx.event
    @staff()
    async def search(self, form: SearchForm):
        by, spec = await asked_by(self), _spec(self)
        asked = await _asked(self, spec)
        by.need(spec.needs)
        return rx.redirect(query.address(spec, asked, text=form.q), replace=bool(asked.text))

    @rx.event
    @staff()
    async def filter(self, form: FilterForm):
        spec = _spec(self)
        asked, one = await _asked(self, spec), spec.filter(form.key)
        try:
            parts = chips.parts_of(one, form.filled, shop().currency) if one else ()
        except ShopError as refusal:
            self.error = refusal.message
            return None
        return rx.redirect(query.address(spec, asked.with_filter(form.key, parts)))

    @rx.event
    @staff()
    async def choose_columns(self, form: ColumnsForm):
        by, spec = await asked_by(self), _spec(self)
        asked = await _asked(self, spec)
        await db.write(views.prefer, spec, by, columns=form.keys)
        return rx.redirect(query.address(spec, asked, columns=tuple(form.keys) if asked.view else ()))

    @rx.event
    @staff()
    async def usual_columns(self):
        by, spec = await asked_by(self), _spec(self)
        usual = [column.key for column in spec.columns if column.shown]
        await db.write(views.prefer, spec, by, columns=usual)
        return rx.redirect(query.address(spec, await _asked(self, spec), columns=()))

    @rx.event
    @staff()
    async def set_density(self, density: Literal["comfortable", "compact"]):
        by, spec = await asked_by(self), _spec(self)
        asked = await _asked(self, spec)
        await db.write(views.prefer, spec, by, density=density)
        return rx.redirect(query.address(spec, asked, density=density if asked.view else ""))

    # --- Saved views ---

    @rx.event
    @staff()
    async def save_view(self, form: ViewForm):
        by, spec = await asked_by(self), _spec(self)
        try:
            saved = await db.write(
                views.save_new, spec, form.label, self._query, by, shared=bool(form.shared)
            )
        except ShopError as refusal:
            self.error = refusal.message
            return None
        return [rx.redirect(f"{spec.address}?view={saved}"), say(_("Saved as a view"))]

    @rx.event
    @staff()
    async def update_view(self):
        by, spec = await asked_by(self), _spec(self)
        await db.write(views.update, spec, self.saved.id, self._query, by)
        return [rx.redirect(self.saved.href), say(_("The view is updated"))]

    @rx.event
    @staff()
    async def change_view(self, form: ViewForm):
        by, spec, pinned = await asked_by(self), _spec(self), bool(form.pinned)
        try:
            await db.write(
                views.rename, spec, self.saved.id, form.label, by, shared=bool(form.shared), pinned=pinned
            )
        except ShopError as refusal:
            self.error = refusal.message
            return None
        return [RecordList.load, BackOffice.refresh, say(_("The view is changed"))]

    @rx.event
    @staff()
    async def delete_view(self):
        by, spec = await asked_by(self), _spec(self)
        await db.write(views.delete, spec, self.saved.id, by)
        return [rx.redirect(spec.address), BackOffice.refresh, say(_("The view is deleted"))]

    @rx.event
    @staff()
    async def export(self, kind: Literal["csv", "xlsx"]):
        """Fetch the list as a file; the route that gives it checks the same again."""
        by = await asked_by(self)
        by.need(_spec(self).needs)
        if not await is_fresh(by):
            return ask_again()
        return rx.download(url=self.list.export_csv_href if kind == "csv" else self.list.export_xlsx_href)

    # --- Actions on many ---

    @rx.event
    @staff()
    async def prepare(self, form: BulkForm):
        """Say what a bulk action would do."""
        by, spec = await asked_by(self), _spec(self)
        ids = tuple(int(id) for id in form.ids.split(",") if id and len(id) < 19)
        if form.every:
            ids = await db.read(opening.chosen_ids, spec, _fields(self), by)
        planned = await db.read(jobs.plan, spec, form.action, ids, by)
        self._ids, self.error = ids, ""
        self.plan = _plan_shown(spec, form.action, planned)

    @rx.event
    @staff()
    async def begin(self, form: ConfirmForm):
        by, spec, action = await asked_by(self), _spec(self), self.plan.action
        try:
            await db.write(jobs.begin, spec, action, self._ids, form.ask, by)
        except ShopError as refusal:
            self.error = refusal.message
            return
        self.plan, self._ids, self.answers = PlanShown(), (), self.answers + 1
        self.jobs = await db.read(jobs.of_list, spec, by)

    @rx.event
    @staff()
    async def leave_plan(self):
        self.plan, self._ids, self.error = PlanShown(), (), ""

    @rx.event
    @staff()
    async def look_at_jobs(self):
        """One of their jobs has got on: show it on its list's page, elsewhere say that it is over."""
        by, spec = await asked_by(self), _spec_here(self)
        if spec is not None:
            self.jobs = await db.read(jobs.of_list, spec, by)
        over = await db.read(jobs.over_elsewhere, spec, self._told, by)
        if over is None:
            return None
        self._told = over.id
        return say(jobs.finished_sentence(over))

    @rx.event
    @staff()
    async def stop_job(self, job: RecordId):
        by = await asked_by(self)
        await db.write(jobs.stop, job, by)
        self.jobs = await db.read(jobs.of_list, _spec(self), by)

    @rx.event
    @staff()
    async def put_away_job(self, job: RecordId):
        by = await asked_by(self)
        await db.write(jobs.put_away, job, by)
        self.jobs = await db.read(jobs.of_list, _spec(self), by)


def _spec(state: rx.State) -> ListSpec:
    """The list at the page's address.

    Errors  NotFound where there is none.
    """
    return catalogue.at(state.rx_router_url.path)


def _spec_here(state: rx.State) -> ListSpec | None:
    """The same, None where the page isn't a list's: a tab goes on hearing of the list that it showed last."""
    try:
        return _spec(state)
    except NotFound:
        return None


def _fields(state: rx.State) -> dict[str, list[str]]:
    return query.fields_of(state.rx_router_url.query)


async def _asked(state: rx.State, spec: ListSpec) -> ListQuery:
    """What the page's address asks for.

    Errors  Forbidden without the list's permission.
    """
    by = await asked_by(state)
    by.need(spec.needs)
    asked, _saved = await db.read(opening.resolve, spec, _fields(state), by)
    return asked


def _plan_shown(spec: ListSpec, key: str, planned: Any) -> PlanShown:
    action = jobs.action_of(spec, key)
    return PlanShown(
        key,
        jobs.question(spec, action, planned),
        jobs.skipped_sentence(planned),
        [(label, reason) for _id, label, reason in planned.skipped[:20]],
        bool(planned.will),
    )
