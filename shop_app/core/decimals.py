"""Decimals as people and their programs write them: 1,299.00 or 1.299,00 or 1 299,00 or ١٢٫٥٠."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol

MAX_LENGTH = 40
"""Characters of a number; a longer text is none."""
_MARKS = str.maketrans(
    {
        "\u2019": "'",
        "\u02bc": "'",
        "\u00b4": "'",
        "\u066c": "'",  # The Arabic mark between thousands: like an apostrophe, it is never a decimal sign.
        "\u066b": ",",  # The Arabic decimal sign.
        "\u2212": "-",
    }
)
_SPACED = re.compile(r"[0-9]{1,3}(?:([ '])[0-9]{3})(?:\1[0-9]{3})*(?=[.,]|$)")
_GROUPS = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+|[0-9]{1,2}(?:[.,][0-9]{2})+[.,][0-9]{3}")
"""Groups of three digits, or Indian ones: 12,34,567."""


class Ambiguous(ValueError):
    """A text that is one of two numbers: "1,000" is a thousand, or one with three decimals."""

    def __init__(self, thousands: Decimal, decimals: Decimal) -> None:
        super().__init__(f"{thousands} or {decimals}")
        self.readings = (thousands, decimals)


class _Parts(NamedTuple):
    """The digits before and after the decimal sign; `shown` is that sign where the text leaves no doubt.

    `unsure` is the one mark with three digits behind it of which nobody can tell what it is.
    """

    whole: str
    places: str = ""
    shown: str = ""
    unsure: str = ""


def read_decimal(text: str, *, sign: str = "", places: int | None = None) -> Decimal:
    """The number that a text stands for, with any script's digits and any usual marks between thousands.

    `sign` is the decimal sign ("." or ",") where it is known from elsewhere; `places` how many decimals such
    a number can have. With none, "1,000" is a thousand; with three, "1.000" is one, as machines write it.

    Errors  Ambiguous for one mark with exactly three digits behind it where neither tells what it is;
            ValueError for what isn't a number.

    >>> read_decimal("1.299,00"), read_decimal("1,000", sign="."), read_decimal("1,000", places=0)
    (Decimal('1299.00'), Decimal('1000'), Decimal('1000'))
    """
    plain = in_ascii(text)
    parts = _parts(plain.removeprefix("-"))
    if parts.unsure and not sign and places == 0:
        sign = "," if parts.unsure == "." else "."
    elif parts.unsure == "." and not sign and places == 3:
        sign = "."
    thousands, decimals = (
        Decimal(parts.whole + parts.places),
        Decimal(f"{parts.whole or 0}.{parts.places or 0}"),
    )
    if parts.unsure and not sign:
        raise Ambiguous(thousands, decimals)
    number = thousands if parts.unsure and parts.unsure != sign else decimals
    return -number if plain.startswith("-") else number


def shown_sign(texts: Iterable[str]) -> str:
    """The decimal sign that these numbers show; "" where none of them does, or some show another.

    >>> shown_sign(["12.50", "1,000"]), shown_sign(["1,000"]), shown_sign(["12.50", "7,90"])
    ('.', '', '')
    """
    signs = set()
    for text in texts:
        try:
            signs.add(_parts(in_ascii(text).removeprefix("-")).shown)
        except ValueError:
            continue
    signs -= {""}
    return signs.pop() if len(signs) == 1 else ""


def sign_of_locale(name: str) -> str:
    """The decimal sign of a locale such as "de" or "en-GB".

    Errors  ValueError for a locale that isn't known.
    """
    try:
        symbol = get_decimal_symbol(Locale.parse(name.strip().replace("-", "_")))
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError("not a locale") from None
    return "." if symbol == "." else ","


def in_ascii(text: str) -> str:
    """The text with ASCII's digits and marks, without spaces around it and invisible signs in it.

    Errors  ValueError for a text that is too long for a number, or has fractions or raised digits in it.
    """
    categories = {unicodedata.category(char) for char in text}
    if len(text) > MAX_LENGTH or "No" in categories:
        raise ValueError("not a number")
    kept = []
    for char in unicodedata.normalize("NFKC", text.translate(_MARKS)):
        digit = unicodedata.decimal(char, None)
        if digit is not None:
            kept.append(str(digit))
        elif unicodedata.category(char) != "Cf":
            kept.append(" " if char.isspace() else char)
    return "".join(kept).strip()


def _parts(text: str) -> _Parts:
    spaced = _SPACED.match(text)
    if spaced:
        text = spaced[0].replace(spaced[1], "") + text[spaced.end() :]
    marks = [char for char in text if char in ".,"]
    digits = text.replace(".", "").replace(",", "")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("not a number")
    if not marks:
        return _Parts(text)
    last = marks[-1]
    whole, _mark, places = text.rpartition(last)
    if len(marks) == 1:
        if len(places) == 3 and 0 < len(whole) < 4 and whole[0] != "0" and not spaced:
            return _Parts(whole, places, unsure=last)
        return _Parts(whole, places, shown=last)
    other = "," if last == "." else "."
    if len(set(marks)) == 1 and _GROUPS.fullmatch(text):
        return _Parts(digits, shown=other)
    if marks.count(last) == 1 and not spaced and _GROUPS.fullmatch(whole):
        return _Parts(whole.replace(other, ""), places, shown=last)
    raise ValueError("not a number")
