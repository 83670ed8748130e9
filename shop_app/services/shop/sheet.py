"""The profile as its page shows it, and what was typed there as fields of the profile again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel import Locale
from babel.core import get_global
from sqlmodel import Session

from ...core import clock
from ...core.access.principal import Principal
from ...core.currencies import CURRENCIES
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.shop import Link
from . import profile

SAME = (
    "name", "logo_key", "legal_name", "address", "represented_by", "register_entry", "vat_number",
    "sender_email", "contact_email", "returns_email", "phone", "returns_address", "opening_hours", "lead",
    "announcement", "announcement_href", "announcement_on", "footer_about", "guarantee_notice", "hero_title",
    "hero_lead", "sale_title", "sale_text", "story_title", "story", "currency", "country", "region",
    "time_zone", "locale", "prices_include_tax", "bank_account",
)  # fmt: skip
"""Fields that are typed as they are kept."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The profile, with lists and moments as texts that can be typed."""

    version: int = 0
    name: str = ""
    logo_key: str = ""
    legal_name: str = ""
    address: str = ""
    represented_by: str = ""
    register_entry: str = ""
    vat_number: str = ""
    sender_email: str = ""
    contact_email: str = ""
    returns_email: str = ""
    phone: str = ""
    returns_address: str = ""
    opening_hours: str = ""
    lead: str = ""
    promise: str = ""
    second_promise: str = ""
    announcement: str = ""
    announcement_href: str = ""
    announcement_from: str = ""
    announcement_until: str = ""
    announcement_on: bool = False
    footer_about: str = ""
    footer_links: str = ""
    """One a line: its name, a space, its address."""
    social_links: str = ""
    guarantee_notice: bool = True
    hero_title: str = ""
    hero_lead: str = ""
    sale_title: str = ""
    sale_text: str = ""
    story_title: str = ""
    story: str = ""
    currency: str = ""
    country: str = ""
    region: str = ""
    time_zone: str = ""
    locale: str = ""
    prices_include_tax: bool = True
    bank_account: str = ""
    has_sold: bool = False
    """Then currency and country stay."""


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    label: str


def sheet(session: Session, by: Principal) -> Sheet:
    """Errors  Forbidden."""
    by.need(profile.VIEW)
    this = profile.read(session)
    promises = (*this.promises, "", "")
    return Sheet(
        version=this.version,
        **{name: getattr(this, name) for name in SAME},
        promise=promises[0],
        second_promise=promises[1],
        announcement_from=_typed(this.announcement_from),
        announcement_until=_typed(this.announcement_until),
        footer_links=_lines(this.footer_links),
        social_links=_lines(this.social_links),
        has_sold=profile.has_sold(session),
    )


def countries(locale: str) -> list[Choice]:
    """Every country, by its name in the shop's language."""
    codes = (
        code for code in get_global("territory_currencies") if len(code) == 2 and code not in ("ZZ", "EU")
    )
    names = Locale.parse(locale).territories
    found = [Choice(code, names[code]) for code in codes if code in names]
    return sorted(found, key=lambda choice: choice.label)


def currencies(locale: str) -> list[Choice]:
    names = Locale.parse(locale).currencies
    return [Choice(code, f"{code} · {names.get(code, code)}") for code in sorted(CURRENCIES)]


def changes(typed: Mapping[str, Any], touched: Iterable[str]) -> dict[str, Any]:
    """The fields of the profile that were touched on the page, from what was typed.

    Errors  Invalid names the field where a line is no link or a moment can't be read.
    """
    names = {_FIELD_OF.get(name, name) for name in touched}
    read = {
        "promises": lambda: (typed["promise"], typed["second_promise"]),
        "announcement_from": lambda: _moment("announcement_from", typed["announcement_from"], last=False),
        "announcement_until": lambda: _moment("announcement_until", typed["announcement_until"], last=True),
        "footer_links": lambda: _links("footer_links", typed["footer_links"]),
        "social_links": lambda: _links("social_links", typed["social_links"]),
    }
    known = [name for name in profile.FIELDS if name in names and (name in read or name in typed)]
    return {name: read[name]() if name in read else typed[name] for name in known}


_FIELD_OF = {"promise": "promises", "second_promise": "promises"}


def _lines(links: tuple[Link, ...]) -> str:
    return "\n".join(f"{link.label} {link.href}" for link in links)


def _links(name: str, text: str) -> list[Link]:
    links = []
    for line in filter(None, map(str.strip, text.splitlines())):
        label, _space, href = line.rpartition(" ")
        if not label:
            raise Invalid(
                _("Write a name, a space and an address in each line, such as: Journal /about"), field=name
            )
        links.append(Link(label.strip(), href))
    return links


def _typed(moment: datetime | None) -> str:
    """A moment as a field of a browser has it, on the shop's clocks."""
    return clock.local(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


def _moment(name: str, text: str, *, last: bool) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == len("2026-12-24"):
            day = date.fromisoformat(text)
            return clock.end_of(day) if last else clock.start_of(day)
        return clock.moment_of(datetime.fromisoformat(text).replace(tzinfo=None), last=last)
    except (ValueError, OverflowError):
        raise Invalid(_("This moment can't be read. Check it."), field=name) from None
