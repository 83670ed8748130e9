"""Listings: the products that fit an address, a page at a time, with what can be narrowed further.

A page is read from an index of the shelf in the order of the sort, from a cursor on. Where few products
fit, their ids are known from the counts and read directly: an index would be searched for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, DateTime, Row, Select, and_, bindparam, exists, literal_column, select, tuple_
from sqlmodel import Session, col

from .. import clock
from ..errors import NotFound
from ..models import ShelfFacet, ShelfItem
from ..words import _, plural
from . import cards, facets, kept, listing_links, prices, search, storefront
from .catalog import Chip, Crumb, Listing, ListingQuery, SortChoice
from .facet_counts import Counts, counts
from .storefront import Branch

PER_PAGE = 24
MAX_COUNTED_PAGE = 40
"""Pages that can be reached by their number alone, counted from the start."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS = {
    "popular": col(ShelfItem.sold_count), "newest": col(ShelfItem.published_at),
    "price": col(ShelfItem.price_minor), "rating": col(ShelfItem.rating_milli),
}  # fmt: skip


class Shape(NamedTuple):
    """What a page's statement is made of; statements of the same shape are built once."""

    sort: str
    cursor: bool
    category: str
    """"", one (its index gives the order) or several."""
    low: bool
    high: bool
    in_stock: bool
    on_sale: bool
    new: bool
    facets: int
    ids: bool


class Hits(NamedTuple):
    """What fits a query: the rows of one page, and how many there are in all."""

    rows: Sequence[Row[Any]]
    total: int
    capped: bool
    more: bool
    page: int


def browse(session: Session, query: ListingQuery) -> Listing:
    """The products that fit the address, 24 a page.

    Errors  NotFound for a category that isn't there.
    """
    at = kept.stamp(session)
    tree = storefront.tree.get(session, at)
    branch = tree.by_slug.get(query.category)
    if query.category and branch is None:
        raise NotFound(_("There is no such category."))
    known = counts.get(session, at)
    found = _found(session, known, query.text, at) if query.text else search.NOTHING
    ids = tuple(found.product_ids) if query.text else None
    view = facets.narrowed(known, query, branch.below if branch else (), ids, cards.new_since(clock.now()))
    hits = _hits(session, known, query, branch, ids, view)
    return _listing(session, query, branch, found, view, hits, at)


def _found(session: Session, known: Counts, text: str, at: str) -> search.Found:
    key = ("found", text)
    if key not in known.cache:
        if len(known.cache) > facets.CACHED:
            known.cache.clear()
        known.cache[key] = search.find(session, text, at)
    return known.cache[key]  # pyright: ignore[reportReturnType]


def _hits(
    session: Session, known: Counts, query: ListingQuery, branch: Branch | None, ids: tuple[int, ...] | None,
    view: facets.View,
) -> Hits:  # fmt: skip
    capped = ids is not None and len(ids) >= search.MOST
    total = view.total
    last = max(1, ceil(total / PER_PAGE))
    if ids is not None and query.sort == "":
        page = min(query.page, last)
        fitting = set(known.products(view.bits))
        best = [key for key in ids if key in fitting]
        rows = _by_ids(session, best[(page - 1) * PER_PAGE : page * PER_PAGE])
        return Hits(rows, total, capped, page < last, page)
    page = min(query.page, last) if query.after else min(query.page, last, MAX_COUNTED_PAGE)
    # Walking an index reads PER_PAGE * (all / fitting) rows; reading by id and sorting reads all fitting.
    direct = ids is not None or total * total <= PER_PAGE * max(1, view.base_size)
    few = known.products(view.bits) if direct else None
    rows = _page(session, query, branch, few, page)
    return Hits(rows[:PER_PAGE], total, capped, len(rows) > PER_PAGE, page)


def _by_ids(session: Session, ids: list[int]) -> list[Row[Any]]:
    rows = {row[0]: row for row in session.connection().execute(_IN_ANY_ORDER, {"ids": ids})}
    return [rows[key] for key in ids if key in rows]


_IN_ANY_ORDER = select(*cards.COLUMNS).where(
    col(ShelfItem.product_id).in_(bindparam("ids", expanding=True))
)


def _page(
    session: Session, query: ListingQuery, branch: Branch | None, ids: list[int] | None, page: int
) -> Sequence[Row[Any]]:
    sort = query.sort.removeprefix("-") or "popular"
    cursor = _cursor(query.after, sort) if page > 1 else None
    shape = Shape(
        sort=query.sort or "popular", cursor=cursor is not None,
        category="" if branch is None else "one" if len(branch.below) == 1 else "several",
        low=query.price_min_minor is not None, high=query.price_max_minor is not None,
        in_stock=query.in_stock, on_sale=query.on_sale, new=query.new,
        facets=len(query.facets), ids=ids is not None,
    )  # fmt: skip
    values: dict[str, Any] = {
        "low": query.price_min_minor, "high": query.price_max_minor, "n": PER_PAGE + 1,
        "skip": 0 if cursor else (page - 1) * PER_PAGE,
    }  # fmt: skip
    if branch is not None:
        values["category"] = branch.id if len(branch.below) == 1 else list(branch.below)
    if query.new:
        values["since"] = cards.new_since(clock.now())
    if ids is not None:
        values["ids"] = ids
    if cursor:
        values["key"], values["id"] = cursor
    for number, (name, chosen) in enumerate(query.facets):
        values[f"name_{number}"], values[f"values_{number}"] = name, list(chosen)
    wanted = {key: value for key, value in values.items() if value is not None}
    return session.connection().execute(statement(shape), wanted).all()


@lru_cache(maxsize=512)
def statement(shape: Shape) -> Select[Any]:
    """The statement of a page: the fitting rows from the cursor on, in the order of the sort."""
    key = _KEYS[shape.sort.removeprefix("-")]
    ascending = shape.sort == "price"
    place = (key, col(ShelfItem.product_id))
    made = select(*cards.COLUMNS)
    made = made.where(*_conditions(shape))
    if shape.cursor:
        kind = DateTime(timezone=True) if shape.sort == "newest" else BigInteger()
        from_here = tuple_(bindparam("key", type_=key.type if shape.sort == "newest" else kind), bindparam("id"))
        made = made.where(tuple_(*place) > from_here if ascending else tuple_(*place) < from_here)
    made = made.order_by(*(part if ascending else part.desc() for part in place)).limit(bindparam("n"))
    return made if shape.cursor else made.offset(bindparam("skip"))


def _conditions(shape: Shape) -> list[Any]:
    # A "+" keeps SQLite from leaving the index that gives the order for one that only filters.
    several = literal_column("+shelf_item.category_id", BigInteger)
    sale = col(ShelfItem.on_sale) if shape.sort == "popular" and not shape.category else None
    found: list[Any] = []
    if shape.category == "one":
        found.append(col(ShelfItem.category_id) == bindparam("category"))
    if shape.category == "several":
        found.append(several.in_(bindparam("category", expanding=True)))
    if shape.low:
        found.append(col(ShelfItem.price_minor) >= bindparam("low"))
    if shape.high:
        found.append(col(ShelfItem.price_minor) <= bindparam("high"))
    if shape.in_stock:
        found.append(col(ShelfItem.in_stock))
    if shape.on_sale:
        found.append(sale.is_(True) if sale is not None else col(ShelfItem.on_sale))
    if shape.new:
        found.append(col(ShelfItem.published_at) >= bindparam("since"))
    if shape.ids:
        found.append(col(ShelfItem.product_id).in_(bindparam("ids", expanding=True)))
    for number in range(shape.facets):
        found.append(
            exists().where(
                and_(
                    col(ShelfFacet.product_id) == ShelfItem.product_id,
                    col(ShelfFacet.name) == bindparam(f"name_{number}"),
                    col(ShelfFacet.value).in_(bindparam(f"values_{number}", expanding=True)),
                )
            )
        )
    return found


def _cursor(after: str, sort: str) -> tuple[Any, int] | None:
    """Where the page before ended: the key of the sort and the product."""
    if not after:
        return None
    key, _dot, product_id = after.partition(".")
    try:
        place = int(key), int(product_id)
        return (_EPOCH + timedelta(microseconds=place[0]), place[1]) if sort == "newest" else place
    except (ValueError, OverflowError):
        return None


def _after(row: Row[Any], sort: str) -> str:
    key = {
        "price": row.price_minor, "rating": row.rating_milli,
        "newest": (row.published_at - _EPOCH) // timedelta(microseconds=1),
    }.get(sort.removeprefix("-"), row.sold_count)  # fmt: skip
    return f"{key}.{row.product_id}"


def _listing(
    session: Session, query: ListingQuery, branch: Branch | None, found: search.Found, view: facets.View,
    hits: Hits, at: str,
) -> Listing:  # fmt: skip
    shown = cards.cards(session, hits.rows)
    reached = min((hits.page - 1) * PER_PAGE + len(shown), hits.total)
    title, intro = _heading(query, branch)
    return Listing(
        title=title, intro=intro, crumbs=_crumbs(session, query, branch, at), total=hits.total,
        count_text=_count_text(hits), cards=shown, **_paging(query, hits, reached), **_price_range(query, view),
        facets=facets.facets(query, view), chips=_chips(query, view),
        clear_href=listing_links.cleared(query), sort=query.sort, sorts=_sorts(query),
        in_stock=query.in_stock, in_stock_count=view.in_stock_count,
        in_stock_href=listing_links.changed(query, in_stock=not query.in_stock),
        on_sale=query.on_sale, on_sale_count=view.on_sale_count,
        on_sale_href=listing_links.changed(query, on_sale=not query.on_sale),
        corrected_text=found.corrected, canonical=listing_links.canonical(query),
        suggestions=[] if shown else storefront.navigation(session),
    )  # fmt: skip


def _heading(query: ListingQuery, branch: Branch | None) -> tuple[str, str]:
    if query.text:
        return _("Results for “{text}”").format(text=query.text), ""
    if branch:
        return branch.title, branch.description
    if query.on_sale:
        return _("Sale"), ""
    return (_("New"), "") if query.new else (_("All products"), "")


def _crumbs(session: Session, query: ListingQuery, branch: Branch | None, at: str) -> list[Crumb]:
    crumbs = [Crumb(_("Home"), "/")]
    if branch is None or query.text:
        return [*crumbs, Crumb(_("Search") if query.text else _("All products"), "")]
    by_id = storefront.tree.get(session, at).by_id
    for key in branch.path:
        here = key == branch.id
        crumbs.append(Crumb(by_id[key].title, "" if here else f"/products?category={by_id[key].slug}"))
    return crumbs


def _count_text(hits: Hits) -> str:
    if hits.capped and hits.total >= search.MOST:
        return _("{count}+ products").format(count=f"{hits.total:,}")
    return plural("{count} product", "{count} products", hits.total)


def _paging(query: ListingQuery, hits: Hits, reached: int) -> dict[str, Any]:
    left = min(PER_PAGE, max(0, hits.total - reached))
    after = _after(hits.rows[-1], query.sort or "popular") if hits.more and not _ranked(query) else ""
    following = listing_links.changed(query, page=hits.page + 1, after=after) if hits.more else ""
    before = hits.page - 1
    can_go_back = before >= 1 and (before <= MAX_COUNTED_PAGE or _ranked(query))
    return {
        "page": hits.page, "next_href": following,
        "previous_href": listing_links.changed(query, page=before) if can_go_back else "",
        "more_text": _("Show {count} more").format(count=left or PER_PAGE) if hits.more else "",
        "shown_text": _("Showing {shown} of {total}").format(shown=reached, total=hits.total),
        "shown_percent": 100 * reached // hits.total if hits.total else 100,
    }  # fmt: skip


def _ranked(query: ListingQuery) -> bool:
    return bool(query.text) and query.sort == ""


def _price_range(query: ListingQuery, view: facets.View) -> dict[str, str]:
    low, high = query.price_min_minor, query.price_max_minor
    span = view.price_range
    return {
        "price_floor": prices.shown(span[0]) if span else "", "price_ceiling": prices.shown(span[1]) if span else "",
        "price_min": prices.plain(low), "price_max": prices.plain(high),
    }  # fmt: skip


def _sorts(query: ListingQuery) -> list[SortChoice]:
    labels = {
        "": _("Best match") if query.text else _("Most popular"), "popular": _("Most popular"),
        "newest": _("Newest"), "price": _("Price, low to high"), "-price": _("Price, high to low"),
        "rating": _("Best rated"),
    }  # fmt: skip
    if not query.text:
        del labels["popular"]
    return [
        SortChoice(value, label, listing_links.changed(query, sort=value)) for value, label in labels.items()
    ]


def _chips(query: ListingQuery, view: facets.View) -> list[Chip]:
    low, high = query.price_min_minor, query.price_max_minor
    chips = [
        Chip(view.label(name, value), listing_links.switched(query, name, value))
        for name, values in query.facets
        for value in values
    ]
    if low is not None or high is not None:
        without = listing_links.changed(query, price_min_minor=None, price_max_minor=None)
        if low is None or high is None:
            text = _("From {price}") if high is None else _("Up to {price}")
            chips.append(Chip(text.format(price=prices.shown(low if high is None else high)), without))  # pyright: ignore
        else:
            chips.append(Chip(f"{prices.shown(low)} – {prices.shown(high)}", without))
    if query.in_stock:
        chips.append(Chip(_("In stock"), listing_links.changed(query, in_stock=False)))
    if query.on_sale:
        chips.append(Chip(_("On sale"), listing_links.changed(query, on_sale=False)))
    if query.new:
        chips.append(Chip(_("New"), listing_links.changed(query, new=False)))
    return chips
