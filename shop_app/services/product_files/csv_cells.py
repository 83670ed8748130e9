"""Shopify's product CSV as rows and cells: columns, line numbers, broken files, and escaped formulas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import ShopError
from ...core.i18n import _

MAX_CELL = 200_000
MAX_FILE_BYTES = 500 * 1024 * 1024
TRACKER = "Variant Inventory Tracker"
"""Who counts a variant's stock; blank where nobody does."""
NEEDED = ("Handle", "Title", "Variant Price")

READ_COLUMNS = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "SEO Title",
    "SEO Description",
    "Variant Image",
    "Cost per item",
    "Unit Price Total Measure",
    "Unit Price Total Measure Unit",
    "Status",
)
OURS = {
    "category": "Category (product.metafields.shop.category)",
    "subtitle": "Subtitle (product.metafields.shop.subtitle)",
    "care": "Care (product.metafields.shop.care)",
    "materials": "Materials (product.metafields.shop.materials)",
}
"""What Shopify has no column for, under names that it takes for metafields."""
USUAL = {
    TRACKER: "shopify",
    "Variant Fulfillment Service": "manual",
    "Gift Card": "false",
}
"""The usual values of columns that the shop doesn't use; only other values are stored."""
HEADER = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "Variant SKU",
    "Variant Grams",
    TRACKER,
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Fulfillment Service",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
    "SEO Title",
    "SEO Description",
    "Variant Image",
    "Variant Weight Unit",
    "Variant Tax Code",
    "Cost per item",
    "Unit Price Total Measure",
    "Unit Price Total Measure Unit",
    "Status",
    *OURS.values(),
)
"""The columns of every export; further columns that an import had follow."""

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


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
    """A row of the file, `line` counted from 1 with the header; `problem` is why it can't be taken."""

    line: int
    cells: dict[str, str]
    problem: str = ""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula.

    >>> harmless("=1+1"), harmless("'=1"), harmless("it's")
    ("'=1+1", "''=1", "it's")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def as_it_was(text: str) -> str:
    """Undoes `harmless`, and nothing else.

    >>> as_it_was("'=1+1"), as_it_was("''=1"), as_it_was("'tis")
    ('=1+1', "'=1", "'tis")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def count_lines(path: Path) -> int:
    """The lines of the file, for a progress bar."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def read_rows(path: Path) -> Iterator[Row]:
    """The rows below the header; those that are broken carry their problem.

    Errors  ShopError for a file that isn't Shopify's product CSV at all.
    """
    _refuse_other_files(path)
    limit = csv.field_size_limit(2**31 - 1)
    try:
        # Bytes that aren't UTF-8 come as lone surrogates: their row is refused, the others aren't.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            _check_header(header)
            line = reader.line_num + 1
            for values in reader:
                if any(value.strip() for value in values):
                    yield _row(line, header, values)
                line = reader.line_num + 1
    except csv.Error as error:
        raise ShopError(_("The file can't be read as CSV: {reason}.").format(reason=error)) from None
    finally:
        csv.field_size_limit(limit)


def _refuse_other_files(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(4096)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ShopError(_("The file is larger than 500 MB. Split it into several."))
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or (start and start.count(0) > len(start) // 4):
        raise ShopError(_("The file is in UTF-16. Save it as CSV in UTF-8 and try again."))
    if start[:4] == b"PK\x03\x04" or b"\x00" in start[:512]:
        raise ShopError(_("This isn't a CSV file. Export the products as CSV and try again."))


def _check_header(header: list[str]) -> None:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise ShopError(_("Line 1: the columns {names} are missing.").format(names=", ".join(missing)))
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise ShopError(_("Line 1: the column {name} stands there twice.").format(name=twice[0]))


def _row(line: int, header: list[str], values: list[str]) -> Row:
    problem = ""
    if len(values) != len(header):
        problem = _("it has {count} cells, and the header has {expected}.").format(
            count=len(values), expected=len(header)
        )
    for name, value in zip(header, values, strict=False):
        if len(value) > MAX_CELL:
            problem = _("{column} holds {count} characters; {most} is the most.").format(
                column=name, count=f"{len(value):,}", most=f"{MAX_CELL:,}"
            )
        elif any("\udc80" <= letter <= "\udcff" for letter in value) if not value.isascii() else False:
            problem = _("{column} isn't in UTF-8. Save the file as UTF-8 and try again.").format(column=name)
        elif "\x00" in value:
            problem = _("{column} has characters that can't be read.").format(column=name)
    cells = {name: as_it_was(value) for name, value in zip(header, values, strict=False) if name}
    return Row(line, cells, problem)
