"""Listing pages: the products of one page of a list, read by keyset.

A page is read from a database index in the order of the sort, from a cursor on. Where few products fit,
that would read many rows in vain: then they are sorted in memory, by the keys that the counts hold.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, exists, literal_column, or_, select, tuple_
from sqlmodel import Session, col

from ...core import clock
from ...models import ListingFacet, ListingItem, ListingVariant
from ..catalog.views import ListingQuery
from . import cards
from . import queries as search_queries
from .categories import Branch
from .facet_counts import Counts, Fits, microseconds
from .facet_keys import in_json
from .facets import View

PER_PAGE = 24
MAX_COUNTED_PAGE = 40
"""The last page that can be reached by its number, without a cursor."""
SORTED_HERE = 100
"""Sorted in memory where total * total is at most this many times the size of the category."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS = {
    "popular": col(ListingItem.sold_count),
    "newest": col(ListingItem.published_at),
    "price": col(ListingItem.price_minor),
    "rating": col(ListingItem.rating_milli),
}


class Shape(NamedTuple):
    """What a page's statement depends on; there is one statement per shape."""

    sort: str
    cursor: bool
    category: str
    """"", one (its index gives the order) or several."""
    low: bool
    high: bool
    in_stock: bool
    on_sale: bool
    new: bool
    facets: tuple[str, ...]
    one_variant: bool
    """Whether one variant has to fulfil several of the filters, or a price."""
    sqlite: bool


class Hits(NamedTuple):
    """What fits a query: the rows of one page, and how many there are in all."""

    rows: Sequence[Any]
    total: int
    capped: bool
    more: bool
    page: int
    after: str = ""
    """The cursor of the next page."""


def hits(
    session: Session,
    counts: Counts,
    query: ListingQuery,
    branch: Branch | None,
    ids: tuple[int, ...] | None,
    view: View,
) -> Hits:
    """The page of a query; `ids` are the matches of its words, best first, None without words."""
    capped = ids is not None and len(ids) >= search_queries.MOST
    total = view.total
    last = max(1, ceil(total / PER_PAGE))
    if ids is not None and query.sort == "":
        page = min(query.page, last)
        best = list(ids) if total == len(ids) else counts.within(ids, view.fits.bits)
        rows = _by_ids(session, best[(page - 1) * PER_PAGE : page * PER_PAGE])
        return Hits(rows, total, capped, page < last, page)
    page = min(query.page, last) if query.after else min(query.page, last, MAX_COUNTED_PAGE)
    # Walking an index reads PER_PAGE * (all / fitting) rows, sorting here looks at all that fit.
    if ids is not None or total * total <= SORTED_HERE * view.base_size:
        pairs = _sorted_here(counts, query, view.fits, page)
    elif view.fits.planes is not None and query.sort.endswith("price"):
        # No index of the database has products in the order of the cheapest variant that fits.
        pairs = _walked_here(counts, query, view.fits, page)
    else:
        rows = _page(session, query, branch, page)
        shown = rows[:PER_PAGE]
        cursor = _after(shown[-1], query.sort) if shown else ""
        return Hits(shown, total, capped, len(rows) > PER_PAGE, page, cursor)
    shown = pairs[:PER_PAGE]
    cursor = f"{shown[-1][0]}.{shown[-1][1]}" if shown else ""
    rows = _by_ids(session, [product_id for _key, product_id in shown])
    return Hits(rows, total, capped, len(pairs) > PER_PAGE, page, cursor)


def _sorted_here(counts: Counts, query: ListingQuery, fits: Fits, page: int) -> list[tuple[int, int]]:
    """(key, product id) of a page and one more, sorted in memory: for few products, or those of a search."""
    sort, ascending = query.sort.removeprefix("-") or "popular", query.sort == "price"
    pairs = counts.sorted(fits, sort, not ascending)
    first = (page - 1) * PER_PAGE
    if page > 1 and (cursor := _place(query.after)):
        first = (
            bisect_right(pairs, cursor) if ascending else bisect_right(pairs, _flipped(cursor), key=_flipped)
        )
    return pairs[first : first + PER_PAGE + 1]


def _walked_here(counts: Counts, query: ListingQuery, fits: Fits, page: int) -> list[tuple[int, int]]:
    """The same by price for many products, walked to the page in memory."""
    cursor = _place(query.after) if page > 1 else None
    first = 0 if cursor else (page - 1) * PER_PAGE
    pairs = counts.walk_by_price(fits, cursor, query.sort == "-price")
    return list(islice(pairs, first, first + PER_PAGE + 1))


def _flipped(place: tuple[int, int]) -> tuple[int, int]:
    return -place[0], -place[1]


def _by_ids(session: Session, ids: list[int]) -> list[Any]:
    rows = {row[0]: row for row in session.connection().execute(_IN_ANY_ORDER, {"ids": ids}).all()}
    return [rows[key] for key in ids if key in rows]


_IN_ANY_ORDER = select(*cards.COLUMNS).where(
    col(ListingItem.product_id).in_(bindparam("ids", expanding=True))
)


def _page(session: Session, query: ListingQuery, branch: Branch | None, page: int) -> Sequence[Any]:
    sort = query.sort.removeprefix("-") or "popular"
    cursor = _cursor(query.after, sort) if page > 1 else None
    shape = Shape(
        sort=query.sort or "popular",
        cursor=cursor is not None,
        category="" if branch is None else "one" if len(branch.below) == 1 else "several",
        low=query.price_min_minor is not None,
        high=query.price_max_minor is not None,
        in_stock=query.in_stock,
        on_sale=query.on_sale,
        new=query.new,
        facets=tuple(name for name, _values in query.facets),
        one_variant=is_of_one_variant(query),
        sqlite=session.get_bind().dialect.name == "sqlite",
    )
    values: dict[str, Any] = {
        "low": query.price_min_minor,
        "high": query.price_max_minor,
        "n": PER_PAGE + 1,
        "skip": 0 if cursor else (page - 1) * PER_PAGE,
    }
    if branch is not None:
        values["category"] = branch.id if len(branch.below) == 1 else list(branch.below)
    if query.new:
        values["since"] = cards.new_since(clock.now())
    if cursor:
        values["key"], values["id"] = cursor
    for number, (_name, chosen) in enumerate(query.facets):
        values[f"values_{number}"] = list(chosen)
    params = {key: value for key, value in values.items() if value is not None}
    return session.connection().execute(statement(shape), params).all()


@lru_cache(maxsize=512)
def statement(shape: Shape) -> Select[*tuple[Any, ...]]:
    """The statement of a page: the fitting rows from the cursor on, in the order of the sort."""
    key = _KEYS[shape.sort.removeprefix("-")]
    ascending = shape.sort == "price"
    place = (key, col(ListingItem.product_id))
    query = select(*cards.COLUMNS)
    query = query.where(*_conditions(shape))
    if shape.cursor:
        from_here = tuple_(bindparam("key", type_=key.type), bindparam("id"))
        query = query.where(tuple_(*place) > from_here if ascending else tuple_(*place) < from_here)
    query = query.order_by(*(part if ascending else part.desc() for part in place)).limit(bindparam("n"))
    return query if shape.cursor else query.offset(bindparam("skip"))


def _conditions(shape: Shape) -> list[Any]:
    sort = shape.sort.removeprefix("-")

    def only(name: str, to_sync: bool) -> Any:
        # Without the "+" SQLite may leave the index that gives the order for one that only filters.
        column = col(getattr(ListingItem, name))
        return (
            literal_column(f"+listing_item.{name}", column.type) if shape.sqlite and not to_sync else column
        )

    price, published = only("price_minor", sort == "price"), only("published_at", sort == "newest")
    rules = {
        "one": only("category_id", True) == bindparam("category"),
        "several": only("category_id", False).in_(bindparam("category", expanding=True)),
        "high": price <= bindparam("high"),
        "in_stock": only("in_stock", False).is_(True),
        "on_sale": only("on_sale", sort == "popular" and not shape.category).is_(True),
        "new": published >= bindparam("since"),
    }
    names = {name for name in ("high", "in_stock", "on_sale", "new") if getattr(shape, name)}
    conditions = [rule for name, rule in rules.items() if name in names or name == shape.category]
    conditions += [_has_facet(number, name) for number, name in enumerate(shape.facets)]
    return [*conditions, _has_variant(shape)] if shape.one_variant else conditions


def is_of_one_variant(query: ListingQuery) -> bool:
    """Whether there are filters that one variant has to fulfil together."""
    ranged = query.price_min_minor is not None or query.price_max_minor is not None
    return ranged or len(query.facets) + query.in_stock + query.on_sale > 1


def _has_facet(number: int, name: str) -> Any:
    return exists().where(
        and_(
            col(ListingFacet.product_id) == ListingItem.product_id,
            col(ListingFacet.name) == name,
            col(ListingFacet.value).in_(bindparam(f"values_{number}", expanding=True)),
        )
    )


def _has_variant(shape: Shape) -> Any:
    rules = {
        "low": col(ListingVariant.price_minor) >= bindparam("low"),
        "high": col(ListingVariant.price_minor) <= bindparam("high"),
        "in_stock": col(ListingVariant.in_stock).is_(True),
        "on_sale": col(ListingVariant.compare_at_minor).is_not(None),
    }
    conditions = [rule for name, rule in rules.items() if getattr(shape, name)]
    for number, name in enumerate(shape.facets):
        value = col(ListingVariant.options)[in_json(name)].as_string()
        # A property that isn't an option is the whole product's: the facets have been asked about it.
        conditions.append(or_(value.is_(None), value.in_(bindparam(f"values_{number}", expanding=True))))
    return exists().where(col(ListingVariant.product_id) == ListingItem.product_id, *conditions)


def _place(after: str) -> tuple[int, int] | None:
    """Where the page before ended: the key of the sort, and the product."""
    key, _dot, product_id = after.partition(".")
    try:
        return int(key), int(product_id)
    except ValueError:
        return None


def _cursor(after: str, sort: str) -> tuple[Any, int] | None:
    """The same in the database's terms."""
    place = _place(after)
    if place is None or sort != "newest":
        return place
    try:
        return _EPOCH + timedelta(microseconds=place[0]), place[1]
    except OverflowError:
        return None


def _after(row: Any, sort: str) -> str:
    """The cursor of the page after this row."""
    key = {
        "price": row.price_minor,
        "rating": row.rating_milli,
        "newest": microseconds(row.published_at),
    }.get(sort.removeprefix("-"), row.sold_count)
    return f"{key}.{row.product_id}"
