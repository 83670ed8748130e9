"""The commands of stock: stocktakes, policies, and an order's units from allocation to shipment and return.

An order's units go allocated -> shipped; a shipment may be recalled, goods may come back, what is cancelled
is released or written off. The caller has the order, or the cart, locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlmodel import Session

from ...core import events
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...models import MovementKind, StockPolicy
from . import offers
from .holds import drop, end_all, held_by, lock_carts
from .ledger import Move, in_sku_order, level, levels, movement, out_of_stock, record, shift, shift_all

OUT_AND_BACK = (MovementKind.SHIPPED, MovementKind.RECALLED, MovementKind.RETURNED)

_SET_POLICY = (
    update(level)
    .where(
        level.c.variant_id == bindparam("variant"),
        or_(
            bindparam("to_policy") != StockPolicy.DENY.value,
            level.c.allocated + level.c.held <= level.c.on_hand,
        ),
    )
    .values(policy=bindparam("to_policy"), backorder_on=bindparam("expected"))
)
_SET_LOW_AT = (
    update(level).where(level.c.variant_id == bindparam("variant")).values(low_at=bindparam("at_least"))
)
_LOCKED_LEVEL = select(level).where(level.c.variant_id == bindparam("variant")).with_for_update()
_ALLOCATED = (
    select(movement.c.variant_id, func.sum(movement.c.allocated_delta))
    .where(movement.c.order_id == bindparam("order"))
    .group_by(movement.c.variant_id)
)
_SHIPPED = (
    select(movement.c.variant_id, func.sum(movement.c.on_hand_delta))
    .where(
        movement.c.order_id == bindparam("order"),
        movement.c.kind.in_([kind.value for kind in OUT_AND_BACK]),
    )
    .group_by(movement.c.variant_id)
)


def set_on_hand(
    session: Session, variant_id: int, on_hand: int, *, reason: str, actor: str = "system", note: str = ""
) -> None:
    """Set the units on hand, whatever they were: a stocktake, an import, the seed.

    Errors  Invalid for fewer units than orders and holds already have, and for an untracked variant.
    """
    if not 0 <= on_hand <= 10**9:
        raise Invalid(_("Enter a number of units from 0 up."), field="on_hand")
    session.flush()
    before = session.connection().execute(_LOCKED_LEVEL, {"variant": variant_id}).first()
    if before is None:
        session.connection().execute(
            insert(level).values(
                variant_id=variant_id, on_hand=0, allocated=0, held=0, low_at=3, policy=StockPolicy.DENY.value
            )
        )
    delta = on_hand - (before.on_hand if before else 0)
    adjust(session, variant_id, delta, reason=reason, actor=actor, note=note)


def adjust(
    session: Session, variant_id: int, delta: int, *, reason: str, actor: str = "system", note: str = ""
) -> None:
    """Change the units on hand by `delta`.

    Errors  Invalid for fewer units than orders and holds already have, or than none, and for an untracked
            variant.
    """
    if not delta:
        return
    session.flush()
    kind = MovementKind.RECEIVED if delta > 0 else MovementKind.ADJUSTED
    moved = shift(session, Move(variant_id, kind, on_hand=delta, needed=max(0, -delta)))
    if moved is None:
        raise Invalid(_("Orders and checkouts already have more units than would be left."), field="on_hand")
    if not moved.on_hand:
        raise Invalid(_("The stock of this isn't tracked, so there is no number to change."), field="on_hand")
    record(session, [moved], reason=reason, actor=actor, note=note)


def set_policy(
    session: Session,
    variant_id: int,
    policy: StockPolicy,
    *,
    expected_on: date | None = None,
    actor: str = "system",
) -> None:
    """Sell only what is on hand, or more, expected on `expected_on` (None: unknown), or track no stock.

    A variant that becomes untracked loses its holds and its free units; one that is tracked again begins
    with the units that orders have, so `set_on_hand` has to follow with a count.

    Errors  Invalid where backorders end while more is allocated and held than is on hand; NotFound;
            Conflict where the stock stops being tracked in the moment in which a cart enters checkout.
    """
    session.flush()
    if policy == StockPolicy.UNTRACKED:
        _stop_tracking(session, variant_id, actor)
    expected_on = expected_on if policy == StockPolicy.BACKORDER else None
    values = {"variant": variant_id, "to_policy": policy.value, "expected": expected_on}
    if session.connection().execute(_SET_POLICY, values).rowcount != 1:
        before = levels(session, [variant_id]).get(variant_id)
        if before is None:
            raise NotFound(_("The stock of a product is missing."))
        text = _("{promised} are promised and {on_hand} are in the house, so backorders can't end yet.")
        promised = before.allocated + before.held
        raise Invalid(text.format(promised=promised, on_hand=before.on_hand), field="backorder")
    events.publish(session, events.StockChanged((variant_id,)))


def set_low_at(session: Session, variant_id: int, low_at: int) -> None:
    """Say from how many units left, downwards, the variant counts as low."""
    session.flush()
    values = {"variant": variant_id, "at_least": low_at}
    if not session.connection().execute(_SET_LOW_AT, values).rowcount:
        set_on_hand(session, variant_id, 0, reason="new")
        session.connection().execute(_SET_LOW_AT, values)
    events.publish(session, events.StockChanged((variant_id,)))


def _stop_tracking(session: Session, variant_id: int, actor: str) -> None:
    """Release the variant's holds and free units; what orders have stays. Locks carts, offers, the level."""
    lock_carts(session, variant_id)
    offers.lock_all(session, variant_id)
    before = session.connection().execute(_LOCKED_LEVEL, {"variant": variant_id}).first()
    if before is None or before.policy == StockPolicy.UNTRACKED:
        return
    # So that nothing that becomes free now is set aside for those who wait.
    unlimited = {"variant": variant_id, "to_policy": StockPolicy.BACKORDER.value, "expected": None}
    session.connection().execute(_SET_POLICY, unlimited)
    end_all(session, variant_id, reason="not tracked", actor=actor)
    offers.end_all(session, variant_id, reason="not tracked", actor=actor)
    more = before.allocated - before.on_hand
    kind = MovementKind.RECEIVED if more > 0 else MovementKind.ADJUSTED
    moved = shift_all(session, [Move(variant_id, kind, on_hand=more)])
    record(session, moved, reason="not tracked", actor=actor)


def follow_new_variant(session: Session, event: events.VariantAdded) -> None:
    set_on_hand(session, event.variant_id, 0, reason="new")


def follow_policy(session: Session, event: events.StockPolicyChanged) -> None:
    set_policy(session, event.variant_id, StockPolicy(event.policy))


def allocate(
    session: Session,
    order_id: int,
    quantities: Mapping[int, int],
    *,
    cart_id: int | None = None,
    offers_of: int | None = None,
) -> None:
    """Allocate these units, by variant id, to the order; what is held for the cart becomes part of them.

    offers_of  the cart whose shopper's offers alone count, where the cart's own holds don't

    Errors  OutOfStock, with the units of every line that could be had; nothing is taken then,
            because the refusal undoes the transaction.
    """
    session.flush()
    offered = offers.lock_of_cart(session, cart_id or offers_of or 0)
    held = held_by(session, cart_id) if cart_id else {}
    moves, taken = [], []
    for variant_id in in_sku_order(session, {**quantities, **held}):
        own, units = held.get(variant_id, 0), quantities.get(variant_id, 0)
        own_offers = offered.get(variant_id, [])[: max(0, units - own)]
        kept = own + len(own_offers)
        move = Move(
            variant_id, MovementKind.ALLOCATED, allocated=units, held=-kept, needed=max(0, units - kept)
        )
        moved = shift(session, move)
        if moved is None:
            had = {**held, **{each: held.get(each, 0) + len(ids) for each, ids in offered.items()}}
            raise out_of_stock(session, quantities, had, taken={move.variant_id for move in moves})
        moves.append(replace(moved, held=moved.held + len(own_offers)))
        taken += [(variant_id, offer_id) for offer_id in own_offers]
    if cart_id and held:
        drop(session, cart_id)
    offers.take(session, [offer_id for _variant, offer_id in taken], order_id)
    unheld = [Move(variant_id, MovementKind.UNHELD, held=-1) for variant_id, _offer in taken]
    record(session, unheld, reason="order placed")
    record(session, moves, order_id=order_id, cart_id=cart_id if held else None, reason="order placed")


def release(
    session: Session,
    order_id: int,
    *,
    reason: str,
    actor: str = "system",
    quantities: Mapping[int, int] | None = None,
) -> None:
    """Release what the order still has allocated, or just `quantities`; releasing all twice is harmless.

    All is released of an order that ended unpaid: a unit that was held for somebody in line is held again.

    Errors  Conflict for more units than the order still has.
    """
    still = _allocated_to(session, order_id)
    freed = still if quantities is None else _checked(quantities, still)
    again = offers.open_again(session, order_id) if quantities is None else []
    moves = [
        Move(variant_id, MovementKind.RELEASED, allocated=-freed[variant_id])
        for variant_id in in_sku_order(session, freed)
    ]
    # Both before either is told of, or who is next in line would have the unit.
    released, held = shift_all(session, moves), shift_all(session, again)
    record(session, held, reason="held again")
    record(session, released, order_id=order_id, reason=reason, actor=actor)


def ship(
    session: Session, order_id: int, quantities: Mapping[int, int], *, actor: str, note: str = ""
) -> None:
    """These units leave with a shipment.

    Errors  Conflict for more units than the order still has, or than are on hand: backordered ones
            can't leave before they have come.
    """
    sent = _checked(quantities, _allocated_to(session, order_id))
    _move_all(
        session,
        order_id,
        sent,
        MovementKind.SHIPPED,
        reason="parcel sent",
        actor=actor,
        note=note,
        on_hand=-1,
        allocated=-1,
    )


def recall(
    session: Session, order_id: int, quantities: Mapping[int, int], *, actor: str, note: str = ""
) -> None:
    """A shipment was cancelled: its units are on hand again, and still allocated to the order.

    Errors  Conflict for more units than have left for this order.
    """
    back = _checked(quantities, _shipped_for(session, order_id))
    _move_all(
        session,
        order_id,
        back,
        MovementKind.RECALLED,
        reason="parcel cancelled",
        actor=actor,
        note=note,
        on_hand=1,
        allocated=1,
    )


def restock(
    session: Session, order_id: int, quantities: Mapping[int, int], *, reason: str, actor: str
) -> None:
    """Returned units can be sold again; those of an untracked variant come into the ledger and go out of it.

    Errors  Conflict for more units than have left for this order.
    """
    back = _checked(quantities, _shipped_for(session, order_id))
    moves = [
        Move(variant_id, MovementKind.RETURNED, on_hand=back[variant_id])
        for variant_id in in_sku_order(session, back)
    ]
    uncounted = [
        Move(move.variant_id, MovementKind.ADJUSTED, on_hand=-move.on_hand)
        for move, moved in zip(moves, shift_all(session, moves), strict=True)
        if not moved.on_hand
    ]
    record(session, [*moves, *uncounted], order_id=order_id, reason=reason, actor=actor)


def write_off(
    session: Session, order_id: int, quantities: Mapping[int, int], *, reason: str, actor: str
) -> None:
    """Units of the order are cancelled and won't be sold again: broken, lost.

    Errors  Conflict for more units than the order still has, or than are on hand.
    """
    lost = _checked(quantities, _allocated_to(session, order_id))
    _move_all(
        session, order_id, lost, MovementKind.ADJUSTED, reason=reason, actor=actor, on_hand=-1, allocated=-1
    )


def _allocated_to(session: Session, order_id: int) -> dict[int, int]:
    """The units that the order has allocated and that haven't left, by variant id."""
    rows = session.connection().execute(_ALLOCATED, {"order": order_id})
    return {variant_id: int(units) for variant_id, units in rows if units > 0}


def _shipped_for(session: Session, order_id: int) -> dict[int, int]:
    """The units that have left for the order and haven't come back, by variant id."""
    rows = session.connection().execute(_SHIPPED, {"order": order_id})
    return {variant_id: -int(units) for variant_id, units in rows if units < 0}


def _checked(quantities: Mapping[int, int], most: Mapping[int, int]) -> dict[int, int]:
    if any(units < 0 for units in quantities.values()):
        raise Invalid(_("Choose units from 0 up."), field="quantity")
    nonzero = {variant_id: units for variant_id, units in quantities.items() if units}
    if any(units > most.get(variant_id, 0) for variant_id, units in nonzero.items()):
        raise Conflict(_("That is more than the order has there. Reload the page and look again."))
    return nonzero


def _move_all(
    session: Session,
    order_id: int,
    quantities: Mapping[int, int],
    kind: MovementKind,
    *,
    reason: str,
    actor: str,
    note: str = "",
    on_hand: int = 0,
    allocated: int = 0,
) -> None:
    """Move these units of the order; `on_hand` and `allocated` are the signs of the change."""
    moves = [
        Move(variant_id, kind, on_hand * quantities[variant_id], allocated * quantities[variant_id])
        for variant_id in in_sku_order(session, quantities)
    ]
    moved = shift_all(session, moves)
    record(session, moved, order_id=order_id, reason=reason, actor=actor, note=note)
