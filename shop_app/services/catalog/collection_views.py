"""Collections as the back office shows them: the list, one with its products, and what could be added."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlmodel import Session, col

from ...core.access.principal import Principal
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.typed_text import prose
from ...models import (
    LISTED,
    Collection,
    CollectionProduct,
    Picture,
    Product,
    ProductPicture,
    Variant,
    table_of,
)
from . import collection_rules, group_fields, price_tags
from .collection_rules import Condition
from .views import PictureView

SHOWN = 200
ON_HOME = ("hero", "featured")
"""Slugs of the collections that the home page shows."""

_collection = table_of(Collection)
_member = table_of(CollectionProduct)
_product = table_of(Product)
_picture = table_of(Picture)
_product_picture = table_of(ProductPicture)
ORDER = (_member.c.position, _member.c.product_id)
"""The order of a collection's products."""
_first_picture = (
    select(_picture.c.key)
    .join(_product_picture, _product_picture.c.picture_id == _picture.c.id)
    .where(_product_picture.c.product_id == _product.c.id)
    .order_by(_product_picture.c.position)
    .limit(1)
    .scalar_subquery()
)
_lowest_price = (
    select(func.min(col(Variant.price_minor)))
    .where(col(Variant.product_id) == _product.c.id, col(Variant.active))
    .scalar_subquery()
)
_ITEM = (
    _product.c.id,
    _product.c.slug,
    _product.c.title,
    _product.c.status,
    _first_picture.label("picture"),
    _lowest_price.label("price_minor"),
)


@dataclass(frozen=True, slots=True)
class CollectionRow:
    slug: str
    title: str
    by_rule: bool
    products: int
    on_home: bool
    picture: str
    """The key of its picture, "" without one."""


@dataclass(frozen=True, slots=True)
class CollectionItem:
    """A product of a collection, or one that could be added."""

    slug: str
    title: str
    price: str
    picture: str
    is_listed: bool
    """False for a product that no list shows: it is in the collection, and seen once it is active."""
    place: int = 1


@dataclass(frozen=True, slots=True)
class ConditionView:
    field: str
    op: str
    value: str
    """As it is edited: amounts in whole currency, "19.50"."""


@dataclass(frozen=True, slots=True)
class CollectionView:
    slug: str = ""
    title: str = ""
    description: str = ""
    picture: PictureView = PictureView()
    by_rule: bool = False
    any: bool = False
    conditions: list[ConditionView] = field(default_factory=list)
    members: list[CollectionItem] = field(default_factory=list)
    products: int = 0
    on_home: bool = False
    version: int = 1


def collections(session: Session, *, by: Principal) -> list[CollectionRow]:
    """Every collection by its title, with the number of its products.

    Errors  Forbidden.
    """
    by.need("products.view")
    counts = select(_member.c.collection_id, func.count()).group_by(_member.c.collection_id)
    numbers = dict(session.connection().execute(counts).all())
    rows = session.connection().execute(
        select(_collection, _picture.c.key)
        .outerjoin(_picture, _picture.c.id == _collection.c.picture_id)
        .order_by(_collection.c.title, _collection.c.id)
    )
    return [
        CollectionRow(
            row.slug, row.title, row.by_rule, numbers.get(row.id, 0), row.slug in ON_HOME, row.key or ""
        )
        for row in rows
    ]


def collection(session: Session, slug: str, *, by: Principal) -> CollectionView:
    """One collection with its first products.

    Errors  Forbidden; NotFound.
    """
    by.need("products.view")
    row = row_of(session, slug)
    rule = collection_rules.from_json(row.rule)
    members = (
        select(*_ITEM)
        .join(_member, _member.c.product_id == _product.c.id)
        .where(_member.c.collection_id == row.id)
    )
    count = select(func.count()).select_from(_member).where(_member.c.collection_id == row.id)
    items = session.connection().execute(members.order_by(*ORDER).limit(SHOWN)).all()
    return CollectionView(
        row.slug,
        row.title,
        row.description,
        group_fields.picture_of(session, row),
        row.by_rule,
        rule.any,
        [_condition(condition) for condition in rule.conditions],
        [_item(item, place) for place, item in enumerate(items, 1)],
        session.connection().execute(count).scalar_one(),
        row.slug in ON_HOME,
        row.version,
    )


def find_products(
    session: Session, slug: str, text: str, *, by: Principal, most: int = 8
) -> list[CollectionItem]:
    """Products by title, slug or SKU that the collection hasn't yet: what a picker offers.

    Errors  Forbidden; NotFound.
    """
    by.need("products.view")
    row, words = row_of(session, slug), prose(text)
    has_sku = exists().where(col(Variant.product_id) == _product.c.id, col(Variant.sku) == words)
    fits = or_(_product.c.title.icontains(words, autoescape=True), _product.c.slug == words, has_sku)
    is_in = exists().where(_member.c.collection_id == row.id, _member.c.product_id == _product.c.id)
    statement = select(*_ITEM).where(~is_in, _product.c.status != "archived")
    statement = statement.where(fits) if words else statement
    rows = session.connection().execute(
        statement.order_by(_product.c.sold_count.desc(), _product.c.id).limit(most)
    )
    return [_item(item, 0) for item in rows]


def row_of(session: Session, slug: str, *, lock: bool = False) -> Any:
    """The collection's row; `lock` locks it.

    Errors  NotFound.
    """
    session.flush()
    statement = select(_collection).where(_collection.c.slug == slug)
    row = session.connection().execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise NotFound(_("There is no such collection."))
    return row


def _item(row: Any, place: int) -> CollectionItem:
    price = "" if row.price_minor is None else price_tags.shown(row.price_minor)
    return CollectionItem(row.slug, row.title, price, row.picture or "", row.status == LISTED, place)


def _condition(condition: Condition) -> ConditionView:
    is_amount = condition.field == "price"
    value = price_tags.plain(int(condition.value)) if is_amount else condition.value
    return ConditionView(condition.field, condition.op, value)
