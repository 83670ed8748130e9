"""What a shop in a country begins with, derived and shown: currency, language, clocks, taxes, delivery."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_name, get_territory_currencies

from ...core import clock, money
from ...core.currencies import CURRENCIES
from ...core.i18n import _
from ...core.settings import ROOT
from ...core.shop import shop
from ..customers import addresses
from ..taxes import base_rates, vat_numbers
from . import base_zones
from .base_zones import ProposedZone

TAX_ON_TOP = frozenset({"US", "CA"})
"""Where shoppers expect prices without tax."""


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What follows from a country; all of it can be changed before the shop opens, and most of it after."""

    country: str
    country_name: str
    currency: str
    locale: str
    time_zone: str
    prices_include_tax: bool
    tax_text: str
    """Where tax is charged, and at which standard rate, as a sentence."""
    zones: tuple[ProposedZone, ...]


def for_country(country: str, currency: str = "") -> Proposal:
    """The proposal for a country that `countries` lists; with another currency, delivery is priced in it."""
    locale = shop().locale
    charged_in = currency or currency_of(country)
    return Proposal(
        country=country,
        country_name=addresses.country_name(country, locale),
        currency=charged_in,
        locale=locale,
        time_zone=clock.zone_of(country),
        prices_include_tax=country not in TAX_ON_TOP,
        tax_text=_tax_text(country, locale),
        zones=base_zones.proposed(country, charged_in, locale),
    )


def _tax_text(country: str, locale: str) -> str:
    name = addresses.country_name(country, locale)
    percent = base_rates.standard_percent(country)
    if country == "US":
        return _("Sales tax at the rate of the state that goods go to. County and city taxes are not known.")
    if not percent:
        return _("No tax: there are no rates for {country} yet. Enter them under Taxes.").format(country=name)
    if country in vat_numbers.MEMBERS:
        text = _("VAT {percent} % in {country}; in the other EU countries, the rate of each of them.")
    else:
        text = _("VAT {percent} % in {country}, and none elsewhere.")
    return text.format(percent=percent, country=name)


def currency_of(country: str) -> str:
    """The country's currency, or EUR where nothing can be charged in it."""
    tender = get_territory_currencies(country, tender=True)
    return next((code for code in tender if code in CURRENCIES), "EUR")


@lru_cache(maxsize=4)
def countries(locale: str) -> tuple[Choice, ...]:
    """Every country that a shop can be in, by name."""
    known = get_global("territory_currencies")
    return tuple(Choice(code, name) for code, name in addresses.countries(locale) if code in known)


@lru_cache(maxsize=4)
def currencies(locale: str) -> tuple[Choice, ...]:
    """Every currency that can be charged, by code."""
    return tuple(
        Choice(code, f"{code} · {get_currency_name(code, locale=locale)}") for code in sorted(CURRENCIES)
    )


@lru_cache(maxsize=1)
def time_zones() -> tuple[Choice, ...]:
    """Every time zone with the name of a place, by name."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return tuple(Choice(name, name.replace("_", " ")) for name in ("UTC", *names))


def locales() -> tuple[Choice, ...]:
    """The languages that pages can be in: those with translations, and English."""
    folders = {path.parent.parent.name for path in (ROOT / "locales").glob("*/LC_MESSAGES/shop.mo")}
    codes = sorted({shop().locale, "en", *folders})
    return tuple(Choice(code, Locale.parse(code).get_display_name(shop().locale) or code) for code in codes)


def price_text(zone: ProposedZone, currency: str) -> str:
    """A zone's price as it is typed into a field."""
    return money.decimal_text(zone.price_minor, currency)
