"""Money: whole minor units beside a currency; rounding once, half up; shares that add up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_name, get_currency_symbol

from .decimals import in_ascii, read_decimal

# Stripe's own exponents, https://docs.stripe.com/currencies (2026): every other currency has two.
ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))

MAX_MINOR = 10**11
"""The largest amount that the shop takes anywhere; 64 bits hold sums of millions of them."""

_NO_CENTS = re.compile(r"(?<=[0-9])[.,][-–—]+(?!\w)")


def exponent(currency: str) -> int:
    """How many decimals a currency's minor unit stands for: 2 for EUR, 0 for JPY, 3 for KWD."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def round_half_up(value: Decimal | Fraction) -> int:
    """The whole number nearest to `value`, halves away from zero.

    >>> round_half_up(Decimal("2.5")), round_half_up(Decimal("-2.5")), round_half_up(Fraction(7, 3))
    (3, -3, 2)
    """
    if isinstance(value, Fraction):
        sign = -1 if value < 0 else 1
        return sign * ((2 * abs(value).numerator + value.denominator) // (2 * value.denominator))
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share_out(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split `total_minor` over `weights` so that the parts add up to it exactly.

    Shape   weights (n,), n >= 1, none negative, not all zero -> parts (n,), same order.
    Units   minor units; each part is less than one unit off its exact share.
    Errors  ValueError for weights outside that shape: a caller's bug, never shown to a shopper.
    Source  largest-remainder (Hamilton) apportionment; equal remainders favour the earlier line.

    >>> share_out(1000, [1, 1, 1])
    [334, 333, 333]
    >>> share_out(-5, [1, 0, 1])
    [-3, 0, -2]
    """
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise ValueError("weights must be non-negative and not all zero")
    sign = -1 if total_minor < 0 else 1
    whole = sum(weights)
    floors = [abs(total_minor) * weight // whole for weight in weights]
    remainders = [abs(total_minor) * weight % whole for weight in weights]
    left = abs(total_minor) - sum(floors)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        floors[index] += 1
    return [sign * part for part in floors]


def tax_within(gross_minor: int, rate_ppm: int) -> int:
    """The tax that a gross amount contains, rounded half up.

    Units   rate in parts per million: 190_000 is 19 %.

    >>> tax_within(1190, 190_000)
    190
    """
    return round_half_up(Fraction(gross_minor * rate_ppm, 1_000_000 + rate_ppm))


def tax_on_top(net_minor: int, rate_ppm: int) -> int:
    """The tax to be added to a net amount, rounded half up; rate in parts per million."""
    return round_half_up(Fraction(net_minor * rate_ppm, 1_000_000))


def parse_minor(text: str, currency: str, sign: str = "") -> int:
    """The minor units that an amount stands for, as it is typed or stands in a file.

    Any usual way to write it is read, with the currency's sign or code too; `sign` is the decimal sign
    where it is known from elsewhere.

    Errors  decimals.Ambiguous for what could be two amounts, such as "1,000"; ValueError where it isn't an
            amount, is of another currency, is negative, too large or finer than the currency.

    >>> parse_minor("24.90", "EUR"), parse_minor("1.299,00 €", "EUR"), parse_minor("1,500", "JPY")
    (2490, 129900, 1500)
    """
    places = exponent(currency)
    minor = read_decimal(_without_currency(text, currency), sign=sign, places=places).scaleb(places)
    if minor != minor.to_integral_value() or not 0 <= minor <= MAX_MINOR:
        raise ValueError("negative, or finer or larger than the currency allows")
    return int(minor)


def _without_currency(text: str, currency: str) -> str:
    """The amount without the currency's name beside it, and without the "-" of "12,-" for no cents."""
    text = _NO_CENTS.sub("", in_ascii(text))
    for name in _names(currency):
        if text.upper().startswith(name):
            return text[len(name) :]
        if text.upper().endswith(name):
            return text[: -len(name)]
    return text


@lru_cache(maxsize=64)
def _names(currency: str) -> list[str]:
    """What a currency is called beside an amount, the longest first: JP¥, JPY, ¥ and 円.

    Source  CLDR, in English and in the language of the country that the code begins with.
    """
    names = {currency, *(get_currency_symbol(currency, locale) for locale in ("en", "en_GB"))}
    with suppress(UnknownLocaleError, ValueError):
        home = Locale.parse(f"und_{currency[:2]}")
        names |= {get_currency_symbol(currency, home), get_currency_name(currency, 1, home)}
    signs = {char for name in names for char in name if unicodedata.category(char) == "Sc"}
    upper = {unicodedata.normalize("NFKC", name).upper() for name in names | signs}
    return sorted(upper, key=lambda name: (-len(name), name))


def decimal_text(minor: int, currency: str) -> str:
    """The amount as a plain decimal for files and machines.

    >>> decimal_text(2490, "EUR"), decimal_text(1500, "JPY")
    ('24.90', '1500')
    """
    places = exponent(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


@lru_cache(maxsize=8192)
def show(minor: int, currency: str, locale: str = "en") -> str:
    """The amount as people read it in that locale.

    >>> show(8070, "EUR")
    '€80.70'
    """
    places = exponent(currency)
    return format_currency(Decimal(minor).scaleb(-places), currency, locale=locale)
