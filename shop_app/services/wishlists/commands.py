"""Changes of wish lists: what is on them, their names, and the links that show them to others.

Commands take the shopper's key (`Principal.shopper_key`); a list of anybody else's isn't found. A variant is
on one list of a shopper's at most.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlmodel import Session

from ...core import clock, events
from ...core.access.principal import Principal
from ...core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from ...core.i18n import _
from ...core.typed_text import prose
from ...core.upsert import Insert, upsert
from ...models import Product, Variant, WishItem, WishList, table_of
from ..catalog import availability

MAX_LISTS = 20
MAX_THINGS = 500
"""On one list."""
MAX_NAME = 60
MAX_SHOWN_NAME = 100

wish_list, wish_item = table_of(WishList), table_of(WishItem)
_variant, _product = table_of(Variant), table_of(Product)

_OWN = select(wish_list).where(wish_list.c.shopper_key == bindparam("key")).order_by(wish_list.c.id)
# Locked, so that two changes of one shopper's lists wait for each other, and what they count is so.
_LOCKED = _OWN.with_for_update()
_ON_SALE = (
    select(_variant.c.id, _variant.c.price_minor)
    .join(_product, _product.c.id == _variant.c.product_id)
    .where(_variant.c.sku == bindparam("sku"), _variant.c.active, availability.PUBLISHED)
)
_ITEM = (
    select(
        wish_item.c.id,
        wish_item.c.list_id,
        wish_item.c.variant_id,
        wish_item.c.seen_price_minor,
        wish_item.c.saved_at,
    )
    .join(wish_list, wish_list.c.id == wish_item.c.list_id)
    .join(_variant, _variant.c.id == wish_item.c.variant_id)
    .where(wish_list.c.shopper_key == bindparam("key"), _variant.c.sku == bindparam("sku"))
)
_COUNT = select(func.count()).where(wish_item.c.list_id == bindparam("list"))
_THIS_LIST = wish_list.c.id == bindparam("list")
_TOUCH = update(wish_list).where(_THIS_LIST).values(updated_at=bindparam("at"))


@upsert(wish_list)
def _first_list(insert: Insert) -> Any:
    # Two tabs that save something first make one list: the second one waits here.
    return insert.on_conflict_do_update(
        index_elements=[wish_list.c.shopper_key, wish_list.c.name],
        set_={"updated_at": insert.excluded.updated_at},
    )


@dataclass(frozen=True, slots=True)
class Gone:
    """What was taken off a list, as it was there."""

    list_id: int
    variant_id: int
    seen_price_minor: int
    saved_at: datetime


def save(session: Session, key: str, sku: str, list_id: int = 0) -> str:
    """Put a variant on that list, or on the first one; returns the list's name.

    One that is on a list already is moved where a list is named, and stays where none is.

    Errors  NotFound for what isn't for sale, or no list of theirs; TooMany on a full list.
    """
    lists = _lists(session, key) or _begin(session, key)
    found = session.connection().execute(_ON_SALE, {"sku": sku, "now": clock.now()}).first()
    if found is None:
        raise NotFound(_("This isn't for sale any more."))
    item = _item(session, key, sku)
    chosen = _list(lists, list_id or (item.list_id if item else lists[0].id))
    if item is None:
        _put(session, chosen, Gone(chosen.id, found.id, found.price_minor, clock.now()))
    elif item.list_id != chosen.id:
        _move(session, item, chosen)
    else:
        return chosen.name
    _changed(session, key, lists)
    return chosen.name


def move(session: Session, key: str, sku: str, list_id: int) -> str:
    """Put what is on a list onto another one, which may hold what isn't for sale; returns that one's name.

    Errors  NotFound for what is on no list of theirs, or no list of theirs; TooMany on a full list.
    """
    lists = _lists(session, key)
    item, chosen = _item(session, key, sku), _list(lists, list_id)
    if item is None:
        raise NotFound(_("This isn't on a list of yours any more."))
    if item.list_id != chosen.id:
        _move(session, item, chosen)
        _changed(session, key, lists)
    return chosen.name


def remove(session: Session, key: str, sku: str) -> Gone:
    """Take it off the list that it is on; `put_back` undoes that.

    Errors  NotFound for what is on no list of theirs.
    """
    lists = _lists(session, key)
    item = _item(session, key, sku)
    if item is None:
        raise NotFound(_("This isn't on a list of yours any more."))
    session.connection().execute(delete(wish_item).where(wish_item.c.id == item.id))
    _touch(session, item.list_id)
    _changed(session, key, lists)
    return Gone(item.list_id, item.variant_id, item.seen_price_minor, item.saved_at)


def put_back(session: Session, key: str, gone: Gone) -> None:
    """Put it where it was, with the price and the day of then; the first list, where that one has gone.

    Errors  TooMany on a full list; NotFound where the variant has gone meanwhile.
    """
    lists = _lists(session, key) or _begin(session, key)
    connection = session.connection()
    sku = connection.execute(select(_variant.c.sku).where(_variant.c.id == gone.variant_id)).scalar()
    if sku is None:
        raise NotFound(_("This isn't for sale any more."))
    if _item(session, key, sku) is None:
        chosen = next((row for row in lists if row.id == gone.list_id), lists[0])
        _put(session, chosen, gone)
        _changed(session, key, lists)


def make_list(session: Session, key: str, name: str) -> int:
    """An empty list with that name; returns its id.

    Errors  Invalid for a name that is empty, too long or taken; TooMany above `MAX_LISTS`.
    """
    lists = _lists(session, key) or _begin(session, key)
    name = _name(lists, name)
    if len(lists) >= MAX_LISTS:
        raise TooMany(_("You can have {count} lists at most.").format(count=MAX_LISTS))
    made = session.connection().execute(insert(wish_list).values(**_new(key, name)))
    _changed(session, key, lists)
    return made.inserted_primary_key[0]  # pyright: ignore[reportOptionalSubscript]


def rename(session: Session, key: str, list_id: int, name: str) -> None:
    """Errors  NotFound for no list of theirs; Invalid as in `make_list`."""
    lists = _lists(session, key)
    chosen = _list(lists, list_id)
    name = _name([row for row in lists if row.id != chosen.id], name)
    _set(session, key, lists, chosen, name=name)


def delete_list(session: Session, key: str, list_id: int) -> None:
    """Take away a list that has nothing on it, and its link.

    Errors  NotFound for no list of theirs; Conflict for one that has things.
    """
    lists = _lists(session, key)
    chosen = _list(lists, list_id)
    if _count(session, chosen.id):
        raise Conflict(_("Move or remove what is on the list first."))
    session.connection().execute(delete(wish_list).where(wish_list.c.id == chosen.id))
    _changed(session, key, lists)


def share(session: Session, key: str, list_id: int) -> str:
    """Have a link show the list to whoever has it; returns its token, the same until it is taken back.

    Errors  NotFound for no list of theirs.
    """
    lists = _lists(session, key)
    chosen = _list(lists, list_id)
    if chosen.token:
        return chosen.token
    token = secrets.token_urlsafe(24)
    _set(session, key, lists, chosen, token=token)
    return token


def take_back(session: Session, key: str, list_id: int) -> None:
    """Have the link lead nowhere from now on; sharing again makes another one.

    Errors  NotFound for no list of theirs.
    """
    lists = _lists(session, key)
    _set(session, key, lists, _list(lists, list_id), token=None, shown_name="")


def show_name(session: Session, key: str, list_id: int, name: str, by: Principal) -> None:
    """Have the link say whose list it is, "" for nobody's.

    Errors  Forbidden for who is no customer; NotFound for no list of theirs; Conflict for one that isn't
            shared; Invalid for a name that is too long.
    """
    if by.kind != "customer":
        raise Forbidden(_("Sign in to show your name."))
    lists = _lists(session, key)
    chosen = _list(lists, list_id)
    if chosen.token is None:
        raise Conflict(_("Share the list first."))
    if len(name := prose(name)) > MAX_SHOWN_NAME:
        text = _("Keep the name to {count} characters.")
        raise Invalid(text.format(count=MAX_SHOWN_NAME), field="shown_name")
    _set(session, key, lists, chosen, shown_name=name)


def own_lists(session: Session, key: str) -> list[Row[Any]]:
    """The rows of a shopper's lists, the oldest first."""
    return list(session.connection().execute(_OWN, {"key": key}).all()) if key else []


def _lists(session: Session, key: str) -> list[Row[Any]]:
    """The same, locked, and read once others have let go of them."""
    if not key:
        raise Invalid(
            _("A list needs a cookie of this shop. Allow it in your browser and load the page again.")
        )
    session.connection().execute(_LOCKED, {"key": key}).all()
    return own_lists(session, key)


def _begin(session: Session, key: str) -> list[Row[Any]]:
    session.connection().execute(_first_list(session), _new(key, _("Saved")))
    return own_lists(session, key)


def _new(key: str, name: str) -> dict[str, Any]:
    number = key.removeprefix("customer:")
    return {
        "shopper_key": key,
        "customer_id": int(number) if number != key else None,
        "name": name,
        "token": None,
        "shown_name": "",
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }


def _list(lists: list[Row[Any]], list_id: int) -> Row[Any]:
    for row in lists:
        if row.id == list_id:
            return row
    raise NotFound(_("There is no such list."))


def _name(others: list[Row[Any]], name: str) -> str:
    name = prose(name)
    if not name:
        raise Invalid(_("Give the list a name."), field="name")
    if len(name) > MAX_NAME:
        raise Invalid(_("Keep the name to {count} characters.").format(count=MAX_NAME), field="name")
    if name.casefold() in (row.name.casefold() for row in others):
        raise Invalid(_("You have a list with that name."), field="name")
    return name


def _item(session: Session, key: str, sku: str) -> Any:
    return session.connection().execute(_ITEM, {"key": key, "sku": sku}).first()


def _count(session: Session, list_id: int) -> int:
    return session.connection().execute(_COUNT, {"list": list_id}).scalar_one()


def _make_room(session: Session, chosen: Row[Any]) -> None:
    if _count(session, chosen.id) >= MAX_THINGS:
        text = _("“{name}” is full: a list holds {count} things. Take something off it, or use another list.")
        raise TooMany(text.format(name=chosen.name, count=MAX_THINGS))


def _put(session: Session, chosen: Row[Any], thing: Gone) -> None:
    _make_room(session, chosen)
    values = {
        "list_id": chosen.id,
        "variant_id": thing.variant_id,
        "seen_price_minor": thing.seen_price_minor,
        "saved_at": thing.saved_at,
    }
    session.connection().execute(insert(wish_item).values(**values))
    _touch(session, chosen.id)


def _move(session: Session, item: Row[Any], chosen: Row[Any]) -> None:
    _make_room(session, chosen)
    session.connection().execute(update(wish_item).where(wish_item.c.id == item.id).values(list_id=chosen.id))
    _touch(session, chosen.id)


def _touch(session: Session, list_id: int) -> None:
    session.connection().execute(_TOUCH, {"list": list_id, "at": clock.now()})


def _set(session: Session, key: str, lists: list[Row[Any]], chosen: Row[Any], **values: Any) -> None:
    changed = update(wish_list).where(wish_list.c.id == chosen.id)
    session.connection().execute(changed.values(**values, updated_at=clock.now()))
    _changed(session, key, lists, *([values["token"]] if values.get("token") else []))


def _changed(session: Session, key: str, lists: list[Row[Any]], *tokens: str) -> None:
    """Tell the shopper's own pages, and those that the links of these lists have opened."""
    shared = tuple(row.token for row in lists if row.token)
    events.publish(session, events.WishListsChanged(key, (*shared, *tokens)))
