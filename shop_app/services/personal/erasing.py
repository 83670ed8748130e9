"""Erasing a person: all that the registry says is theirs, in one transaction, but for what must stay."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, delete, exists, select, update
from sqlmodel import Session

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...models import (
    AuditEntry,
    Cart,
    CreditAccount,
    CreditKind,
    Customer,
    Order,
    OrderEvent,
    Payment,
    ReturnRequest,
    Review,
    ReviewStatus,
    StockHold,
    WishList,
    table_of,
)
from ..catalog import reviews
from ..inventory import holds
from ..staff import audit
from ..stock_alerts import line
from . import digests, under_way, words
from .declared import Declared, Fate
from .person import Person
from .tables import REGISTRY
from .words import Found, Words

_order, _cart, _customer = table_of(Order), table_of(Cart), table_of(Customer)
_event, _review, _credit, _hold = (table_of(one) for one in (OrderEvent, Review, CreditAccount, StockHold))
_list = table_of(WishList)
_LAST = (ReturnRequest, CreditAccount, Payment, Cart, Order, Customer)
"""Rows of other tables are found by these: they go last, and in this order."""
_FREE_TEXTS = frozenset({"text", "note", "answer"})
"""Parts of an order's history that people wrote."""


def erase(
    session: Session, person: Person, known: Words, found: Found, *, by: Principal | str, force: bool = False
) -> int:
    """Erase a person; `known` and `found` are what `words` says of them, from just before.

    Returns how many orders were theirs.

    by     who does it: themselves, staff, or a command
    force  although orders are under way: for what was erased before, and came back with a backup

    Errors  Conflict with the reasons while orders are under way; NotFound where nothing is theirs.
    """
    _lock(session, person)
    _free_carts(session, person, found)
    line.forget(session, person.customer_id, person.emails)
    _lock_account(session, person)
    if not force and (reasons := under_way.reasons(session, person)):
        raise Conflict(" ".join(reasons), code="under_way")
    known = Words(known.emails, tuple({*known.all, *words.of(session, person).all}))
    orders = len(session.connection().execute(person.orders()).all())
    traces = digests.of(session, person)
    changed = sum(_erase_from(session, declared, person, known) for declared in _in_order())
    with audit.erasing(session, "a person"):
        words.scrub(session, found, known, _searched())
    if not changed and not any(found.values()):
        raise NotFound(_("Nothing is kept about this address."))
    digests.note(session, [(now(), traces)])
    who = by.actor if isinstance(by, Principal) and by.kind == "customer" else by
    audit.record(session, who, "person.erased", "person", traces[0][:16], after={"orders": orders})
    return orders


def _lock(session: Session, person: Person) -> None:
    """Wait for whoever is placing an order of theirs, and have the next one wait.

    In the order in which placing locks too: the cart, orders, units, and last the account; so what is held
    for them is released in between, and held again where the erasure is refused.
    """
    if session.connection().dialect.name != "sqlite":  # It has one writer at a time.
        _lock_rows(session, _cart.c.id, _cart.c.id.in_(person.carts()))
        _lock_rows(session, _order.c.id, person.either(_order))


def _lock_account(session: Session, person: Person) -> None:
    if session.connection().dialect.name != "sqlite":
        _lock_rows(session, _customer.c.id, person.has_account(_customer.c.id))


def _lock_rows(session: Session, id: Any, condition: Any) -> None:
    session.connection().execute(select(id).where(condition).order_by(id).with_for_update()).all()


def _searched() -> list[str]:
    return [name for name, declared in REGISTRY.tables.items() if declared.written_in and name != _cart.name]


def _in_order() -> list[Declared]:
    """The tables with rows of persons, those first that others are needed for."""
    last = [REGISTRY.of(model) for model in _LAST]
    theirs = [declared for declared in REGISTRY.tables.values() if declared.whose and declared not in last]
    return [*theirs, *last]


def _erase_from(session: Session, declared: Declared, person: Person, known: Words) -> int:
    special = _SPECIAL.get(declared.table.name)
    if special:
        return special(session, person, known)
    assert declared.whose
    mine = declared.whose(person)
    if declared.fate is Fate.DELETED:
        return session.connection().execute(delete(declared.table).where(mine)).rowcount
    values = declared.emptied(but=declared.kept)
    return (
        session.connection().execute(update(declared.table).where(mine).values(values)).rowcount
        if values
        else 0
    )


# --- What needs more than its columns --------------------------------------------------------------


def _free_carts(session: Session, person: Person, found: Found) -> None:
    """Delete carts, those too in which only their address stands; what they hold is released first."""
    run = session.connection().execute
    named = [row["id"] for row in found.get(_cart.name, ())]
    ids = sorted({*run(person.carts()).scalars(), *named})
    for cart_id in run(select(_hold.c.cart_id).where(_hold.c.cart_id.in_(ids)).distinct()).scalars().all():
        holds.unhold(session, cart_id, reason="erased")
    run(update(_order).where(_order.c.cart_id.in_(ids), person.either(_order)).values(cart_id=None))
    # One that became somebody else's order stays that order's.
    ordered = exists().where(_order.c.cart_id == _cart.c.id)
    run(update(_cart).where(_cart.c.id.in_(named), ordered).values(checkout={}))
    run(delete(_cart).where(_cart.c.id.in_(ids), ~ordered))


def _orders(session: Session, person: Person, _known: Words) -> int:
    """What was never paid loses everything; of the others the invoice stays. Their links stop working."""
    declared, run, at = REGISTRY.of(Order), session.connection().execute, now()
    rows = run(
        select(_order.c.id, _order.c.ship_to, _order.c.bill_to, under_way.NEVER_PAID.label("unpaid"))
        .where(person.either(_order))
        .order_by(_order.c.id)
    ).all()
    for row in rows:
        values: dict[str, Any] = declared.emptied(but=() if row.unpaid else declared.kept)
        if not row.unpaid:
            # Orders of earlier versions may have the one address alone.
            values |= {"bill_to": row.bill_to or row.ship_to, "erased_at": at}
        values |= {"token": secrets.token_urlsafe(24), "link_since": at}
        run(update(_order).where(_order.c.id == row.id).values(values))
        events.publish(session, events.OrderChanged(row.id))
    return len(rows)


def _history(session: Session, person: Person, known: Words) -> int:
    run, mine = session.connection().execute, _event.c.order_id.in_(person.orders())
    changed = 0
    for row in run(select(_event.c.id, _event.c.data).where(mine)).all():
        data = _without_texts(words.without(row.data, known))
        if data != row.data:
            run(update(_event).where(_event.c.id == row.id).values(data=data))
            changed += 1
    return changed


def _without_texts(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {name: "" if name in _FREE_TEXTS else _without_texts(part) for name, part in data.items()}


def _audit(session: Session, person: Person, _known: Words) -> int:
    declared = REGISTRY.of(AuditEntry)
    assert declared.whose
    with audit.erasing(session, "a person"):
        emptied = update(declared.table).where(declared.whose(person)).values(declared.emptied())
        return session.connection().execute(emptied).rowcount


def _reviews(session: Session, person: Person, known: Words) -> int:
    """Published ones stay without a name, and without texts that say who wrote them."""
    declared, run = REGISTRY.of(Review), session.connection().execute
    assert declared.whose
    mine = declared.whose(person)
    shown = _review.c.status == ReviewStatus.PUBLISHED.value
    hidden = run(delete(_review).where(mine, ~shown)).rowcount
    emptied = declared.emptied()
    rows = run(select(_review.c.id, _review.c.product_id, _review.c.title, _review.c.body).where(mine)).all()
    for row in rows:
        texts = {"title": words.without(row.title, known), "body": words.without(row.body, known)}
        run(update(_review).where(_review.c.id == row.id).values(emptied | texts))
    if rows:
        reviews.refresh(session, {row.product_id for row in rows})
    return hidden + len(rows)


def _wish_lists(session: Session, person: Person, _known: Words) -> int:
    """Pages that their links have opened show nothing any more."""
    declared, run = REGISTRY.of(WishList), session.connection().execute
    assert declared.whose
    gone = run(delete(_list).where(declared.whose(person)).returning(_list.c.token)).scalars().all()
    if tokens := tuple(token for token in gone if token):
        events.publish(session, events.WishListsChanged(f"customer:{person.customer_id}", tokens))
    return len(gone)


def _credit_accounts(session: Session, person: Person, _known: Words) -> int:
    """Nobody can be given store credit of nobody, so it ends; a gift card is its holder's."""
    is_card = _credit.c.kind != CreditKind.STORE_CREDIT.value
    values = REGISTRY.of(CreditAccount).emptied() | {"active": and_(_credit.c.active, is_card)}
    return session.connection().execute(update(_credit).where(person.either(_credit)).values(values)).rowcount


_SPECIAL: dict[str, Callable[[Session, Person, Words], int]] = {
    _order.name: _orders,
    _event.name: _history,
    _review.name: _reviews,
    _list.name: _wish_lists,
    _credit.name: _credit_accounts,
    table_of(AuditEntry).name: _audit,
}
