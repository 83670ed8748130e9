"""Money: whole minor units beside a currency; rounding once, half up; shares that add up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, get_currency_name, get_currency_symbol

from . import currencies
from .decimals import in_ascii, read_decimal
from .i18n import _

MAX_MINOR = 10**11
"""The largest amount that the shop takes anywhere; 64 bits hold sums of millions of them."""

_NO_CENTS = re.compile(r"(?<=[0-9])[.,][-–—]+(?!\w)")


def exponent(code: str) -> int:
    """How many decimals a currency's minor unit stands for: 2 for EUR, 0 for JPY, 3 for KWD."""
    return currencies.currency(code).decimals


def step(code: str) -> int:
    """The smallest amount that can be charged, in minor units: 1 for EUR, 100 for ISK, 10 for KWD."""
    return currencies.currency(code).step_minor


def step_problem(minor: int, code: str, locale: str = "en") -> str:
    """What is wrong with an amount that somebody typed and that can't be charged; "" where it can.

    >>> step_problem(11_481, "ISK"), step_problem(11_500, "ISK")
    ('Amounts in ISK are multiples of ISK1.', '')
    """
    if minor % step(code) == 0:
        return ""
    text = _("Amounts in {currency} are multiples of {step}.")
    return text.format(currency=code, step=show(step(code), code, locale))


def round_half_up(value: Decimal | Fraction | int, step: int = 1) -> int:
    """The multiple of `step` nearest to `value`, halves away from zero.

    >>> round_half_up(Decimal("2.5")), round_half_up(Decimal("-2.5")), round_half_up(Fraction(7, 3))
    (3, -3, 2)
    >>> round_half_up(11_450, 100)
    11500
    """
    if step != 1:
        return step * round_half_up(Fraction(value) / step)
    if isinstance(value, int):
        return value
    if isinstance(value, Fraction):
        sign = -1 if value < 0 else 1
        return sign * ((2 * abs(value).numerator + value.denominator) // (2 * value.denominator))
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share_out(total_minor: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """Split `total_minor` over `weights` so that the parts add up to it exactly.

    Shape   weights (n,), n >= 1, none negative, not all zero -> parts (n,), same order.
    Units   minor units; parts are multiples of `step`, each less than one step off its exact share.
    Errors  ValueError for weights outside that shape, and for a total that isn't a multiple of `step`: a
            caller's bug, never shown to a shopper.
    Source  largest-remainder (Hamilton) apportionment; equal remainders favour the earlier line.

    >>> share_out(1000, [1, 1, 1])
    [334, 333, 333]
    >>> share_out(-5, [1, 0, 1])
    [-3, 0, -2]
    """
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise ValueError("weights must be non-negative and not all zero")
    if step != 1:
        if total_minor % step:
            raise ValueError("the total must be a multiple of the step")
        return [step * part for part in share_out(total_minor // step, weights)]
    sign = -1 if total_minor < 0 else 1
    whole = sum(weights)
    floors = [abs(total_minor) * weight // whole for weight in weights]
    remainders = [abs(total_minor) * weight % whole for weight in weights]
    left = abs(total_minor) - sum(floors)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        floors[index] += 1
    return [sign * part for part in floors]


def tax_within(gross_minor: int, rate_ppm: int, unit: int = 1) -> int:
    """The tax that a gross amount contains, rounded half up to a multiple of `unit`.

    Units   rate in parts per million: 190_000 is 19 %.

    >>> tax_within(1190, 190_000)
    190
    """
    return round_half_up(Fraction(gross_minor * rate_ppm, 1_000_000 + rate_ppm), unit)


def tax_on_top(net_minor: int, rate_ppm: int, step: int = 1) -> int:
    """The tax to be added to a net amount, rounded half up to a multiple of `step`; rate as above."""
    return round_half_up(Fraction(net_minor * rate_ppm, 1_000_000), step)


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


def decimal_text(minor: int, code: str) -> str:
    """The amount as a plain decimal for files and machines, with the decimals that people read.

    >>> decimal_text(2490, "EUR"), decimal_text(1500, "JPY"), decimal_text(11_500, "ISK")
    ('24.90', '1500', '115')
    """
    return f"{Decimal(minor).scaleb(-exponent(code)):.{_decimals(minor, code)}f}"


@lru_cache(maxsize=8192)
def show(minor: int, code: str, locale: str = "en") -> str:
    """The amount as people read it in that locale.

    >>> show(8070, "EUR")
    '€80.70'
    """
    amount = Decimal(minor).scaleb(-exponent(code))
    pattern = _pattern(locale, _decimals(minor, code))
    return pattern.apply(amount, locale, currency=code, currency_digits=False)


def _decimals(minor: int, code: str) -> int:
    """How many decimals say the amount exactly: more than usual where it was written before steps were."""
    currency = currencies.currency(code)
    return currency.decimals if minor % currency.last_digit_minor else currency.shown


@lru_cache(maxsize=64)
def _pattern(locale: str, decimals: int) -> NumberPattern:
    """The locale's way to write amounts, with so many decimals instead of CLDR's."""
    pattern = copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return pattern
