"""What a product's first row says of the product as a whole: texts, status, taxes, tags."""

from __future__ import annotations

from typing import TypeVar

from ...core.i18n import _, plural
from ...models import FOR_SALE, ProductStatus
from ..catalog.descriptions import left_out
from ..catalog.product_draft import MAX_TAGS, MAX_TEXT, ProductDraft
from .csv_cells import Problem, Row, short_text
from .csv_columns import OURS
from .csv_values import TRUE, BadRow, fitting, yes_or_no

T = TypeVar("T")
DELETES = ("delete", "deleted", "remove")
_YES = (*TRUE, "delete", "x", "yes", "y", "1")
_MOST = {
    "vendor": 255,
    "kind": 255,
    "seo_title": 300,
    "seo_description": 1000,
    "subtitle": 500,
    "care": 5000,
}
"""Characters of those texts that a product can have."""


def if_there(row: Row, column: str, value: T, otherwise: T) -> T:
    """`value` where the file has the column, what is stored where it hasn't."""
    return value if column in row.cells else otherwise


def texts(first: Row, base: ProductDraft, warnings: list[Problem]) -> dict[str, object]:
    """The fields of the draft that are texts; what is too long is cut, and said."""
    columns = {
        "description_html": "Body (HTML)",
        "vendor": "Vendor",
        "kind": "Type",
        "seo_title": "SEO Title",
        "seo_description": "SEO Description",
        "subtitle": OURS["subtitle"],
        "care": OURS["care"],
        "category": OURS["category"],
    }
    fields: dict[str, object] = {}
    for name, column in columns.items():
        text = fitting(first[column], column, _MOST.get(name, MAX_TEXT), first, warnings)
        fields[name] = if_there(first, column, text, getattr(base, name))
    if missed := left_out(first["Body (HTML)"]):
        text = _("descriptions are text and links; left out of this one: {names}.")
        names = ", ".join(f"<{name}>" for name in missed)
        warnings.append(Problem(first.line, text.format(names=names), warning=True))
    materials = tuple(part.strip() for part in first[OURS["materials"]].split(";") if part.strip())
    return {**fields, "materials": if_there(first, OURS["materials"], materials, base.materials)}


def status(first: Row, stored: ProductDraft | None) -> str:
    """The status of a product; a new one is for sale unless the file says something else, as at Shopify.

    Source  https://help.shopify.com/en/manual/products/import-export/using-csv (2026)
    """
    word = first["Status"].casefold()
    if word and word not in set(ProductStatus):
        text = _("Status is {value}; active, draft, archived and unlisted can be taken.")
        raise BadRow(first.line, text.format(value=short_text(word)))
    before = stored.status if stored else ProductStatus.ACTIVE.value
    is_published = yes_or_no(first, "Published", before in FOR_SALE)
    if word:
        is_hidden = bool(first["Published"]) and not is_published
        return ProductStatus.DRAFT.value if word in FOR_SALE and is_hidden else word
    if not first["Published"]:
        return before
    if is_published:
        return before if before in FOR_SALE else ProductStatus.ACTIVE.value
    return before if before == ProductStatus.ARCHIVED else ProductStatus.DRAFT.value


def warn_of_gift_card(first: Row, warnings: list[Problem]) -> None:
    """Say that what is a gift card elsewhere is a product like any other here."""
    if yes_or_no(first, "Gift Card", False):
        text = _("Gift Card is true. Here it is sold like any other product, and no card is issued.")
        warnings.append(Problem(first.line, text, warning=True))


def tax_class(rows: list[Row], base: ProductDraft, warnings: list[Problem]) -> str:
    """The tax class that the variants' rows say: "zero" where all are untaxed."""
    taxed = {row.line: yes_or_no(row, "Variant Taxable", True) for row in rows if row["Variant Taxable"]}
    if taxed and not any(taxed.values()):
        return "zero"
    if not all(taxed.values()):
        line = next(line for line, is_taxed in taxed.items() if not is_taxed)
        text = _("the variants differ in Variant Taxable. A product has one tax class here: all are taxed.")
        warnings.append(Problem(line, text, warning=True))
    return "standard" if taxed and base.tax_class == "zero" else base.tax_class


def tags_of(first: Row, warnings: list[Problem]) -> tuple[str, ...]:
    """The tags, without those that are too long or too many, which are said."""
    tags = list(dict.fromkeys(tag for part in first["Tags"].split(",") if (tag := part.strip())))
    kept = [tag for tag in tags if len(tag) <= 255]
    if len(kept) < len(tags):
        text = plural(
            "{count} tag is longer than 255 characters, and was left out.",
            "{count} tags are longer than 255 characters, and were left out.",
            len(tags) - len(kept),
        )
        warnings.append(Problem(first.line, text, warning=True))
    if len(kept) > MAX_TAGS:
        text = _("it has {count} tags; those after the first {most} were left out.")
        warnings.append(Problem(first.line, text.format(count=len(kept), most=MAX_TAGS), warning=True))
    return tuple(kept[:MAX_TAGS])


def refuse_to_delete(rows: list[Row]) -> None:
    """Errors  BadRow where other programs' files say that the product is to be deleted or left alone."""
    for row in rows:
        command = row["Command"].casefold()
        if command in DELETES or command in ("ignore", "skip") or row["Delete"].casefold() in _YES:
            text = _("the file says {command}. Nothing is deleted by a file: the product was left as it is.")
            raise BadRow(row.line, text.format(command=short_text(row["Command"] or "Delete")))
