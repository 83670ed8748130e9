"""Admin of stock: staff set, change and configure levels, each time with an audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import today
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...models import StockPolicy
from ..staff import audit
from . import commands as inventory_commands
from .queries import StockLevels, row_of, shown

MAX_UNITS = 10**6
MAX_NOTE = 1000


def reasons() -> dict[str, str]:
    """Why staff change a number: the labels, by the word that is stored."""
    return {
        "delivery": _("A delivery came"),
        "count": _("Counted"),
        "broken": _("Broken"),
        "lost": _("Lost"),
        "found": _("Found"),
        "own_use": _("Used in the shop"),
        "mistake": _("An entry was wrong"),
    }


def set_units(
    session: Session, sku: str, units: int, *, seen: int, reason: str, note: str = "", by: Principal
) -> StockLevels:
    """Set the units on hand, which the page showed as `seen`.

    Errors  Forbidden; NotFound; Conflict where the number has changed since; Invalid for fewer units than
            are allocated and held, an unknown reason or a number out of range.
    """
    by.need("inventory.adjust")
    _check(units, 0)
    before = row_of(session, sku, lock=True)
    if (before.on_hand or 0) != seen:
        text = _("There are {now} units in the house now, not {seen} any more. Look again.")
        raise Conflict(text.format(now=before.on_hand or 0, seen=seen))
    command = partial(inventory_commands.set_on_hand, session, before.id, units)
    return _change(session, before, command, reason, note, by)


def change_units(
    session: Session, sku: str, delta: int, *, reason: str, note: str = "", by: Principal
) -> StockLevels:
    """Change the units on hand by `delta`.

    Errors  Forbidden; NotFound; Invalid for fewer units than are allocated and held, an unknown reason, or
            a delta of 0.
    """
    by.need("inventory.adjust")
    _check(delta, -MAX_UNITS)
    if not delta:
        raise Invalid(_("Enter how many units came or went."), field="delta")
    before = row_of(session, sku, lock=True)
    if before.on_hand is None:
        _check(delta, 0)
        command = partial(inventory_commands.set_on_hand, session, before.id, delta)
    else:
        command = partial(inventory_commands.adjust, session, before.id, delta)
    return _change(session, before, command, reason, note, by)


def set_policy(
    session: Session, sku: str, *, backorder: bool, expected_on: date | None = None, by: Principal
) -> StockLevels:
    """Allow backorders, with the day when more is expected, or end them.

    Errors  Forbidden; NotFound; Invalid for a day that has passed, where backorders end while more is
            allocated and held than is on hand, and for an untracked variant.
    """
    by.need("inventory.adjust")
    if backorder and expected_on and expected_on <= today():
        raise Invalid(_("Choose a day that is still to come."), field="expected_on")
    before = row_of(session, sku, lock=True)
    if before.policy == StockPolicy.UNTRACKED:
        raise Invalid(_("The stock of this isn't tracked: it can always be bought."), field="backorder")
    policy = StockPolicy.BACKORDER if backorder else StockPolicy.DENY
    inventory_commands.set_policy(session, before.id, policy, expected_on=expected_on)
    return _recorded(session, before, "stock_policy_set", {}, by)


def stop_tracking(session: Session, sku: str, *, by: Principal) -> StockLevels:
    """Sell the variant without counting it: its holds end, and its free units are taken out of the count.

    Repeating it changes nothing.

    Errors  Forbidden; NotFound; Conflict where a cart enters checkout with it at the same moment.
    """
    by.need("inventory.adjust")
    # The variant isn't locked: carts are locked first, and a cart that adds it waits for the variant.
    before = row_of(session, sku)
    if before.policy == StockPolicy.UNTRACKED:
        return shown(before)
    inventory_commands.set_policy(session, before.id, StockPolicy.UNTRACKED, actor=by.actor)
    return _recorded(session, before, "stock_policy_set", {}, by)


def track(session: Session, sku: str, units: int, *, by: Principal) -> StockLevels:
    """Count the variant again, beginning with so many units in the house, those of open orders included.

    Errors  Forbidden; NotFound; Conflict where it is tracked already; Invalid for fewer units than open
            orders have, or a number out of range.
    """
    by.need("inventory.adjust")
    _check(units, 0)
    before = row_of(session, sku, lock=True)
    if before.policy != StockPolicy.UNTRACKED:
        raise Conflict(_("The stock of this is tracked already. Look again."))
    inventory_commands.set_policy(session, before.id, StockPolicy.DENY, actor=by.actor)
    inventory_commands.set_on_hand(session, before.id, units, reason="count", actor=by.actor)
    return _recorded(session, before, "stock_policy_set", {}, by)


def _change(
    session: Session, before: Any, command: Any, reason: str, note: str, by: Principal
) -> StockLevels:
    if reason not in reasons():
        raise Invalid(_("Choose a reason."), field="reason")
    note = note.strip()
    if len(note) > MAX_NOTE:
        raise Invalid(_("Keep the note below {count} characters").format(count=MAX_NOTE), field="note")
    command(reason=reason, actor=by.actor, note=note)
    return _recorded(session, before, "stock_changed", {"reason": reason, "note": note}, by)


def _recorded(
    session: Session, before: Any, action: str, more: Mapping[str, Any], by: Principal
) -> StockLevels:
    after = row_of(session, before.sku)
    audit.record(
        session,
        by.actor,
        action,
        "variant",
        before.sku,
        _plain(before),
        {**_plain(after), **more},
        staff_id=by.id or None,
    )
    return shown(after)


def _check(units: int, least: int) -> None:
    if type(units) is not int or not least <= units <= MAX_UNITS:
        text = _("Enter a whole number from {least} to {most}.")
        raise Invalid(text.format(least=least, most=MAX_UNITS), field="units")


def _plain(row: Any) -> dict[str, Any]:
    expected = row.backorder_on.isoformat() if row.backorder_on else ""
    return {"on_hand": row.on_hand or 0, "policy": row.policy or "deny", "expected_on": expected}
