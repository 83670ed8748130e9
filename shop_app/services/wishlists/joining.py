"""Joining: the wish lists of a browser's guest become the account's when its owner signs in there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update
from sqlmodel import Session

from ...core import events
from .commands import MAX_LISTS, MAX_NAME, MAX_THINGS, own_lists, wish_item, wish_list

_GUESTS = (
    select(wish_list).where(wish_list.c.shopper_key == bindparam("key")).order_by(wish_list.c.id)
).with_for_update()
_ITEMS = (
    select(
        wish_item.c.id,
        wish_item.c.list_id,
        wish_item.c.variant_id,
        wish_item.c.seen_price_minor,
        wish_item.c.saved_at,
    )
    .join(wish_list, wish_list.c.id == wish_item.c.list_id)
    .where(wish_list.c.shopper_key == bindparam("key"))
    .order_by(wish_item.c.saved_at.desc(), wish_item.c.id.desc())
)
_EARLIER = (
    update(wish_item)
    .where(wish_item.c.id == bindparam("item"))
    .values(seen_price_minor=bindparam("price"), saved_at=bindparam("at"))
)
_DELETE = delete(wish_item).where(wish_item.c.id == bindparam("item"))
_MOVE_ALL = update(wish_item).where(wish_item.c.list_id == bindparam("gone")).values(list_id=bindparam("to"))


def join(session: Session, customer_id: int, visitor_hash: str) -> None:
    """Move what this browser's guest saved to the account, once.

    A variant that is on both stays where the account has it, with the earlier day and its price. A list goes
    into the account's list of the same name, unless one of the two is shared: then it becomes a list of its
    own, so that no link shows what it didn't before. A list may be fuller afterwards than what can be put on
    one; what is past the most that an account can have is left out, the oldest first.
    """
    key = f"customer:{customer_id}"
    connection = session.connection()
    if not visitor_hash or not connection.execute(_GUESTS, {"key": visitor_hash}).all():
        return
    connection.execute(_GUESTS, {"key": key}).all()
    guests = own_lists(session, visitor_hash)
    _drop_doubles(session, key, visitor_hash)
    for row in guests:
        into = _target(session, key, customer_id, row)
        if into != row.id:
            connection.execute(_MOVE_ALL, {"gone": row.id, "to": into})
            connection.execute(delete(wish_list).where(wish_list.c.id == row.id))
    tokens = [row.token for row in own_lists(session, key) if row.token]
    events.publish(session, events.WishListsChanged(visitor_hash))
    events.publish(session, events.WishListsChanged(key, tuple(tokens)))


def _drop_doubles(session: Session, key: str, visitor_hash: str) -> None:
    """Take what the account has too off the guest's lists; the earlier day and its price stay."""
    connection = session.connection()
    own = {row.variant_id: row for row in connection.execute(_ITEMS, {"key": key})}
    guests = list(connection.execute(_ITEMS, {"key": visitor_hash}))
    doubles = [row for row in guests if row.variant_id in own]
    earlier = [row for row in doubles if row.saved_at < own[row.variant_id].saved_at]
    if earlier:
        connection.execute(
            _EARLIER,
            [
                {"item": own[row.variant_id].id, "price": row.seen_price_minor, "at": row.saved_at}
                for row in earlier
            ],
        )
    room = MAX_LISTS * MAX_THINGS - len(own)
    others = [row for row in guests if row.variant_id not in own]
    if gone := [{"item": row.id} for row in (*doubles, *others[room:])]:
        connection.execute(_DELETE, gone)


def _target(session: Session, key: str, customer_id: int, guests: Row[Any]) -> int:
    """The list of the account that the guest's list goes into: itself, where it becomes one of them."""
    own = own_lists(session, key)
    same = next((row for row in own if row.name.casefold() == guests.name.casefold()), None)
    if same is not None and not same.token and not guests.token:
        return same.id
    if len(own) >= MAX_LISTS and (open_one := next((row for row in own if not row.token), None)):
        return open_one.id
    name = _free_name(guests.name, {row.name.casefold() for row in own})
    changed = update(wish_list).where(wish_list.c.id == guests.id)
    session.connection().execute(changed.values(shopper_key=key, customer_id=customer_id, name=name))
    return guests.id


def _free_name(name: str, taken: set[str]) -> str:
    """The name, with a number where the account has a list of that name: "Saved (2)"."""
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        ending = f" ({number})"
        free = name[: MAX_NAME - len(ending)] + ending
    return free
