"""The types that handlers take: each with its bounds, because every browser may send anything.

A handler's arguments and the fields of its forms are annotated with these (or a Literal, an Enum, a
bool); the guard checks values against them before the handler runs, and the server doesn't start while
an argument has a type without bounds. Text comes in folded (`core/typed_text.py`): as `prose` where people
read it, as `code` where it has to match something; lengths count after that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from shop_app.core import email_addresses, typed_text
from shop_app.services.catalog import identity

MAX_QUANTITY = 99
NO_UNITS = -1
MAX_ID = 2**53 - 1
"""The largest whole number that a browser holds exactly."""


def _whole(value: Any) -> Any:
    """Numbers as browsers send them: 3, "3", "" is no number; never True, 3.5, NaN or " 3"."""
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 16:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not a whole number")
    return value


def _key(value: Any) -> int:
    """A number as the key of an object: a text, written in one way alone, so that no two keys are one."""
    number = _whole(value)
    if str(number) != value:
        raise ValueError("not the usual way to write it")
    return number


def _units(value: Any) -> int:
    try:
        units = _whole(typed_text.code(value) if isinstance(value, str) and len(value) <= 40 else value)
    except ValueError:
        return NO_UNITS
    return units if 0 <= units <= MAX_QUANTITY else NO_UNITS


def _sku(text: str) -> str:
    if not identity.is_sku(text):
        raise ValueError("not a SKU")
    return text


def _text(max_length: int, fold: Callable[[str], str] = typed_text.prose) -> Any:
    def folded(value: Any) -> Any:
        # What is far too long is refused as it came: folding it would take time.
        return fold(value) if isinstance(value, str) and len(value) <= 2 * max_length else value

    return (StringConstraints(strict=True, max_length=max_length), BeforeValidator(folded))


Sku = Annotated[str, StringConstraints(strict=True, max_length=identity.MAX_SKU), AfterValidator(_sku)]
"""Exactly as it is stored: nothing is folded or trimmed."""
Slug = Annotated[
    str,
    StringConstraints(strict=True, pattern=rf"^{identity.SLUG.pattern}\z", max_length=identity.MAX_SLUG),
]
Token = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{16,128}\z", max_length=128)]
Code = Annotated[str, *_text(40, typed_text.code)]
OrderNumber = Annotated[str, *_text(20, typed_text.code)]
Ticket = Annotated[str, *_text(64)]
"""Made by a page for one sending of a form, to know its own answer by."""
CreditCode = Annotated[str, *_text(60, typed_text.code)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_.-]{0,63}\z", max_length=64)]
"""A word of ours: a sort order, a section, the key of an option."""

ShortText = Annotated[str, *_text(200)]
Email = Annotated[str, *_text(email_addresses.MAX_LENGTH)]
LongText = Annotated[str, *_text(10_000, partial(typed_text.prose, lines=True))]
Carried = Annotated[str, StringConstraints(strict=True, max_length=10_000)]
"""What a page was given, to bring it back as it is."""

Quantity = Annotated[int, Field(ge=0, le=MAX_QUANTITY), BeforeValidator(_whole)]
TypedUnits = Annotated[int, Field(ge=NO_UNITS, le=MAX_QUANTITY), BeforeValidator(_units)]
"""A number of units that is typed; what is none is NO_UNITS, which the cart refuses with its own sentence."""
Count = Annotated[int, Field(ge=-1_000_000, le=1_000_000), BeforeValidator(_whole)]
RecordId = Annotated[int, Field(ge=1, le=MAX_ID), BeforeValidator(_whole)]
AmountMinor = Annotated[int, Field(ge=0, le=10**11), BeforeValidator(_whole)]
Flag = Annotated[bool, Field(strict=True)]

LineUnits = Annotated[
    dict[Annotated[int, Field(ge=1, le=MAX_ID), BeforeValidator(_key)], Quantity],
    Field(max_length=100),
    AfterValidator(lambda units: {line: count for line, count in units.items() if count}),
]
"""Units by the id of an order's line, which comes as text, as keys do; lines of 0 units are left out."""
