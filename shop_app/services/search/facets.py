"""Facets: what a list can be narrowed by, with the number of products behind each choice.

Values of one facet are combined with OR, facets with AND. So the numbers of a facet are counted under all
filters but its own, and a value that would find nothing is shown with a 0. What variants differ in has to be
fulfilled by one variant together. Facets and values have one order, whatever is chosen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from ..catalog.views import SHOWN_VALUES, Facet, FacetValue, ListingQuery
from . import colours, listing_address
from .facet_counts import Counts, Fits, Value, any_of, union
from .facet_keys import old_key, text_of

CACHED = 512
MAX_SHOWN_FACETS = 6
MAX_SHOWN_VALUES = 24
_FIRST = ("colour", "color", "size", "material")
_UNSHOWN = frozenset({"tag", "collection"})
_OLD = "values by the slugs of older addresses"


@dataclass(frozen=True, slots=True)
class Counted:
    name: str
    values: list[tuple[Value, int]]


@dataclass(frozen=True, slots=True)
class View:
    """What fits a query, and the numbers beside it."""

    counts: Counts
    fits: Fits
    total: int
    base_size: int
    """Products in the category, before any filter."""
    facets: list[Counted]
    in_stock_count: int
    on_sale_count: int
    price_range: tuple[int, int] | None

    def label(self, name: str, value: str) -> str:
        """The label of a facet's value; what its key says where the facet has no such value."""
        entry = self.counts.facets.get(name, {}).get(value)
        return entry.label if entry else text_of(value)


def present(counts: Counts, query: ListingQuery) -> ListingQuery:
    """The query with the keys that its facets have: names that no facet has are left out.

    An older address has slugs instead; one that several values had means all of them, as it did.
    """
    if all(counts.facets.get(name, {}).keys() >= set(keys) for name, keys in query.facets):
        return query
    values_by_slug = _by_old_keys(counts)
    chosen: dict[str, set[str]] = {}
    for name, keys in query.facets:
        for own in [name] if name in counts.facets else values_by_slug.get(name, ()):
            by_slug, values = values_by_slug[old_key(text_of(own))][own], counts.facets[own]
            chosen[own] = {
                other for key in keys for other in ([key] if key in values else by_slug.get(key, [key]))
            }
    return replace(query, facets=tuple(sorted((name, tuple(sorted(keys))) for name, keys in chosen.items())))


def _by_old_keys(counts: Counts) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Slug of a name → names → slug of a value → values."""
    if _OLD not in counts.cache:
        names: dict[str, dict[str, dict[str, list[str]]]] = defaultdict(dict)
        for name, values in counts.facets.items():
            own = names[old_key(text_of(name))].setdefault(name, defaultdict(list))
            for value in values.values():
                own[old_key(value.label)].append(value.value)
        counts.cache[_OLD] = names
    return counts.cache[_OLD]  # pyright: ignore[reportReturnType]


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
    all_of_them = Fits(counts.everything)
    plain = Fits(base & counts.published_since(since) if query.new else base)
    priced = counts.priced(query.price_min_minor, query.price_max_minor)
    stocked = counts.in_stock if query.in_stock else all_of_them
    reduced = counts.on_sale if query.on_sale else all_of_them
    chosen = {
        name: any_of([value.fits for key in keys if (value := counts.facets.get(name, {}).get(key))])
        for name, keys in query.facets
    }
    faceted = plain
    for fits in chosen.values():
        faceted &= fits
    fits = faceted & priced & stocked & reduced
    return View(
        counts,
        fits,
        fits.bits.bit_count(),
        base.bit_count(),
        facets=_facets(counts, query, base, plain & priced & stocked & reduced, chosen),
        in_stock_count=(faceted & priced & reduced).number_with(counts.in_stock),
        on_sale_count=(faceted & priced & stocked).number_with(counts.on_sale),
        price_range=counts.price_range(faceted & stocked & reduced),
    )


def _facets(
    counts: Counts, query: ListingQuery, base: int, filtered: Fits, chosen: dict[str, Fits]
) -> list[Counted]:
    picked = dict(query.facets)
    offered: list[tuple[bool, int, str, list[Value]]] = []
    for name, values in counts.facets.items():
        is_picked = name in picked
        if name in _UNSHOWN and not is_picked:
            continue
        present = [(value, (value.fits.bits & base).bit_count()) for value in values.values()]
        weight = sum(count for _value, count in present)
        # Which values are shown depends on the category and the words alone, never on what else is chosen.
        present.sort(key=lambda pair: (pair[0].value not in picked.get(name, ()), -pair[1]))
        shown = [value for value, count in present if count or value.value in picked.get(name, ())]
        if is_picked or (len(shown) > 1 and 10 * weight >= base.bit_count()):
            offered.append((not is_picked, -weight, name, shown[:MAX_SHOWN_VALUES]))
    counted = []
    for _unpicked, _weight, name, values in sorted(offered, key=lambda facet: facet[:3])[:MAX_SHOWN_FACETS]:
        under = filtered
        for other, fits in chosen.items():
            if other != name:
                under &= fits
        values = _in_order(values)
        counted.append(Counted(name, [(value, value.fits.number_with(under)) for value in values]))
    counted.sort(
        key=lambda facet: (_FIRST.index(facet.name) if facet.name in _FIRST else len(_FIRST), facet.name)
    )
    return counted


def _in_order(values: list[Value]) -> list[Value]:
    """By size or by alphabet; of many words those that most of the shop's products have before the others."""
    values = sorted(values, key=lambda value: place_of(value.label))
    if any(place_of(value.label)[0] != _WORD for value in values):
        return values
    common = sorted(values, key=lambda value: -value.fits.bits.bit_count())[:SHOWN_VALUES]
    return sorted(values, key=lambda value: value not in common)


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
                    colours.swatch(counted.name, value.label, value.swatch),
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
    text = text_of(name)
    return text[:1].upper() + text[1:]


# --- The order of values ----------------------------------------------------------------------------

_NAMED = {
    name: place
    for place, names in enumerate(
        (
            ("xxs", "2xs"),
            ("xs", "extra small"),
            ("s", "small"),
            ("m", "medium"),
            ("l", "large"),
            ("xl", "extra large"),
            ("xxl", "2xl"),
            ("xxxl", "3xl"),
            ("4xl",),
            ("5xl",),
        )
    )
    for name in names
}
_WORD = 2
_UNITS = {
    "mm": ("length", 1.0),
    "cm": ("length", 10.0),
    "m": ("length", 1000.0),
    "in": ("length", 25.4),
    "ml": ("volume", 1.0),
    "cl": ("volume", 10.0),
    "l": ("volume", 1000.0),
    "litre": ("volume", 1000.0),
    "litres": ("volume", 1000.0),
    "g": ("weight", 1.0),
    "kg": ("weight", 1000.0),
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MEASURED = re.compile(rf"((?:{_NUMBER.pattern}\s*[x×]\s*)*{_NUMBER.pattern})\s*([a-z]+)?\b")


@lru_cache(maxsize=4096)
def place_of(label: str) -> tuple:
    """Where a value stands in its facet: named sizes, then numbers by what they measure, then words.

    >>> sorted(["L", "S", "M", "1.0 l", "500 ml", "90 cm", "20 cm", "Oak", "Bath, 70 × 140 cm"], key=place_of)
    ['S', 'M', 'L', '20 cm', 'Bath, 70 × 140 cm', '90 cm', '500 ml', '1.0 l', 'Oak']
    """
    text = label.casefold().strip()
    if text in _NAMED:
        return (0, "", (_NAMED[text],), text)
    measured = _MEASURED.search(text)
    if measured is None:
        return (_WORD, "", (), text)
    kind, factor = _UNITS.get(measured[2] or "", (measured[2] or "", 1.0))
    numbers = tuple(float(number.replace(",", ".")) * factor for number in _NUMBER.findall(measured[1]))
    return (1, kind, numbers, text)
