"""One product of a CSV file: its rows merged into the stored product, as a draft."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from slugify import slugify

from ...core.i18n import _
from ...core.typed_text import prose
from ...models import StockPolicy
from ..catalog.identity import SLUG, handle_of, trimmed
from ..catalog.product_draft import (
    MAX_VARIANTS,
    OptionDraft,
    ProductDraft,
    VariantDraft,
)
from .csv_cells import Problem, Row
from .csv_columns import OURS, READ_COLUMNS, TRACKER, USUAL
from .csv_fields import (
    DELETES,
    if_there,
    refuse_to_delete,
    status,
    tags_of,
    tax_class,
    texts,
    warn_of_gift_card,
)
from .csv_pictures import Shown, picture_drafts, pictures_of, warn_of_pictures
from .csv_values import (
    BadRow,
    amount,
    barcode,
    contents,
    grams,
    quantity,
    stock_policy,
    warn_of_rounded_sku,
    yes_or_no,
)

MAX_MADE_UP = 64
"""Characters of a SKU that is made up: short enough for a label."""
TAB = "\t"
"""Separates column and SKU in the keys of `extra`: neither can contain one."""


@dataclass(slots=True)
class Read:
    """A product as the file has it: the draft, units that should be available by SKU, and warnings."""

    draft: ProductDraft
    quantities: dict[str, int]
    lines: dict[str, int]
    """The line of each SKU."""
    warnings: list[Problem] = field(default_factory=list)


def read_product(
    rows: list[Row],
    product: ProductDraft | None,
    keys: Mapping[str, str],
    is_taken: Callable[[str], bool] = lambda _sku: False,
) -> Read:
    """The draft that these rows make of the product.

    `keys` has the picture key of each address that could be fetched; the others are stored in `extra`.
    `is_taken` says whether another product has a SKU: one that is made up has to be free.

    Errors  BadRow for a line with a value that can't be taken.
    """
    refuse_to_delete(rows)
    first = rows[0]
    base = product or ProductDraft(slug="", handle=handle_of(first["Handle"]), title="")
    if not first["Title"] and not product:
        raise BadRow(first.line, _("the first row of a product needs a Title."))
    warnings: list[Problem] = []
    names = _option_names(first, base)
    variant_rows = _variant_rows(rows, base, names, warnings)
    variants, quantities, lines = _variants(variant_rows, names, base, keys, warnings, is_taken)
    shown = pictures_of(rows)
    warn_of_pictures(rows, warnings)
    warn_of_gift_card(first, warnings)
    draft = replace(
        base,
        title=first["Title"] or base.title,
        variants=variants,
        options=_options(names, variants, base),
        pictures=picture_drafts(shown, base, keys),
        tags=if_there(first, "Tags", tags_of(first, warnings), base.tags),
        status=status(first, base if product else None),
        tax_class=tax_class(variant_rows, base, warnings),
        **texts(first, base, warnings),
        extra=_extra(first, rows, variant_rows, variants, lines, base, shown, keys),
    )
    return Read(draft, quantities, lines, warnings)


def _variant_rows(
    rows: list[Row], base: ProductDraft, names: list[str], warnings: list[Problem]
) -> list[Row]:
    """The rows that have a variant, but for those that are to be deleted or too many; these are said."""
    first = rows[0]
    variant_rows = []
    for row in rows:
        if row["Variant Command"].casefold() in DELETES:
            text = _("the file says to delete this variant. Nothing is deleted by a file: it stays as it is.")
            warnings.append(Problem(row.line, text, warning=True))
        elif row is first or row["Option1 Value"] or row["Variant SKU"] or row["Variant Price"]:
            variant_rows.append(row)
            unnamed = next(
                (number for number in (1, 2, 3) if number > len(names) and row[f"Option{number} Value"]), 0
            )
            if unnamed and row[f"Option{unnamed} Value"] != "Default Title":
                text = _("Option{number} Value has no name in Option{number} Name, and was left out.")
                warnings.append(Problem(row.line, text.format(number=unnamed), warning=True))
    if not variant_rows and not base.variants:
        raise BadRow(first.line, _("no variant of this product is left."))
    skus = {variant.sku for variant in base.variants}
    options = {variant.options for variant in base.variants if variant.active}
    room = MAX_VARIANTS - len(skus)
    kept: list[Row] = []
    excess: list[Row] = []
    for row in variant_rows:
        is_new = row["Variant SKU"] not in skus and _option_values(row, names) not in options
        (excess if is_new and room <= 0 else kept).append(row)
        room -= is_new
    if excess:
        text = _("a product has at most {most} variants. Left out from here on: {count}.")
        said = text.format(most=MAX_VARIANTS, count=len(excess))
        warnings.append(Problem(excess[0].line, said, warning=True))
    return kept


def _option_names(first: Row, base: ProductDraft) -> list[str]:
    if "Option1 Name" not in first.cells:
        return [option.name for option in base.options]
    names = [name for number in (1, 2, 3) if (name := prose(first[f"Option{number} Name"]))]
    if not names and first["Option1 Value"] and base.options:
        names = [option.name for option in base.options]
    default = names in ([], ["Title"]) and first["Option1 Value"] in ("", "Default Title")
    return [] if default else names


def _options(
    names: list[str], variants: tuple[VariantDraft, ...], base: ProductDraft
) -> tuple[OptionDraft, ...]:
    before = {option.name: option for option in base.options}
    options = []
    for name in names:
        # Stored values keep their places and colours, new ones follow in the file's order.
        values = dict(before[name].values) if name in before else {}
        used = [value for variant in variants for option, value in variant.options if option == name]
        for value in used:
            values.setdefault(value, "")
        options.append(
            OptionDraft(
                name, tuple((v, colour) for v, colour in values.items() if v in used or name in before)
            )
        )
    return tuple(options)


def _variants(
    rows: list[Row],
    names: list[str],
    base: ProductDraft,
    keys: Mapping[str, str],
    warnings: list[Problem],
    is_taken: Callable[[str], bool],
) -> tuple[tuple[VariantDraft, ...], dict[str, int], dict[str, int]]:
    by_sku = {variant.sku: variant for variant in base.variants}
    named = {trimmed(row["Variant SKU"]) for row in rows}
    # A variant goes by its SKU, and by its options where the file doesn't name that SKU.
    by_options = {
        variant.options: variant for variant in base.variants if variant.active and variant.sku not in named
    }
    retired = {variant.options: variant for variant in base.variants if not variant.active}
    sku_of: dict[tuple[tuple[str, str], ...], str] = {}
    variants: dict[int | str, VariantDraft] = {}
    quantities: dict[str, int] = {}
    lines: dict[str, int] = {}
    for row in rows:
        options = _option_values(row, names)
        sku = trimmed(row["Variant SKU"])
        stored = by_sku.get(sku) or by_options.get(options) or (None if sku else retired.get(options))
        sku = sku or (
            stored.sku
            if stored
            else made_up_sku(base.handle, options, lambda sku: sku in lines or sku in by_sku or is_taken(sku))
        )
        if sku in lines:
            raise BadRow(
                row.line, _("the SKU {sku} stands on line {line} too.").format(sku=sku, line=lines[sku])
            )
        if (other := sku_of.setdefault(options, sku)) != sku:
            raise BadRow(row.line, _same_options(sku, other, lines[other], options))
        lines[sku] = row.line
        variant = _variant(row, sku, options, stored, keys, warnings)
        variants[(stored and stored.id) or sku] = variant
        units = quantity(row, warnings)
        if units is not None and variant.stock_policy != StockPolicy.UNTRACKED:
            quantities[sku] = units
        elif units:
            text = _("the stock of {sku} isn't tracked, so its quantity was left out.").format(sku=sku)
            warnings.append(Problem(row.line, text, warning=True))
    # Stored variants keep their places, also those that the file doesn't name; new ones follow.
    merged = [variants.pop(variant.id, variant) if variant.id else variant for variant in base.variants]
    if any(tuple(name for name, _value in variant.options) != tuple(names) for variant in merged):
        merged = [
            variant
            if tuple(name for name, _value in variant.options) == tuple(names)
            else replace(variant, active=False)
            for variant in merged
        ]
    return (*merged, *variants.values()), quantities, lines


def _same_options(sku: str, other: str, line: int, options: tuple[tuple[str, str], ...]) -> str:
    sentence = (
        _("{sku} has the same options as {other} on line {line}: {values}.")
        if options
        else _("{sku} and {other} on line {line} need an option in which they differ.")
    )
    values = " / ".join(value for _name, value in options)
    return sentence.format(sku=sku, other=other, line=line, values=values)


def _option_values(row: Row, names: list[str]) -> tuple[tuple[str, str], ...]:
    values = []
    for number, name in enumerate(names, 1):
        value = prose(row[f"Option{number} Value"])
        if not value:
            raise BadRow(row.line, _("the option {name} has no value.").format(name=name))
        values.append((name, value))
    return tuple(values)


def made_up_sku(
    handle: str, options: tuple[tuple[str, str], ...], is_taken: Callable[[str], bool] = lambda _sku: False
) -> str:
    """A SKU from the handle and the options, with a digest of them where the plain one says less or is taken.

    >>> made_up_sku("varsity-top", (("Size", "Small"),))
    'VARSITY-TOP-SMALL'
    """
    values = [value for _name, value in options]
    words = [slugify(name).upper() for name in (handle, *values)]
    plain = "-".join(filter(None, words))
    exact = SLUG.fullmatch(handle) and words[1:] == [value.upper().replace(" ", "-") for value in values]
    if exact and len(plain) <= MAX_MADE_UP and not is_taken(plain):
        return plain
    digest = hashlib.sha256(repr((handle, options)).encode()).hexdigest()[:12].upper()
    return f"{plain[: MAX_MADE_UP - 13].rstrip('-')}-{digest}".lstrip("-")


def _variant(
    row: Row,
    sku: str,
    options: tuple[tuple[str, str], ...],
    draft: VariantDraft | None,
    keys: Mapping[str, str],
    warnings: list[Problem],
) -> VariantDraft:
    base = draft or VariantDraft(sku, 0)
    warn_of_rounded_sku(row, warnings)
    price = amount(row, "Variant Price")
    if price is None:
        raise BadRow(row.line, _("Variant Price is missing."))
    compare_at = amount(row, "Variant Compare At Price")
    if compare_at is not None and compare_at <= price:
        if compare_at:
            warnings.append(
                Problem(
                    row.line,
                    _("the compare-at price isn't higher than the price, and was left out."),
                    warning=True,
                )
            )
        compare_at = None
    shown = keys.get(row["Variant Image"])
    pictures = base.pictures
    if shown and pictures[:1] != (shown,):
        pictures = (shown, *(key for key in pictures if key != shown))
    kept = (base.contents, base.contents_unit)
    units, unit = if_there(row, "Unit Price Total Measure", contents(row, warnings), kept)
    return replace(
        base,
        sku=sku,
        options=options,
        contents=units,
        contents_unit=unit,
        price_minor=price,
        active=True,
        pictures=pictures,
        compare_at_minor=if_there(row, "Variant Compare At Price", compare_at, base.compare_at_minor),
        cost_minor=if_there(row, "Cost per item", amount(row, "Cost per item"), base.cost_minor),
        barcode=if_there(row, "Variant Barcode", barcode(row, base.barcode, warnings), base.barcode),
        weight_grams=grams(row, base.weight_grams),
        requires_shipping=yes_or_no(row, "Variant Requires Shipping", base.requires_shipping),
        stock_policy=stock_policy(row, draft and draft.stock_policy),
    )


def _extra(
    first: Row,
    rows: list[Row],
    variant_rows: list[Row],
    variants: tuple[VariantDraft, ...],
    lines: Mapping[str, int],
    base: ProductDraft,
    shown: list[Shown],
    keys: Mapping[str, str],
) -> tuple[tuple[str, str], ...]:
    """What the shop has no field for: further columns, and pictures that couldn't be fetched."""
    columns = {name for name in first.cells if name not in READ_COLUMNS and name not in OURS.values()}
    skus = {line: sku for sku, line in lines.items()}
    # Columns of this file replace what is stored; the others stay as they were.
    extra = {
        name: value
        for name, value in base.extra
        if not _is_in_file(name, columns, lines) and not name.startswith(("Image Src ", "Image Alt Text "))
    }
    for column in columns:
        for row in variant_rows:
            value = row.cells[column]
            if value.strip() == USUAL.get(column, "") or (column == TRACKER and not value.strip()):
                continue
            if row is not first and not value and column == "Gift Card":
                continue
            own = row is not first or column.startswith("Variant ")
            extra[f"{column}{TAB}{skus[row.line]}" if own else column] = value
    for picture in shown:
        if picture.url not in keys and any(row["Image Src"] == picture.url for row in rows):
            extra[f"Image Src {picture.place}"] = picture.url
            if picture.alt:
                extra[f"Image Alt Text {picture.place}"] = picture.alt
    for row in variant_rows:
        name = f"Variant Image{TAB}{skus[row.line]}"
        extra.pop(name, None)
        if row["Variant Image"] and row["Variant Image"] not in keys:
            extra[name] = row["Variant Image"]
    if not any("Image Src" in row.cells for row in rows):
        extra |= {
            name: value for name, value in base.extra if name.startswith(("Image Src ", "Image Alt Text "))
        }
    return tuple(sorted(extra.items()))


def _is_in_file(name: str, columns: set[str], lines: Mapping[str, int]) -> bool:
    column, tab, sku = name.partition(TAB)
    return column in columns and (not tab or sku in lines)
