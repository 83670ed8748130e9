"""Stock at the desk: what staff may do with the numbers, each time with a reason and an audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, SQLModel

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from .. import audit
from . import stock

MOST_UNITS = 10**6
MAX_NOTE = 1000

_tables = SQLModel.metadata.tables
_variant = _tables["variant"]
_product = _tables["product"]
_level = _tables["stock_level"]
_movement = _tables["stock_movement"]
_STANDING = (
    select(
        _variant.c.id, _variant.c.sku, _product.c.title, _variant.c.title.label("variant"),
        _level.c.on_hand, _level.c.allocated, _level.c.held, _level.c.policy, _level.c.backorder_on,
    )
    .join(_product, _product.c.id == _variant.c.product_id)
    .outerjoin(_level, _level.c.variant_id == _variant.c.id)
    .where(_variant.c.sku == bindparam("sku"))
)  # fmt: skip
_LOCKED = _STANDING.with_for_update(of=_variant)
_HISTORY = (
    select(_movement).where(_movement.c.variant_id == bindparam("variant"))
    .order_by(_movement.c.id.desc()).limit(bindparam("most"))
)  # fmt: skip


def reasons() -> dict[str, str]:
    """Why staff change a number, by the word that the ledger keeps."""
    return {
        "delivery": _("A delivery came"),
        "count": _("Counted"),
        "broken": _("Broken"),
        "lost": _("Lost"),
        "found": _("Found"),
        "own_use": _("Used in the shop"),
        "mistake": _("An entry was wrong"),
    }


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a variant's ledger, for staff."""

    at: str
    """ISO, in UTC."""
    kind: str
    on_hand: int
    allocated: int
    held: int
    reason: str
    note: str
    actor: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The numbers of one variant, for staff."""

    sku: str = ""
    title: str = ""
    variant: str = ""
    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    left: int = 0
    """Units that can still be sold from what is in the house; below zero where more is promised."""
    backorder: bool = False
    expected_on: str = ""
    """ISO; "" where nobody knows."""


def standing(session: Session, sku: str, *, by: Principal) -> Standing:
    """Errors  Forbidden; NotFound."""
    by.need("inventory.view")
    return _shown(_row(session, sku))


def history(session: Session, sku: str, *, by: Principal, most: int = 50) -> list[Movement]:
    """What moved last, the newest first.

    Errors  Forbidden; NotFound.
    """
    by.need("inventory.view")
    known = {"variant": _row(session, sku).id, "most": min(most, 500)}
    return [
        Movement(
            row.at.isoformat(), row.kind, row.on_hand_delta, row.allocated_delta, row.held_delta, row.reason,
            row.note, row.actor,
        )
        for row in session.connection().execute(_HISTORY, known)
    ]  # fmt: skip


def set_units(
    session: Session, sku: str, units: int, *, seen: int, reason: str, note: str = "", by: Principal
) -> Standing:
    """There are so many units in the house, where the page showed `seen`.

    Errors  Forbidden; NotFound; Conflict where the number has moved since; Invalid for fewer units than
            are promised, an unknown reason or a number that can't be.
    """
    by.need("inventory.adjust")
    _check(units, 0)
    before = _row(session, sku, lock=True)
    if (before.on_hand or 0) != seen:
        text = _("There are {now} units in the house now, not {seen} any more. Look again.")
        raise Conflict(text.format(now=before.on_hand or 0, seen=seen))
    verb = partial(stock.set_on_hand, session, before.id, units)
    return _change(session, before, verb, reason, note, by)


def change_units(
    session: Session, sku: str, delta: int, *, reason: str, note: str = "", by: Principal
) -> Standing:
    """So many units came, or went.

    Errors  Forbidden; NotFound; Invalid for fewer units than are promised, an unknown reason, or none.
    """
    by.need("inventory.adjust")
    _check(delta, -MOST_UNITS)
    if not delta:
        raise Invalid(_("Enter how many units came or went."), field="delta")
    before = _row(session, sku, lock=True)
    if before.on_hand is None:
        _check(delta, 0)
        verb = partial(stock.set_on_hand, session, before.id, delta)
    else:
        verb = partial(stock.adjust, session, before.id, delta)
    return _change(session, before, verb, reason, note, by)


def set_policy(
    session: Session, sku: str, *, backorder: bool, expected_on: date | None = None, by: Principal
) -> Standing:
    """Whether it is sold beyond what there is, and when more is expected.

    Errors  Forbidden; NotFound; Invalid for a day that has passed, and for an end of backorders while more
            is promised than there is.
    """
    by.need("inventory.adjust")
    if backorder and expected_on and expected_on <= now().date():
        raise Invalid(_("Choose a day that is still to come."), field="expected_on")
    before = _row(session, sku, lock=True)
    stock.set_policy(session, before.id, backorder=backorder, expected_on=expected_on)
    return _recorded(session, before, "stock_policy_set", {}, by)


def _change(session: Session, before: Any, verb: Any, reason: str, note: str, by: Principal) -> Standing:
    if reason not in reasons():
        raise Invalid(_("Choose a reason."), field="reason")
    note = note.strip()
    if len(note) > MAX_NOTE:
        raise Invalid(_("Keep the note below {count} characters").format(count=MAX_NOTE), field="note")
    verb(reason=reason, actor=by.actor, note=note)
    return _recorded(session, before, "stock_changed", {"reason": reason, "note": note}, by)


def _recorded(session: Session, before: Any, action: str, more: Mapping[str, Any], by: Principal) -> Standing:
    after = _row(session, before.sku)
    audit.record(
        session, by.actor, action, "variant", before.sku, _plain(before), {**_plain(after), **more},
        staff_id=by.id or None,
    )  # fmt: skip
    return _shown(after)


def _check(units: int, least: int) -> None:
    if type(units) is not int or not least <= units <= MOST_UNITS:
        text = _("Enter a whole number from {least} to {most}.")
        raise Invalid(text.format(least=least, most=MOST_UNITS), field="units")


def _row(session: Session, sku: str, *, lock: bool = False) -> Any:
    session.flush()
    row = session.connection().execute(_LOCKED if lock else _STANDING, {"sku": sku}).first()
    if row is None:
        raise NotFound(_("There is no variant {sku}.").format(sku=sku))
    return row


def _plain(row: Any) -> dict[str, Any]:
    expected = row.backorder_on.isoformat() if row.backorder_on else ""
    return {"on_hand": row.on_hand or 0, "policy": row.policy or "deny", "expected_on": expected}


def _shown(row: Any) -> Standing:
    on_hand, allocated, held = row.on_hand or 0, row.allocated or 0, row.held or 0
    return Standing(
        row.sku, row.title, row.variant, on_hand, allocated, held, on_hand - allocated - held,
        row.policy == "backorder", row.backorder_on.isoformat() if row.backorder_on else "",
    )  # fmt: skip
