"""The listing index: projects products into the rows that lists, facets and search read; its only writer.

It follows changes of products and of stock; whoever counts sales calls `refresh_sold`. All run in the
caller's transaction, so that listing index and catalogue always agree.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, exists, func, insert, literal, or_, select, update
from sqlmodel import Session, col

from ...core import clock, events
from ...core.fact_cache import product_tag
from ...models import (
    LISTED,
    Category,
    Collection,
    CollectionProduct,
    ListingChange,
    ListingFacet,
    ListingItem,
    ListingVariant,
    OptionValue,
    Picture,
    Product,
    ProductOption,
    ProductPicture,
    ProductTag,
    StockLevel,
    Tag,
    Variant,
    VariantOption,
    VariantPicture,
)
from ..catalog import availability
from . import facet_fold, word_index
from .categories import CATEGORIES
from .index_cache import CHANGED, LISTING
from .listing_rows import COLLECTION, ProductRows, project

CHUNK = 1000
KEPT_CHANGES = 1000

_ids = bindparam("ids", expanding=True)

_products = select(
    *(
        col(getattr(Product, name))
        for name in (
            "id",
            "slug",
            "title",
            "subtitle",
            "description_html",
            "materials",
            "attributes",
            "vendor",
            "kind",
            "published_at",
            "category_id",
            "sold_count",
            "review_count",
            "stars_sum",
        )
    )
).where(
    col(Product.id).in_(_ids),
    col(Product.status) == LISTED,
    col(Product.published_at) <= bindparam("now"),
)
_variants = (
    select(
        col(Variant.product_id),
        col(Variant.id),
        col(Variant.sku),
        col(Variant.barcode),
        col(Variant.price_minor),
        col(Variant.compare_at_minor),
        case((availability.BUYABLE, 1), else_=0),
    )
    .outerjoin(StockLevel, col(StockLevel.variant_id) == Variant.id)
    .where(col(Variant.product_id).in_(_ids), col(Variant.active))
    .order_by(col(Variant.product_id), col(Variant.position), col(Variant.id))
)
_values = (
    select(
        col(Variant.product_id),
        col(Variant.id),
        col(ProductOption.name),
        col(OptionValue.value),
        col(OptionValue.swatch),
    )
    .select_from(Variant)
    .join(VariantOption, col(VariantOption.variant_id) == Variant.id)
    .join(ProductOption, col(ProductOption.id) == VariantOption.option_id)
    .join(OptionValue, col(OptionValue.id) == VariantOption.value_id)
    .where(col(Variant.product_id).in_(_ids), col(Variant.active))
    .order_by(
        col(Variant.product_id), col(ProductOption.position), col(OptionValue.position), col(Variant.position)
    )
)
_pictures = (
    select(
        col(ProductPicture.product_id),
        col(ProductPicture.id),
        col(Picture.key),
        col(ProductPicture.alt),
        col(Picture.width),
        col(Picture.height),
        col(Picture.colour),
        col(ProductPicture.focus_x),
        col(ProductPicture.focus_y),
    )
    .join(Picture, col(Picture.id) == ProductPicture.picture_id)
    .where(col(ProductPicture.product_id).in_(_ids))
    .order_by(col(ProductPicture.product_id), col(ProductPicture.position), col(ProductPicture.id))
)
_variant_pictures = (
    select(col(Variant.product_id), col(Variant.id), col(VariantPicture.product_picture_id))
    .join(VariantPicture, col(VariantPicture.variant_id) == Variant.id)
    .where(col(Variant.product_id).in_(_ids))
    .order_by(col(Variant.product_id), col(VariantPicture.variant_id), col(VariantPicture.position).desc())
)
_tags = (
    select(col(ProductTag.product_id), col(Tag.name))
    .join(Tag, col(Tag.id) == ProductTag.tag_id)
    .where(col(ProductTag.product_id).in_(_ids))
    .order_by(col(ProductTag.product_id), col(Tag.name))
)
_collections = (
    select(col(CollectionProduct.product_id), col(Collection.slug), col(Collection.title))
    .join(Collection, col(Collection.id) == CollectionProduct.collection_id)
    .where(col(CollectionProduct.product_id).in_(_ids))
)
_PARTS = {
    "variants": _variants,
    "values": _values,
    "pictures": _pictures,
    "variant_pictures": _variant_pictures,
    "tags": _tags,
    "collections": _collections,
}


def refresh(
    session: Session, product_ids: Iterable[int], progress: Callable[[int], None] | None = None
) -> None:
    """Project these products again: their listing rows, facets and search documents.

    A product that isn't published, or has no active variant, leaves the listing index. `progress` is called
    with the number done after each chunk of 1,000.
    """
    session.flush()
    connection = session.connection()
    categories = {row.id: (row.parent_id, row.title) for row in connection.execute(_categories)}
    ids = tuple(dict.fromkeys(product_ids))
    waiting, count = iter(ids), 0
    while chunk := list(islice(waiting, CHUNK)):
        _refresh_chunk(session, chunk, categories)
        count += len(chunk)
        if progress:
            progress(count)
    if count:
        changes(session, tuple(map(product_tag, ids)), ids)
        newest = connection.execute(select(func.max(col(ListingChange.id)))).scalar() or 0
        connection.execute(delete(ListingChange).where(col(ListingChange.id) <= newest - KEPT_CHANGES))


_incomplete = (
    select(col(ListingItem.product_id))
    .where(
        col(ListingItem.product_id) > bindparam("after"),
        or_(
            ~exists().where(col(ListingVariant.product_id) == ListingItem.product_id),
            word_index.without_document(col(ListingItem.product_id)),
        ),
    )
    .order_by(col(ListingItem.product_id))
    .limit(CHUNK)
)


def complete(session: Session, after: int = 0) -> int:
    """Project the next 1,000 products again that an earlier version of the shop has put on the listing index.

    Returns the last of them, for `after` of the next call, or 0 where none is left. Each call is to be a
    transaction of its own: of a large catalogue all together would take minutes.
    """
    if not after and word_index.outdated(session):
        word_index.clear(session)
    product_ids = session.connection().execute(_incomplete, {"after": after}).scalars().all()
    refresh(session, product_ids)
    return product_ids[-1] if product_ids else 0


_categories = select(col(Category.id), col(Category.parent_id), col(Category.title))


def _refresh_chunk(
    session: Session, chunk: Sequence[int], categories: dict[int, tuple[int | None, str]]
) -> None:
    connection = session.connection()
    ids = {"ids": list(chunk)}
    gathered = {
        row[0]: ProductRows(*row) for row in connection.execute(_products, {**ids, "now": clock.now()})
    }
    for part, statement in _PARTS.items():
        for product_id, *row in connection.execute(statement, ids):
            if product_id in gathered:
                getattr(gathered[product_id], part).append(row)
    projected = [project(product, categories) for product in gathered.values() if product.variants]
    for table in (ListingFacet, ListingVariant, ListingItem):
        connection.execute(delete(table).where(col(table.product_id).in_(_ids)), ids)
    _insert(session, ListingItem, [product.item for product in projected])
    _insert(session, ListingVariant, [row for product in projected for row in product.variants])
    _insert(session, ListingFacet, [facet for product in projected for facet in product.facets])
    word_index.write(session, chunk, [product.document for product in projected])


def _insert(session: Session, table: type, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table.__table__), rows)  # pyright: ignore


_has_stock = exists().where(
    and_(
        col(Variant.product_id) == ListingItem.product_id,
        col(Variant.active),
        col(StockLevel.variant_id) == Variant.id,
        availability.BUYABLE,
    )
)
_owners = select(col(Variant.product_id)).where(col(Variant.id).in_(_ids)).distinct()
_variant_has_stock = exists().where(
    and_(col(StockLevel.variant_id) == ListingVariant.variant_id, availability.BUYABLE)
)
_update_variants = (
    update(ListingVariant)
    .where(col(ListingVariant.variant_id).in_(_ids), col(ListingVariant.in_stock) != _variant_has_stock)
    .values(in_stock=_variant_has_stock)
)
_update_products = (
    update(ListingItem)
    .where(col(ListingItem.product_id).in_(_ids), col(ListingItem.in_stock) != _has_stock)
    .values(in_stock=_has_stock)
)


def refresh_availability(session: Session, variant_ids: Sequence[int]) -> bool:
    """Update `in_stock` of these variants and of their products; True where one changed.

    Cheap enough for every movement of stock: nothing is written while it stays the same.
    """
    if not variant_ids:
        return False
    session.flush()
    ids, connection = {"ids": list(variant_ids)}, session.connection()
    product_ids = list(connection.execute(_owners, ids).scalars())
    changed = connection.execute(_update_variants, ids).rowcount > 0
    tags = tuple(map(product_tag, product_ids))
    if changed:
        connection.execute(_update_products, {"ids": product_ids})
        changes(session, tags, product_ids)
    else:
        events.publish(session, events.ShownChanged(tags))
    return changed


_update_sold = (
    update(ListingItem)
    .where(col(ListingItem.product_id).in_(_ids))
    .values(
        sold_count=select(col(Product.sold_count))
        .where(col(Product.id) == ListingItem.product_id)
        .scalar_subquery()
    )
)
_sold = select(col(ListingItem.product_id), col(ListingItem.sold_count)).where(
    col(ListingItem.product_id).in_(_ids)
)


def refresh_sold(session: Session, product_ids: Sequence[int]) -> None:
    """Copy the units sold of these products, by which lists are sorted.

    Cheap enough for every sale. A search document moves only when the units sold have doubled.
    """
    if not product_ids:
        return
    session.flush()
    ids = {"ids": list(product_ids)}
    session.connection().execute(_update_sold, ids)
    sold = {row[0]: row[1] for row in session.connection().execute(_sold, ids).all()}
    if moved := word_index.misplaced(session, sold):
        refresh(session, moved)


def follow_catalogue(session: Session, event: events.CatalogueChanged) -> None:
    refresh(session, event.product_ids)


def follow_stock(session: Session, event: events.StockChanged) -> None:
    refresh_availability(session, event.variant_ids)


def follow_categories(session: Session, event: events.CategoriesChanged) -> None:
    refresh(session, event.product_ids)
    changes(session, (CATEGORIES,), ())


_without_collections = delete(ListingFacet).where(
    col(ListingFacet.name) == COLLECTION, col(ListingFacet.value).in_(bindparam("slugs", expanding=True))
)
_with_collections = insert(ListingFacet).from_select(
    ["product_id", "name", "value", "label", "swatch"],
    select(
        col(ListingItem.product_id),
        literal(COLLECTION),
        col(Collection.slug),
        col(Collection.title),
        literal(""),
    )
    .join(CollectionProduct, col(CollectionProduct.product_id) == ListingItem.product_id)
    .join(Collection, col(Collection.id) == CollectionProduct.collection_id)
    .where(col(Collection.slug).in_(bindparam("slugs", expanding=True))),
)


def follow_collections(session: Session, event: events.CollectionsChanged) -> None:
    """Write anew which listed products are in these collections: two statements, however many they are."""
    session.flush()
    slugs = {"slugs": list(event.slugs)}
    session.connection().execute(_without_collections, slugs)
    session.connection().execute(_with_collections, slugs)
    changes(session)


def changes(session: Session, tags: tuple[str, ...] = (), product_ids: Sequence[int] | None = None) -> None:
    """Note that lists, their order or their counts change, and what pages show of these tags.

    For whatever else lists and search read, such as categories: whoever writes it calls this too.
    `product_ids` are those whose rows in the listing index have changed, None for any.
    """
    stamp = secrets.token_hex(16)
    is_known = product_ids is not None and len(product_ids) <= facet_fold.AT_ONCE
    noted = " ".join(map(str, product_ids)) if is_known else None
    session.connection().execute(insert(ListingChange).values(stamp=stamp, product_ids=noted))
    session.info[CHANGED] = True
    events.publish(session, events.ShownChanged((LISTING, *tags), stamp))
