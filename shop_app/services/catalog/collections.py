"""Collections as staff keep them: by hand, with an order, or by a rule that says what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from slugify import slugify
from sqlalchemy import delete, func, insert, select, update
from sqlmodel import Session

from ...core import events
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...models import Collection, CollectionProduct, Product, table_of
from ..staff import audit
from . import collection_rules, group_fields, identity
from .collection_rules import Rule
from .collection_views import ON_HOME, ORDER, row_of

MAX_COLLECTIONS = 500
MAX_PRODUCTS = 1_000
"""So many products a collection by hand takes."""

_collection = table_of(Collection)
_member = table_of(CollectionProduct)
_product = table_of(Product)


def add(session: Session, title: str, *, by_rule: bool = False, by: Principal) -> str:
    """A new collection, empty; returns its slug.

    Errors  Forbidden; Invalid without a title, or too many.
    """
    by.need("products.edit")
    title = group_fields.name(title)
    identity.hold_names(session)
    rows = session.connection().execute(select(_collection.c.slug, _collection.c.by_rule)).all()
    if len(rows) >= MAX_COLLECTIONS or (
        by_rule and sum(row.by_rule for row in rows) >= collection_rules.MAX_RULES
    ):
        most = collection_rules.MAX_RULES if by_rule else MAX_COLLECTIONS
        raise Invalid(_("There are {most} of these collections already.").format(most=most))
    taken, base = (
        {row.slug for row in rows},
        slugify(title, max_length=group_fields.MAX_SLUG - 4) or "collection",
    )
    numbered = (f"{base}-{number}" if number > 1 else base for number in range(1, MAX_COLLECTIONS + 2))
    slug = next(slug for slug in numbered if slug not in taken)
    values = {"slug": slug, "title": title, "description": "", "picture_alt": "", "by_rule": by_rule}
    session.connection().execute(insert(_collection).values(**values, rule={}, version=1))
    _recorded(session, by, "collection_added", slug, after={"title": title, "by_rule": by_rule})
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
    """Write a collection's texts and picture; returns its slug.

    Errors  Forbidden; NotFound; Conflict for another version, or another address of one that the home page
            shows; Invalid names the field.
    """
    by.need("products.edit")
    row = _opened(session, slug, version)
    values = group_fields.cleaned(
        session,
        _collection,
        row,
        title=title,
        slug=new_slug,
        description=description,
        picture=picture,
        picture_alt=picture_alt,
    )
    if slug in ON_HOME and values["slug"] != slug:
        raise Conflict(_("The home page shows this collection by its address, so it can't change."))
    before = {name: getattr(row, name) for name in values}
    if values == before:
        return slug
    session.connection().execute(
        update(_collection).where(_collection.c.id == row.id).values(**values, version=row.version + 1)
    )
    _recorded(session, by, "collection_changed", values["slug"], before, values)
    _publish(session, slug, values["slug"])
    return values["slug"]


def set_rule(session: Session, slug: str, rule: Rule, *, version: int, by: Principal) -> int:
    """Say what belongs to a collection by rule; returns how many products it has now.

    Errors  Forbidden; NotFound; Conflict for another version; Invalid for a rule that can't be, or a
            collection by hand.
    """
    by.need("products.edit")
    row = _opened(session, slug, version)
    if not row.by_rule:
        raise Invalid(_("The products of this collection are chosen by hand."), field="rule")
    rule = collection_rules.checked(rule)
    before, after = row.rule, collection_rules.to_json(rule)
    if after != before:
        session.connection().execute(
            update(_collection).where(_collection.c.id == row.id).values(rule=after, version=row.version + 1)
        )
        _recorded(session, by, "collection_rule_set", slug, before, after)
    if collection_rules.write(session, row.id, rule):
        _publish(session, slug)
    return _count(session, row.id)


def put_in(session: Session, slug: str, products: Sequence[str], *, by: Principal) -> int:
    """Put products, by slug, behind the others of a collection by hand; returns how many are new in it.

    Errors  Forbidden; NotFound, for a product too; Invalid for a collection by rule, or one that is full.
    """
    by.need("products.edit")
    row = _by_hand(session, slug)
    found = select(_product.c.slug, _product.c.id).where(_product.c.slug.in_(products))
    ids = dict(session.connection().execute(found).all())
    if missing := [product for product in products if product not in ids]:
        raise NotFound(_("There is no product {slug}.").format(slug=missing[0]))
    present = _members(session, row.id)
    new = [key for key in dict.fromkeys(ids[product] for product in products) if key not in present]
    if len(present) + len(new) > MAX_PRODUCTS:
        text = _("A collection by hand has {most} products at most. Use a rule for more.")
        raise Invalid(text.format(most=f"{MAX_PRODUCTS:,}"))
    if new:
        _arrange(session, row.id, [*present, *new])
        _recorded(session, by, "collection_products_added", slug, after={"products": list(products)})
        _publish(session, slug)
    return len(new)


def take_out(session: Session, slug: str, products: Iterable[str], *, by: Principal) -> int:
    """Take products, by slug, out of a collection by hand; returns how many were in it.

    Errors  Forbidden; NotFound; Invalid for a collection by rule.
    """
    by.need("products.edit")
    row, products = _by_hand(session, slug), list(products)
    ids = select(_product.c.id).where(_product.c.slug.in_(products))
    gone = (
        session.connection()
        .execute(delete(_member).where(_member.c.collection_id == row.id, _member.c.product_id.in_(ids)))
        .rowcount
    )
    if gone:
        _recorded(session, by, "collection_products_removed", slug, before={"products": products})
        _publish(session, slug)
    return gone


def move(session: Session, slug: str, product: str, place: int, *, by: Principal) -> int:
    """Put a product to that place, from 1; returns the place that it has then.

    Errors  Forbidden; NotFound; Invalid for a collection by rule.
    """
    by.need("products.edit")
    row = _by_hand(session, slug)
    members = _members(session, row.id)
    key = session.connection().execute(select(_product.c.id).where(_product.c.slug == product)).scalar()
    if key not in members:
        raise NotFound(_("The collection doesn't have this product any more. Look again."))
    place = max(1, min(place, len(members)))
    before = list(members)
    members.remove(key)
    members.insert(place - 1, key)
    if members != before:
        _arrange(session, row.id, members)
        moved = {"product": product, "place": before.index(key) + 1}
        _recorded(session, by, "collection_arranged", slug, moved, moved | {"place": place})
        _publish(session, slug)
    return place


def remove(session: Session, slug: str, *, by: Principal) -> None:
    """Remove a collection; its products stay as they are.

    Errors  Forbidden; NotFound.
    """
    by.need("products.edit")
    row = row_of(session, slug, lock=True)
    session.connection().execute(delete(_collection).where(_collection.c.id == row.id))
    _recorded(session, by, "collection_removed", slug, before={"title": row.title, "rule": row.rule})
    _publish(session, slug)


# --- What the commands above stand on ---------------------------------------------------------------


def _opened(session: Session, slug: str, version: int) -> Any:
    row = row_of(session, slug, lock=True)
    if row.version != version:
        raise Conflict(_("Somebody else has changed this collection. Look at it again before you save."))
    return row


def _by_hand(session: Session, slug: str) -> Any:
    row = row_of(session, slug, lock=True)
    if row.by_rule:
        raise Invalid(_("The rule of this collection chooses its products. Change the rule."))
    return row


def _members(session: Session, key: int) -> list[int]:
    order = select(_member.c.product_id).where(_member.c.collection_id == key).order_by(*ORDER)
    return list(session.connection().execute(order).scalars())


def _count(session: Session, key: int) -> int:
    count = select(func.count()).select_from(_member).where(_member.c.collection_id == key)
    return session.connection().execute(count).scalar_one()


def _arrange(session: Session, key: int, product_ids: Sequence[int]) -> None:
    """Write the products of a collection in this order."""
    connection = session.connection()
    connection.execute(delete(_member).where(_member.c.collection_id == key))
    connection.execute(
        insert(_member),
        [
            {"collection_id": key, "product_id": product_id, "position": place}
            for place, product_id in enumerate(product_ids)
        ],
    )


def _recorded(
    session: Session, by: Principal, action: str, slug: str, before: Any = None, after: Any = None
) -> None:
    audit.record(session, by.actor, action, "collection", slug, before, after, staff_id=by.id or None)


def _publish(session: Session, *slugs: str) -> None:
    events.publish(session, events.CollectionsChanged(tuple(dict.fromkeys(slugs))))
