"""The form that changes where an order goes: the inputs of its country, and what they were made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import bindparam, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import Invalid, NotFound
from ...core.i18n import _
from ...core.shop import shop
from ..customers import addresses
from ..orders import notes
from ..orders.queries import order

_ADDRESS = select(order.c.ship_to, order.c.country).where(order.c.id == bindparam("order"))
_CARRIED = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True)
class AddressInput:
    name: str
    label: str
    value: str
    required: bool
    autocomplete: str
    choices: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AddressForm:
    fields: list[AddressInput] = field(default_factory=list)
    country: str = ""
    """Its name: an order's country stays."""
    seen: str = ""
    """The address that the form was made from; it comes back with the form."""


def form(session: Session, order_id: int, *, by: Principal) -> AddressForm:
    """Errors  Forbidden; NotFound."""
    by.need(notes.EDIT)
    row = session.connection().execute(_ADDRESS, {"order": order_id}).first()
    if row is None:
        raise NotFound(_("There is no such order."))
    inputs = [
        AddressInput(
            one.name, one.label, row.ship_to.get(one.name, ""), one.required, one.autocomplete, one.choices
        )
        for one in addresses.fields(row.country)
        if one.name not in ("country", "phone")
    ]
    name = addresses.country_name(row.country, shop().locale)
    return AddressForm(inputs, name, carried(row.ship_to))


def carried(address: Mapping[str, str]) -> str:
    """An address as a form carries it, to be compared when it comes back."""
    return json.dumps(dict(address), sort_keys=True, ensure_ascii=False)


def read_carried(text: str) -> dict[str, str]:
    """Errors  Invalid for what no form carried."""
    try:
        return _CARRIED.validate_json(text, strict=True)
    except ValidationError:
        raise Invalid(_("The page is out of date. Reload it and try again.")) from None


def lines_of(address: Mapping[str, str]) -> list[str]:
    """The address line by line."""
    return addresses.lines(dict(address), shop().locale)
