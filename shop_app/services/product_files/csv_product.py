"""One product of a CSV file: its rows merged into the stored product, as a draft."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from slugify import slugify

from ...core.i18n import _
from ...models import ProductStatus, StockPolicy
from ..catalog.identity import SLUG, handle_of
from ..catalog.product_draft import OptionDraft, PictureDraft, ProductDraft, VariantDraft
from .csv_cells import OURS, READ_COLUMNS, TRACKER, USUAL, Problem, Row
from .csv_values import BadRow, amount, contents, grams, quantity, stock_policy, yes_or_no

T = TypeVar("T")
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


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that the file names: where it is, at which place, with which alt text, on which line."""

    url: str
    place: int
    alt: str
    line: int


def pictures_of(rows: list[Row]) -> list[Shown]:
    """The pictures that these rows name, in their order; each address once."""
    pictures: dict[str, Shown] = {}
    for row in rows:
        url = row["Image Src"]
        if url and url not in pictures:
            text = row["Image Position"]
            place = int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10_000 else 0
            pictures[url] = Shown(url, place, row["Image Alt Text"], row.line)
    for row in rows:
        url = row["Variant Image"]
        if url and url not in pictures:
            pictures[url] = Shown(url, 0, "", row.line)
    taken = {shown.place for shown in pictures.values()}
    placed = []
    for shown in pictures.values():
        place = shown.place
        if not place or any(other.place == place for other in placed):
            place = next(number for number in range(1, 20_000) if number not in taken)
            taken.add(place)
        placed.append(replace(shown, place=place))
    return sorted(placed, key=lambda shown: shown.place)


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
    first = rows[0]
    base = product or ProductDraft(slug="", handle=handle_of(first["Handle"]), title="")
    if not first["Title"] and not product:
        raise BadRow(first.line, _("the first row of a product needs a Title."))
    warnings: list[Problem] = []
    variant_rows = [
        row
        for row in rows
        if row is first or row["Option1 Value"] or row["Variant SKU"] or row["Variant Price"]
    ]
    names = _option_names(first, base)
    variants, quantities, lines = _variants(variant_rows, names, base, keys, warnings, is_taken)
    shown = pictures_of(rows)
    draft = replace(
        base,
        title=first["Title"] or base.title,
        variants=variants,
        options=_options(names, variants, base),
        pictures=_pictures(shown, base, keys),
        tags=_if_there(
            first, "Tags", tuple(tag for part in first["Tags"].split(",") if (tag := part.strip())), base.tags
        ),
        status=_status(first, base),
        tax_class=_tax_class(variant_rows, base),
        **_texts(first, base),
        extra=_extra(first, rows, variant_rows, variants, lines, base, shown, keys),
    )
    return Read(draft, quantities, lines, warnings)


def _if_there(row: Row, column: str, value: T, otherwise: T) -> T:
    return value if column in row.cells else otherwise


def _texts(first: Row, base: ProductDraft) -> dict[str, object]:
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
    texts = {
        name: _if_there(first, column, first[column], getattr(base, name)) for name, column in columns.items()
    }
    materials = tuple(part.strip() for part in first[OURS["materials"]].split(";") if part.strip())
    return {**texts, "materials": _if_there(first, OURS["materials"], materials, base.materials)}


def _status(first: Row, base: ProductDraft) -> str:
    status, published = first["Status"].lower(), first["Published"].lower()
    if status and status not in set(ProductStatus):
        raise BadRow(
            first.line, _("Status is {value}; active, draft and archived can be taken.").format(value=status)
        )
    if published and published not in ("true", "false"):
        raise BadRow(
            first.line, _("Published is {value}; true and false can be taken.").format(value=published)
        )
    if status:
        return ProductStatus.DRAFT.value if status == "active" and published == "false" else status
    if not published:
        return base.status
    if published == "true":
        return ProductStatus.ACTIVE.value
    return base.status if base.status == ProductStatus.ARCHIVED else ProductStatus.DRAFT.value


def _tax_class(rows: list[Row], base: ProductDraft) -> str:
    cells = {row["Variant Taxable"].lower() for row in rows} - {""}
    if cells == {"false"}:
        return "zero"
    return "standard" if "true" in cells and base.tax_class == "zero" else base.tax_class


def _option_names(first: Row, base: ProductDraft) -> list[str]:
    if "Option1 Name" not in first.cells:
        return [option.name for option in base.options]
    names = [name for number in (1, 2, 3) if (name := first[f"Option{number} Name"])]
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
    by_options = {variant.options: variant for variant in base.variants if variant.active}
    variants: dict[int | str, VariantDraft] = {}
    quantities: dict[str, int] = {}
    lines: dict[str, int] = {}
    for row in rows:
        options = _option_values(row, names)
        sku = row["Variant SKU"]
        stored = by_sku.get(sku) or by_options.get(options)
        sku = sku or (
            stored.sku
            if stored
            else made_up_sku(base.handle, options, lambda sku: sku in lines or sku in by_sku or is_taken(sku))
        )
        if sku in lines:
            raise BadRow(
                row.line, _("the SKU {sku} stands on line {line} too.").format(sku=sku, line=lines[sku])
            )
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


def _option_values(row: Row, names: list[str]) -> tuple[tuple[str, str], ...]:
    values = []
    for number, name in enumerate(names, 1):
        value = row[f"Option{number} Value"]
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
    price = amount(row, "Variant Price")
    if price is None:
        raise BadRow(row.line, _("Variant Price is missing."))
    compare_at = amount(row, "Variant Compare At Price")
    if compare_at is not None and compare_at <= price:
        if 0 < compare_at < price:
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
    units, unit = _if_there(row, "Unit Price Total Measure", contents(row, warnings), kept)
    return replace(
        base,
        sku=sku,
        options=options,
        contents=units,
        contents_unit=unit,
        price_minor=price,
        active=True,
        pictures=pictures,
        compare_at_minor=_if_there(row, "Variant Compare At Price", compare_at, base.compare_at_minor),
        cost_minor=_if_there(row, "Cost per item", amount(row, "Cost per item"), base.cost_minor),
        barcode=_if_there(row, "Variant Barcode", row["Variant Barcode"], base.barcode),
        weight_grams=grams(row, base.weight_grams),
        requires_shipping=yes_or_no(row, "Variant Requires Shipping", base.requires_shipping),
        stock_policy=stock_policy(row, draft and draft.stock_policy),
    )


def _pictures(shown: list[Shown], base: ProductDraft, keys: Mapping[str, str]) -> tuple[PictureDraft, ...]:
    alts = {picture.key: picture.alt for picture in base.pictures}
    pictures: dict[str, PictureDraft] = {}
    for picture in shown:
        key = keys.get(picture.url)
        if key and key not in pictures:
            pictures[key] = PictureDraft(key, picture.alt or alts.get(key, ""))
    for picture in base.pictures:
        pictures.setdefault(picture.key, picture)
    return tuple(pictures.values())


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
