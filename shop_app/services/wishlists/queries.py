"""Wish lists as they are seen: by whose they are, and by whoever has a list's link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, func, select
from sqlmodel import Session

from ...core import clock
from ...core.dates import day
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.pages import absolute
from ...models import Picture, ProductPicture, StockLevel, table_of
from ...models.order import TOKEN
from ..cart.lines import product, shown_picture, variant
from ..catalog import availability, price_tags
from ..catalog.views import LiveAvailability, VariantAvailability
from .commands import MAX_LISTS, MAX_THINGS, own_lists, wish_item, wish_list

PER_PAGE = 40
"""Things that are shown at once, and by how many more each time."""
MOST_SHOWN = MAX_LISTS * MAX_THINGS

_level, _picture, _of_product = table_of(StockLevel), table_of(Picture), table_of(ProductPicture)
_THINGS = (
    select(
        variant.c.sku,
        product.c.slug,
        product.c.title,
        variant.c.title.label("variant"),
        _picture.c.key.label("picture_key"),
        wish_item.c.seen_price_minor,
        wish_item.c.saved_at,
        variant.c.id,
        variant.c.price_minor,
        variant.c.compare_at_minor,
        variant.c.contents,
        variant.c.contents_unit,
        case((and_(variant.c.active, availability.PUBLISHED), 1), else_=0).label("for_sale"),
        *availability.STOCK_COLUMNS,
    )
    .select_from(wish_item)
    .join(variant, variant.c.id == wish_item.c.variant_id)
    .join(product, product.c.id == variant.c.product_id)
    .outerjoin(_level, _level.c.variant_id == variant.c.id)
    .outerjoin(_of_product, _of_product.c.id == shown_picture)
    .outerjoin(_picture, _picture.c.id == _of_product.c.picture_id)
    .where(wish_item.c.list_id == bindparam("list"))
    .order_by(wish_item.c.saved_at.desc(), wish_item.c.id.desc())
    .limit(bindparam("most"))
)
_COUNTS = (
    select(wish_item.c.list_id, func.count())
    .join(wish_list, wish_list.c.id == wish_item.c.list_id)
    .where(wish_list.c.shopper_key == bindparam("key"))
    .group_by(wish_item.c.list_id)
)
_COUNT_OF = select(func.count()).where(wish_item.c.list_id == bindparam("list"))
_SAVED_OF_PRODUCT = (
    select(variant.c.sku)
    .join(wish_item, wish_item.c.variant_id == variant.c.id)
    .join(wish_list, wish_list.c.id == wish_item.c.list_id)
    .join(product, product.c.id == variant.c.product_id)
    .where(wish_list.c.shopper_key == bindparam("key"), product.c.slug == bindparam("slug"))
    .order_by(variant.c.position, variant.c.id)
)
_SHARED = select(wish_list).where(wish_list.c.token == bindparam("token"))
_TITLE = (
    select(product.c.title)
    .join(variant, variant.c.product_id == product.c.id)
    .where(variant.c.id == bindparam("variant"))
)


@dataclass(frozen=True, slots=True)
class ListView:
    """A list by its name, as its owner sees it."""

    id: int = 0
    name: str = ""
    count: int = 0
    link: str = ""
    """The whole address that shows it to others, "" while it isn't shared."""
    shown_name: str = ""


@dataclass(frozen=True, slots=True)
class ThingView:
    """A variant on a list; price and stock are those of `now`, which newer pushes are laid over."""

    sku: str
    slug: str
    title: str
    variant: str
    picture_key: str
    for_sale: bool
    now: LiveAvailability
    saved_minor: int
    """Its price when it was saved, as a cart would have charged it; 0 where that is nobody's business."""
    saved_price: str
    saved_on: str
    """ "20 November"."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A shopper's lists, and what is on one of them."""

    lists: list[ListView] = field(default_factory=list)
    current: ListView = ListView()
    things: list[ThingView] = field(default_factory=list)
    left: int = 0
    """Things of the list that aren't shown yet."""


@dataclass(frozen=True, slots=True)
class SharedView:
    """A list as its link shows it."""

    name: str = ""
    whose: str = ""
    """ "A list of Marta Lind", where its owner wants that said; else ""."""
    count_text: str = ""
    things: list[ThingView] = field(default_factory=list)
    left: int = 0


def page(session: Session, key: str, list_id: int = 0, most: int = PER_PAGE) -> SavedView:
    """A shopper's lists and the first `most` things of one of them: of the first, where that isn't theirs."""
    rows = own_lists(session, key)
    if not rows:
        return SavedView()
    counts = {row[0]: row[1] for row in session.connection().execute(_COUNTS, {"key": key})}
    lists = [_list_view(row, counts.get(row.id, 0)) for row in rows]
    current = next((one for one in lists if one.id == list_id), lists[0])
    things = _things(session, current.id, most)
    return SavedView(lists, current, things, current.count - len(things))


def saved_of(session: Session, key: str, slug: str) -> list[str]:
    """The SKUs of this product that are on the shopper's lists."""
    if not key:
        return []
    rows = session.connection().execute(_SAVED_OF_PRODUCT, {"key": key, "slug": slug})
    return list(rows.scalars())


def shared(session: Session, token: str, most: int = PER_PAGE) -> SharedView:
    """Errors  NotFound for a token that shows no list, or none any more."""
    row = None
    if TOKEN.fullmatch(token):
        row = session.connection().execute(_SHARED, {"token": token}).first()
    if row is None:
        raise NotFound(_("There is no list at this address."))
    things = _things(session, row.id, most, owners=False)
    number = session.connection().execute(_COUNT_OF, {"list": row.id}).scalar_one()
    whose = _("A list of {name}").format(name=row.shown_name) if row.shown_name else ""
    return SharedView(
        row.name, whose, plural("{count} thing", "{count} things", number), things, number - len(things)
    )


def title_of(session: Session, variant_id: int) -> str:
    return session.connection().execute(_TITLE, {"variant": variant_id}).scalar() or ""


def _list_view(row: Row[Any], count: int) -> ListView:
    link = absolute(f"/lists/{row.token}") if row.token else ""
    return ListView(row.id, row.name, count, link, row.shown_name)


def _things(session: Session, list_id: int, most: int, *, owners: bool = True) -> list[ThingView]:
    now = clock.now()
    parameters = {"list": list_id, "most": max(1, min(most, MOST_SHOWN)), "now": now}
    as_of = int(now.timestamp() * 1000)
    return [_thing(row, as_of, owners) for row in session.connection().execute(_THINGS, parameters)]


def _thing(row: Row[Any], as_of: int, owners: bool) -> ThingView:
    return ThingView(
        sku=row.sku,
        slug=row.slug,
        title=row.title,
        variant=row.variant,
        picture_key=row.picture_key or "",
        for_sale=bool(row.for_sale),
        now=LiveAvailability(as_of, {row.sku: _now(row)}),
        saved_minor=price_tags.sold_minor(row.seen_price_minor) if owners else 0,
        saved_price=price_tags.shown(row.seen_price_minor) if owners else "",
        saved_on=day(row.saved_at) if owners else "",
    )


def _now(row: Row[Any]) -> VariantAvailability:
    numbers = availability.Numbers(
        row.id,
        row.sku,
        row.variant,
        row.price_minor,
        row.compare_at_minor,
        row.contents,
        row.contents_unit,
        availability.Stock(*row[-len(availability.STOCK_COLUMNS) :]),
    )
    return availability.variant_availability(numbers, "")
