"""Import of Shopify's product CSV: upsert by handle and SKU; the same file twice changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlmodel import Session, col, select

from ...core import db
from ...core.decimals import sign_of_locale
from ...core.errors import Invalid, ShopError
from ...core.i18n import _
from ...models import Category, Picture, StockPolicy, TaxClass
from ..catalog import commands as catalog_commands
from ..catalog import identity
from ..catalog import pictures as catalog_pictures
from ..catalog.identity import handle_of
from ..catalog.product_draft import ProductDraft, read_draft
from ..inventory import commands as inventory_commands
from ..inventory import ledger as inventory_ledger
from .csv_cells import Header, Problem, Row, read_header, read_rows
from .csv_columns import column_of
from .csv_file import NAMES, SEPARATORS, CsvFile, count_lines, look_at
from .csv_pictures import pictures_of
from .csv_product import Read, read_product
from .csv_values import BadRow, shown_signs
from .fetching import Fetcher

ACTOR = "import"
_OWN = re.compile(r"/media/([0-9a-f]{24})/\d+\.(?:avif|webp|jpg)$")

Fetch = Callable[[str], bytes]
Progress = Callable[[int], object]


@dataclass(slots=True)
class Report:
    """What an import did, in products; `pictures` is how many were fetched, `notes` how the file was read."""

    created: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    pictures: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

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
    """Rolls a dry run's transaction back."""


def import_file(
    path: Path,
    *,
    dry_run: bool = False,
    pictures: bool = True,
    locale: str = "",
    encoding: str = "",
    progress: Progress = lambda _lines: None,
    fetch: Fetch | None = None,
) -> Report:
    """Import the file, one product a transaction. `progress` is called with the lines done since.

    `locale` says how its amounts are written, `encoding` its characters, where they don't say so themselves.

    Errors  ShopError for a file that can't be read at all; everything else is in the report.
    """
    report, at = Report(), 0
    getter = fetch or Fetcher().fetch
    skus: dict[str, int] = {}
    survey = _survey(look_at(path, encoding), locale)
    report.notes += survey.notes
    report.problems += survey.header.warnings
    for rows, end in _groups(survey, report):
        if rows:
            _import_product(rows, report, skus, dry_run, getter if pictures and not dry_run else None)
        progress(end - at)
        at = end
    if not at:
        report.notes.append(_("The file has no rows below its header."))
    report.problems.sort(key=lambda problem: problem.line)
    return report


@dataclass(frozen=True, slots=True)
class _Survey:
    """What is known of a file before its products are read.

    `sign` is the decimal sign of its amounts, "" where nothing tells; `split` the handles that later,
    separate rows continue: their first part alone would be half a product.
    """

    file: CsvFile
    header: Header
    sign: str
    split: set[str]

    @property
    def notes(self) -> list[str]:
        """How the file was read, for whoever imports it; what is usual isn't said."""
        notes = []
        encoding, separator = self.file.encoding, self.file.separator
        if (encoding, separator) != ("utf-8-sig", ","):
            text = _("Read as {encoding}, with {separator} between the cells.")
            shown = NAMES.get(encoding, encoding), SEPARATORS.get(separator, separator)
            notes.append(text.format(encoding=shown[0], separator=shown[1]))
        if self.sign == ",":
            notes.append(_("Amounts have a comma before their decimals."))
        taken = _("{name} as {column}")
        read = [taken.format(name=name, column=column) for name, column in self.header.renamed]
        if read:
            notes.append(_("Columns taken: {names}.").format(names=", ".join(read)))
        kept = [column for column in self.header.columns if column and not column_of(column)]
        if kept:
            notes.append(_("Columns kept for exports alone: {names}.").format(names=", ".join(kept)))
        return notes


def _survey(file: CsvFile, locale: str) -> _Survey:
    """Read the whole file once.

    Errors  ShopError for a locale that isn't known, and for a file that can't be read.
    """
    try:
        sign = sign_of_locale(locale) if locale else ""
    except ValueError:
        raise ShopError(_("There is no locale {name}.").format(name=locale[:40])) from None
    header = read_header(file)
    signs: set[str] = set()
    ended: set[str] = set()
    split: set[str] = set()
    before = ""
    for row in read_rows(file, header):
        if not row.cells:
            continue
        signs |= shown_signs(row)
        handle = handle_of(row["Handle"])
        if handle != before:
            if handle in ended and not row["Title"]:
                split.add(handle)
            ended.add(before)
            before = handle
    return _Survey(file, header, sign or (signs.pop() if len(signs) == 1 else ""), split)


def _groups(survey: _Survey, report: Report) -> Iterator[tuple[list[Row], int]]:
    """The rows of each handle and the line where they end; what can't be taken goes to the report."""
    started: dict[str, int] = {}
    group: list[Row] = []
    for row in read_rows(survey.file, survey.header, survey.sign):
        if not row.cells:
            text = _("the header stands here again, and was left out.")
            report.problems.append(Problem(row.line, text, warning=True))
            continue
        handle = handle_of(row["Handle"])
        if not handle:
            report.problems.append(Problem(row.line, row.problem or _("the Handle is missing.")))
            continue
        if group and handle_of(group[0]["Handle"]) == handle:
            group.append(row)
            continue
        if group:
            yield _whole(group, report, survey.split), row.line - 1
        group = []
        if handle in started:
            sentence = _(
                "the handle {handle} was on line {line} already; rows of one product stand together."
            )
            report.problems.append(
                Problem(row.line, sentence.format(handle=row["Handle"][:80], line=started[handle]))
            )
            report.refused += bool(row["Title"])
            group = [Row(row.line, row.cells, "again")]
            continue
        started[handle] = row.line
        group = [row]
    if group:
        yield _whole(group, report, survey.split), count_lines(survey.file.path)


def _whole(group: list[Row], report: Report, split: set[str]) -> list[Row]:
    """The group if all of it can be taken; else [] with the reasons in the report."""
    if group[0].problem == "again":
        return []
    broken = [Problem(row.line, row.problem) for row in group if row.problem]
    if not broken and handle_of(group[0]["Handle"]) in split:
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
        report.problems += [*warnings, *read.warnings, *_mistakable(read, skus)]
        setattr(report, outcome, getattr(report, outcome) + 1)
        skus.update(read.lines)


def _mistakable(read: Read, skus: dict[str, int]) -> list[Problem]:
    """A warning for each SKU that differs from another of the file in case alone."""
    text = _("the SKU {sku} differs from {other} on line {line} in upper and lower case alone.")
    lines = skus | read.lines
    return [
        Problem(lines[sku], text.format(sku=sku, other=other, line=lines[other]), warning=True)
        for other, sku in identity.differ_in_case(lines)
        if sku in read.lines
    ]


def _write_product(
    session: Session, rows: list[Row], keys: dict[str, str], skus: dict[str, int]
) -> tuple[Read, str]:
    product = catalog_commands.find_by_handle(session, rows[0]["Handle"])
    is_taken = partial(catalog_commands.is_sku_of_another, session, product and product.id)
    read = read_product(rows, read_draft(session, product) if product else None, keys, is_taken)
    for sku, line in read.lines.items():
        if sku in skus:
            raise BadRow(line, _("the SKU {sku} stands on line {line} too.").format(sku=sku, line=skus[sku]))
    saved = catalog_commands.put(session, _with_stored_references(session, read, rows[0].line), actor=ACTOR)
    moved = _set_quantities(session, saved, read)
    outcome = "changed" if saved.outcome == "same" and moved else saved.outcome
    return read, outcome


def _with_stored_references(session: Session, read: Read, line: int) -> ProductDraft:
    """The draft without the category and the tax class that aren't in the database; a warning for each."""
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


def _set_quantities(session: Session, saved: catalog_commands.Saved, read: Read) -> bool:
    target_units = {saved.variant_ids[sku]: units for sku, units in read.quantities.items()}
    levels = inventory_ledger.levels(session, target_units)
    moved = False
    for variant_id, units in target_units.items():
        level = levels.get(variant_id, inventory_ledger.Level())
        # The file has available units; allocated and held ones come on top.
        backorder = level.policy == StockPolicy.BACKORDER
        if units != level.available or (units and backorder and level.on_hand < units):
            inventory_commands.set_on_hand(
                session, variant_id, units + level.allocated + level.held, reason="import", actor=ACTOR
            )
            moved = True
    return moved


def _find_pictures(
    rows: list[Row], fetch: Fetch | None, report: Report
) -> tuple[dict[str, str], list[Problem]]:
    """The keys of the pictures that are stored or can be fetched, by address; a warning for each other."""
    shown = {picture.url: picture for picture in pictures_of(rows)}
    with db.reading() as session:
        keys = _stored_pictures(session, list(shown))
    missing = [url for url in shown if url not in keys]
    if not missing or fetch is None:
        return keys, []
    warnings = []
    with ThreadPoolExecutor(6, thread_name_prefix="pictures") as pool:
        for url, original in zip(missing, pool.map(lambda url: _get(fetch, url), missing), strict=True):
            if isinstance(original, str):
                text = _("the picture {url} was left out: {reason}").format(url=url[:200], reason=original)
                warnings.append(Problem(shown[url].line, text, warning=True))
                continue
            with db.transaction() as session:
                keys[url] = catalog_pictures.keep(session, original, url).key
            report.pictures += 1
    return keys, warnings


def _get(fetch: Fetch, url: str) -> catalog_pictures.Original | str:
    try:
        return catalog_pictures.take_in(fetch(url))
    except Invalid as refusal:
        return refusal.message


def _stored_pictures(session: Session, urls: list[str]) -> dict[str, str]:
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
