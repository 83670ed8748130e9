"""Reviews by those who bought: who may write one, what they write, and what the shop lets be seen.

Whoever has the link of an order may review each product that arrived with it, once. Nothing shows before
somebody of the shop has read it; a change is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, update
from sqlmodel import Session

from ..core import clock
from ..core.dates import day
from ..core.errors import Invalid, NotFound
from ..core.i18n import _
from ..core.typed_text import prose
from ..core.upsert import Insert, upsert
from ..models import (
    Product,
    Review,
    ReviewStatus,
    Shipment,
    ShipmentLine,
    ShipmentState,
    Variant,
    table_of,
)
from ..models.order import TOKEN
from .catalog import reviews as product_reviews
from .orders.queries import order, order_line
from .staff import audit

ARRIVES_AFTER = timedelta(days=7)
"""A parcel that nobody has marked as delivered counts as arrived that long after it left."""
MAX_BODY = 4000
MAX_TITLE = 100
MAX_NAME = 60

_review, _product, _variant = table_of(Review), table_of(Product), table_of(Variant)
_shipment, _shipment_line = table_of(Shipment), table_of(ShipmentLine)

_ORDER = select(order.c.id, order.c.number, order.c.customer_id, order.c.ship_to).where(
    order.c.token == bindparam("token")
)
_ARRIVED = or_(
    _shipment.c.status == ShipmentState.DELIVERED.value,
    and_(_shipment.c.status == ShipmentState.SHIPPED.value, _shipment.c.shipped_at <= bindparam("before")),
)
_RECEIVED = (
    select(
        _product.c.id,
        _product.c.slug,
        _product.c.title,
        func.min(order_line.c.position).label("position"),
        func.min(order_line.c.variant_title).label("first"),
        func.max(order_line.c.variant_title).label("last"),
        func.max(order_line.c.picture_key).label("picture_key"),
    )
    .join(_variant, _variant.c.product_id == _product.c.id)
    .join(order_line, order_line.c.variant_id == _variant.c.id)
    .join(_shipment_line, _shipment_line.c.order_line_id == order_line.c.id)
    .join(_shipment, _shipment.c.id == _shipment_line.c.shipment_id)
    .where(order_line.c.order_id == bindparam("order"), _ARRIVED)
    .group_by(_product.c.id, _product.c.slug, _product.c.title)
    .order_by("position")
)
_OF_ORDER = select(_review).where(_review.c.order_id == bindparam("order"))
_OWN = (
    select(_review.c.id, _review.c.product_id, _review.c.status, _product.c.slug)
    .join(_product, _product.c.id == _review.c.product_id)
    .where(_review.c.order_id == bindparam("order"))
    .with_for_update(of=_review)
)
_LOCKED = _OF_ORDER.where(_review.c.product_id == bindparam("product")).with_for_update()
_TO_READ = (
    select(_review, _product.c.title.label("product"), order.c.number)
    .join(_product, _product.c.id == _review.c.product_id)
    .outerjoin(order, order.c.id == _review.c.order_id)
    .where(_review.c.status == bindparam("status"))
    .order_by(_review.c.id)
    .limit(bindparam("most"))
)


@upsert(_review)
def _put(insert: Insert) -> Any:
    names = ("author_name", "variant_title", "stars", "title", "body", "status")
    return insert.on_conflict_do_update(
        index_elements=[_review.c.order_id, _review.c.product_id],
        set_={name: insert.excluded[name] for name in names} | {"edited_at": insert.excluded.created_at},
    )


@dataclass(frozen=True, slots=True)
class OwnReview:
    """A product that arrived with an order, and what its buyer has written about it so far."""

    slug: str
    title: str
    picture_key: str
    author: str
    """The name that it shows, or would show."""
    status: str = ""
    """ "" where nothing is written, pending, published or rejected."""
    stars: int = 0
    headline: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody writes about a product."""

    stars: int
    headline: str
    body: str
    author: str


@dataclass(frozen=True, slots=True)
class ReviewToRead:
    """A review as whoever moderates reads it."""

    id: int
    product: str
    stars: int
    author: str
    headline: str
    body: str
    status: str
    order_number: str
    written: str


def of_order(session: Session, token: str) -> list[OwnReview]:
    """What arrived with the order and may be reviewed, in the order of its lines.

    Errors  NotFound for a token that no order has.
    """
    head = _order(session, token)
    written = {row.product_id: row for row in session.connection().execute(_OF_ORDER, {"order": head.id})}
    name = _default_name(head.ship_to)
    return [_own_review(row, written.get(row.id), name) for row in _received(session, head.id)]


def write(session: Session, token: str, slug: str, written: Written) -> None:
    """Write a review of a product, or other words in the place of one's own; it waits to be read.

    Errors  NotFound for a token that no order has, or a product that hasn't arrived with it; Invalid.
    """
    head = _order(session, token)
    received = _product_of(session, head.id, slug)
    values = _checked(written)
    connection = session.connection()
    before = connection.execute(_LOCKED, {"order": head.id, "product": received.id}).first()
    connection.execute(
        _put(session),
        values
        | {
            "product_id": received.id,
            "customer_id": head.customer_id,
            "order_id": head.id,
            "variant_title": received.first if received.first == received.last else "",
            "reply": "",
            "verified": True,
            "status": ReviewStatus.PENDING.value,
            "created_at": clock.now(),
        },
    )
    if before and before.status == ReviewStatus.PUBLISHED:
        _count_again(session, received.id)


def take_back(session: Session, token: str, slug: str) -> None:
    """Take one's review away for good; another one may be written.

    Errors  NotFound where there is none.
    """
    head = _order(session, token)
    rows = session.connection().execute(_OWN, {"order": head.id})
    own = next((row for row in rows if row.slug == slug), None)
    if own is None:
        raise NotFound(_("There is no review of yours any more."))
    session.connection().execute(delete(_review).where(_review.c.id == own.id))
    if own.status == ReviewStatus.PUBLISHED:
        _count_again(session, own.product_id)


def to_read(
    session: Session, status: ReviewStatus = ReviewStatus.PENDING, most: int = 100
) -> list[ReviewToRead]:
    """Reviews with that status, the oldest first."""
    rows = session.connection().execute(_TO_READ, {"status": status.value, "most": most})
    return [
        ReviewToRead(
            row.id,
            row.product,
            row.stars,
            row.author_name,
            row.title,
            row.body,
            row.status,
            str(row.number or ""),
            day(row.edited_at or row.created_at),
        )
        for row in rows
    ]


def moderate(session: Session, review_id: int, status: ReviewStatus, actor: str) -> bool:
    """Let a review be seen (published), or not (rejected); returns whether that is anything new.

    The audit says so, without the words of the review.

    Errors  NotFound for an id that no review has.
    """
    this = _review.c.id == review_id
    row = session.connection().execute(select(_review).where(this).with_for_update()).first()
    if row is None:
        raise NotFound(_("There is no such review."))
    if row.status == status:
        return False
    session.connection().execute(update(_review).where(this).values(status=status.value))
    audit.record(
        session,
        actor,
        "review.published" if status == ReviewStatus.PUBLISHED else "review.hidden",
        "review",
        str(review_id),
        {"status": row.status},
        {"status": status.value},
    )
    if ReviewStatus.PUBLISHED in (status, row.status):
        _count_again(session, row.product_id)
    return True


def _order(session: Session, token: str) -> Any:
    row = None
    if TOKEN.fullmatch(token):
        row = session.connection().execute(_ORDER, {"token": token}).first()
    if row is None:
        raise NotFound(_("There is no order at this address."))
    return row


def _received(session: Session, order_id: int) -> list[Any]:
    before = clock.now() - ARRIVES_AFTER
    return list(session.connection().execute(_RECEIVED, {"order": order_id, "before": before}))


def _product_of(session: Session, order_id: int, slug: str) -> Any:
    for row in _received(session, order_id):
        if row.slug == slug:
            return row
    raise NotFound(_("You can review what has arrived with this order."))


def _own_review(received: Row[Any], written: Row[Any] | None, name: str) -> OwnReview:
    if written is None:
        return OwnReview(received.slug, received.title, received.picture_key, name)
    return OwnReview(
        received.slug,
        received.title,
        received.picture_key,
        written.author_name,
        written.status,
        written.stars,
        written.title,
        written.body,
    )


def _default_name(ship_to: Mapping[str, Any]) -> str:
    """ "Marta L.", of the name that the order was sent to."""
    given, family = (prose(str(ship_to.get(name, ""))) for name in ("given_name", "family_name"))
    return f"{given} {family[:1]}.".strip()[:MAX_NAME] if given and family else given[:MAX_NAME]


def _checked(written: Written) -> dict[str, Any]:
    body, headline = prose(written.body, lines=True), prose(written.headline)
    author = prose(written.author)
    if type(written.stars) is not int or not 1 <= written.stars <= 5:
        raise Invalid(_("Choose from 1 to 5 stars."), field="stars")
    if not body:
        raise Invalid(_("Write a few words about it."), field="body")
    if not author:
        raise Invalid(_("Enter a name to show with it; it needn't be your own."), field="author")
    for text, most, field in (
        (body, MAX_BODY, "body"),
        (headline, MAX_TITLE, "headline"),
        (author, MAX_NAME, "author"),
    ):
        if len(text) > most:
            raise Invalid(_("Keep this to {count} characters.").format(count=most), field=field)
    return {"stars": written.stars, "title": headline, "body": body, "author_name": author}


def _count_again(session: Session, product_id: int) -> None:
    # Locked first: of two who count at once, the second one sees what the first has changed.
    session.connection().execute(select(_product.c.id).where(_product.c.id == product_id).with_for_update())
    product_reviews.refresh(session, [product_id])
