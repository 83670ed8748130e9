"""The billing address at checkout: that of the delivery, unless the shopper gives another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from ...core.i18n import _
from ..customers import addresses
from ..customers.addresses import AddressField

OTHER = "other"
"""What the form says where the bill goes to another address than the goods."""
PARTS = (
    "given_name", "family_name", "company", "line1", "line2", "postal_code", "locality", "region", "country",
)  # fmt: skip
"""What an address is made of, as orders keep it."""


@lru_cache(maxsize=256)
def fields(country: str, locale: str) -> tuple[AddressField, ...]:
    """The inputs of a billing address in that country, the country first; each is named billing_…."""
    of_country = {field.name: field for field in addresses.fields(country)}
    chosen = replace(of_country["country"], choices=addresses.countries(locale))
    others = [field for name, field in of_country.items() if name in PARTS and name != "country"]
    return tuple(
        replace(field, name=f"billing_{field.name}", autocomplete=f"billing {field.autocomplete}")
        for field in (chosen, *others)
    )


def problems(typed: Mapping[str, str], locale: str) -> list[tuple[str, str]]:
    """Each field of the form's billing address with what is wrong with it, "" where nothing is."""
    address = address_of(typed)
    country = address["country"]
    known = country in dict(addresses.countries(locale))
    problems_of = [("country", "" if known else _("Choose a country")), *addresses.problems(address)]
    return [(f"billing_{name}", wrong) for name, wrong in problems_of]


def normal(typed: Mapping[str, str]) -> dict[str, str]:
    """The form's billing fields as an order keeps them; all "" where the bill goes where the goods go."""
    if typed["billing"] != OTHER:
        return {"billing": ""} | {f"billing_{name}": "" for name in PARTS}
    address = addresses.normal(address_of(typed))
    return {"billing": OTHER} | {f"billing_{name}": value for name, value in address.items()}


def address_of(typed: Mapping[str, str]) -> dict[str, str]:
    """The form's billing address, as an order keeps it."""
    return {name: typed[f"billing_{name}"] for name in PARTS}
