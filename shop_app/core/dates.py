"""Days and moments as people read them, in the shop's language."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date, format_datetime

from .clock import now
from .i18n import _
from .settings import settings


def day(moment: datetime | date, locale: str = "") -> str:
    """ "4 December", with the year where it isn't this one."""
    this_year = moment.year == now().year
    return format_date(moment, _("d MMMM") if this_year else _("d MMMM y"), locale or settings().locale)


def weekday(moment: datetime | date, locale: str = "") -> str:
    """ "Wed 25 November": for days that are near."""
    return format_date(moment, _("EEE d MMMM"), locale or settings().locale)


def from_to(first: date, last: date, locale: str = "") -> str:
    """ "Wed 25 to Fri 27 November", "Tue 24 November"."""
    locale = locale or settings().locale
    if first == last:
        return weekday(last, locale)
    same_month = (first.year, first.month) == (last.year, last.month)
    begins = format_date(first, _("EEE d"), locale) if same_month else weekday(first, locale)
    return _("{first} to {last}").format(first=begins, last=weekday(last, locale))


def full_day(moment: datetime | date) -> str:
    """ "4 December 2026": for what someone may keep for years."""
    return format_date(moment, _("d MMMM y"), settings().locale)


def full_moment(moment: datetime) -> str:
    """ "22 November 2026, 14:06 UTC"."""
    return f"{format_datetime(moment, _('d MMMM y, HH:mm'), locale=settings().locale)} UTC"
