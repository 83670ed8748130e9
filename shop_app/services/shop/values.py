"""What the fields of the shop's profile may hold: each value folded and checked by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from babel import Locale, UnknownLocaleError

from ...core import settings_checks
from ...core.email_addresses import normal_email
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.shop import Link, Profile
from ...core.typed_text import code, prose

_HREF = re.compile(r"(?:/(?!/)|https://|mailto:|tel:)[^\s<>\"'\\]{0,480}")
MAX_LINKS = 8
MAX_PROMISES = 2

Clean = Callable[[str, Any], Any]
"""From a field's name and the value that was given to the one that is kept."""


def cleaned(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the profile keeps them.

    Errors  Invalid names the first field whose value can't be kept; a field that there isn't is a bug.
    """
    return {name: _CLEAN[name](name, value) for name, value in changes.items()}


def check_together(profile: Profile) -> None:
    """Errors  Invalid where two fields of the profile don't fit together."""
    if profile.region:
        _by_setting("region", lambda: settings_checks.region(profile.region, profile.country))
    begins, ends = profile.announcement_from, profile.announcement_until
    if begins and ends and ends <= begins:
        raise Invalid(_("The announcement has to end after it begins."), field="announcement_until")
    if profile.announcement_on and not profile.announcement:
        raise Invalid(_("Write what the bar says, or switch it off."), field="announcement")


def _text(most: int, name: str, value: Any) -> str:
    return _bounded(name, prose(str(value)), most)


def _lines(most: int, name: str, value: Any) -> str:
    return _bounded(name, prose(str(value), lines=True), most)


def _bounded(name: str, text: str, most: int) -> str:
    if len(text) > most:
        raise Invalid(_("Keep this to {count} characters.").format(count=most), field=name)
    return text


def _name(name: str, value: Any) -> str:
    text = _text(100, name, value)
    if not text:
        raise Invalid(_("Enter the name of the shop."), field=name)
    return text


def _email(name: str, value: Any) -> str:
    typed = str(value).strip()
    address = normal_email(typed)
    if typed and not address:
        raise Invalid(_("Enter an e-mail address like name@example.com."), field=name)
    return address


def href(name: str, value: Any) -> str:
    """A path of the shop or a whole address.

    Errors  Invalid for one that a link must not have, such as javascript:.
    """
    text = prose(str(value))
    if text and not _HREF.fullmatch(text):
        raise Invalid(
            _("Enter a path such as /products, or a whole address that begins with https://."), field=name
        )
    return text


def _links(name: str, value: Iterable[Link | Mapping[str, str]]) -> tuple[Link, ...]:
    given = [one if isinstance(one, Link) else Link(one["label"], one["href"]) for one in value]
    links = [Link(_text(60, name, one.label), href(name, one.href)) for one in given]
    if any(not link.label or not link.href for link in links):
        raise Invalid(_("Give every link a name and an address."), field=name)
    if len(links) > MAX_LINKS:
        raise Invalid(_("There is room for {count} links.").format(count=MAX_LINKS), field=name)
    return tuple(links)


def _promises(name: str, value: Iterable[str]) -> tuple[str, ...]:
    texts = tuple(text for one in value if (text := _text(80, name, one)))
    if len(texts) > MAX_PROMISES:
        raise Invalid(_("There is room for {count} promises.").format(count=MAX_PROMISES), field=name)
    return texts


def _moment(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"{name} has to be an aware moment")
    return value.astimezone(UTC)


def _flag(_name: str, value: Any) -> bool:
    return bool(value)


def _number(least: int, most: int, name: str, value: Any) -> int:
    number = int(value)
    if not least <= number <= most:
        raise Invalid(
            _("Enter a whole number from {least} to {most}.").format(least=least, most=most), field=name
        )
    return number


def _by_setting(name: str, check: Callable[[], str]) -> str:
    """The value as the check of the setting with this name returns it."""
    try:
        return check()
    except ValueError as error:
        sentence = str(error)
        raise Invalid(f"{sentence[:1].upper()}{sentence[1:]}.", field=name) from None


def _currency(name: str, value: Any) -> str:
    return _by_setting(name, lambda: settings_checks.currency(str(value)))


def _country(name: str, value: Any) -> str:
    return _by_setting(name, lambda: settings_checks.country(str(value)))


def _zone(name: str, value: Any) -> str:
    return _by_setting(name, lambda: settings_checks.time_zone(str(value))) if value else ""


def _locale(name: str, value: Any) -> str:
    try:
        return str(Locale.parse(code(str(value)), sep="-" if "-" in str(value) else "_"))
    except (ValueError, UnknownLocaleError):
        raise Invalid(_("Enter a language such as en, de or fr_CH."), field=name) from None


def _capture(name: str, value: Any) -> str:
    if value not in ("at_order", "at_fulfilment"):
        raise Invalid(_("Choose when cards are charged."), field=name)
    return value


def _logo(_name: str, value: Any) -> str:
    return str(value or "")


def _code(most: int, name: str, value: Any) -> str:
    return _bounded(name, code(str(value)), most)


_CLEAN: dict[str, Clean] = {
    "name": _name,
    "logo_key": _logo,
    "legal_name": partial(_text, 200),
    "address": partial(_lines, 500),
    "represented_by": partial(_text, 200),
    "register_entry": partial(_text, 200),
    "vat_number": partial(_code, 20),
    "sender_email": _email,
    "contact_email": _email,
    "returns_email": _email,
    "phone": partial(_code, 40),
    "returns_address": partial(_lines, 500),
    "opening_hours": partial(_text, 300),
    "lead": partial(_text, 300),
    "promises": _promises,
    "announcement": partial(_text, 200),
    "announcement_href": href,
    "announcement_from": _moment,
    "announcement_until": _moment,
    "announcement_on": _flag,
    "footer_about": partial(_text, 300),
    "footer_links": _links,
    "social_links": _links,
    "guarantee_notice": _flag,
    "hero_title": partial(_lines, 120),
    "hero_lead": partial(_text, 300),
    "sale_title": partial(_text, 120),
    "sale_text": partial(_text, 300),
    "story_title": partial(_text, 120),
    "story": partial(_lines, 2000),
    "currency": _currency,
    "country": _country,
    "region": partial(_code, 16),
    "time_zone": _zone,
    "locale": _locale,
    "prices_include_tax": _flag,
    "bank_account": partial(_text, 300),
    "transfer_days": partial(_number, 1, 90),
    "hold_minutes": partial(_number, 1, 120),
    "capture": _capture,
    "cart_reminder_hours": partial(_number, 0, 168),
    "review_request_days": partial(_number, 0, 60),
    "review_requests_need_consent": _flag,
}
