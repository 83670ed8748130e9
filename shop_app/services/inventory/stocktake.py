"""Stocktakes: units are counted one variant after another, their differences looked at, and booked together.

What is booked is the difference at the moment of counting, not the number: what was sold between counting and
booking isn't put back by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlmodel import Session

from ...core import clock, dates
from ...core.access.principal import Principal
from ...core.errors import Invalid, ShopError
from ...core.i18n import _, plural
from ...core.upsert import Insert, upsert
from ...models import Product, StockLevel, StockPolicy, Stocktake, StocktakeLine, Variant, table_of
from . import admin, count_file
from .queries import row_of

MAX_PROBLEMS = 200
SHOWN = 500
"""So many counted lines are shown, those that differ first."""
CHUNK = 500

_stocktake = table_of(Stocktake)
_line = table_of(StocktakeLine)
_variant = table_of(Variant)
_level = table_of(StockLevel)
_product = table_of(Product)
_CODES = (
    select(
        _variant.c.id,
        _variant.c.sku,
        _variant.c.barcode,
        func.coalesce(_level.c.on_hand, 0).label("on_hand"),
        _level.c.policy,
    )
    .outerjoin(_level, _level.c.variant_id == _variant.c.id)
    .order_by(_variant.c.id)
)
_BY_SKU = _CODES.where(_variant.c.sku.in_(bindparam("codes", expanding=True)))
_BY_BARCODE = _CODES.where(_variant.c.barcode.in_(bindparam("codes", expanding=True)))
_LINES = (
    select(
        _line.c.variant_id,
        _line.c.units,
        _line.c.on_hand,
        _variant.c.sku,
        _variant.c.title.label("variant"),
        _product.c.title,
    )
    .join(_variant, _variant.c.id == _line.c.variant_id)
    .join(_product, _product.c.id == _variant.c.product_id)
    .where(_line.c.stocktake_id == bindparam("stocktake"))
)
_differs = _line.c.units != _line.c.on_hand


@upsert(_stocktake)
def _insert_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_stocktake.c.actor])


@upsert(_line)
def _count_again(insert: Insert) -> Any:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[_line.c.stocktake_id, _line.c.variant_id],
        set_={"units": new.units, "on_hand": new.on_hand, "counted_at": new.counted_at},
    )


@dataclass(frozen=True, slots=True)
class Scanned:
    """The variant of a code, ready to be counted."""

    sku: str = ""
    title: str = ""
    variant: str = ""
    on_hand: int = 0
    counted: str = ""
    """What was counted before in this stocktake, "" for nothing."""


@dataclass(frozen=True, slots=True)
class CountedLine:
    sku: str
    title: str
    variant: str
    units: int
    on_hand: int
    difference: int
    difference_text: str
    """ "+2", "−1", "0"."""


@dataclass(frozen=True, slots=True)
class CountProblem:
    where: str
    """ "Line 3", or "Scanned"."""
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class StocktakeView:
    """What somebody has counted and not booked yet."""

    started: str = ""
    counted: int = 0
    differences: int = 0
    units: int = 0
    """By how many units all differences together change what is on hand."""
    lines: list[CountedLine] = field(default_factory=list)
    problems: list[CountProblem] = field(default_factory=list)


def open_stocktake(session: Session, *, by: Principal) -> StocktakeView:
    """The stocktake of this member of staff; an empty one where nothing was counted.

    Errors  Forbidden.
    """
    by.need("inventory.adjust")
    head = _head(session, by)
    if head is None:
        return StocktakeView()
    connection, at = session.connection(), {"stocktake": head.id}
    differences = (_line.c.units - _line.c.on_hand).label("difference")
    sums = select(func.count(), func.sum(differences)).where(_line.c.stocktake_id == head.id)
    counted, units = connection.execute(sums).one()
    differing = connection.execute(sums.where(_differs)).one()[0]
    rows = connection.execute(_LINES.order_by(_differs.desc(), _line.c.counted_at.desc()).limit(SHOWN), at)
    return StocktakeView(
        dates.full_moment(head.started_at),
        counted,
        differing,
        int(units or 0),
        [_shown(row) for row in rows],
        [_problem(**problem) for problem in reversed(head.problems)],
    )


def scan(session: Session, code: str, *, by: Principal) -> Scanned:
    """The variant with this SKU or barcode.

    Errors  Forbidden; Invalid for a code that no variant has, several have, or whose stock isn't tracked: the
            code is the `field` it came from. Whoever asks keeps it with `note_problem`.
    """
    by.need("inventory.adjust")
    found = _variants(session, [code])[code]
    if isinstance(found, str):
        raise Invalid(found, field="code")
    head, row = _head(session, by), row_of(session, found.sku)
    units = None
    if head:
        counted = select(_line.c.units).where(_line.c.stocktake_id == head.id, _line.c.variant_id == found.id)
        units = session.connection().execute(counted).scalar()
    return Scanned(row.sku, row.title, row.variant, found.on_hand, "" if units is None else str(units))


def note_problem(session: Session, code: str, text: str, *, by: Principal) -> None:
    """Keep a code that couldn't be taken, so that it isn't forgotten while one goes on.

    Errors  Forbidden.
    """
    by.need("inventory.adjust")
    _add_problems(session, _begun(session, by), [{"line": 0, "code": code, "text": text}])


def count(session: Session, sku: str, units: int, *, by: Principal) -> None:
    """Note so many counted units of the variant, in place of what was counted before.

    Errors  Forbidden; NotFound; Invalid for a number out of range, or an untracked variant.
    """
    by.need("inventory.adjust")
    admin.check_units(units, 0)
    variant = row_of(session, sku)
    if variant.policy == StockPolicy.UNTRACKED:
        raise Invalid(_untracked(), field="units")
    _write(session, _begun(session, by), [(variant.id, units, variant.on_hand or 0)])


def take_rows(session: Session, rows: Sequence[count_file.Row], *, by: Principal) -> int:
    """Note the rows of a file; those that can't be taken become problems. Returns how many were taken.

    Errors  Forbidden.
    """
    by.need("inventory.adjust")
    head = _begun(session, by)
    variants = _variants(session, [row.code for row in rows if not row.problem])
    taken: list[tuple[int, int, int]] = []
    problems = []
    for row in rows:
        found = row.problem or variants[row.code]
        if isinstance(found, str):
            problems.append({"line": row.line, "code": row.code, "text": found})
        else:
            taken.append((found.id, row.units, found.on_hand))
    _write(session, head, list({line[0]: line for line in taken}.values()))
    # Those of an earlier file are answered by this one.
    scanned = [problem for problem in head.problems if not problem["line"]]
    _set_problems(session, head.id, [*scanned, *problems])
    return len(taken)


def drop(session: Session, sku: str, *, by: Principal) -> None:
    """Take a variant out of the stocktake, as if it hadn't been counted.

    Errors  Forbidden; NotFound.
    """
    by.need("inventory.adjust")
    if head := _head(session, by):
        variant = row_of(session, sku).id
        session.connection().execute(
            delete(_line).where(_line.c.stocktake_id == head.id, _line.c.variant_id == variant)
        )


def discard(session: Session, *, by: Principal) -> None:
    """Throw away what was counted; nothing is booked.

    Errors  Forbidden.
    """
    by.need("inventory.adjust")
    session.connection().execute(delete(_stocktake).where(_stocktake.c.actor == by.actor))


def book(session: Session, *, by: Principal) -> int:
    """Book every difference, each with its movement, and end the stocktake; returns how many were booked.

    Errors  Forbidden; Invalid where nothing differs, or names the variant that can't lose so many units:
            nothing is booked then.
    """
    by.need("inventory.adjust")
    # Locked: of two who book it together one finds it gone.
    head = _head(session, by, lock=True)
    order = _LINES.where(_differs).order_by(_variant.c.sku)
    rows = session.connection().execute(order, {"stocktake": head.id}).all() if head else []
    if head is None or not rows:
        raise Invalid(_("Nothing that was counted differs, so there is nothing to book."))
    for row in rows:
        try:
            admin.change_units(session, row.sku, row.units - row.on_hand, reason="count", by=by)
        except ShopError as refusal:
            raise Invalid(f"{row.sku}: {refusal.message}", field="units") from None
    discard(session, by=by)
    return len(rows)


def _head(session: Session, by: Principal, *, lock: bool = False) -> Any:
    own = select(_stocktake).where(_stocktake.c.actor == by.actor)
    return session.connection().execute(own.with_for_update() if lock else own).first()


def _begun(session: Session, by: Principal) -> Any:
    """The stocktake, begun where there is none."""
    session.connection().execute(
        _insert_once(session), {"actor": by.actor, "problems": [], "started_at": clock.now()}
    )
    return _head(session, by)


def _variants(session: Session, codes: Iterable[str]) -> dict[str, Any]:
    """By code its variant, or why there is none: SKUs first, barcodes after them."""
    codes = [code for code in dict.fromkeys(codes) if code]
    by_sku: dict[str, Any] = {}
    by_barcode: dict[str, list[Any]] = {}
    for start in range(0, len(codes), CHUNK):
        chunk = {"codes": codes[start : start + CHUNK]}
        by_sku |= {row.sku: row for row in session.connection().execute(_BY_SKU, chunk)}
        for row in session.connection().execute(_BY_BARCODE, chunk):
            by_barcode.setdefault(row.barcode, []).append(row)
    return {"": _unknown(), **{code: _one(by_sku.get(code), by_barcode.get(code, [])) for code in codes}}


def _one(of_sku: Any, of_barcode: list[Any]) -> Any:
    found = [of_sku] if of_sku else of_barcode
    if not found:
        return _unknown()
    if len(found) > 1:
        text = _("Several variants have this barcode: {skus}. Enter the SKU.")
        return text.format(skus=", ".join(row.sku for row in found[:5]))
    return _untracked() if found[0].policy == StockPolicy.UNTRACKED else found[0]


def _unknown() -> str:
    return _("No variant has this SKU or barcode.")


def _untracked() -> str:
    return _("The stock of this isn't tracked, so there is nothing to count.")


def _write(session: Session, head: Any, lines: list[tuple[int, int, int]]) -> None:
    now = clock.now()
    rows = [
        {"stocktake_id": head.id, "variant_id": key, "units": units, "on_hand": on_hand, "counted_at": now}
        for key, units, on_hand in lines
    ]
    if rows:
        session.connection().execute(_count_again(session), rows)


def _add_problems(session: Session, head: Any, problems: list[dict[str, Any]]) -> None:
    codes = {problem["code"] for problem in problems}
    _set_problems(session, head.id, [*(p for p in head.problems if p["code"] not in codes), *problems])


def _set_problems(session: Session, stocktake_id: int, problems: list[dict[str, Any]]) -> None:
    session.connection().execute(
        update(_stocktake).where(_stocktake.c.id == stocktake_id).values(problems=problems[-MAX_PROBLEMS:])
    )


def _shown(row: Any) -> CountedLine:
    difference = row.units - row.on_hand
    text = f"{difference:+}".replace("-", "−") if difference else "0"
    return CountedLine(row.sku, row.title, row.variant, row.units, row.on_hand, difference, text)


def _problem(line: int, code: str, text: str) -> CountProblem:
    where = _("Line {line}").format(line=line) if line else _("Scanned")
    return CountProblem(where, code, text)


def booked_text(count: int) -> str:
    """What a page says once the differences are booked."""
    return plural("{count} difference was booked.", "{count} differences were booked.", count)
