"""The shop's days: where they begin and end in any time zone, and which of them people work on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from shop_app.core import clock as days
from shop_app.core import dates, fact_cache, working_days
from shop_app.core.settings import WrongSetting

ZONES = sorted(available_timezones())
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """ "2026-11-22 23:30", in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Zone, day, the moment in UTC at which it begins, and how many hours it has.
DAYS = [
    ("UTC", "2026-11-22", "2026-11-22 00:00", 24),
    ("Europe/Berlin", "2026-11-22", "2026-11-21 23:00", 24),
    ("Europe/Berlin", "2026-07-01", "2026-06-30 22:00", 24),
    ("Europe/Berlin", "2026-03-29", "2026-03-28 23:00", 23),
    ("Europe/Berlin", "2026-10-25", "2026-10-24 22:00", 25),
    ("America/New_York", "2026-03-08", "2026-03-08 05:00", 23),
    ("America/New_York", "2024-11-03", "2024-11-03 04:00", 25),
    ("America/Sao_Paulo", "2026-10-18", "2026-10-18 03:00", 24),
    ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00", 23),  # Began at 1:00.
    ("Asia/Kathmandu", "2026-11-22", "2026-11-21 18:15", 24),
    ("Pacific/Kiritimati", "2026-11-22", "2026-11-21 10:00", 24),
    ("Pacific/Niue", "2026-11-22", "2026-11-22 11:00", 24),
    ("Pacific/Apia", "2026-11-22", "2026-11-21 11:00", 24),
    ("Pacific/Apia", "2011-12-29", "2011-12-29 10:00", 24),
    ("Pacific/Apia", "2011-12-30", "2011-12-30 10:00", 0),  # Was left out.
    ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00", 24),
    ("Africa/Cairo", "2026-04-24", "2026-04-23 22:00", 23),  # Begins at 1:00.
    ("Africa/Cairo", "2026-10-29", "2026-10-28 21:00", 25),  # 23:00 comes twice.
    ("Africa/Cairo", "2026-10-30", "2026-10-29 22:00", 24),
    ("Asia/Beirut", "2026-03-29", "2026-03-28 22:00", 23),  # Begins at 1:00.
    ("Asia/Beirut", "2026-10-24", "2026-10-23 21:00", 25),
    ("America/Havana", "2024-11-03", "2024-11-03 04:00", 25),  # 0:00 comes twice.
    ("America/Havana", "2026-03-08", "2026-03-08 05:00", 23),
    ("Australia/Lord_Howe", "2026-04-05", "2026-04-04 13:00", 24.5),
    ("Asia/Tokyo", "2026-11-22", "2026-11-21 15:00", 24),
]


@pytest.mark.parametrize(("zone", "day", "begins", "hours"), DAYS)
def test_a_day_begins_where_the_shop_is_and_has_its_hours(configure, zone, day, begins, hours):
    configure(SHOP_TIME_ZONE=zone)
    on = date.fromisoformat(day)
    assert days.start_of(on) == at(begins)
    assert days.end_of(on) - days.start_of(on) == hours * HOUR
    if hours:
        assert days.day_of(days.start_of(on)) == on
        assert days.day_of(days.end_of(on) - timedelta(microseconds=1)) == on
        assert days.last_day_before(days.end_of(on)) == on


@given(
    st.sampled_from(ZONES),
    st.integers(int(at("2012-01-01 00:00").timestamp()), int(at("2037-12-31 00:00").timestamp())),
)
def test_days_follow_each_other_without_a_gap_in_every_zone(zone, seconds):
    moment = datetime.fromtimestamp(seconds, UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "zone", lambda: ZoneInfo(zone))
        day = days.day_of(moment)
        assert days.start_of(day) <= moment < days.end_of(day)
        around = [days.start_of(day + timedelta(days=shift)) for shift in range(-2, 4)]
        assert all(earlier <= later for earlier, later in pairwise(around))
        assert {each.tzinfo for each in around} == {UTC}


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-11-22 23:30", "Europe/Berlin", "2026-11-23"),
        ("2026-11-22 22:59", "Europe/Berlin", "2026-11-22"),
        ("2026-07-22 22:00", "Europe/Berlin", "2026-07-23"),
        ("2026-11-22 02:59", "America/Sao_Paulo", "2026-11-21"),
        ("2026-11-22 18:15", "Asia/Kathmandu", "2026-11-23"),
        ("2026-11-22 10:00", "Pacific/Kiritimati", "2026-11-23"),
        ("2026-12-31 23:00", "Europe/Berlin", "2027-01-01"),
    ],
)
def test_a_moment_is_on_the_shops_day(configure, moment, zone, day):
    configure(SHOP_TIME_ZONE=zone)
    assert str(days.day_of(at(moment))) == day


@pytest.mark.parametrize(
    ("shown", "first", "last"),
    [
        ("2026-11-22 02:30", "2026-11-22 01:30", "2026-11-22 01:30"),
        ("2026-03-29 02:30", "2026-03-29 01:30", "2026-03-29 01:30"),  # Skipped: 3:30 instead.
        ("2026-10-25 02:30", "2026-10-25 00:30", "2026-10-25 01:30"),  # Twice.
    ],
)
def test_what_the_shops_clocks_show_is_a_moment(configure, shown, first, last):
    configure(SHOP_TIME_ZONE="Europe/Berlin")
    naive = datetime.fromisoformat(shown)
    assert days.moment_of(naive) == at(first)
    assert days.moment_of(naive, last=True) == at(last)


# --- The zone of a country --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("DE", "Europe/Berlin"), ("AT", "Europe/Vienna"), ("US", "America/New_York"),
        ("BR", "America/Sao_Paulo"), ("AU", "Australia/Sydney"), ("CA", "America/Toronto"),
        ("RU", "Europe/Moscow"), ("ES", "Europe/Madrid"), ("PT", "Europe/Lisbon"),
        ("NP", "Asia/Kathmandu"), ("WS", "Pacific/Apia"), ("EG", "Africa/Cairo"),
        ("NZ", "Pacific/Auckland"), ("CN", "Asia/Shanghai"), ("IN", "Asia/Kolkata"),
    ],
)  # fmt: skip
def test_the_zone_follows_from_the_country(configure, country, zone):
    configure(SHOP_COUNTRY=country)
    assert days.zone().key == zone


def test_every_country_with_several_zones_has_its_main_one():
    zones: dict[str, list[str]] = {}
    for name, country in get_global("zone_territories").items():
        zones.setdefault(country, []).append(name)
    several = {country for country, names in zones.items() if len(names) > 1} - {"001", "ZZ"}
    assert several == set(days._MAIN_ZONES)
    assert [country for country, name in days._MAIN_ZONES.items() if name not in zones[country]] == []
    assert [name for name in map(days.zone_of, zones) if name not in ZONES] == []


def test_the_setting_goes_before_the_country(configure):
    configure(SHOP_COUNTRY="US", SHOP_TIME_ZONE="America/Los_Angeles")
    assert days.zone().key == "America/Los_Angeles"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SHOP_TIME_ZONE", "Berlin", "it has to be a time zone such as Europe/Berlin"),
        ("SHOP_TIME_ZONE", "Europe/berlin", "it has to be a time zone such as"),
        ("SHOP_TIME_ZONE", "+01:00", "it has to be a time zone such as"),
        ("SHOP_TIME_ZONE", "../../etc/passwd", "it has to be a time zone such as"),
        ("SHOP_REGION", "XX", "it has to be one of BB, BE, BW"),
        ("SHOP_REGION", "AT-9", "it has to be one of BB"),
        ("SHOP_COUNTRY", "UK", "a country's code of two letters"),
        ("SHOP_COUNTRY", "ZZ", "a country's code of two letters"),
    ],
)
def test_a_zone_region_or_country_that_isnt_there_stops_the_start(configure, name, value, said):
    with pytest.raises(WrongSetting, match=f"{name} can't be used: .*{said}"):
        configure(**{name: value})


# --- As people read it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "22 November 2026, 15:06 CET"),
        ("Europe/London", "22 November 2026, 14:06 GMT"),
        ("America/New_York", "22 November 2026, 09:06 EST"),
        ("America/Sao_Paulo", "22 November 2026, 11:06 UTC-03:00"),
        ("Asia/Kathmandu", "22 November 2026, 19:51 UTC+05:45"),
        ("Pacific/Kiritimati", "23 November 2026, 04:06 UTC+14:00"),
        ("UTC", "22 November 2026, 14:06 UTC"),
    ],
)
def test_a_moment_is_shown_on_the_shops_clocks(configure, zone, shown):
    configure(SHOP_TIME_ZONE=zone)
    assert dates.full_moment(at("2026-11-22 14:06")) == shown


def test_twice_the_same_hour_is_told_apart(configure):
    configure(SHOP_TIME_ZONE="Europe/Berlin")
    assert dates.full_moment(at("2026-10-25 00:30")) == "25 October 2026, 02:30 CEST"
    assert dates.full_moment(at("2026-10-25 01:30")) == "25 October 2026, 02:30 CET"


def test_a_day_is_shown_as_the_shop_has_it(configure, clock):
    configure(SHOP_TIME_ZONE="Europe/Berlin")
    late = at("2026-12-31 23:30")
    assert (dates.full_day(late), dates.day(late), dates.weekday(late)) == (
        "1 January 2027",
        "1 January 2027",
        "Fri 1 January",
    )
    clock.move_to(late)
    # It is 2027 in Berlin, so this year's days go without it.
    assert dates.day(date(2027, 2, 3)) == "3 February"
    assert dates.day(date(2026, 12, 31)) == "31 December 2026"


# --- Working days -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "day", "works"),
    [
        ("DE", "2026-11-20", True),
        ("DE", "2026-11-21", False),  # Saturday.
        ("DE", "2026-12-25", False),
        ("DE", "2026-05-01", False),
        ("DE", "2026-01-06", True),  # A holiday of some regions.
        ("AT", "2026-01-06", False),
        ("US", "2026-07-03", False),  # Independence Day is on a Saturday.
        ("US", "2026-11-26", False),  # Thanksgiving.
        ("GB", "2026-12-28", False),  # For Boxing Day, on a Saturday.
        ("JP", "2026-05-06", False),  # For Constitution Day, on a Sunday.
        ("SA", "2026-11-22", True),  # Sunday.
        ("SA", "2026-11-20", False),  # Friday.
        ("FR", "2026-07-14", False),
    ],
)
def test_a_country_works_on_its_own_days(country, day, works):
    assert working_days.is_working_day(date.fromisoformat(day), country) is works


def test_the_region_has_holidays_of_its_own(configure):
    epiphany = date(2026, 1, 6)
    configure(SHOP_REGION="DE-BW")
    assert not working_days.is_working_day(epiphany, "DE")
    assert working_days.is_working_day(epiphany, "FR")


# Shop, buyer, begin, days -> last day. Easter is 5 April 2026.
PERIODS = [
    ("DE", "DE", "2026-11-20", 14, "2026-12-04"),
    ("DE", "DE", "2026-11-21", 14, "2026-12-07"),  # A Saturday.
    ("DE", "DE", "2026-11-22", 14, "2026-12-07"),  # A Sunday.
    ("DE", "DE", "2026-12-11", 14, "2026-12-28"),  # Christmas, Boxing Day, a Sunday.
    ("DE", "DE", "2026-12-18", 14, "2027-01-04"),  # New Year, and a weekend after it.
    ("DE", "DE", "2026-03-20", 14, "2026-04-07"),  # Good Friday to Easter Monday.
    ("DE", "DE", "2026-04-17", 14, "2026-05-04"),  # Labour Day, then a weekend.
    ("DE", "DE", "2026-09-19", 14, "2026-10-05"),  # German Unity, a Saturday.
    ("DE", "AT", "2026-12-24", 13, "2027-01-07"),  # Epiphany, where the buyer is.
    ("AT", "DE", "2026-12-24", 13, "2027-01-07"),  # Where the shop is.
    ("DE", "FR", "2026-06-30", 14, "2026-07-15"),
    ("DE", "XX", "2026-11-21", 14, "2026-12-07"),
    ("DE", "", "2026-11-21", 14, "2026-12-07"),
    ("DE", "DE", "2028-02-15", 14, "2028-02-29"),
]


@pytest.mark.parametrize(("shop", "buyer", "begin", "count", "last"), PERIODS)
def test_a_period_of_the_buyers_ends_with_a_working_day(configure, shop, buyer, begin, count, last):
    configure(SHOP_COUNTRY=shop)
    assert str(working_days.period_end(date.fromisoformat(begin), count, buyer)) == last


# --- What is kept until the day is over ---------------------------------------------------------


@pytest.mark.parametrize("midnight", ["2026-11-20 23:00", "2026-03-29 22:00", "2026-10-25 23:00"])
def test_what_is_kept_for_the_day_ends_with_the_shops_midnight(clock, midnight):
    clock.move_to(at(midnight) - timedelta(seconds=30))
    cache = fact_cache.FactCache[date](10, lambda _day: 1)

    def made() -> date:
        fact_cache.until(days.end_of(days.today()))
        return days.today()

    before = cache.get("a page", made)
    clock.shift(29)
    assert cache.get("a page", made) == before
    clock.shift(1)
    assert cache.get("a page", made) == before + timedelta(days=1)
