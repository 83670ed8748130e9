"""Shopify's product CSV, in and out: upsert by handle and SKU; the same file twice changes nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from .. import db
from ..errors import Invalid, ShopError
from ..models import Category, Picture, Product, TaxClass, Variant
from ..money import decimal_text
from ..settings import settings
from ..words import _
from . import pictures as picture_service
from . import products, stock
from .csv_cells import HEADER, OURS, USUAL, Problem, Row, count_lines, harmless, read_rows
from .csv_product import TAB, BadRow, Read, pictures_of, read_product, slug_of
from .fetching import Fetcher
from .product_draft import ProductDraft, VariantDraft, read_draft

ACTOR = "import"
_OWN = re.compile(r"/media/([0-9a-f]{24})/\d+\.(?:avif|webp|jpg)$")

Fetch = Callable[[str], bytes]
Progress = Callable[[int], object]


def _no_bar(_steps: int) -> None:
    return None


@dataclass(slots=True)
class Report:
    """What an import did. Units: products; `pictures` were fetched."""

    created: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    pictures: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def summary(self) -> str:
        return _(
            "{created} new, {changed} changed, {same} unchanged, {refused} refused, {pictures} pictures."
        ).format(
            created=self.created,
            changed=self.changed,
            same=self.same,
            refused=self.refused,
            pictures=self.pictures,
        )


class _Undo(Exception):
    """Ends a dry run's transaction without a trace."""


def count_rows(path: Path) -> int:
    return count_lines(path)


def import_file(
    path: Path,
    *,
    dry_run: bool = False,
    pictures: bool = True,
    progress: Progress = _no_bar,
    fetch: Fetch | None = None,
) -> Report:
    """Take the file in, one product a transaction; a product goes in whole or not at all.

    Errors  ShopError for a file that can't be read at all; everything else is in the report.
    """
    report, at = Report(), 0
    getter = fetch or Fetcher().fetch
    skus: dict[str, int] = {}
    for rows, end in _groups(path, report):
        if rows:
            _import_product(rows, report, skus, dry_run, getter if pictures and not dry_run else None)
        progress(end - at)
        at = end
    report.problems.sort(key=lambda problem: problem.line)
    return report


def _groups(path: Path, report: Report) -> Iterator[tuple[list[Row], int]]:
    """The rows of each handle with the line where they end; what stands apart or is broken goes to the report."""
    started: dict[str, int] = {}
    group: list[Row] = []
    split = _split_handles(path)
    for row in read_rows(path):
        slug = slug_of(row["Handle"])
        if not row["Handle"] or not slug:
            report.problems.append(Problem(row.line, row.problem or _("the Handle is missing.")))
            continue
        if group and slug_of(group[0]["Handle"]) == slug:
            group.append(row)
            continue
        if group:
            yield _whole(group, report, split), row.line - 1
        group = []
        if slug in started:
            sentence = _(
                "the handle {handle} was on line {line} already; rows of one product stand together."
            )
            report.problems.append(
                Problem(row.line, sentence.format(handle=row["Handle"][:80], line=started[slug]))
            )
            report.refused += bool(row["Title"])
            group = [Row(row.line, row.cells, "again")]
            continue
        started[slug] = row.line
        group = [row]
    if group:
        yield _whole(group, report, split), count_lines(path)


def _split_handles(path: Path) -> set[str]:
    """Handles whose later, separate rows only continue them: taking the first part alone would be half a product."""
    ended: set[str] = set()
    split: set[str] = set()
    before = ""
    for row in read_rows(path):
        slug = slug_of(row["Handle"])
        if slug != before:
            if slug in ended and not row["Title"]:
                split.add(slug)
            ended.add(before)
            before = slug
    return split


def _whole(group: list[Row], report: Report, split: set[str]) -> list[Row]:
    """The group if all of it can be taken; else [] with the reasons in the report."""
    if group[0].problem == "again":
        return []
    broken = [Problem(row.line, row.problem) for row in group if row.problem]
    if not broken and slug_of(group[0]["Handle"]) in split:
        broken = [
            Problem(group[0].line, _("further rows of this product stand apart, so none of it was taken."))
        ]
    report.problems += broken
    report.refused += bool(broken)
    return [] if broken else group


def _import_product(
    rows: list[Row], report: Report, skus: dict[str, int], dry_run: bool, fetch: Fetch | None
) -> None:
    try:
        keys, warnings = _find_pictures(rows, fetch, report)
        try:
            with db.transaction() as session:
                read, outcome = _write_product(session, rows, keys, skus)
                if dry_run:
                    raise _Undo
        except _Undo:
            pass
    except BadRow as bad:
        report.problems.append(bad.problem)
        report.refused += 1
    except db.Unavailable:
        raise
    except ShopError as refusal:
        report.problems.append(Problem(rows[0].line, refusal.message))
        report.refused += 1
    else:
        report.problems += [*warnings, *read.warnings]
        setattr(report, outcome, getattr(report, outcome) + 1)
        skus.update(read.lines)


def _write_product(
    session: Session, rows: list[Row], keys: dict[str, str], skus: dict[str, int]
) -> tuple[Read, str]:
    known = products.find(session, slug_of(rows[0]["Handle"]))
    read = read_product(rows, read_draft(session, known) if known else None, keys)
    for sku, line in read.lines.items():
        if sku in skus:
            raise BadRow(line, _("the SKU {sku} stands on line {line} too.").format(sku=sku, line=skus[sku]))
    saved = products.put(session, _with_known_references(session, read, rows[0].line), actor=ACTOR)
    moved = _set_quantities(session, saved, read)
    outcome = "changed" if saved.outcome == "same" and moved else saved.outcome
    return read, outcome


def _with_known_references(session: Session, read: Read, line: int) -> ProductDraft:
    """The draft without the category and the tax class that this shop hasn't; a warning for each."""
    draft = read.draft
    if (
        draft.category
        and not session.exec(select(Category.id).where(Category.slug == draft.category)).first()
    ):
        text = _("there is no category {slug} here; the product has none.").format(slug=draft.category[:80])
        read.warnings.append(Problem(line, text, warning=True))
        draft = replace(draft, category="")
    if not session.get(TaxClass, draft.tax_class):
        text = _("there is no tax class {code} here; the product has the standard one.").format(
            code=draft.tax_class
        )
        read.warnings.append(Problem(line, text, warning=True))
        draft = replace(draft, tax_class="standard")
    return draft


def _set_quantities(session: Session, saved: products.Saved, read: Read) -> bool:
    wanted = {saved.variant_ids[sku]: units for sku, units in read.quantities.items()}
    levels = stock.levels(session, wanted)
    moved = False
    for variant_id, units in wanted.items():
        level = levels.get(variant_id, stock.NO_LEVEL)
        # The file counts what can be sold; what orders and checkouts have comes on top.
        if units != level.available or (units and level.backorder and level.on_hand < units):
            stock.set_on_hand(
                session, variant_id, units + level.allocated + level.held, reason="import", actor=ACTOR
            )
            moved = True
    return moved


def _find_pictures(
    rows: list[Row], fetch: Fetch | None, report: Report
) -> tuple[dict[str, str], list[Problem]]:
    """The keys of the pictures that the shop has or can get, by address; a warning for each of the others."""
    shown = {picture.url: picture for picture in pictures_of(rows)}
    with db.reading() as session:
        keys = _known_pictures(session, list(shown))
    missing = [url for url in shown if url not in keys]
    if not missing or fetch is None:
        return keys, []
    warnings = []
    with ThreadPoolExecutor(6, thread_name_prefix="pictures") as pool:
        for url, found in zip(missing, pool.map(lambda url: _get(fetch, url), missing), strict=True):
            if isinstance(found, str):
                text = _("the picture {url} was left out: {reason}").format(url=url[:200], reason=found)
                warnings.append(Problem(shown[url].line, text, warning=True))
                continue
            with db.transaction() as session:
                keys[url] = picture_service.keep(session, found, url).key
            report.pictures += 1
    return keys, warnings


def _get(fetch: Fetch, url: str) -> picture_service.Original | str:
    try:
        return picture_service.examine(fetch(url))
    except Invalid as refusal:
        return refusal.message


def _known_pictures(session: Session, urls: list[str]) -> dict[str, str]:
    own = {url: match[1] for url in urls if (match := _OWN.search(url))}
    rows = session.exec(
        select(Picture.source, Picture.key).where(
            col(Picture.source).in_([url for url in urls if url]) | col(Picture.key).in_(own.values())
        )
    ).all()
    by_source = {source: key for source, key in rows if source}
    keys = {key for _source, key in rows}
    return {
        url: by_source.get(url) or own[url]
        for url in urls
        if url in by_source or (url in own and own[url] in keys)
    }


# --- Out ----------------------------------------------------------------------------------------


def count_products(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Product)).one()


def export_file(session: Session, path: Path, *, progress: Progress = _no_bar) -> int:
    """Write all products; returns how many. The file appears whole, or not at all."""
    header = [*HEADER, *_further_columns(session)]
    part = path.with_name(path.name + ".part")
    written = 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(header)
            for product in _all_products(session):
                for cells in _rows_of(session, product):
                    writer.writerow([cells.get(name, "") for name in header])
                written += 1
                progress(1)
        part.replace(path)
    except OSError as error:
        raise ShopError(_("The file can't be written: {reason}.").format(reason=error.strerror)) from None
    finally:
        part.unlink(missing_ok=True)
    return written


def _all_products(session: Session) -> Iterator[Product]:
    last = 0
    while chunk := session.exec(
        select(Product).where(col(Product.id) > last).order_by(col(Product.id)).limit(500)
    ).all():
        last = chunk[-1].id or 0
        yield from chunk
        session.expunge_all()


def _further_columns(session: Session) -> list[str]:
    found: set[str] = set()
    for extra in session.exec(select(Product.extra)):
        found |= {name.partition(TAB)[0] for name in extra}
    return sorted(
        name for name in found - set(HEADER) if not name.startswith(("Image Src ", "Image Alt Text "))
    )


def _rows_of(session: Session, product: Product) -> Iterator[dict[str, str]]:
    draft = read_draft(session, product)
    extra = dict(draft.extra)
    handle = extra.pop("Handle", draft.slug)
    variants = [variant for variant in draft.variants if variant.active] or list(draft.variants[:1])
    levels = _free_units(session, variants)
    sources = _addresses(session, draft)
    images = _image_cells(draft, extra, sources)
    for place in range(max(len(variants), len(images))):
        cells = {"Handle": handle}
        if place < len(variants):
            cells |= _variant_cells(draft, variants[place], levels, sources)
            tail = f"{TAB}{variants[place].sku}"
            cells |= {name.removesuffix(tail): text for name, text in extra.items() if name.endswith(tail)}
        if place < len(images):
            cells |= images[place]
        if place == 0:
            cells |= _product_cells(draft)
            cells |= {name: text for name, text in extra.items() if TAB not in name}
        yield {name: _cell(name, text) for name, text in cells.items()}


_NUMBERS = frozenset(
    (
        "Variant Grams",
        "Variant Inventory Qty",
        "Variant Price",
        "Variant Compare At Price",
        "Cost per item",
        "Image Position",
    )
)


def _cell(name: str, text: str) -> str:
    return text if name in _NUMBERS else harmless(text)


def _product_cells(draft: ProductDraft) -> dict[str, str]:
    cells = {
        "Title": draft.title,
        "Gift Card": USUAL["Gift Card"], "Body (HTML)": draft.description_html, "Vendor": draft.vendor, "Type": draft.kind,
        "Tags": ", ".join(draft.tags), "Published": "true" if draft.status == "active" else "false",
        "Status": draft.status, "SEO Title": draft.seo_title, "SEO Description": draft.seo_description,
        OURS["category"]: draft.category, OURS["subtitle"]: draft.subtitle, OURS["care"]: draft.care,
        OURS["materials"]: "; ".join(draft.materials),
    }  # fmt: skip
    if not draft.options:
        return {**cells, "Option1 Name": "Title", "Option1 Value": "Default Title"}
    return {
        **cells,
        **{f"Option{number} Name": option.name for number, option in enumerate(draft.options[:3], 1)},
    }


def _variant_cells(
    draft: ProductDraft, variant: VariantDraft, levels: dict[str, int], sources: dict[str, str]
) -> dict[str, str]:
    currency = settings().currency

    def amount(minor: int | None) -> str:
        return "" if minor is None else decimal_text(minor, currency)

    values = {f"Option{number} Value": value for number, (_name, value) in enumerate(variant.options[:3], 1)}
    return {
        **(values or {"Option1 Value": "Default Title"}), "Variant SKU": variant.sku,
        "Variant Grams": str(variant.weight_grams), "Variant Inventory Tracker": USUAL["Variant Inventory Tracker"],
        "Variant Inventory Qty": str(levels[variant.sku]),
        "Variant Inventory Policy": "continue" if variant.backorder else "deny",
        "Variant Fulfillment Service": USUAL["Variant Fulfillment Service"], "Variant Price": amount(variant.price_minor),
        "Variant Compare At Price": amount(variant.compare_at_minor), "Cost per item": amount(variant.cost_minor),
        "Variant Requires Shipping": "true" if variant.requires_shipping else "false",
        "Variant Taxable": "false" if draft.tax_class == "zero" else "true", "Variant Barcode": variant.barcode,
        "Variant Image": sources[variant.pictures[0]] if variant.pictures else "",
    }  # fmt: skip


def _image_cells(draft: ProductDraft, extra: dict[str, str], sources: dict[str, str]) -> list[dict[str, str]]:
    """A row's cells for each picture; those that couldn't be fetched keep their places between the others."""
    waiting = {
        int(name.rsplit(" ", 1)[1]): text for name, text in extra.items() if name.startswith("Image Src ")
    }
    alts = {
        int(name.rsplit(" ", 1)[1]): text
        for name, text in extra.items()
        if name.startswith("Image Alt Text ")
    }
    for name in [name for name in extra if name.startswith(("Image Src ", "Image Alt Text "))]:
        del extra[name]
    places = {place: (url, alts.get(place, "")) for place, url in waiting.items()}
    free = (place for place in range(1, 20_000) if place not in waiting)
    for picture, place in zip(draft.pictures, free, strict=False):
        places[place] = (sources[picture.key], picture.alt)
    return [
        {"Image Src": url, "Image Position": str(place), "Image Alt Text": alt}
        for place, (url, alt) in sorted(places.items())
    ]


def _addresses(session: Session, draft: ProductDraft) -> dict[str, str]:
    """Where each picture came from; the shop's own address for those that were uploaded."""
    keys = [picture.key for picture in draft.pictures]
    rows = session.exec(select(Picture.key, Picture.source).where(col(Picture.key).in_(keys))).all()
    return {
        key: source
        if source.startswith(("http://", "https://"))
        else f"{settings().public_url}/media/{key}/1440.jpg"
        for key, source in rows
    }


def _free_units(session: Session, variants: list[VariantDraft]) -> dict[str, int]:
    rows = session.exec(
        select(Variant.id, Variant.sku).where(col(Variant.sku).in_([v.sku for v in variants]))
    ).all()
    levels = stock.levels(session, [key or 0 for key, _sku in rows])
    return {sku: levels.get(key or 0, stock.NO_LEVEL).available for key, sku in rows}
