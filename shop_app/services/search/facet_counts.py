"""Facet counts: how many products have each value of each facet under the filters in force.

Counting by the database reads every product again for each view. Here each value is one large integer
with a bit for each product, computed once from the listing index: an intersection is one `&`, a count one
`bit_count`.

Filters that variants differ in (an option, price, stock, sale) have to be fulfilled by one variant together.
So they have planes too: the first holds a bit for the cheapest variant of each product, the next one for its
second, and so on. Products with many variants come first, so that later planes are short.

`facet_fold` reads the counts, and renews them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import dropwhile, pairwise, zip_longest
from typing import NamedTuple

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
    fits: Fits
    looks: dict[tuple[str, str], int]
    """The products that have it, by their label and swatch of it."""

    @property
    def label(self) -> str:
        """The first of the alphabet, where products write it in several ways."""
        return min(self.looks)[0]

    @property
    def swatch(self) -> str:
        return next((swatch for _label, swatch in sorted(self.looks) if swatch), "")


class Ordered:
    """The places of one plane in the order of a key: a range of keys is found without a look at each."""

    __slots__ = ("begins", "bounds", "keys", "places", "size")

    def __init__(self, keys: Sequence[int], by_id: Iterable[int]) -> None:
        """`keys` has one for each place; `by_id` are the places in the order of their products' ids."""
        self.size = len(keys)
        self.places = sorted(by_id, key=keys.__getitem__)
        self.keys = [keys[place] for place in self.places]
        count = len(self.places)
        step = max(_STEPS // 2, count // _STEPS)
        self.bounds = [*range(0, count, step), count] if count else [0, 0]
        self.begins = [0]
        for first, last in pairwise(self.bounds):
            self.begins.append(self.begins[-1] | bits_of(self.places[first:last], self.size))

    @property
    def all(self) -> int:
        return self.begins[-1]

    def copy(self, size: int) -> Ordered:
        """The same for that many places."""
        other = object.__new__(Ordered)
        other.size = size
        other.places, other.keys = list(self.places), list(self.keys)
        other.bounds, other.begins = list(self.bounds), list(self.begins)
        return other

    def take(self, key: int, place: int, ids: Sequence[int]) -> None:
        at = self._at(key, place, ids)
        del self.keys[at], self.places[at]
        self._shift(at, -1, 1 << place)

    def put(self, key: int, place: int, ids: Sequence[int]) -> None:
        at = self._at(key, place, ids)
        self.keys.insert(at, key)
        self.places.insert(at, place)
        self._shift(at, 1, 1 << place)

    def _at(self, key: int, place: int, ids: Sequence[int]) -> int:
        first, last = bisect_left(self.keys, key), bisect_right(self.keys, key)
        return bisect_left(self.places, ids[place], first, last, key=ids.__getitem__)

    def _shift(self, at: int, step: int, bit: int) -> None:
        """Move the beginnings that end behind this number, which the bit has joined or left."""
        first = min(bisect_right(self.bounds, at), len(self.bounds) - 1)
        for number in range(first, len(self.bounds)):
            self.bounds[number] += step
            self.begins[number] ^= bit

    def _first(self, count: int) -> int:
        """The bits of the `count` lowest."""
        whole = bisect_right(self.bounds, count) - 1
        rest = self.places[self.bounds[whole] : count]
        return self.begins[whole] | bits_of(rest, self.size) if rest else self.begins[whole]

    def between(self, low: int | None, high: int | None) -> int:
        """The places whose keys lie between, both ends included; None for no end."""
        first = 0 if low is None else bisect_left(self.keys, low)
        last = len(self.keys) if high is None else bisect_right(self.keys, high)
        return self._first(last) & ~self._first(first) if last > first else 0

    def walk(self, bits: int, start: int | None, descending: bool) -> Iterator[tuple[int, int]]:
        """(key, place) of these places in the order of the keys, from the key `start` on."""
        octets = bits.to_bytes((self.size >> 3) + 1, "little")
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
        if not bits & self.all:
            return None
        begin = bisect_left(self.begins, True, key=lambda begin: bool(begin & bits)) - 1
        end = bisect_left(self.begins, True, key=lambda begin: not bits & ~begin & self.all)
        low = next(n for n in range(self.bounds[begin], len(self.keys)) if bits >> self.places[n] & 1)
        high = next(n for n in range(self.bounds[end] - 1, -1, -1) if bits >> self.places[n] & 1)
        return self.keys[low], self.keys[high]


@dataclass(frozen=True, slots=True)
class Counts:
    """Every product of the listing index as one bit."""

    ids: list[int]
    """The product of each bit, also of one that has none any more."""
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
    changes: frozenset[int] = frozenset()
    """The changes of the listing index that these counts have in them, as far as those are kept."""
    cache: dict[object, object] = field(default_factory=dict)
    """What was computed from these counts."""

    def priced(self, low_minor: int | None, high_minor: int | None) -> Fits:
        """The products with a variant whose price lies between, both ends included."""
        if low_minor is None and high_minor is None:
            return Fits(self.everything)
        lowest, highest = self.price_range(Fits(self.everything)) or (0, 0)
        if (low_minor is None or low_minor <= lowest) and (high_minor is None or high_minor >= highest):
            return Fits(self.everything)
        return together(plane.between(low_minor, high_minor) for plane in self.by_price)

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
    either = 0
    for bits in values:
        either |= bits
    return either


def any_of(fits: Sequence[Fits]) -> Fits:
    """What fits one of these filters at least: values of one facet, all with planes or none."""
    if any(one.planes is None for one in fits):
        return Fits(union(one.bits for one in fits))
    return together(map(union, zip_longest(*(one.planes or () for one in fits), fillvalue=0)))


def together(planes: Iterable[int]) -> Fits:
    """What fits a filter that these variants fulfil."""
    planes = tuple(planes)
    return Fits(union(planes), planes)
