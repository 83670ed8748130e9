"""Values in the cells of a CSV file: amounts, numbers, weights, yes and no; a bad one names its line."""

from __future__ import annotations

import re
from decimal import Decimal

from ...core.decimals import Ambiguous, read_decimal, shown_sign
from ...core.i18n import _
from ...core.money import parse_minor, round_half_up
from ...core.shop import shop
from ...models import StockPolicy
from .csv_cells import Problem, Row, short_text
from .csv_columns import AMOUNTS, TRACKER

CONTENTS = {
    "g": (1, "g"),
    "kg": (1000, "g"),
    "ml": (1, "ml"),
    "cl": (10, "ml"),
    "l": (1000, "ml"),
}
"""The units of Unit Price Total Measure that a price is shown by: each as so many g or ml."""
WEIGHTS = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lb": Decimal("453.59237")}

QUANTITY = "Variant Inventory Qty"
TRUE = ("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda", "sand", "sant", "tosi")
FALSE = ("false", "falsch", "faux", "falso", "onwaar", "fałsz", "falsk", "falskt", "epätosi")
"""What spreadsheets write for TRUE and FALSE in the languages of Europe."""
_ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]+")
"""How spreadsheets write large numbers; a code such as 1E5 has no plus."""


class BadRow(Exception):
    """A line that can't be taken, and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, message)


def amount(row: Row, column: str) -> int | None:
    """An amount in minor units; None where the cell is empty."""
    text = row[column]
    if not text:
        return None
    try:
        return parse_minor(text, shop().currency, row.sign)
    except Ambiguous as unsure:
        raise _unsure(row, column, unsure) from None
    except ValueError:
        raise BadRow(
            row.line,
            _("{column} is {value}, which isn't an amount like 24.90.").format(
                column=column, value=short_text(text)
            ),
        ) from None


def shown_signs(row: Row) -> set[str]:
    """The decimal signs that the amounts of a row show without doubt."""
    return {sign for column in AMOUNTS if (sign := shown_sign([row[column]]))}


def number(row: Row, column: str) -> Decimal | None:
    """A quantity, or a measure, which programs write with up to three decimals and a point."""
    text = row[column]
    if not text:
        return None
    try:
        number = read_decimal(text, sign=row.sign, places=None if column == QUANTITY else 3)
    except Ambiguous as unsure:
        raise _unsure(row, column, unsure) from None
    except ValueError:
        number = None
    if number is None or abs(number) >= 10**9:
        raise BadRow(
            row.line,
            _("{column} is {value}, which isn't a number.").format(column=column, value=short_text(text)),
        )
    return number


def _unsure(row: Row, column: str, unsure: Ambiguous) -> BadRow:
    text = _(
        "{column} is {value}, which could be {first} or {second}. Say the file's locale (--locale), or write"
        " it without a sign for thousands."
    )
    first, second = unsure.readings
    return BadRow(
        row.line, text.format(column=column, value=short_text(row[column]), first=first, second=second)
    )


def grams(row: Row, otherwise: int) -> int:
    """Variant Grams, or Variant Weight in its unit; rounded half up to whole grams."""
    value = number(row, "Variant Grams")
    if value is None and (weight := number(row, "Variant Weight")) is not None:
        unit = row["Variant Weight Unit"].lower() or "kg"
        if unit not in WEIGHTS:
            text = _("Variant Weight Unit is {value}; g, kg, oz and lb can be taken.")
            raise BadRow(row.line, text.format(value=short_text(unit)))
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
            warnings.append(Problem(row.line, text.format(unit=short_text(unit) or "?"), warning=True))
        return 0, ""
    factor, kept_unit = CONTENTS[unit]
    return max(1, round_half_up(value * factor)), kept_unit


def quantity(row: Row, warnings: list[Problem]) -> int | None:
    """Units that can be sold; None where the file doesn't say. Oversold ones count as none."""
    units = number(row, QUANTITY)
    if units is None:
        return None
    if units != int(units):
        raise BadRow(row.line, _("Variant Inventory Qty isn't a whole number."))
    if units < 0:
        text = _("{count} units were oversold; the shop starts with 0.").format(count=-int(units))
        warnings.append(Problem(row.line, text, warning=True))
    return max(0, int(units))


def yes_or_no(row: Row, column: str, otherwise: bool) -> bool:
    """What a cell says, in the words of any language that spreadsheets write for true and false."""
    text = row[column].casefold()
    if text not in ("", *TRUE, *FALSE):
        raise BadRow(
            row.line,
            _("{column} is {value}; true and false can be taken.").format(
                column=column, value=short_text(text)
            ),
        )
    return otherwise if not text else text in TRUE


def stock_policy(row: Row, stored: str | None) -> str:
    """deny, backorder or untracked; `stored` is that of the variant, None where it is new.

    Shopify tracks what has a tracker. Without that column stored variants stay as they are, and new ones
    are tracked where the file has a quantity.
    """
    text = row["Variant Inventory Policy"].casefold()
    if text not in ("", "deny", "continue", *TRUE, *FALSE):
        raise BadRow(
            row.line,
            _("Variant Inventory Policy is {value}; deny and continue can be taken.").format(
                value=short_text(text)
            ),
        )
    if TRACKER in row.cells:
        tracked = bool(row[TRACKER])
    else:
        tracked = stored != StockPolicy.UNTRACKED if stored else bool(row[QUANTITY])
    if not tracked:
        return StockPolicy.UNTRACKED.value
    if text:
        return (StockPolicy.BACKORDER if text == "continue" or text in TRUE else StockPolicy.DENY).value
    return stored if stored == StockPolicy.BACKORDER else StockPolicy.DENY.value


def barcode(row: Row, otherwise: str, warnings: list[Problem]) -> str:
    """The barcode, unless a spreadsheet has made a rounded number of it."""
    text = row["Variant Barcode"]
    if not _ROUNDED.fullmatch(text):
        return text
    said = _("Variant Barcode is {value}: a spreadsheet has rounded it, so it was left out.")
    warnings.append(Problem(row.line, said.format(value=short_text(text)), warning=True))
    return otherwise


def warn_of_rounded_sku(row: Row, warnings: list[Problem]) -> None:
    text = row["Variant SKU"]
    if _ROUNDED.fullmatch(text):
        said = _("Variant SKU is {value}, which looks rounded by a spreadsheet. It was taken as it is.")
        warnings.append(Problem(row.line, said.format(value=short_text(text)), warning=True))


def fitting(text: str, column: str, most: int, row: Row, warnings: list[Problem]) -> str:
    """The text, cut to `most` characters with a warning where it is longer."""
    if len(text) <= most:
        return text
    said = _("{column} has {count} characters, and was cut to {most}.")
    warnings.append(Problem(row.line, said.format(column=column, count=len(text), most=most), warning=True))
    return text[:most].rstrip()
