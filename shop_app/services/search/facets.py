"""Facets: what a list can be narrowed by, with the number of products behind each choice.

Values of one facet are combined with OR, facets with AND. So the numbers of a facet are counted under all
filters but its own, and a value that would find nothing is shown with a 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..catalog.views import Facet, FacetValue, ListingQuery
from . import listing_address
from .facet_counts import Counts, Value, union

CACHED = 512
MAX_SHOWN_FACETS = 6
MAX_SHOWN_VALUES = 24
_FIRST = ("colour", "color", "size", "material")
_UNSHOWN = frozenset({"tag"})


@dataclass(frozen=True, slots=True)
class Counted:
    name: str
    values: list[tuple[Value, int]]


@dataclass(frozen=True, slots=True)
class View:
    """What fits a query, as bits, and the numbers beside it."""

    counts: Counts
    bits: int
    total: int
    base_size: int
    """Products in the category, before any filter."""
    facets: list[Counted]
    in_stock_count: int
    on_sale_count: int
    price_range: tuple[int, int] | None

    def label(self, name: str, value: str) -> str:
        """The label of a facet's value; the value itself where the facet has no such value."""
        entry = self.counts.facets.get(name, {}).get(value)
        return entry.label if entry else value


def narrowed(
    counts: Counts,
    query: ListingQuery,
    categories: tuple[int, ...],
    ids: tuple[int, ...] | None,
    since: datetime,
) -> View:
    """What fits a query, cached until the listing index changes."""
    key = (
        query.text,
        query.category,
        query.facets,
        query.price_min_minor,
        query.price_max_minor,
        query.in_stock,
        query.on_sale,
        query.new,
        since if query.new else None,
    )
    view = counts.cache.get(key)
    if view is None:
        if len(counts.cache) > CACHED:
            counts.cache.clear()
        view = counts.cache[key] = _count(counts, query, categories, ids, since)
    return view  # pyright: ignore[reportReturnType]


def _count(
    counts: Counts,
    query: ListingQuery,
    categories: tuple[int, ...],
    ids: tuple[int, ...] | None,
    since: datetime,
) -> View:
    base = counts.everything
    if query.category:
        base = union([counts.categories.get(key, 0) for key in categories])
    if ids is not None:
        base &= counts.among(ids)
    plain = base & counts.published_since(since) if query.new else base
    priced = counts.priced(query.price_min_minor, query.price_max_minor)
    stocked = counts.in_stock if query.in_stock else counts.everything
    reduced = counts.on_sale if query.on_sale else counts.everything
    chosen = {
        name: union([value.bits for key in keys if (value := counts.facets.get(name, {}).get(key))])
        for name, keys in query.facets
    }
    faceted = plain
    for bits in chosen.values():
        faceted &= bits
    bits = faceted & priced & stocked & reduced
    size = base.bit_count()
    return View(
        counts,
        bits,
        bits.bit_count(),
        size,
        facets=_facets(counts, query, base, plain & priced & stocked & reduced, chosen, size),
        in_stock_count=(faceted & priced & reduced & counts.in_stock).bit_count(),
        on_sale_count=(faceted & priced & stocked & counts.on_sale).bit_count(),
        price_range=counts.price_range(faceted & stocked & reduced),
    )


def _facets(
    counts: Counts, query: ListingQuery, base: int, filtered: int, chosen: dict[str, int], size: int
) -> list[Counted]:
    picked = dict(query.facets)
    counted: list[tuple[tuple[int, int, str], Counted]] = []
    for name, values in counts.facets.items():
        if name in _UNSHOWN and name not in picked:
            continue
        present = [(value, (value.bits & base).bit_count()) for value in values.values()]
        present = [(value, n) for value, n in present if n or value.value in picked.get(name, ())]
        if len(present) < 2 and name not in picked:
            continue
        weight = sum(n for _value, n in present)
        if 10 * weight < size and name not in picked:
            continue
        present.sort(key=lambda pair: (pair[0].value not in picked.get(name, ()), -pair[1], pair[0].label))
        under = filtered
        for other, bits in chosen.items():
            if other != name:
                under &= bits
        shown = [(value, (value.bits & under).bit_count()) for value, _n in present[:MAX_SHOWN_VALUES]]
        place = _FIRST.index(name) if name in _FIRST else len(_FIRST)
        counted.append(((place, -weight, name), Counted(name, shown)))
    return [facet for _place, facet in sorted(counted, key=lambda pair: pair[0])[:MAX_SHOWN_FACETS]]


def facets(query: ListingQuery, view: View) -> list[Facet]:
    """The facets to show, each value with the address that switches it."""
    picked = dict(query.facets)
    return [
        Facet(
            counted.name,
            _label(counted.name),
            [
                FacetValue(
                    value.value,
                    value.label,
                    value.swatch,
                    count,
                    chosen=value.value in picked.get(counted.name, ()),
                    href=listing_address.switched(query, counted.name, value.value),
                )
                for value, count in counted.values
            ],
        )
        for counted in view.facets
    ]


def _label(name: str) -> str:
    return name.replace("-", " ").capitalize()
