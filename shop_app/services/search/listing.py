"""Listings: the products that fit an address, a page at a time, with what can be narrowed further."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from ...core import clock, fact_cache
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.pages import MovedTo
from ...models import Collection
from ..catalog import price_tags
from ..catalog.categories import moved_to
from ..catalog.views import Chip, Crumb, Listing, ListingQuery, SortChoice
from . import cards, categories, facets, index_cache, listing_address
from . import queries as search_queries
from .categories import Branch
from .facet_counts import Counts
from .facet_fold import counts
from .listing_pages import MAX_COUNTED_PAGE, PER_PAGE, Hits, hits
from .listing_rows import COLLECTION


def browse(session: Session, query: ListingQuery) -> Listing:
    """The products that fit the address, 24 a page.

    A page behind the last one is the last one.

    Errors  NotFound for a category or collection that isn't there; MovedTo for a category that goes by
            another slug.
    """
    # "New" is so many days old, counted from midnight.
    fact_cache.until(clock.end_of(clock.today()))
    at = index_cache.stamp(session)
    tree = categories.tree.get(session, at)
    branch = tree.by_slug.get(query.category)
    if query.category and branch is None:
        if slug := moved_to(session, query.category):
            # Another category may get the old address one day.
            raise MovedTo(listing_address.PATH, {"category": slug}, is_permanent=False)
        if other := categories.meant(tree, query.category):
            raise MovedTo(listing_address.PATH, {"category": other.slug})
        raise NotFound(_("There is no such category."))
    facet_counts = counts.get(session, at)
    group = _collection(session, query)
    query = facets.present(facet_counts, query)
    matches = _matches(session, facet_counts, query.text, at) if query.text else search_queries.Matches()
    ids = tuple(matches.product_ids) if query.text else None
    view = facets.narrowed(
        facet_counts, query, branch.below if branch else (), ids, cards.new_since(clock.now())
    )
    page = hits(session, facet_counts, query, branch, ids, view)
    return _listing(session, query, group or branch, matches, view, page, at)


class Group(NamedTuple):
    """A collection, where the list is of nothing else."""

    title: str
    description: str


def _collection(session: Session, query: ListingQuery) -> Group | None:
    """The collection that the list is of; None where it is of more, or of none.

    Errors  NotFound for a collection that isn't there.
    """
    slugs = dict(query.facets).get(COLLECTION, ())
    if len(slugs) != 1:
        return None
    row = session.connection().execute(_collections, {"slug": slugs[0]}).first()
    if row is None:
        raise NotFound(_("There is no such collection."))
    return None if query.text or query.category else Group(row.title, row.description)


_collections = select(col(Collection.title), col(Collection.description)).where(
    col(Collection.slug) == bindparam("slug")
)


def _matches(session: Session, counts: Counts, text: str, at: str) -> search_queries.Matches:
    key = ("matches", text)
    if key not in counts.cache:
        if len(counts.cache) > facets.CACHED:
            counts.cache.clear()
        counts.cache[key] = search_queries.find(session, text, at, search_queries.MOST)
    return counts.cache[key]  # pyright: ignore[reportReturnType]


def _listing(
    session: Session,
    query: ListingQuery,
    branch: Branch | Group | None,
    matches: search_queries.Matches,
    view: facets.View,
    page: Hits,
    at: str,
) -> Listing:
    narrows = view.fits.planes is not None or bool(query.text)
    shown = cards.cards(session, page.rows, query if narrows else None)
    reached = min((page.page - 1) * PER_PAGE + len(shown), page.total)
    title, intro = _heading(query, branch)
    return Listing(
        title=title,
        intro=intro,
        crumbs=_crumbs(session, query, branch, at),
        total=page.total,
        count_text=_count_text(page),
        cards=shown,
        **_paging(query, page, reached),
        **_price_range(query, view),
        facets=facets.facets(query, view),
        chips=_chips(query, view),
        clear_href=listing_address.cleared(query),
        sort=query.sort,
        sorts=_sorts(query),
        in_stock=query.in_stock,
        in_stock_count=view.in_stock_count,
        in_stock_href=listing_address.changed(query, in_stock=not query.in_stock),
        on_sale=query.on_sale,
        on_sale_count=view.on_sale_count,
        on_sale_href=listing_address.changed(query, on_sale=not query.on_sale),
        corrected_text=matches.corrected,
        searches=[] if shown else [_search_chip(text) for text in matches.offered],
        canonical=listing_address.canonical(query),
        suggestions=[] if shown else categories.links(session, categories.tree.get(session, at).top, at),
    )


def _search_chip(text: str) -> Chip:
    return Chip(text, listing_address.href(ListingQuery(text=text)))


def _heading(query: ListingQuery, branch: Branch | Group | None) -> tuple[str, str]:
    if query.text:
        return _("Results for “{text}”").format(text=query.text), ""
    if branch:
        return branch.title, branch.description
    if query.on_sale:
        return _("Sale"), ""
    return (_("New"), "") if query.new else (_("All products"), "")


def _crumbs(session: Session, query: ListingQuery, branch: Branch | Group | None, at: str) -> list[Crumb]:
    crumbs = [Crumb(_("Home"), "/")]
    if isinstance(branch, Group):
        return [*crumbs, Crumb(branch.title, "")]
    if branch is None or query.text:
        return [*crumbs, Crumb(_("Search") if query.text else _("All products"), "")]
    by_id = categories.tree.get(session, at).by_id
    for key in branch.path:
        is_current = key == branch.id
        crumbs.append(Crumb(by_id[key].title, "" if is_current else f"/products?category={by_id[key].slug}"))
    return crumbs


def _count_text(page: Hits) -> str:
    if page.capped and page.total >= search_queries.MOST:
        return _("{count}+ products").format(count=f"{page.total:,}")
    return plural("{count} product", "{count} products", page.total)


def _paging(query: ListingQuery, page: Hits, reached: int) -> dict[str, Any]:
    left = min(PER_PAGE, max(0, page.total - reached))
    following = listing_address.changed(query, page=page.page + 1, after=page.after) if page.more else ""
    before = page.page - 1
    can_go_back = before >= 1 and (before <= MAX_COUNTED_PAGE or _ranked(query))
    return {
        "page": page.page,
        "next_href": following,
        "previous_href": listing_address.changed(query, page=before) if can_go_back else "",
        "more_text": _("Show {count} more").format(count=left or PER_PAGE) if page.more else "",
        "shown_text": _("Showing {shown} of {total}").format(shown=reached, total=page.total),
        "shown_percent": 100 * reached // page.total if page.total else 100,
    }


def _ranked(query: ListingQuery) -> bool:
    return bool(query.text) and query.sort == ""


def _price_range(query: ListingQuery, view: facets.View) -> dict[str, str]:
    span = view.price_range
    lowest, highest = query.price_typed
    return {
        "price_floor": price_tags.shown(span[0]) if span else "",
        "price_ceiling": price_tags.shown(span[1]) if span else "",
        "price_min": lowest or price_tags.plain(query.price_min_minor),
        "price_max": highest or price_tags.plain(query.price_max_minor),
        "price_error": listing_address.price_error(query),
    }


def _sorts(query: ListingQuery) -> list[SortChoice]:
    labels = {
        "": _("Best match") if query.text else _("Most popular"),
        "popular": _("Most popular"),
        "newest": _("Newest"),
        "price": _("Price, low to high"),
        "-price": _("Price, high to low"),
        "rating": _("Best rated"),
    }
    if not query.text:
        del labels["popular"]
    return [
        SortChoice(value, label, listing_address.changed(query, sort=value))
        for value, label in labels.items()
    ]


def _chips(query: ListingQuery, view: facets.View) -> list[Chip]:
    low, high = query.price_min_minor, query.price_max_minor
    chips = [
        Chip(view.label(name, value), listing_address.switched(query, name, value))
        for name, values in query.facets
        for value in values
    ]
    if low is not None or high is not None:
        without = listing_address.changed(query, price_min_minor=None, price_max_minor=None)
        if low is None or high is None:
            text = _("From {price}") if high is None else _("Up to {price}")
            chips.append(Chip(text.format(price=price_tags.shown(low if high is None else high)), without))  # pyright: ignore
        else:
            chips.append(Chip(f"{price_tags.shown(low)} – {price_tags.shown(high)}", without))
    if query.in_stock:
        chips.append(Chip(_("In stock"), listing_address.changed(query, in_stock=False)))
    if query.on_sale:
        chips.append(Chip(_("On sale"), listing_address.changed(query, on_sale=False)))
    if query.new:
        chips.append(Chip(_("New"), listing_address.changed(query, new=False)))
    return chips
