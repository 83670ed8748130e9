"""What staff with the permission change of the legal texts: their versions, with a preview before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import reflex as rx
from pydantic import BeforeValidator, StringConstraints
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.dates import full_moment
from shop_app.core.errors import NotFound, ShopError
from shop_app.core.i18n import _
from shop_app.core.typed_text import prose
from shop_app.services.shop import legal, profile
from shop_app.services.shop.legal import MAX_BODY, PAGES, LegalView, Text
from shop_app.services.shop.legal_html import FACTS, plain_of

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import LongText, ShortText
from .shop_settings import Version


def _folded(value: Any) -> Any:
    return prose(value, lines=True) if isinstance(value, str) and len(value) <= 2 * MAX_BODY else value


Body = Annotated[str, StringConstraints(strict=True, max_length=MAX_BODY), BeforeValidator(_folded)]


@dataclass(frozen=True, slots=True)
class PageRow:
    page: str
    title: str
    is_own: bool
    """Whether the shopkeeper has written or confirmed it."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    number: int
    when: str
    who: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What a text may name in braces, and what stands there now."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class LegalSheet:
    """A page's text as it can be changed; version 0 is the base text."""

    page: str = ""
    title: str = ""
    lead: str = ""
    body: str = ""
    version: int = 0


class LegalForm(Form):
    touched: LongText = ""
    version: Version = 0
    title: ShortText = ""
    lead: LongText = ""
    body: Body = ""


class LegalSettings(FormState, rx.State):
    rows: list[PageRow] = []
    sheet: LegalSheet = LegalSheet()
    versions: list[VersionRow] = []
    facts: list[Fact] = []
    preview: LegalView = LegalView()
    saved: int = 0
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        self.rows, self.loaded = await db.read(_rows, await asked_by(self)), True

    @rx.event
    @staff("settings.view")
    async def load_page(self):
        self._clear()
        self.loaded = False
        page = self.rx_router_url.path.strip("/").rpartition("/")[2]
        if page in PAGES:
            await self._show(page)

    async def _show(self, page: str) -> None:
        self.sheet, self.versions, self.preview = await db.read(_page, page, await asked_by(self))
        self.facts = [Fact(f"{{{name}}}", value()) for name, value in FACTS.items()]
        self.loaded = True

    @rx.event
    @staff("settings.view")
    async def show_preview(self, body: Body):
        """The body as its page would show it, before it is saved."""
        self.preview = legal.shown(Text(self.sheet.title, self.sheet.lead, body))

    @rx.event
    @staff("settings.edit")
    async def save(self, form: LegalForm):
        return await self._write(partial(_save, form=form), _("Saved. The shop shows it now"))

    @rx.event
    @staff("settings.edit")
    async def confirm(self):
        """Take the base text as it is as the shop's own."""
        return await self._write(_confirm, _("Confirmed as your text"))

    @rx.event
    @staff("settings.edit")
    async def restore(self, version: Version):
        return await self._write(partial(_restore, wanted=version), _("The earlier text is shown again"))

    async def _write(self, command: Any, done: str) -> Any:
        self._clear()
        page = self.sheet.page
        try:
            await db.write(command, page=page, by=await asked_by(self))
        except ShopError as refusal:
            return self._refuse(refusal)
        self.saved += 1
        await self._show(page)
        return say(done)


def _rows(session: Session, by: Principal) -> list[PageRow]:
    by.need(profile.VIEW)
    numbers = legal.own(session)
    return [
        PageRow(page, plain_of(legal.newest(session, page).text.title), numbers[page] > 0) for page in PAGES
    ]


def _page(session: Session, page: str, by: Principal) -> tuple[LegalSheet, list[VersionRow], LegalView]:
    by.need(profile.VIEW)
    newest = legal.newest(session, page)
    text = newest.text
    rows = [
        VersionRow(one.number, full_moment(one.written_at) if one.written_at else "", one.actor)
        for one in legal.versions(session, page)
    ]
    return LegalSheet(page, text.title, text.lead, text.body, newest.number), rows, legal.shown(text)


def _save(session: Session, *, page: str, by: Principal, form: LegalForm) -> None:
    legal.save(session, by, page, Text(form.title, form.lead, form.body), version=form.version)


def _confirm(session: Session, *, page: str, by: Principal) -> None:
    newest = legal.newest(session, page)
    if newest.number:
        raise NotFound(_("This text is yours already."))
    legal.save(session, by, page, newest.text, version=0)


def _restore(session: Session, *, page: str, by: Principal, wanted: int) -> None:
    legal.restore(session, by, page, wanted)
