"""Related products, by tags and category; those in stock first."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...models import ListingItem, ProductTag
from ..catalog.views import ProductCard
from ..search import cards

RELATED = 4
TAG_POINTS, CATEGORY_POINTS = 2, 3
"""One tag alone, such as a material, says less than the category: a table isn't bought with a rolling pin."""
_RELATED_TAGS = 4

_own_tags = select(col(ProductTag.tag_id)).where(col(ProductTag.product_id) == bindparam("id"))
_alike_by_tag = (
    select(col(ProductTag.product_id))
    .where(col(ProductTag.tag_id) == bindparam("tag"), col(ProductTag.product_id) != bindparam("id"))
    .limit(24)
)
_alike_by_category = (
    select(col(ListingItem.product_id), col(ListingItem.in_stock))
    .where(
        col(ListingItem.category_id) == bindparam("category"), col(ListingItem.product_id) != bindparam("id")
    )
    .order_by(col(ListingItem.sold_count).desc(), col(ListingItem.product_id).desc())
    .limit(24)
)
_stocked = select(col(ListingItem.product_id), col(ListingItem.in_stock)).where(
    col(ListingItem.product_id).in_(bindparam("ids", expanding=True))
)


def related(session: Session, product_id: int, category_id: int | None) -> list[ProductCard]:
    """Four products with the same tags or of the same category, in stock ones first."""
    connection = session.connection()
    score: dict[int, int] = defaultdict(int)
    for (tag,) in connection.execute(_own_tags, {"id": product_id}).all()[:_RELATED_TAGS]:
        for (other,) in connection.execute(_alike_by_tag, {"tag": tag, "id": product_id}):
            score[other] += TAG_POINTS
    stocked: dict[int, bool] = {}
    if category_id is not None:
        near = connection.execute(_alike_by_category, {"category": category_id, "id": product_id}).all()
        stocked.update((other, in_stock) for other, in_stock in near)
        for other in stocked:
            score[other] += CATEGORY_POINTS
    unread = [other for other in score if other not in stocked]
    if unread:
        stocked.update((row[0], row[1]) for row in connection.execute(_stocked, {"ids": unread}))
    best = sorted(stocked, key=lambda other: (not stocked[other], -score[other], other))
    return cards.of_products(session, best[:RELATED])
