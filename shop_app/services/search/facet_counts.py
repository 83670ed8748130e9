"""Facet counts: how many products have each value of each facet under the filters in force.

Counting by the database reads every product again for each view. Here each value is one large integer
with a bit for each product, computed once from the listing index: an intersection is one `&`, a count one
`bit_count`.

Filters that variants differ in (an option, price, stock, sale) have to be fulfilled by one variant together.
So they have planes too: the first holds a bit for the cheapest variant of each product, the next one for its
second, and so on. Products with many variants come first, so that later planes are short.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import dropwhile, zip_longest
from typing import NamedTuple
from urllib.parse import unquote

from sqlalchemy import String, cast, select
from sqlmodel import Session, col

from ...models import ListingFacet, ListingItem, ListingVariant
from .index_cache import IndexCache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_STEPS = 128
"""How many beginnings of an order are kept as bits; what lies between two of them is looked at one by one."""


class Fits(NamedTuple):
    """The products that fit a filter, or several of them."""

    bits: int
    """Products with a variant that fits."""
    planes: tuple[int, ...] | None = None
    """Which variants fit, among the products of `bits`; None where all of their variants do."""

    def __and__(self, other: Fits) -> Fits:
        bits = self.bits & other.bits
        if self.planes is None or other.planes is None:
            return Fits(bits, self.planes if other.planes is None else other.planes)
        planes = tuple(a & b for a, b in zip(self.planes, other.planes, strict=False))
        return Fits(bits & union(planes), planes)

    def number_with(self, other: Fits) -> int:
        """How many products fit both."""
        if self.planes is None or other.planes is None:
            return (self.bits & other.bits).bit_count()
        return (self & other).bits.bit_count()


@dataclass(frozen=True, slots=True)
class Value:
    value: str
    label: str
    swatch: str
    fits: Fits


class Ordered:
    """The places of one plane in the order of a key: a range of keys is found without a look at each."""

    __slots__ = ("begins", "keys", "places", "step")

    def __init__(self, keys: Sequence[int], by_id: Sequence[int]) -> None:
        """`by_id` are the places in the order of their products' ids, which is that of equal keys."""
        self.places = sorted((place for place in by_id if place < len(keys)), key=keys.__getitem__)
        self.keys = [keys[place] for place in self.places]
        self.step = max(_STEPS // 2, len(keys) // _STEPS)
        self.begins = [0]
        for first in range(0, len(keys), self.step):
            chunk = self.places[first : first + self.step]
            self.begins.append(self.begins[-1] | bits_of(chunk, len(keys)))

    def _first(self, count: int) -> int:
        """The bits of the `count` lowest."""
        whole = count // self.step
        rest = self.places[whole * self.step : count]
        return self.begins[whole] | bits_of(rest, len(self.keys)) if rest else self.begins[whole]

    def between(self, low: int | None, high: int | None) -> int:
        """The places whose keys lie between, both ends included; None for no end."""
        first = 0 if low is None else bisect_left(self.keys, low)
        last = len(self.keys) if high is None else bisect_right(self.keys, high)
        return self._first(last) & ~self._first(first) if last > first else 0

    def walk(self, bits: int, start: int | None, descending: bool) -> Iterator[tuple[int, int]]:
        """(key, place) of these places in the order of the keys, from the key `start` on."""
        octets = bits.to_bytes((len(self.keys) >> 3) + 1, "little")
        if descending:
            order = range((len(self.keys) if start is None else bisect_right(self.keys, start)) - 1, -1, -1)
        else:
            order = range(0 if start is None else bisect_left(self.keys, start), len(self.keys))
        for number in order:
            place = self.places[number]
            if octets[place >> 3] >> (place & 7) & 1:
                yield self.keys[number], place

    def ends(self, bits: int) -> tuple[int, int] | None:
        """The lowest and the highest key among these places; None for none."""
        if not bits & self.begins[-1]:
            return None
        begin = bisect_left(self.begins, True, key=lambda begin: bool(begin & bits)) - 1
        end = bisect_left(self.begins, True, key=lambda begin: not bits & ~begin & self.begins[-1])
        low = next(n for n in range(begin * self.step, len(self.keys)) if bits >> self.places[n] & 1)
        last = min(end * self.step, len(self.keys)) - 1
        high = next(n for n in range(last, -1, -1) if bits >> self.places[n] & 1)
        return self.keys[low], self.keys[high]


@dataclass(frozen=True, slots=True)
class Counts:
    """Every product of the listing index as one bit."""

    ids: list[int]
    keys: dict[str, list[int]]
    """What each product is sorted by: price (the lowest), popular, newest (microseconds) and rating."""
    place: dict[int, int]
    """The bit of each product."""
    everything: int
    categories: dict[int, int]
    in_stock: Fits
    on_sale: Fits
    prices: list[list[int]]
    """The price of each product's variant in each plane."""
    by_price: list[Ordered]
    by_newest: Ordered
    facets: dict[str, dict[str, Value]]
    cache: dict[object, object] = field(default_factory=dict)
    """What was computed from these counts."""

    def priced(self, low_minor: int | None, high_minor: int | None) -> Fits:
        """The products with a variant whose price lies between, both ends included."""
        if low_minor is None and high_minor is None:
            return Fits(self.everything)
        lowest, highest = self.price_range(Fits(self.everything)) or (0, 0)
        if (low_minor is None or low_minor <= lowest) and (high_minor is None or high_minor >= highest):
            return Fits(self.everything)
        return _together(plane.between(low_minor, high_minor) for plane in self.by_price)

    def published_since(self, moment: datetime) -> int:
        return self.by_newest.between(microseconds(moment), None)

    def among(self, product_ids: Iterable[int]) -> int:
        """The bits of these products, those that aren't in the listing index left out."""
        return bits_of((self.place[key] for key in product_ids if key in self.place), len(self.ids))

    def sorted(self, fits: Fits, sort: str, descending: bool) -> list[tuple[int, int]]:
        """(key, product id) of the products that fit, in the order of that key: for small sets.

        The price is that of the cheapest variant that fits.
        """
        ids = self.ids
        if sort == "price":
            planes = zip(self.prices, _cheapest(fits), strict=False)
            pairs = [(prices[place], ids[place]) for prices, plane in planes for place in _places(plane)]
        else:
            keys = self.keys[sort]
            pairs = [(keys[place], ids[place]) for place in _places(fits.bits)]
        pairs.sort(reverse=descending)
        return pairs

    def walk_by_price(
        self, fits: Fits, cursor: tuple[int, int] | None, descending: bool
    ) -> Iterator[tuple[int, int]]:
        """The same by price after a cursor, one by one: for large sets."""
        walks = [
            (
                (price, self.ids[place])
                for price, place in ordered.walk(plane, cursor and cursor[0], descending)
            )
            for ordered, plane in zip(self.by_price, _cheapest(fits), strict=False)
        ]
        pairs = merge(*walks, reverse=descending)
        if cursor is None:
            return pairs
        return dropwhile(lambda pair: pair >= cursor if descending else pair <= cursor, pairs)

    def within(self, product_ids: Iterable[int], bits: int) -> list[int]:
        """Those of the products that the bits hold, in their order."""
        octets, place = bits.to_bytes((len(self.ids) >> 3) + 1, "little"), self.place
        return [
            key for key in product_ids if key in place and octets[place[key] >> 3] >> (place[key] & 7) & 1
        ]

    def price_range(self, fits: Fits) -> tuple[int, int] | None:
        """The lowest and the highest price among the variants that fit; None for none."""
        planes = fits.planes or (fits.bits,) * len(self.by_price)
        ends = [
            span
            for ordered, plane in zip(self.by_price, planes, strict=False)
            if (span := ordered.ends(plane & fits.bits))
        ]
        return (min(low for low, _high in ends), max(high for _low, high in ends)) if ends else None


def _cheapest(fits: Fits) -> Iterator[int]:
    """In each plane the variants that are the cheapest of their product to fit."""
    left = fits.bits
    for plane in fits.planes or (fits.bits,):
        yield plane & left
        left &= ~plane


def _places(bits: int) -> Iterator[int]:
    # As text, so that the search for the next bit runs in C.
    marks = bin(bits)[:1:-1]
    place = marks.find("1")
    while place >= 0:
        yield place
        place = marks.find("1", place + 1)


def microseconds(moment: datetime) -> int:
    """A moment as a whole number: what a cursor says of it."""
    return (moment - _EPOCH) // _MICROSECOND


def bits_of(places: Iterable[int], size: int) -> int:
    """One integer with these bits set.

    >>> bits_of([0, 2], 3)
    5
    """
    octets = bytearray((size >> 3) + 1)
    for place in places:
        octets[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(octets, "little")


def union(values: Iterable[int]) -> int:
    """The products that have any of them."""
    together = 0
    for bits in values:
        together |= bits
    return together


def any_of(fits: Sequence[Fits]) -> Fits:
    """What fits one of these filters at least: values of one facet, all with planes or none."""
    if any(one.planes is None for one in fits):
        return Fits(union(one.bits for one in fits))
    return _together(map(union, zip_longest(*(one.planes or () for one in fits), fillvalue=0)))


def _together(planes: Iterable[int]) -> Fits:
    planes = tuple(planes)
    return Fits(union(planes), planes)


def _read(session: Session) -> Counts:
    # (price, on sale, in stock, options) of each variant, the cheapest first.
    variants: dict[int, list[tuple[int, bool, bool, str]]] = defaultdict(list)
    for product_id, *row in session.connection().execute(_variants).all():
        variants[product_id].append(tuple(row))
    items = session.connection().execute(_items).all()
    items = sorted(items, key=lambda row: -len(variants[row.product_id]))
    size = len(items)
    place = {row.product_id: index for index, row in enumerate(items)}
    categories: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(items):
        if row.category_id is not None:
            categories[row.category_id].append(index)
    planes = [
        [variants[key][number] for key in place if len(variants[key]) > number]
        for number in range(len(variants[items[0].product_id]) if items else 0)
    ]
    by_id = sorted(range(size), key=list(place).__getitem__)
    newest = [microseconds(row.published_at) for row in items]
    return Counts(
        ids=list(place),
        keys={
            "price": [row.price_minor for row in items],
            "popular": [row.sold_count for row in items],
            "rating": [row.rating_milli for row in items],
            "newest": newest,
        },
        place=place,
        everything=(1 << size) - 1,
        categories={key: bits_of(places, size) for key, places in categories.items()},
        in_stock=_together(
            _bits(stocked for _price, _reduced, stocked, _options in plane) for plane in planes
        ),
        on_sale=_together(
            _bits(reduced for _price, reduced, _stocked, _options in plane) for plane in planes
        ),
        prices=[[row[0] for row in plane] for plane in planes],
        by_price=[Ordered([row[0] for row in plane], by_id) for plane in planes],
        by_newest=Ordered(newest, by_id),
        facets=_read_facets(session, place, [[_options(row[3]) for row in plane] for plane in planes]),
    )


counts = IndexCache(_read)


def _bits(marks: Iterable[bool]) -> int:
    marks = list(marks)
    return bits_of((place for place, marked in enumerate(marks) if marked), len(marks))


@lru_cache(maxsize=65536)
def _options(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((unquote(name), value) for name, value in json.loads(text).items())


_items = select(
    *(
        col(getattr(ListingItem, name))
        for name in (
            "product_id",
            "price_minor",
            "category_id",
            "published_at",
            "sold_count",
            "rating_milli",
        )
    )
).order_by(col(ListingItem.product_id))
_variants = select(
    col(ListingVariant.product_id),
    col(ListingVariant.price_minor),
    col(ListingVariant.compare_at_minor).is_not(None),
    col(ListingVariant.in_stock),
    # As text: many variants have the same, which is then parsed once.
    cast(col(ListingVariant.options), String),
).order_by(col(ListingVariant.product_id), col(ListingVariant.place))
_members = select(col(ListingFacet.name), col(ListingFacet.value), col(ListingFacet.product_id))
_looks = select(
    col(ListingFacet.name), col(ListingFacet.value), col(ListingFacet.label), col(ListingFacet.swatch)
).distinct()


def _read_facets(
    session: Session, place: dict[int, int], planes: list[list[tuple[tuple[str, str], ...]]]
) -> dict[str, dict[str, Value]]:
    """By name and value. Where labels of one value differ, the first of the alphabet is shown."""
    label: dict[tuple[str, str], str] = {}
    swatch: dict[tuple[str, str], str] = {}
    # Sorted here: each database has an alphabet of its own.
    for name, value, shown, colour in sorted(session.connection().execute(_looks).all(), reverse=True):
        label[name, value] = shown
        swatch[name, value] = colour or swatch.get((name, value), "")
    size = len(place)
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name, value, product_id in session.connection().execute(_members).all():
        if product_id in place:
            members[name, value].append(place[product_id])
    bits = {key: bits_of(places, size) for key, places in members.items()}
    wide = _planes_of_options(planes, bits)
    facets: dict[str, dict[str, Value]] = defaultdict(dict)
    for (name, value), together in bits.items():
        fits = Fits(together, wide.get((name, value)))
        facets[name][value] = Value(value, label[name, value], swatch[name, value], fits)
    return dict(facets)


def _planes_of_options(
    planes: list[list[tuple[tuple[str, str], ...]]], bits: dict[tuple[str, str], int]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """The planes of each value of the facets that variants differ in.

    Of a product that has the value as a whole, each variant has it.
    """
    if len(planes) < 2:
        return {}
    # Sparse, because a product may have thousands of variants: most values are in few planes.
    having: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    by_name: dict[str, set[int]] = defaultdict(set)
    for number, plane in enumerate(planes):
        for at, options in enumerate(plane):
            for option in options:
                having[option][number].append(at)
                by_name[option[0]].add(at)
    by_variant = {name: bits_of(places, len(planes[0])) for name, places in by_name.items()}
    sizes = [len(plane) for plane in planes]
    wide = {}
    for (name, value), together in bits.items():
        if name in by_variant:
            whole = together & ~by_variant[name]
            fits = [whole & ((1 << size) - 1) for size in sizes] if whole else [0] * len(planes)
            for number, places in having.get((name, value), {}).items():
                fits[number] |= bits_of(places, sizes[number])
            wide[name, value] = tuple(fits)
    return wide
