"""Working days: weekends and public holidays of countries, and periods that end on one of them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays

from .shop import shop

ONE_DAY = timedelta(days=1)
SATURDAY_AND_SUNDAY = frozenset((5, 6))


def is_working_day(day: date, country: str) -> bool:
    """Whether the day is neither of the country's weekend nor one of its public holidays.

    Of the shop's own country, holidays of its region (core/shop.py) count too.
    Source  the package `holidays`; a country that it doesn't know has Saturdays and Sundays alone.
    """
    chosen = shop()
    region = chosen.region if country == chosen.country else ""
    weekend, free = _free_days(country, region, day.year)
    return day.weekday() not in weekend and day not in free


def this_or_next(day: date, country: str) -> date:
    """The day itself where it is a working day there, or the next one that is."""
    while not is_working_day(day, country):
        day += ONE_DAY
    return day


def after(day: date, count: int, country: str) -> date:
    """The working day that comes so many of the country's working days after the day."""
    while count:
        day += ONE_DAY
        count -= is_working_day(day, country)
    return day


def period_end(begin: date, days: int, buyers_country: str) -> date:
    """The last day of a buyer's period of so many days, which are counted from the day after `begin`.

    One that would end on a weekend or holiday ends with the next working day: in the shop's country or in the
    buyer's, whichever is later.
    Source  Regulation (EEC, Euratom) 1182/71, article 3; for Germany §§ 187, 188 and 193 BGB.
    """
    last = begin + days * ONE_DAY
    return max(this_or_next(last, country) for country in (shop().country, buyers_country))


@lru_cache(maxsize=1024)
def _free_days(country: str, region: str, year: int) -> tuple[frozenset[int], frozenset[date]]:
    """The weekdays of the country's weekend, Monday 0, and its public holidays in the year."""
    try:
        calendar = holidays.country_holidays(country, subdiv=region or None, years=year)
    except NotImplementedError:
        return SATURDAY_AND_SUNDAY, frozenset()
    return frozenset(calendar.weekend), frozenset(calendar)
