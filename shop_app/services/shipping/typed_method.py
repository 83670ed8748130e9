"""A way of delivery as it is typed into a form, read into the columns that keep it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ...core import money
from ...core.decimals import read_decimal
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.shop import shop
from ...core.typed_text import prose
from ...models import MethodKind

MAX_LABEL, MAX_NOTE, MAX_STEPS = 100, 300, 20
MAX_DAYS = 365
MAX_GRAMS = 10_000_000

Steps = tuple[tuple[int, int], ...]
"""(up to grams, price in minor units), the lightest first."""


def labels() -> dict[str, str]:
    """Field -> what it is called."""
    return {
        "label": _("Name"),
        "note": _("Note"),
        "kind": _("Kind"),
        "price": _("Price"),
        "free_above": _("Free from"),
        "min_days": _("Working days at least"),
        "max_days": _("Working days at most"),
        "active": _("Offered"),
        "steps": _("Prices by weight"),
    }


def kinds() -> dict[str, str]:
    return {
        MethodKind.FLAT.value: _("One price"),
        MethodKind.BY_WEIGHT.value: _("By weight"),
        MethodKind.PICK_UP.value: _("Pick-up"),
    }


def columns(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of these fields, `steps` among them, as `Steps`.

    Errors  Invalid with the first field that can't be read.
    """
    return {_COLUMN.get(name, name): _READERS[name](value) for name, value in typed.items()}


def check_together(row: Mapping[str, Any], steps: Steps) -> None:
    """Errors  Invalid where fields that are right by themselves don't fit together."""
    if row["min_days"] > row["max_days"]:
        raise Invalid(_("At most can't be fewer days than at least."), field="max_days")
    if row["kind"] == MethodKind.BY_WEIGHT and not steps:
        raise Invalid(_("Enter a weight and its price."), field="steps")


def amount_text(minor: int | None) -> str:
    """An amount as it stands in a field, "" for none."""
    return "" if minor is None else money.decimal_text(minor, shop().currency)


def weight_text(grams: int) -> str:
    """A weight in kilograms as it stands in a field.

    >>> weight_text(2500), weight_text(10_000)
    ('2.5', '10')
    """
    text = f"{Decimal(grams) / 1000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _label(text: str) -> str:
    folded = prose(text)
    if not folded:
        raise Invalid(_("Enter a name, such as Standard delivery."), field="label")
    if len(folded) > MAX_LABEL:
        raise Invalid(_("Keep the name to {most} characters.").format(most=MAX_LABEL), field="label")
    return folded


def _note(text: str) -> str:
    return prose(text)[:MAX_NOTE]


def _kind(text: str) -> str:
    if text not in kinds():
        raise Invalid(_("Choose what kind it is."), field="kind")
    return text


def _price(text: str) -> int:
    return amount(text, "price")


def _free_above(text: str) -> int | None:
    return amount(text, "free_above") if text.strip() else None


def amount(text: str, field: str) -> int:
    """An amount in the shop's currency, in minor units. Errors  Invalid at that field."""
    currency = shop().currency
    try:
        minor = money.parse_minor(text, currency)
    except ValueError:
        example = amount_text(money.round_half_up(490, money.step(currency)))
        raise Invalid(_("Enter an amount, such as {example}.").format(example=example), field=field) from None
    if problem := money.step_problem(minor, currency, shop().locale):
        raise Invalid(problem, field=field)
    return minor


def _days(field: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit() and int(digits[:6]) <= MAX_DAYS):
            raise Invalid(_("Enter whole days, {most} at most.").format(most=MAX_DAYS), field=field)
        return int(digits[:6])

    return read


def _steps(rows: tuple[tuple[str, str], ...]) -> Steps:
    """The steps of the rows that aren't empty, sorted by weight."""
    steps: dict[int, int] = {}
    for kilograms, price in rows[:MAX_STEPS]:
        if not kilograms.strip() and not price.strip():
            continue
        weight = grams(kilograms, "steps")
        if weight in steps:
            raise Invalid(_("Each weight can stand there once."), field="steps")
        steps[weight] = amount(price, "steps")
    return tuple(sorted(steps.items()))


def grams(kilograms: str, field: str) -> int:
    """A weight typed in kilograms, in grams. Errors  Invalid at that field."""
    try:
        exact = read_decimal(kilograms.lower().strip().removesuffix("kg"), places=3) * 1000
    except ValueError:
        exact = Decimal(0)
    if not 0 < exact <= MAX_GRAMS or exact != int(exact):
        raise Invalid(_("Enter a weight in kilograms, such as 2.5."), field=field)
    return int(exact)


_COLUMN = {"price": "price_minor", "free_above": "free_above_minor"}
_READERS: dict[str, Callable[[Any], Any]] = {
    "label": _label,
    "note": _note,
    "kind": _kind,
    "price": _price,
    "free_above": _free_above,
    "min_days": _days("min_days"),
    "max_days": _days("max_days"),
    "active": lambda value: value == "1",
    "steps": _steps,
}
FIELDS = tuple(_READERS)
