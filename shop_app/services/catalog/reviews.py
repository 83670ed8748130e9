"""Reviews: the published ones of a product, how many have how many stars, and the sums on the product."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session, col

from ...core import events
from ...core.dates import day
from ...core.i18n import _
from ...models import FOR_SALE, Product, Review, ReviewStatus
from .views import ReviewView, StarCount

PER_PAGE = 10

_published = (
    select(
        col(Review.author_name),
        col(Review.created_at),
        col(Review.stars),
        col(Review.title),
        col(Review.body),
        col(Review.verified),
        col(Review.variant_title),
        col(Review.reply),
    )
    .where(
        col(Review.product_id) == bindparam("product_id"), col(Review.status) == ReviewStatus.PUBLISHED.value
    )
    .limit(bindparam("n"))
    .offset(bindparam("skip"))
)
_of_stars = _published.where(col(Review.stars) == bindparam("stars"))
_newest = (col(Review.created_at).desc(), col(Review.id).desc())
ORDERS: dict[str, tuple[Any, ...]] = {
    "": _newest,
    "best": (col(Review.stars).desc(), *_newest),
    "worst": (col(Review.stars), *_newest),
}
"""How reviews can be sorted; "" is the newest first."""
_spread = (
    select(col(Review.stars), func.count())
    .where(
        col(Review.product_id) == bindparam("product_id"), col(Review.status) == ReviewStatus.PUBLISHED.value
    )
    .group_by(col(Review.stars))
)


def page(
    session: Session, product_id: int, shown: int = 0, stars: int = 0, sort: str = ""
) -> list[ReviewView]:
    """The next reviews after `shown`, in an order of `ORDERS`, of that many stars where not 0."""
    values = {"product_id": product_id, "n": PER_PAGE, "skip": min(max(0, shown), 10_000)}
    reviews = _of_stars if stars else _published
    rows = session.connection().execute(
        reviews.order_by(*ORDERS[sort]), values | ({"stars": stars} if stars else {})
    )
    return [
        ReviewView(
            author or _("A customer"),
            day(at),
            given,
            title,
            body,
            _bought(variant) if verified else "",
            reply,
        )
        for author, at, given, title, body, verified, variant, reply in rows
    ]


def _bought(variant: str) -> str:
    return _("Bought: {variant}").format(variant=variant) if variant else _("Bought here")


def more_reviews(session: Session, slug: str, shown: int, stars: int = 0, sort: str = "") -> list[ReviewView]:
    """The next 10 reviews after `shown`, in an order of `ORDERS`, of that many stars where not 0."""
    product_id = session.connection().execute(_product_id, {"slug": slug}).scalar()
    return page(session, product_id, shown, stars, sort) if product_id else []


_product_id = select(col(Product.id)).where(
    col(Product.slug) == bindparam("slug"), col(Product.status).in_(FOR_SALE)
)


def spread(session: Session, product_id: int) -> list[StarCount]:
    """How many reviews gave 5, 4, … 1 stars."""
    rows = session.connection().execute(_spread, {"product_id": product_id})
    counts = {row[0]: row[1] for row in rows.all()}
    total = sum(counts.values())
    return [
        StarCount(stars, n := counts.get(stars, 0), (100 * n + total // 2) // total if total else 0)
        for stars in (5, 4, 3, 2, 1)
    ]


def refresh(session: Session, product_ids: Iterable[int]) -> None:
    """Count the published reviews of these products anew, after some of them changed."""
    ids = tuple(product_ids)
    session.flush()
    published = (
        select(func.count(), func.coalesce(func.sum(col(Review.stars)), 0))
        .where(col(Review.product_id) == Product.id, col(Review.status) == ReviewStatus.PUBLISHED.value)
        .correlate(Product)
    )
    parts = tuple(published.selected_columns)
    count, stars = (published.with_only_columns(part).scalar_subquery() for part in parts)
    session.connection().execute(
        update(Product).where(col(Product.id).in_(ids)).values(review_count=count, stars_sum=stars)
    )
    events.publish(session, events.CatalogueChanged(ids))
