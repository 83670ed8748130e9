"""A file of counts: rows of SKU or barcode and units, as spreadsheets and hand scanners write them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from ...core import typed_text
from ...core.errors import Invalid
from ...core.i18n import _

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 20_000
MAX_UNITS = 10**6
_HEADER = {"sku", "code", "barcode", "ean", "gtin", "article", "artikel", "variant sku"}
_AS_FORMULA = re.compile(r'="([^"]*)"')
"""How spreadsheets are kept from making a number of a code."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that could be read, or why it couldn't be."""

    line: int
    code: str
    units: int = 0
    problem: str = ""


def read(data: bytes) -> list[Row]:
    """The rows of the file, blank ones and the header left out; a code that comes twice is a problem.

    Errors  Invalid for a file that is too large, has too many rows, or is no text.
    """
    if len(data) > MAX_BYTES:
        raise Invalid(_("A file of counts may have 2 MB at most. Split it and try again."), code="too_large")
    rows: list[Row] = []
    lines_by_code: dict[str, int] = {}
    reader = csv.reader(_text(data).splitlines(), delimiter=_separator(data))
    try:
        for cells in reader:
            if len(rows) > MAX_ROWS:
                raise Invalid(
                    _("A file of counts may have {most} rows at most.").format(most=f"{MAX_ROWS:,}")
                )
            if row := _row(reader.line_num, cells, lines_by_code):
                rows.append(row)
    except csv.Error:
        raise Invalid(_("Line {line} can't be read.").format(line=reader.line_num)) from None
    if not rows:
        raise Invalid(_("The file has no rows. Write a SKU and its units in each line: MUG-1;12"))
    return rows


def _row(line: int, cells: list[str], lines_by_code: dict[str, int]) -> Row | None:
    code = _cell(cells[0]) if cells else ""
    if not any(cell.strip() for cell in cells) or (not lines_by_code and code.casefold() in _HEADER):
        return None
    typed = _cell(cells[1]) if len(cells) > 1 else ""
    if not code:
        return Row(line, "", problem=_("The SKU is missing."))
    if first := lines_by_code.get(code):
        return Row(line, code, problem=_("This code stands in line {line} already.").format(line=first))
    lines_by_code[code] = line
    if not re.fullmatch(r"\d{1,7}", typed, re.ASCII) or int(typed) > MAX_UNITS:
        return Row(line, code, problem=_("The units have to be a whole number from 0 up."))
    return Row(line, code, int(typed))


def _cell(cell: str) -> str:
    cell = cell.strip()
    if formula := _AS_FORMULA.fullmatch(cell):
        return formula[1].strip()
    return typed_text.prose(cell)[:300]


def _text(data: bytes) -> str:
    if b"\x00" in data:
        raise Invalid(_("This file isn't text. Save it as CSV and try again."), code="not_text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _separator(data: bytes) -> str:
    first = data[:4096].decode("utf-8", "replace").splitlines()[:1]
    return max(";\t,", key=lambda sign: first[0].count(sign)) if first else ";"
