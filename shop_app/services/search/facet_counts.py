"""Facet counts: how many products have each value of each facet under the filters in force.

Counting by the database reads every product again for each view. Here each value is one large integer
with a bit for each product, computed once from the listing index: an intersection is one `&`, a count one
`bit_count`. Products are in the order of price, so that a range of prices is a range of bits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from ...models import ListingFacet, ListingItem
from .index_cache import IndexCache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Value:
    value: str
    label: str
    swatch: str
    bits: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Every product of the listing index as one bit, in the order of (price, id)."""

    ids: list[int]
    keys: dict[str, list[int]]
    """What each product is sorted by: price, popular, newest (microseconds) and rating."""
    place: dict[int, int]
    """The bit of each product."""
    everything: int
    categories: dict[int, int]
    in_stock: int
    on_sale: int
    facets: dict[str, dict[str, Value]]
    cache: dict[object, object] = field(default_factory=dict)
    """What was computed from these counts."""

    def priced(self, low_minor: int | None, high_minor: int | None) -> int:
        """The products whose lowest price lies between, both ends included."""
        prices = self.keys["price"]
        first = 0 if low_minor is None else bisect_left(prices, low_minor)
        last = len(prices) if high_minor is None else bisect_right(prices, high_minor)
        return ((1 << last) - 1) >> first << first if last > first else 0

    def published_since(self, moment: datetime) -> int:
        since = microseconds(moment)
        return bits_of((place for place, at in enumerate(self.keys["newest"]) if at >= since), len(self.ids))

    def among(self, product_ids: Iterable[int]) -> int:
        """The bits of these products, those that aren't in the listing index left out."""
        return bits_of((self.place[key] for key in product_ids if key in self.place), len(self.ids))

    def sorted(self, bits: int, sort: str, descending: bool) -> list[tuple[int, int]]:
        """(key, product id) of the products behind the bits, in the order of that key: for small sets."""
        # As text, so that the search for the next bit runs in C.
        marks, keys, ids, ids_sorted = bin(bits)[:1:-1], self.keys[sort], self.ids, []
        place = marks.find("1")
        while place >= 0:
            ids_sorted.append((keys[place], ids[place]))
            place = marks.find("1", place + 1)
        ids_sorted.sort(reverse=descending)
        return ids_sorted

    def within(self, product_ids: Iterable[int], bits: int) -> list[int]:
        """Those of the products that the bits hold, in their order."""
        octets, place = bits.to_bytes((len(self.ids) >> 3) + 1, "little"), self.place
        return [
            key for key in product_ids if key in place and octets[place[key] >> 3] >> (place[key] & 7) & 1
        ]

    def price_range(self, bits: int) -> tuple[int, int] | None:
        """The lowest and the highest price among them; None for none."""
        if not bits:
            return None
        prices = self.keys["price"]
        return prices[(bits & -bits).bit_length() - 1], prices[bits.bit_length() - 1]


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


def _read(session: Session) -> Counts:
    items = session.connection().execute(_items).all()
    size = len(items)
    place = {row.product_id: index for index, row in enumerate(items)}
    categories: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(items):
        if row.category_id is not None:
            categories[row.category_id].append(index)
    return Counts(
        ids=list(place),
        keys={
            "price": [row.price_minor for row in items],
            "popular": [row.sold_count for row in items],
            "rating": [row.rating_milli for row in items],
            "newest": [microseconds(row.published_at) for row in items],
        },
        place=place,
        everything=(1 << size) - 1,
        categories={key: bits_of(places, size) for key, places in categories.items()},
        in_stock=bits_of((index for index, row in enumerate(items) if row.in_stock), size),
        on_sale=bits_of((index for index, row in enumerate(items) if row.on_sale), size),
        facets=_read_facets(session, place, size),
    )


_items = select(
    *(
        col(getattr(ListingItem, name))
        for name in (
            "product_id",
            "price_minor",
            "category_id",
            "in_stock",
            "on_sale",
            "published_at",
            "sold_count",
            "rating_milli",
        )
    )
).order_by(col(ListingItem.price_minor), col(ListingItem.product_id))
_members = select(col(ListingFacet.name), col(ListingFacet.value), col(ListingFacet.product_id))
_looks = (
    select(col(ListingFacet.name), col(ListingFacet.value), col(ListingFacet.label), col(ListingFacet.swatch))
    .distinct()
    .order_by(col(ListingFacet.label).desc())
)


def _read_facets(session: Session, place: dict[int, int], size: int) -> dict[str, dict[str, Value]]:
    """By name and value. Where labels of one value differ, the first of the alphabet is shown."""
    label: dict[tuple[str, str], str] = {}
    swatch: dict[tuple[str, str], str] = {}
    for name, value, shown, colour in session.connection().execute(_looks).all():
        label[name, value] = shown
        swatch[name, value] = colour or swatch.get((name, value), "")
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name, value, product_id in session.connection().execute(_members).all():
        if product_id in place:
            members[name, value].append(place[product_id])
    facets: dict[str, dict[str, Value]] = defaultdict(dict)
    for (name, value), places in members.items():
        facets[name][value] = Value(value, label[name, value], swatch[name, value], bits_of(places, size))
    return dict(facets)


counts = IndexCache(_read)


def union(values: Sequence[int]) -> int:
    """The products that have any of them."""
    together = 0
    for bits in values:
        together |= bits
    return together
