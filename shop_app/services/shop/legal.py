"""The shop's legal texts: a base text for each page in every shop, and the shopkeeper's own versions of it.

A version is never edited: the newest one is shown. Until there is one, the page shows the base text, which
the back office calls not yet the shopkeeper's own. An order names the version of the terms it was placed by.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import bindparam, func, insert, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.shop import shop
from ...core.typed_text import prose
from ...models import LegalText, table_of
from ..staff import audit
from . import profile
from .legal_html import html_of, plain_of, unknown_facts

PAGES = ("imprint", "privacy", "terms", "withdrawal", "delivery", "returns", "about", "contact")
MAX_BODY = 30_000
MAX_VERSIONS = 50
TEXTS = Path(__file__).parent / "texts"

_text = table_of(LegalText)
_NEWEST = select(_text).where(_text.c.page == bindparam("page")).order_by(_text.c.version.desc()).limit(1)
_VERSIONS = _NEWEST.limit(MAX_VERSIONS)
_ONE = select(_text).where(_text.c.page == bindparam("page"), _text.c.version == bindparam("wanted"))
_NUMBERS = select(_text.c.page, func.max(_text.c.version)).group_by(_text.c.page)
_ADD = insert(_text)


@dataclass(frozen=True, slots=True)
class Text:
    """What a page says: `body` is Markdown, with facts of the shop by name, such as {legal_name}."""

    title: str = ""
    lead: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class LegalView:
    """A page as it is shown: its body as sanitised HTML of sections."""

    title: str = ""
    lead: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a page's text: 0 is the base text, which isn't the shopkeeper's own."""

    number: int
    text: Text
    actor: str = ""
    written_at: datetime | None = None


def parsed(markdown: str) -> Text:
    """A text as files have it: "# Title", a paragraph as the lead, and the body."""
    title, _gap, rest = markdown.strip().partition("\n\n")
    lead, _gap, body = rest.partition("\n\n")
    return Text(title.removeprefix("#").strip(), " ".join(lead.split()), body.strip())


@lru_cache(maxsize=64)
def base(page: str, locale: str) -> Text:
    """The base text, in the language of the locale where there is one, else in English."""
    for language in (locale, locale.partition("_")[0], "en"):
        path = TEXTS / language / f"{page}.md"
        if path.is_file():
            return parsed(path.read_text(encoding="utf-8"))
    raise NotFound(_("There is no such page."))


def newest(session: Session, page: str) -> Version:
    """The version that is shown.

    Errors  NotFound for a page that isn't one of `PAGES`.
    """
    _check_page(page)
    row = session.connection().execute(_NEWEST, {"page": page}).first()
    return _version(row) if row else Version(0, base(page, shop().locale))


def versions(session: Session, page: str) -> list[Version]:
    """The shopkeeper's versions, the newest first, 50 at most."""
    _check_page(page)
    return [_version(row) for row in session.connection().execute(_VERSIONS, {"page": page})]


def own(session: Session) -> dict[str, int]:
    """Page -> the number of its newest version, 0 for each that still has its base text."""
    numbers = {row[0]: row[1] for row in session.connection().execute(_NUMBERS)}
    return {page: numbers.get(page, 0) for page in PAGES}


def view(session: Session, page: str) -> LegalView:
    """The page as it is shown. It depends on the shop alone, whose changes empty all caches."""
    return shown(newest(session, page).text)


def shown(text: Text) -> LegalView:
    """A text as its page shows it: for the page, and for the preview before it is saved."""
    return LegalView(plain_of(text.title), plain_of(text.lead), html_of(text.body))


def terms_version() -> str:
    """What an order keeps of the terms it is placed by: "7", or "base-" and a digest of the base text."""
    if own_version := shop().terms_version:
        return own_version
    text = base("terms", shop().locale)
    return "base-" + hashlib.sha256(repr(text).encode()).hexdigest()[:8]


def save(session: Session, by: Principal, page: str, text: Text, *, version: int) -> Version:
    """Write a new version, which is shown from now on. `version` is the number of the one that it follows.

    The base text as it is may be saved too: so the shopkeeper confirms it.

    Errors  Forbidden; NotFound; Conflict where somebody else wrote one meanwhile; Invalid with its field.
    """
    by.need(profile.EDIT)
    before = newest(session, page)
    if before.number != version:
        raise Conflict(_("Somebody changed this text meanwhile. Load the page again to see it."))
    text = _checked(text)
    if before.number and text == before.text:
        return before
    number = put(session, page, text, actor=by.actor)
    audit.record(
        session,
        by,
        "changed" if before.number or text != before.text else "confirmed",
        "setting",
        f"legal:{page}",
        {"version": before.number, "title": before.text.title, "lead": before.text.lead},
        {"version": number, "title": text.title, "lead": text.lead},
    )
    return Version(number, text, by.actor, now())


def restore(session: Session, by: Principal, page: str, wanted: int) -> Version:
    """Write an earlier version again, as a new one; 0 is the base text.

    Errors  as `save`; NotFound where there is no such version.
    """
    _check_page(page)
    row = session.connection().execute(_ONE, {"page": page, "wanted": wanted}).first()
    if row is None and wanted:
        raise NotFound(_("There is no such version."))
    text = _version(row).text if row else base(page, shop().locale)
    return save(session, by, page, text, version=newest(session, page).number)


def put(session: Session, page: str, text: Text, *, actor: str) -> int:
    """Write a version as it is, for the demo and after `save` has checked; returns its number."""
    number = newest(session, page).number + 1
    row = {"page": page, "version": number, "title": text.title, "lead": text.lead, "body": text.body}
    session.connection().execute(_ADD, row | {"actor": actor, "created_at": now()})
    profile.note_text(session, terms_version=str(number) if page == "terms" else "")
    return number


def _checked(text: Text) -> Text:
    text = Text(prose(text.title), prose(text.lead), prose(text.body, lines=True))
    if not text.title:
        raise Invalid(_("Enter a title."), field="title")
    for field, most in (("title", 200), ("lead", 1000), ("body", MAX_BODY)):
        value = getattr(text, field)
        if len(value) > most:
            raise Invalid(_("Keep this to {count} characters.").format(count=most), field=field)
        if unknown := unknown_facts(value):
            raise Invalid(
                _("The shop doesn't know {names}. Choose from the list of facts.").format(
                    names=", ".join(f"{{{name}}}" for name in unknown)
                ),
                field=field,
            )
    return text


def _check_page(page: str) -> None:
    if page not in PAGES:
        raise NotFound(_("There is no such page."))


def _version(row: object) -> Version:
    return Version(
        row.version,  # pyright: ignore[reportAttributeAccessIssue]
        Text(row.title, row.lead, row.body),  # pyright: ignore[reportAttributeAccessIssue]
        row.actor,  # pyright: ignore[reportAttributeAccessIssue]
        row.created_at,  # pyright: ignore[reportAttributeAccessIssue]
    )
