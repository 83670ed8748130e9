"""The clock, and the shop's days: all code takes the time from here, so that tests can move it.

The database keeps moments, in UTC. A day is the shop's: it begins at midnight in the shop's time zone, or
where the clocks skip midnight, with the first moment that the day has there.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global

from .shop import shop

# Countries with several zones: that of the capital, or where more people live by far, of the largest city.
_MAIN_ZONES = {
    "AQ": "Antarctica/McMurdo", "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo", "CA": "America/Toronto", "CD": "Africa/Kinshasa", "CL": "America/Santiago",
    "CN": "Asia/Shanghai", "CY": "Asia/Nicosia", "DE": "Europe/Berlin", "EC": "America/Guayaquil",
    "ES": "Europe/Madrid", "FM": "Pacific/Pohnpei", "GL": "America/Nuuk", "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa", "KZ": "Asia/Almaty", "MH": "Pacific/Majuro", "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti", "PG": "Pacific/Port_Moresby", "PS": "Asia/Hebron", "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "UM": "Pacific/Wake", "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}  # fmt: skip


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def zone() -> ZoneInfo:
    """The shop's time zone: the setting, or that of the shop's country."""
    chosen = shop()
    return ZoneInfo(chosen.time_zone or zone_of(chosen.country))


@lru_cache(maxsize=256)
def zone_of(country: str) -> str:
    """The name of a country's time zone, the main one where it has several; "UTC" for an unknown country.

    Source  CLDR, which says to which country each zone belongs.
    """
    if country in _MAIN_ZONES:
        return _MAIN_ZONES[country]
    zones = [name for name, territory in get_global("zone_territories").items() if territory == country]
    return zones[0] if zones and country not in ("001", "ZZ") else "UTC"


def local(moment: datetime) -> datetime:
    """The same moment as the shop's clocks show it."""
    return moment.astimezone(zone())


def day_of(moment: datetime) -> date:
    """The shop's day that the moment is in."""
    return local(moment).date()


def today() -> date:
    """The shop's day that it is now."""
    return day_of(now())


def start_of(day: date) -> datetime:
    """The moment with which the shop's day begins, in UTC."""
    return moment_of(datetime.combine(day, time()))


def end_of(day: date) -> datetime:
    """The moment with which the shop's day is over, in UTC: the next one begins with it.

    A day has 23 or 25 hours where the clocks are moved.
    """
    return start_of(day + timedelta(days=1))


def last_day_before(end: datetime) -> date:
    """The last day of a period that is over with the moment `end`."""
    return day_of(end - timedelta(microseconds=1))


def moment_of(shown: datetime, *, last: bool = False) -> datetime:
    """The moment, in UTC, at which the shop's clocks show that (naive) time.

    Where they show it twice it is the first time, or the `last`; where they skip it, it is as much later as
    they skip.
    """
    here = zone()
    first, second = (shown.replace(tzinfo=here, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(first, second) if last else first
