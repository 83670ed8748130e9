"""The tree of categories as staff keep it: added, renamed, moved, ordered, removed.

A move is checked for circles with every category locked, so that two of them together make none either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slugify import slugify
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlmodel import Session, col

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _, plural
from ...models import Category, CategoryRedirect, Picture, Product, table_of
from ..staff import audit
from . import collection_rules, group_fields, identity
from .views import PictureView

MAX_DEPTH = 5
MAX_CATEGORIES = 2_000
MAX_MOVED = 5_000
"""So many products change their category in one transaction."""
MAX_RENAMED = 2_000
"""Search finds so many products by their category's new name at once; others once they are saved again."""

_category = table_of(Category)
_redirect = table_of(CategoryRedirect)
_product = table_of(Product)
_ALL = select(_category).order_by(_category.c.position, _category.c.title, _category.c.id)
_LOCKED = select(_category).order_by(_category.c.id).with_for_update()
_COUNTS = select(_product.c.category_id, func.count()).group_by(_product.c.category_id)


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category of the tree, for staff."""

    slug: str = ""
    title: str = ""
    parent: str = ""
    """The slug of the one above; "" at the top."""
    path: str = ""
    """ "Living / Chairs": how pickers name it."""
    depth: int = 0
    products: int = 0
    """Products in it, of every status, without those in categories below."""
    children: int = 0
    is_first: bool = True
    is_last: bool = True
    description: str = ""
    picture: PictureView = PictureView()
    version: int = 1


def tree(session: Session, *, by: Principal) -> list[CategoryRow]:
    """Every category, each followed by those below it.

    Errors  Forbidden.
    """
    by.need("products.view")
    session.flush()
    rows = session.connection().execute(_ALL).all()
    counts = dict(session.connection().execute(_COUNTS).all())
    pictures = _pictures(session, rows)
    below: dict[int | None, list[Any]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    listed: list[CategoryRow] = []

    def add(parent: Any, path: str, depth: int) -> None:
        siblings = below.get(parent.id if parent else None, ())
        for place, row in enumerate(siblings):
            whole = f"{path} / {row.title}" if path else row.title
            listed.append(
                CategoryRow(
                    row.slug,
                    row.title,
                    parent.slug if parent else "",
                    whole,
                    depth,
                    counts.get(row.id, 0),
                    len(below.get(row.id, ())),
                    place == 0,
                    place == len(siblings) - 1,
                    row.description,
                    pictures.get(row.id, PictureView()),
                    row.version,
                )
            )
            if depth < MAX_DEPTH:
                add(row, whole, depth + 1)

    add(None, "", 0)
    return listed


def _pictures(session: Session, rows: Iterable[Any]) -> dict[int, PictureView]:
    alts = {row.picture_id: row.picture_alt for row in rows if row.picture_id}
    stored = select(Picture).where(col(Picture.id).in_(alts))
    pictures = {row.id: row for (row,) in session.execute(stored)} if alts else {}
    return {
        row.id: PictureView(shown.key, row.picture_alt, shown.width, shown.height, shown.colour)
        for row in rows
        if (shown := pictures.get(row.picture_id))
    }


def add(session: Session, title: str, parent: str = "", *, by: Principal) -> str:
    """A new category at the end of those under `parent`; returns its slug.

    Errors  Forbidden; NotFound for the parent; Invalid without a title, too deep, or too many.
    """
    by.need("products.edit")
    title = group_fields.name(title)
    rows = _locked(session)
    if len(rows) >= MAX_CATEGORIES:
        raise Invalid(_("There are {most} categories already.").format(most=f"{MAX_CATEGORIES:,}"))
    above = _one(rows, parent) if parent else None
    if above and len(_path(rows, above.id)) >= MAX_DEPTH:
        raise Invalid(_too_deep(), field="parent")
    slug = _free_slug(session, title)
    values = {
        "parent_id": above.id if above else None,
        "slug": slug,
        "title": title,
        "position": _after_last(rows, above.id if above else None),
    }
    empty = {"description": "", "picture_alt": "", "version": 1}
    session.connection().execute(insert(_category).values(**values, **empty))
    session.connection().execute(delete(_redirect).where(_redirect.c.slug == slug))
    _recorded(session, by, "category_added", slug, after={"title": title, "parent": parent})
    events.publish(session, events.CategoriesChanged())
    return slug


def change(
    session: Session,
    slug: str,
    *,
    version: int,
    title: str,
    new_slug: str,
    description: str = "",
    picture: str = "",
    picture_alt: str = "",
    by: Principal,
) -> str:
    """Write a category's texts; an address that changes leads on to the new one. Returns the slug.

    Errors  Forbidden; NotFound; Conflict for another version; Invalid names the field.
    """
    by.need("products.edit")
    rows = _locked(session)
    row = _one(rows, slug)
    if row.version != version:
        raise Conflict(_("Somebody else has changed this category. Look at it again before you save."))
    values = group_fields.cleaned(
        session,
        _category,
        row,
        title=title,
        slug=new_slug,
        description=description,
        picture=picture,
        picture_alt=picture_alt,
    )
    before = {name: getattr(row, name) for name in values}
    if values == before:
        return slug
    connection = session.connection()
    connection.execute(
        update(_category).where(_category.c.id == row.id).values(**values, version=row.version + 1)
    )
    if values["slug"] != slug:
        connection.execute(delete(_redirect).where(_redirect.c.slug.in_([slug, values["slug"]])))
        connection.execute(insert(_redirect).values(slug=slug, category_id=row.id))
        collection_rules.rename_category(session, slug, values["slug"])
    _recorded(session, by, "category_changed", values["slug"], before, values)
    renamed = _products_below(session, rows, row.id) if values["title"] != row.title else ()
    events.publish(session, events.CategoriesChanged(tuple(renamed)))
    return values["slug"]


def move(session: Session, slug: str, parent: str, *, by: Principal) -> None:
    """Put a category, with all that is under it, at the end of those under `parent`; "" is the top.

    Errors  Forbidden; NotFound; Invalid where it would be under itself, or too deep.
    """
    by.need("products.edit")
    rows = _locked(session)
    row, above = _one(rows, slug), _one(rows, parent) if parent else None
    if above and row.id in _path(rows, above.id):
        raise Invalid(_("A category can't be put under itself."), field="parent")
    if above and len(_path(rows, above.id)) + _height(rows, row.id) > MAX_DEPTH:
        raise Invalid(_too_deep(), field="parent")
    parent_id = above.id if above else None
    if parent_id == row.parent_id:
        return
    place = _after_last(rows, parent_id)
    session.connection().execute(
        update(_category)
        .where(_category.c.id == row.id)
        .values(parent_id=parent_id, position=place, version=row.version + 1)
    )
    before = next((other.slug for other in rows if other.id == row.parent_id), "")
    _recorded(session, by, "category_moved", slug, {"parent": before}, {"parent": parent})
    events.publish(session, events.CategoriesChanged(tuple(_products_below(session, rows, row.id))))
    collection_rules.refresh_all(session)


def step(session: Session, slug: str, by_places: int, *, by: Principal) -> None:
    """Move a category among those beside it: -1 is up, 1 is down; at the end of them nothing happens.

    Errors  Forbidden; NotFound.
    """
    by.need("products.edit")
    rows = _locked(session)
    row = _one(rows, slug)
    siblings = sorted(
        (other for other in rows if other.parent_id == row.parent_id),
        key=lambda other: (other.position, other.title, other.id),
    )
    ids = [other.id for other in siblings]
    at = ids.index(row.id)
    ids.insert(max(0, min(at + by_places, len(ids) - 1)), ids.pop(at))
    if ids == [other.id for other in siblings]:
        return
    session.connection().execute(
        update(_category).where(_category.c.id == bindparam("key")).values(position=bindparam("place")),
        [{"key": key, "place": place} for place, key in enumerate(ids)],
    )
    _recorded(session, by, "category_moved", slug, {"place": at}, {"place": ids.index(row.id)})
    events.publish(session, events.CategoriesChanged())


def remove(session: Session, slug: str, move_to: str = "", *, by: Principal) -> int:
    """Remove a category without others under it; its products go to `move_to`. Returns how many went.

    Errors  Forbidden; NotFound; Conflict for one with categories under it, or with products and no place
            for them; Invalid for more products than are moved at once.
    """
    by.need("products.edit")
    rows = _locked(session)
    row = _one(rows, slug)
    if any(other.parent_id == row.id for other in rows):
        raise Conflict(_("There are categories under this one. Move or remove them first."))
    target = _one(rows, move_to) if move_to else None
    ids = list(
        session.connection()
        .execute(select(_product.c.id).where(_product.c.category_id == row.id).order_by(_product.c.id))
        .scalars()
    )
    if ids and (target is None or target.id == row.id):
        text = plural(
            "{count} product is in this category. Choose where it goes.",
            "{count} products are in this category. Choose where they go.",
            len(ids),
        )
        raise Conflict(text)
    if len(ids) > MAX_MOVED:
        text = _("Only {most} products are moved at once. Move some in the list of products first.")
        raise Invalid(text.format(most=f"{MAX_MOVED:,}"), field="move_to")
    _give_products(session, ids, target)
    _forget(session, row.id, slug, target)
    _recorded(
        session, by, "category_removed", slug, before={"title": row.title}, after={"products_to": move_to}
    )
    events.publish(session, events.CategoriesChanged(tuple(ids)))
    return len(ids)


def _give_products(session: Session, ids: list[int], target: Any) -> None:
    if ids and target:
        changed = {"category_id": target.id, "updated_at": now(), "version": _product.c.version + 1}
        session.connection().execute(update(_product).where(_product.c.id.in_(ids)).values(changed))
        events.publish(session, events.CatalogueChanged(tuple(ids)))


def _forget(session: Session, key: int, slug: str, target: Any) -> None:
    """The row goes; its addresses lead to where its products went."""
    connection = session.connection()
    if target:
        connection.execute(
            update(_redirect).where(_redirect.c.category_id == key).values(category_id=target.id)
        )
    # Products that left lists may still name it there until they are projected again.
    session.flush()
    connection.execute(delete(_category).where(_category.c.id == key))
    if target:
        connection.execute(insert(_redirect).values(slug=slug, category_id=target.id))


# --- What the commands above stand on ---------------------------------------------------------------


def _locked(session: Session) -> list[Any]:
    """Every category; no other transaction changes one, or adds one, until this one ends."""
    identity.hold_names(session)
    session.flush()
    return list(session.connection().execute(_LOCKED))


def _one(rows: Iterable[Any], slug: str) -> Any:
    row = next((row for row in rows if row.slug == slug), None)
    if row is None:
        raise NotFound(_("There is no such category. Somebody may have removed it."))
    return row


def _path(rows: Iterable[Any], key: int) -> list[int]:
    """From this category up to the top."""
    parents = {row.id: row.parent_id for row in rows}
    path: list[int] = []
    at: int | None = key
    while at is not None and at not in path:
        path.append(at)
        at = parents.get(at)
    return path


def _below(rows: Iterable[Any], key: int) -> list[int]:
    """This one and all under it."""
    rows = list(rows)
    return [row.id for row in rows if key in _path(rows, row.id)]


def _height(rows: list[Any], key: int) -> int:
    """How many levels it has with those under it."""
    above = len(_path(rows, key))
    return max(len(_path(rows, other)) for other in _below(rows, key)) - above + 1


def _after_last(rows: Iterable[Any], parent_id: int | None) -> int:
    return max((row.position for row in rows if row.parent_id == parent_id), default=-1) + 1


def _products_below(session: Session, rows: list[Any], key: int) -> list[int]:
    inside = select(_product.c.id).where(_product.c.category_id.in_(_below(rows, key))).limit(MAX_RENAMED)
    return list(session.connection().execute(inside).scalars())


def _too_deep() -> str:
    return _("Categories can stand {most} levels deep at most.").format(most=MAX_DEPTH)


def _free_slug(session: Session, title: str) -> str:
    base = slugify(title, max_length=group_fields.MAX_SLUG - 5) or "category"
    taken = set(
        session.connection()
        .execute(select(_category.c.slug).where(_category.c.slug.startswith(base)))
        .scalars()
    )
    return next(
        slug
        for number in range(1, MAX_CATEGORIES + 2)
        if (slug := f"{base}-{number}" if number > 1 else base) not in taken
    )


def _recorded(
    session: Session,
    by: Principal,
    action: str,
    slug: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(session, by.actor, action, "category", slug, before, after, staff_id=by.id or None)


def moved_to(session: Session, slug: str) -> str:
    """The slug of the category that had this one before; "" for none."""
    found = (
        select(_category.c.slug)
        .join(_redirect, _redirect.c.category_id == _category.c.id)
        .where(_redirect.c.slug == slug)
    )
    return session.connection().execute(found).scalar() or ""
