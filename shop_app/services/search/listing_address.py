"""The address of a listing: read into a `ListingQuery`, and written from one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

from ...core import decimals, money
from ...core.i18n import _
from ...core.shop import shop
from ..catalog import price_tags
from ..catalog.views import ListingQuery
from . import folding
from .facet_keys import MAX_NAME, read_key

PATH = "/products"
SORTS = ("", "popular", "newest", "price", "-price", "rating")
MAX_PAGE = 10_000
MAX_FIELDS = 100
"""Parameters of one address; further ones are ignored."""
MAX_FACETS = 12
MAX_VALUES = 30
MAX_CATEGORY = 200
"""Characters: links by hand name a category by its title."""
MAX_PRICE = 24
"""Characters of a typed price that are kept."""
_CURSOR = re.compile(r"-?\d{1,18}\.\d{1,18}")
_OWN = {
    "q",
    "category",
    "sort",
    "page",
    "after",
    "price_min",
    "price_max",
    "in_stock",
    "on_sale",
    "new",
    "variant",
}


def read_address(params: Mapping[str, str | Iterable[str]]) -> ListingQuery:
    """The query of an address. What can't be read is dropped, never refused.

    A facet's values are in one parameter, separated by commas, or in several.
    """
    given = {name: _values(value) for name, value in params.items()}
    first = {name: values[0] for name, values in given.items() if values}
    sort, category, after = (first.get(name, "") for name in ("sort", "category", "after"))
    low, high, typed = _prices(first.get("price_min", ""), first.get("price_max", ""))
    return ListingQuery(
        text=_text(first.get("q", "")[: folding.MAX_TEXT]),
        category=_text(category[:MAX_CATEGORY]),
        sort=sort if sort in SORTS else "",
        page=_page(first.get("page", "")),
        after=after if _CURSOR.fullmatch(after) else "",
        price_min_minor=low,
        price_max_minor=high,
        price_typed=typed,
        in_stock=first.get("in_stock") == "1",
        on_sale=first.get("on_sale") == "1",
        new=first.get("new") == "1",
        facets=_facets(given),
    )


def read_query(query: str) -> ListingQuery:
    """The same, from the text after the question mark."""
    return read_address(parse_qs("&".join(query.split("&")[:MAX_FIELDS])))


def fields(query: ListingQuery, *without: str) -> list[tuple[str, str]]:
    """Name and value of what the address of a query says, without some names: what a form sends along."""
    written = parse_qsl(urlsplit(changed(query)).query)
    return [(name, value) for name, value in written if name not in without]


def _values(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else [part for part in value if isinstance(part, str)]


def _text(text: str) -> str:
    # Halves of characters can't be written into an address again.
    return " ".join("".join(char for char in word if char.isprintable()) for word in text.split()).strip()


def _page(text: str) -> int:
    return min(MAX_PAGE, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _prices(lowest: str, highest: str) -> tuple[int | None, int | None, tuple[str, str]]:
    """The range of prices, or none and what was typed where it can't be one."""
    low, high = _amount(lowest), _amount(highest)
    unreadable = (low is None and lowest.strip()) or (high is None and highest.strip())
    if unreadable or (low is not None and high is not None and low > high):
        return None, None, (_text(lowest[:MAX_PRICE]), _text(highest[:MAX_PRICE]))
    return low, high, ("", "")


def price_error(query: ListingQuery) -> str:
    """What is wrong with the typed prices, "" where nothing is."""
    lowest, highest = query.price_typed
    if not lowest and not highest:
        return ""
    if _amount(lowest) is not None and _amount(highest) is not None:
        return _("“From” is more than “To”. Swap the two amounts.")
    for typed in (lowest, highest):
        try:
            money.parse_minor(typed, shop().currency)
        except decimals.Ambiguous as unsure:
            text = _("{typed} could be {first} or {second}. Enter it without a sign for thousands.")
            first, second = unsure.readings
            return text.format(typed=typed, first=first, second=second)
        except ValueError:
            continue
    return _("Enter amounts in figures, such as 20 or 19.50.")


def _amount(text: str) -> int | None:
    try:
        return money.parse_minor(text, shop().currency) if text.strip() else None
    except ValueError:
        return None


def _facets(given: Mapping[str, list[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    chosen: dict[str, set[str]] = defaultdict(set)
    for typed, written in given.items():
        name = read_key(typed, MAX_NAME)
        if name and name not in _OWN:
            parts = (read_key(part) for value in written for part in value[:4000].split(","))
            chosen[name].update(part for part in parts if part)
    facets = [(name, tuple(sorted(values)[:MAX_VALUES])) for name, values in sorted(chosen.items()) if values]
    return tuple(facets[:MAX_FACETS])


def href(query: ListingQuery) -> str:
    """The address of this view; one view has one address.

    >>> href(ListingQuery(category="table", facets=(("colour", ("clay", "oak")),), sort="price"))
    '/products?category=table&colour=clay,oak&sort=price'
    """
    written = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in values(query).items())
    return f"{PATH}?{written}" if written else PATH


def values(query: ListingQuery) -> dict[str, str]:
    """The fields of that address in their order."""
    lowest, highest = query.price_typed
    parts = [
        ("q", query.text),
        ("category", query.category),
        *((name, ",".join(sorted(chosen))) for name, chosen in sorted(query.facets)),
        ("price_min", lowest or price_tags.plain(query.price_min_minor)),
        ("price_max", highest or price_tags.plain(query.price_max_minor)),
        ("in_stock", "1" if query.in_stock else ""),
        ("on_sale", "1" if query.on_sale else ""),
        ("new", "1" if query.new else ""),
        ("sort", query.sort),
        ("page", str(query.page) if query.page > 1 else ""),
        ("after", query.after if query.page > 1 else ""),
    ]
    return {name: value for name, value in parts if value}


@lru_cache(maxsize=4096)
def _quoted(value: str) -> str:
    return quote(value, safe=",-.")


def changed(query: ListingQuery, **changes: object) -> str:
    """The address with something changed, from its first page on, without prices that are no range."""
    start = {"page": 1, "after": "", "price_typed": ("", "")}
    return href(replace(query, **{**start, **changes}))  # pyright: ignore[reportArgumentType]


def switched(query: ListingQuery, name: str, value: str) -> str:
    """The address with one value of a facet added, or taken out where it was chosen.

    >>> switched(ListingQuery(text="lamp", facets=(("size", ("l",)),), sort="price", page=2), "colour", "oak")
    '/products?q=lamp&colour=oak&size=l&sort=price'
    >>> switched(ListingQuery(facets=(("size", ("l",)),)), "size", "l")
    '/products'
    """
    chosen = dict(query.facets)
    chosen[name] = tuple(set(chosen.get(name, ())) ^ {value})
    before, after = _around_facets(query)
    facets = (
        f"{_quoted(key)}={_quoted(','.join(sorted(left)))}" for key, left in sorted(chosen.items()) if left
    )
    written = "&".join((*before, *facets, *after))
    return f"{PATH}?{written}" if written else PATH


@lru_cache(maxsize=256)
def _around_facets(query: ListingQuery) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands before and after the facets in the address of a list's first page: the same for each."""
    fields = values(replace(query, page=1, after="", price_typed=("", ""), facets=()))
    written = {name: f"{name}={_quoted(value)}" for name, value in fields.items()}
    before = tuple(written.pop(name) for name in ("q", "category") if name in written)
    return before, tuple(written.values())


def is_free(query: ListingQuery) -> bool:
    """Whether there is no end of such addresses: with words, prices, cursors, or several filters."""
    priced = query.price_min_minor is not None or query.price_max_minor is not None or any(query.price_typed)
    values = sum(len(chosen) for _name, chosen in query.facets)
    return bool(query.text or query.after or values > 1 or priced)


def navigation_entry(query: ListingQuery) -> str:
    """The entry of the navigation that leads here: a category, "sale", "new", "all", or "" for none."""
    if query.text:
        return ""
    return query.category or ("sale" if query.on_sale else "new" if query.new else "all")


def cleared(query: ListingQuery) -> str:
    """The address with words, category and sort alone."""
    return href(ListingQuery(text=query.text, category=query.category, sort=query.sort))


def canonical(query: ListingQuery) -> str:
    """The canonical address of all views of this list, for search engines."""
    collection = tuple(facet for facet in query.facets if facet[0] == "collection" and len(facet[1]) == 1)
    facets = () if query.text or query.category else collection
    return href(ListingQuery(text=query.text, category=query.category, page=query.page, facets=facets))
