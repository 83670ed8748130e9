"""The rows and cells of a product CSV: columns, line numbers, broken rows, and what spreadsheets put in."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...core.errors import ShopError
from ...core.i18n import _
from .csv_columns import NEEDED, NUMBERS, column_of, has_codes, resembled
from .csv_file import SEPARATORS, CsvFile, Record

MAX_CELL = 200_000
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_AFTER_APOSTROPHE = re.compile(r"'+[0-9][0-9 .,/:eE+\-]*")
"""What programs and people put an apostrophe before, so that a spreadsheet leaves it alone."""
_EATEN = re.compile(
    r"0[0-9]+|[0-9]{12,}|[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+"
    r"|[0-9]+[.,][0-9]+|[0-9]{1,4}[-/][0-9]{1,4}(?:[-/][0-9]{1,4})?"
)
"""Codes of which a spreadsheet makes something else: 0123, more digits than it shows, 1E5, 6109.10, 3-4."""
_AS_FORMULA = re.compile(r'="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line of the file. With a warning the product is imported nevertheless."""

    line: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        return _("Line {line}: {message}").format(line=self.line, message=self.message)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file, its cells by column; `line` is that of its start, as an editor counts lines.

    `problem` is why it can't be taken; `sign` the decimal sign of the file's amounts, "" where nobody knows.
    """

    line: int
    cells: dict[str, str]
    problem: str = ""
    sign: str = ""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()


@dataclass(frozen=True, slots=True)
class Header:
    """The names in the file's first row, and the column that each is taken as."""

    line: int
    names: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def renamed(self) -> list[tuple[str, str]]:
        """The names that aren't the column's own, each with its column."""
        pairs = zip(self.names, self.columns, strict=True)
        return [(name, column) for name, column in pairs if name.casefold() != column.casefold()]

    @property
    def warnings(self) -> list[Problem]:
        """One for each name that is no column and looks like one."""
        text = _("the column {name} isn't read. It looks like {column}; rename it if it is meant.")
        return [
            Problem(self.line, text.format(name=name, column=alike), warning=True)
            for name, column in zip(self.names, self.columns, strict=True)
            if name and not column_of(column) and (alike := resembled(name))
        ]


def harmless(text: str, column: str = "") -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula or a number.

    Numbers are meant where the column has codes.

    >>> harmless("=1+1"), harmless("'=1"), harmless("it's"), harmless("0123", "Variant Barcode")
    ("'=1+1", "''=1", "it's", "'0123")
    """
    if _FORMULA.match(text):
        return f"'{text}"
    eaten = has_codes(column) and (_EATEN.fullmatch(text) or _AFTER_APOSTROPHE.fullmatch(text))
    return f"'{text}" if eaten else text


def as_it_was(text: str, column: str = "") -> str:
    """Undoes `harmless`, and what other programs do to the same end: '4006381333931 and ="0123".

    >>> as_it_was("'=1+1"), as_it_was("''=1"), as_it_was("'tis"), as_it_was("'0123", "Variant SKU")
    ('=1+1', "'=1", "'tis", '0123')
    """
    if text[:1] not in ("'", "="):
        return text
    has_digits = column in NUMBERS or has_codes(column)
    if text.startswith("'"):
        guarded = (
            column in NUMBERS or _FORMULA.match(text) or (has_digits and _AFTER_APOSTROPHE.fullmatch(text))
        )
        return text[1:] if guarded else text
    formula = _AS_FORMULA.fullmatch(text) if has_digits else None
    return formula[1] if formula else text


def read_header(file: CsvFile) -> Header:
    """The header of the file.

    Errors  ShopError for a file that isn't Shopify's product CSV at all.
    """
    try:
        line, cells, _is_open = next(file.records(), Record(1, []))
    except csv.Error as error:
        raise ShopError(_("The file can't be read as CSV: {reason}.").format(reason=error)) from None
    names = tuple(_printable(cell).strip() for cell in cells)
    header = Header(line, names, tuple(column_of(name) or name for name in names))
    missing = [name for name in NEEDED if name not in header.columns]
    if missing:
        text = _("Line {line}: the columns {names} are missing.").format(line=line, names=", ".join(missing))
        alike = [
            _("{name} looks like {column}.").format(name=name, column=resembled(name))
            for name in names
            if not column_of(name) and column_of(resembled(name)) in missing
        ]
        if len(names) == 1 and any(sign in names[0] for sign in SEPARATORS):
            alike = [_("Each line stands in quotes, as if it were one cell. Save the file as CSV again.")]
        raise ShopError(" ".join([text, *alike]))
    return header


def read_rows(file: CsvFile, header: Header, sign: str = "") -> Iterator[Row]:
    """The rows below the header; those that are broken carry their problem. A second header has no cells.

    Errors  ShopError where the file can't be read as CSV.
    """
    own = [name.casefold() for name in header.names]
    try:
        for record in file.records():
            if record.line == header.line:
                continue
            cells = [cell.strip().casefold() for cell in record.cells[: len(own)]]
            if cells[0] == own[0] and cells == own[: len(cells)] and len(cells) > 1:
                yield Row(record.line, {})
            else:
                yield _row(record, header, sign)
    except csv.Error as error:
        raise ShopError(_("The file can't be read as CSV: {reason}.").format(reason=error)) from None


def _row(record: Record, header: Header, sign: str) -> Row:
    values = record.cells
    problem = _("a quote that starts here never ends.") if record.is_open else ""
    if any(value.strip() for value in values[len(header.names) :]):
        text = _("it has {count} cells, and the header has {expected}. Are quotes missing around a comma?")
        problem = text.format(count=len(values), expected=len(header.names))
    cells: dict[str, str] = {}
    short = [""] * (len(header.names) - len(values))
    for name, column, value in zip(header.names, header.columns, [*values, *short], strict=False):
        if not column:
            continue
        if broken := _broken(name, value):
            problem, value = problem or broken, _printable(value)
        text = as_it_was(value.strip() if has_codes(column) else value, column)
        other = cells.get(column, "")
        if text.strip() and other.strip() and text.strip() != other.strip():
            first = header.names[header.columns.index(column)]
            problem = problem or _("{first} and {second} mean the same, and say {one} and {other}.").format(
                first=first, second=name, one=short_text(other), other=short_text(text)
            )
        cells[column] = other if other.strip() else text
    return Row(record.line, cells, problem, sign)


def _printable(text: str) -> str:
    """The text with a question mark for each byte that couldn't be decoded."""
    return text.encode(errors="replace").decode()


def _broken(name: str, value: str) -> str:
    """Why a cell can't be read, "" where it can."""
    if len(value) > MAX_CELL:
        return _("{column} holds {count} characters; {most} is the most.").format(
            column=name, count=f"{len(value):,}", most=f"{MAX_CELL:,}"
        )
    if not value.isascii() and any("\udc80" <= letter <= "\udcff" for letter in value):
        return _("{column} isn't in UTF-8. Save the file as UTF-8 and try again.").format(column=name)
    return _("{column} has characters that can't be read.").format(column=name) if "\x00" in value else ""


def short_text(text: str) -> str:
    """The text as far as a sentence can show it."""
    text = text.strip()
    return text if len(text) <= 40 else text[:40] + "…"
