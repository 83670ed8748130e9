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
from . import needs
from .queries import StockLevels, row_of, shown
from .words import reasons

MAX_UNITS = 10**6
MAX_NOTE = 1000
MAX_LOW_AT = 10_000


def check_units(units: int, least: int) -> None:
    """Errors  Invalid for what is no whole number from `least` to MAX_UNITS."""
    if type(units) is not int or not least <= units <= MAX_UNITS:
        text = _("Enter a whole number from {least} to {most}.")
        raise Invalid(text.format(least=least, most=MAX_UNITS), field="units")


def set_units(
    session: Session, sku: str, units: int, *, seen: int, reason: str, note: str = "", by: Principal
) -> StockLevels:
    """Set the units on hand, which the page showed as `seen`.

    Errors  Forbidden; NotFound; Conflict where the number has changed since; Invalid for fewer units than
            are allocated and held, an unknown reason or a number out of range.
    """
    by.need("inventory.adjust")
    check_units(units, 0)
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
    check_units(delta, -MAX_UNITS)
    if not delta:
        raise Invalid(_("Enter how many units came or went."), field="units")
    before = row_of(session, sku, lock=True)
    if before.on_hand is None:
        check_units(delta, 0)
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


def set_low_at(session: Session, sku: str, low_at: int, *, by: Principal) -> StockLevels:
    """Say from how many units left, downwards, the variant counts as low; 0: never before it is sold out.

    Errors  Forbidden; NotFound; Invalid for a number out of range.
    """
    by.need("inventory.adjust")
    if type(low_at) is not int or not 0 <= low_at <= MAX_LOW_AT:
        text = _("Enter a whole number from 0 to {most}.")
        raise Invalid(text.format(most=f"{MAX_LOW_AT:,}"), field="low_at")
    before = row_of(session, sku, lock=True)
    if before.low_at == low_at:
        return shown(before)
    inventory_commands.set_low_at(session, before.id, low_at)
    return _recorded(session, before, "stock_threshold_set", {}, by)


def choose_policy(
    session: Session, sku: str, policy: str, *, expected_on: date | None = None, by: Principal
) -> StockLevels:
    """Sell what is on hand (deny), more than that (backorder), or track no stock (untracked).

    What was untracked is counted again from the units that orders have; a count says the rest.

    Errors  as `set_policy`, `stop_tracking` and `track`.
    """
    if policy not in set(StockPolicy):
        raise Invalid(_("Choose what happens when it is sold out."), field="policy")
    if policy == StockPolicy.UNTRACKED:
        return stop_tracking(session, sku, by=by)
    by.need("inventory.adjust")
    now = row_of(session, sku)
    if now.policy == StockPolicy.UNTRACKED:
        track(session, sku, now.on_hand, by=by)
    backorder = policy == StockPolicy.BACKORDER
    return set_policy(session, sku, backorder=backorder, expected_on=expected_on, by=by)


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
    check_units(units, 0)
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
    try:
        command(reason=reason, actor=by.actor, note=note)
    except Invalid as refusal:
        # Who has them is said, so that one knows whom to ask.
        raise Invalid(
            f"{refusal.message} {needs.sentence(session, before.id)}".strip(), field="units"
        ) from None
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


def _plain(row: Any) -> dict[str, Any]:
    expected = row.backorder_on.isoformat() if row.backorder_on else ""
    return {
        "on_hand": row.on_hand or 0,
        "policy": row.policy or "deny",
        "expected_on": expected,
        "low_at": 3 if row.low_at is None else row.low_at,
    }
