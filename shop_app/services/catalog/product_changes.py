"""What a product's form sends: only what was touched, each with the text it was read as; and saving that.

Two people may save the same product: fields that only one of them touched are taken from both. A field that
both changed is written by neither the first time; the second one sees both values and decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from slugify import slugify
from sqlmodel import Session, col, select

from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...models import Product, Variant
from . import commands, identity, unsold
from .commands import Saved
from .product_draft import OptionDraft, ProductDraft, VariantDraft, read_draft
from .product_fields import CELLS, FIELDS, text_of

Change = tuple[str, str]
"""The text as it was read, and as it is now."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """What was touched of one variant. `key` is its id as text, or the form's own name of a new one."""

    key: str
    cells: Mapping[str, Change] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    """Its option values, in the order of the options; where the options themselves change."""

    @property
    def id(self) -> int | None:
        return int(self.key) if self.key.isdigit() else None


@dataclass(frozen=True, slots=True)
class OptionChange:
    """An option as it is now, and what it was called; `values` are (was, value, swatch); "" was is new."""

    was: str
    name: str
    values: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """Options and variants anew: every variant that there shall be is a row, in order."""

    seal: str
    """`seal_of` the options and variants that the form was read with."""
    options: tuple[OptionChange, ...]
    rows: tuple[RowChange, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    fields: Mapping[str, Change] = field(default_factory=dict)
    variants: tuple[RowChange, ...] = ()
    structure: Structure | None = None


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that somebody else has changed since the form was read. `key` is as in `Changes`."""

    key: str
    label: str
    yours: str
    theirs: str


class Overtaken(Conflict):
    """Somebody else changed the same fields; nothing is written."""

    def __init__(self, conflicts: Sequence[FieldConflict]) -> None:
        super().__init__(_("Somebody else has changed the same. Nothing was saved yet."))
        self.conflicts = tuple(conflicts)


class Unfit(Invalid):
    """Some texts aren't values of their fields; `problems` by field, or by "variant.cell"."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(next(iter(problems.values())), field=next(iter(problems)))
        self.problems = dict(problems)


def seal_of(draft: ProductDraft) -> str:
    """A digest of which options and variants there are: another one once somebody adds or removes some."""
    ids = [(variant.id, variant.options) for variant in draft.variants]
    options = [(option.name, option.values) for option in draft.options]
    return hashlib.sha256(json.dumps([options, ids]).encode()).hexdigest()[:24]


def save(session: Session, product_id: int, changes: Changes, *, by: Principal) -> Saved:
    """Write what was touched, all of it or nothing. Variants that are left out go, or are kept unsellable.

    Errors  Forbidden, NotFound, Overtaken, Unfit, Invalid.
    """
    by.need("products.edit")
    identity.hold_names(session)
    product = session.get(Product, product_id)
    if not product:
        raise NotFound(_("There is no such product."))
    before = read_draft(session, product)
    if conflicts := _conflicts(before, changes):
        raise Overtaken(conflicts)
    problems: dict[str, str] = {}
    draft = _with_fields(before, changes.fields, problems)
    if changes.structure:
        draft = _with_structure(draft, changes.structure, problems)
    else:
        rows = {row.id: row for row in changes.variants}
        variants = (_with_cells(each, rows.get(each.id), problems) for each in draft.variants)
        draft = replace(draft, variants=tuple(variants))
    if changes.structure or any("sku" in row.cells for row in changes.variants):
        draft = _with_skus(session, product_id, draft, changes, problems)
    if problems:
        raise Unfit(problems)
    saved = commands.save(session, product.slug, draft, actor=by.actor)
    if changes.structure:
        kept = {row.id for row in changes.structure.rows}
        unsold.remove(session, [each.id for each in before.variants if each.id and each.id not in kept])
    return saved


def _conflicts(before: ProductDraft, changes: Changes) -> list[FieldConflict]:
    conflicts = []
    for name, (was, text) in changes.fields.items():
        stored = text_of(name, before)
        if stored not in (was, text):
            conflicts.append(FieldConflict(name, FIELDS[name].label, text, stored))
    if changes.structure and changes.structure.seal != seal_of(before):
        conflicts.append(FieldConflict("variants", _("Options and variants"), "", ""))
    stored_by_id = {variant.id: variant for variant in before.variants}
    rows = changes.structure.rows if changes.structure else changes.variants
    for row in rows:
        variant = stored_by_id.get(row.id) if row.id else None
        if row.id and not variant:
            conflicts.append(FieldConflict("variants", _("Options and variants"), "", ""))
        for name, (was, text) in row.cells.items() if variant else ():
            stored = CELLS[name].read(variant) if variant else ""
            if stored not in (was, text):
                label = f"{CELLS[name].label}, {variant.sku if variant else ''}"
                conflicts.append(FieldConflict(f"{row.key}.{name}", label, text, stored))
    return list(dict.fromkeys(conflicts))


def _with_fields(draft: ProductDraft, fields: Mapping[str, Change], problems: dict[str, str]) -> ProductDraft:
    for name in (name for name in FIELDS if name in fields):
        try:
            draft = FIELDS[name].put(draft, fields[name][1])
        except Invalid as refusal:
            problems[name] = refusal.message
    return draft


def _with_cells(variant: VariantDraft, row: RowChange | None, problems: dict[str, str]) -> VariantDraft:
    for name in (name for name in CELLS if row and name in row.cells):
        assert row
        try:
            variant = CELLS[name].put(variant, row.cells[name][1].strip())
        except Invalid as refusal:
            problems[f"{row.key}.{name}"] = refusal.message
    return variant


def _with_structure(draft: ProductDraft, structure: Structure, problems: dict[str, str]) -> ProductDraft:
    names = [option.name.strip() for option in structure.options]
    by_id = {variant.id: variant for variant in draft.variants}
    # A new variant is like the first one in what isn't said.
    first = next(iter(draft.variants), VariantDraft("", 0))
    new = replace(first, sku="", barcode="", cost_minor=None, pictures=(), id=None, active=True)
    variants = []
    for row in structure.rows:
        if len(row.values) != len(names):
            raise Invalid(_("Each variant needs one value of each option."), field="options")
        values = tuple(zip(names, (value.strip() for value in row.values), strict=True))
        variants.append(_with_cells(replace(by_id.get(row.id, new), options=values), row, problems))
    options = tuple(
        OptionDraft(name, tuple((value.strip(), swatch) for _was, value, swatch in option.values))
        for name, option in zip(names, structure.options, strict=True)
    )
    return replace(draft, options=options, variants=tuple(variants))


def _with_skus(
    session: Session, product_id: int, draft: ProductDraft, changes: Changes, problems: dict[str, str]
) -> ProductDraft:
    """The draft with a SKU for each variant without one; those that others have are `problems`."""
    taken = owners(session, [variant.sku for variant in draft.variants], product_id)
    rows = changes.structure.rows if changes.structure else ()
    keys = [row.key for row in rows] or [str(variant.id) for variant in draft.variants]
    seen: dict[str, str] = {}
    for key, variant in zip(keys, draft.variants, strict=True):
        if variant.sku in taken:
            problems[f"{key}.sku"] = taken_by(variant.sku, taken[variant.sku])
        elif variant.sku and variant.sku in seen:
            problems[f"{key}.sku"] = _("The SKU {value} stands on two variants.").format(value=variant.sku)
        seen[variant.sku] = key
    free = free_skus(session, [variant for variant in draft.variants if not variant.sku], draft, seen)
    variants = (variant if variant.sku else replace(variant, sku=free.pop(0)) for variant in draft.variants)
    return replace(draft, variants=tuple(variants))


def taken_by(sku: str, title: str) -> str:
    return _("The SKU {sku} belongs to {title}.").format(sku=sku, title=title)


def owners(session: Session, skus: Sequence[str], product_id: int) -> dict[str, str]:
    """The title of the other product that has each of these SKUs."""
    rows = session.exec(
        select(Variant.sku, Product.title)
        .join(Product, col(Product.id) == Variant.product_id)
        .where(col(Variant.sku).in_([sku for sku in skus if sku]), col(Variant.product_id) != product_id)
    )
    return dict(iter(rows))


def free_skus(
    session: Session, variants: Sequence[VariantDraft], draft: ProductDraft, seen: Mapping[str, str]
) -> list[str]:
    """A SKU for each of these variants, made of the address and its values, that no variant has."""
    base = draft.slug.upper()
    wanted = [
        "-".join([base, *(slugify(value, lowercase=False).upper() for _name, value in variant.options)])[:240]
        for variant in variants
    ]
    stored = set(session.exec(select(Variant.sku).where(col(Variant.sku).startswith(base[:200]))))
    used, free = stored | set(seen), []
    for sku in wanted:
        number = next(n for n in range(1, 10**6) if (sku if n == 1 else f"{sku}-{n}") not in used)
        free.append(sku if number == 1 else f"{sku}-{number}")
        used.add(free[-1])
    return free
