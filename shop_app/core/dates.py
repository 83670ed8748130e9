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


def full_day(moment: datetime | date) -> str:
    """ "4 December 2026": for what someone may keep for years."""
    return format_date(moment, _("d MMMM y"), settings().locale)


def full_moment(moment: datetime) -> str:
    """ "22 November 2026, 14:06 UTC"."""
    return f"{format_datetime(moment, _('d MMMM y, HH:mm'), locale=settings().locale)} UTC"
