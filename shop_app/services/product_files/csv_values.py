"""Values in the cells of a CSV file: amounts, numbers, weights, yes and no; a bad one names its line."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from ...core.i18n import _
from ...core.money import parse_minor, round_half_up
from ...core.settings import settings
from ...models import StockPolicy
from .csv_cells import TRACKER, Problem, Row

CONTENTS = {
    "g": (1, "g"),
    "kg": (1000, "g"),
    "ml": (1, "ml"),
    "cl": (10, "ml"),
    "l": (1000, "ml"),
}
"""The units of Unit Price Total Measure that a price is shown by: each as so many g or ml."""
WEIGHTS = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lb": Decimal("453.59237")}


class BadRow(Exception):
    """A line that can't be taken, and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, message)


def amount(row: Row, column: str) -> int | None:
    text = row[column]
    if not text:
        return None
    try:
        return parse_minor(text, settings().currency)
    except ValueError:
        raise BadRow(
            row.line,
            _("{column} is {value}, which isn't an amount like 24.90.").format(
                column=column, value=_short(text)
            ),
        ) from None


def number(row: Row, column: str) -> Decimal | None:
    text = row[column]
    if not text:
        return None
    try:
        number = Decimal(text)
        if (
            number.is_finite()
            and abs(number) < 10**9
            and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text, re.ASCII)
        ):
            return number
    except InvalidOperation:
        pass
    raise BadRow(
        row.line, _("{column} is {value}, which isn't a number.").format(column=column, value=_short(text))
    )


def grams(row: Row, otherwise: int) -> int:
    """Variant Grams, or Variant Weight in its unit; rounded half up to whole grams."""
    value = number(row, "Variant Grams")
    if value is None and (weight := number(row, "Variant Weight")) is not None:
        unit = row["Variant Weight Unit"].lower() or "kg"
        if unit not in WEIGHTS:
            text = _("Variant Weight Unit is {value}; g, kg, oz and lb can be taken.")
            raise BadRow(row.line, text.format(value=_short(unit)))
        value = weight * WEIGHTS[unit]
    if value is None:
        return otherwise
    if value < 0:
        raise BadRow(row.line, _("a weight can't be below 0."))
    return round_half_up(value)


def contents(row: Row, warnings: list[Problem]) -> tuple[int, str]:
    """What is in it, in whole g or ml, and which of the two; (0, "") for what is sold by another measure."""
    value, unit = number(row, "Unit Price Total Measure"), row["Unit Price Total Measure Unit"].lower()
    if value is None:
        return 0, ""
    if unit not in CONTENTS or value <= 0:
        if value:
            text = _("a price by {unit} isn't shown; g, kg, ml, cl and l can be taken.")
            warnings.append(Problem(row.line, text.format(unit=_short(unit) or "?"), warning=True))
        return 0, ""
    factor, kept_unit = CONTENTS[unit]
    return max(1, round_half_up(value * factor)), kept_unit


def quantity(row: Row, warnings: list[Problem]) -> int | None:
    """Units that can be sold; None where the file doesn't say. Oversold ones count as none."""
    units = number(row, "Variant Inventory Qty")
    if units is None:
        return None
    if units != int(units):
        raise BadRow(row.line, _("Variant Inventory Qty isn't a whole number."))
    if units < 0:
        text = _("{count} units were oversold; the shop starts with 0.").format(count=-int(units))
        warnings.append(Problem(row.line, text, warning=True))
    return max(0, int(units))


def yes_or_no(row: Row, column: str, otherwise: bool) -> bool:
    text = row[column].lower()
    if text not in ("", "true", "false"):
        raise BadRow(
            row.line,
            _("{column} is {value}; true and false can be taken.").format(column=column, value=_short(text)),
        )
    return otherwise if not text else text == "true"


def stock_policy(row: Row, stored: str | None) -> str:
    """deny, backorder or untracked; `stored` is that of the variant, None where it is new.

    Shopify tracks what has a tracker. Without that column stored variants stay as they are, and new ones
    are tracked where the file has a quantity.
    """
    text = row["Variant Inventory Policy"].lower()
    if text not in ("", "deny", "continue"):
        raise BadRow(
            row.line,
            _("Variant Inventory Policy is {value}; deny and continue can be taken.").format(
                value=_short(text)
            ),
        )
    if TRACKER in row.cells:
        tracked = bool(row[TRACKER])
    else:
        tracked = stored != StockPolicy.UNTRACKED if stored else bool(row["Variant Inventory Qty"])
    if not tracked:
        return StockPolicy.UNTRACKED.value
    if text:
        return (StockPolicy.BACKORDER if text == "continue" else StockPolicy.DENY).value
    return stored if stored == StockPolicy.BACKORDER else StockPolicy.DENY.value


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
