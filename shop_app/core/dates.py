"""Days and moments as people read them, in the shop's language and on the shop's clocks."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date, format_datetime

from .clock import day_of, local, today
from .i18n import _
from .shop import shop


def day(when: datetime | date, locale: str = "") -> str:
    """ "4 December", with the year where it isn't this one."""
    shown = _day(when)
    this_year = shown.year == today().year
    return format_date(shown, _("d MMMM") if this_year else _("d MMMM y"), locale or shop().locale)


def weekday(when: datetime | date, locale: str = "") -> str:
    """ "Wed 25 November": for days that are near."""
    return format_date(_day(when), _("EEE d MMMM"), locale or shop().locale)


def from_to(first: date, last: date, locale: str = "") -> str:
    """ "Wed 25 to Fri 27 November", "Tue 24 November"."""
    locale = locale or shop().locale
    if first == last:
        return weekday(last, locale)
    same_month = (first.year, first.month) == (last.year, last.month)
    begins = format_date(first, _("EEE d"), locale) if same_month else weekday(first, locale)
    return _("{first} to {last}").format(first=begins, last=weekday(last, locale))


def short_moment(moment: datetime, locale: str = "") -> str:
    """ "14:06" for today, "Sat 21 Nov" for days of this year, "21 Nov 2025" for older ones: for lists."""
    locale = locale or shop().locale
    shown, here = local(moment), day_of(moment)
    if here == today():
        return format_datetime(shown, "HH:mm", locale=locale)
    pattern = _("EEE d MMM") if here.year == today().year else _("d MMM y")
    return format_date(here, pattern, locale)


def full_day(when: datetime | date) -> str:
    """ "4 December 2026": for what someone may keep for years."""
    return format_date(_day(when), _("d MMMM y"), shop().locale)


def full_moment(moment: datetime) -> str:
    """ "22 November 2026, 15:06 CET", "22 November 2026, 19:51 UTC+05:45"."""
    shown = local(moment)
    text = format_datetime(shown, _("d MMMM y, HH:mm"), locale=shop().locale)
    return f"{text} {_zone_name(shown)}"


def _day(when: datetime | date) -> date:
    return day_of(when) if isinstance(when, datetime) else when


def _zone_name(shown: datetime) -> str:
    name = shown.tzname() or "UTC"
    # Zones without letters of their own have their difference as a name: "+0545".
    return f"UTC{name[:3]}:{name[3:] or '00'}" if name[0] in "+-" else name
