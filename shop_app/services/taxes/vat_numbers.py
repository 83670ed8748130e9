"""EU VAT numbers: whether one is valid, and whether it makes the buyer owe the tax."""

from __future__ import annotations

from functools import lru_cache

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from ...core.i18n import _
from ...core.shop import shop
from ...core.typed_text import code

NOT_IN_THE_UNION = frozenset({"xi"})
"""Northern Ireland has VAT numbers of its own, but no country code to deliver to."""
MEMBERS = frozenset(code.upper() for code in vat.MEMBER_STATES - NOT_IN_THE_UNION)
_PREFIX_OF = {"GR": "EL"}
MAX_LENGTH = 20


def normal(text: str, country: str) -> str:
    """The number as it is stored, "ATU13585627": without separators, country letters added."""
    bare = "".join(char for char in code(text).upper() if char.isascii() and char.isalnum())
    if not bare or bare[:2].isalpha():
        return bare
    return _PREFIX_OF.get(country, country) + bare


def is_asked_for(country: str) -> bool:
    """Whether a number changes anything: from one member to another, by a shop that has one itself."""
    own = shop()
    return bool(own.vat_number) and country in MEMBERS and country != own.country


def problem(text: str, country: str) -> str:
    """What is wrong with a number for goods to that country, "" where nothing is, or none was given."""
    number = normal(text, country)
    if not number or not is_asked_for(country):
        return ""
    if not _is_valid(number):
        return _("Check the VAT number: it should look like {example}").format(
            example=_PREFIX_OF.get(country, country) + "123456789"
        )
    if _country_of(number) != country:
        return _("This VAT number is of another country than the delivery address")
    return ""


def reverses(text: str, country: str) -> bool:
    """Whether the buyer owes the VAT: the number is valid, and of the country that the goods go to."""
    if not text or not is_asked_for(country):
        return False
    number = normal(text, country)
    return _is_valid(number) and _country_of(number) == country


def _country_of(number: str) -> str:
    return "GR" if number[:2] == "EL" else number[:2]


@lru_cache(maxsize=1024)
def _is_valid(number: str) -> bool:
    try:
        return len(number) <= MAX_LENGTH and vat.validate(number) == number
    except ValidationError:
        return False
