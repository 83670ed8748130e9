"""Facet counts: how many products have each value of each facet under the filters in force.

Counting by the database reads every product again for each view. Here each value is one large integer
with a bit for each product, folded once from the shelf: an intersection is one `&`, a count one
`bit_count`. Products stand in the order of price, so that a range of prices is a range of bits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from ..models import ShelfFacet, ShelfItem
from .kept import Kept


@dataclass(frozen=True, slots=True)
class Value:
    value: str
    label: str
    swatch: str
    bits: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Every product of the shelf as one bit, in the order of (price, id)."""

    ids: list[int]
    prices: list[int]
    place: dict[int, int]
    """The bit of each product."""
    everything: int
    categories: dict[int, int]
    in_stock: int
    on_sale: int
    published: list[tuple[datetime, int]]
    """(moment, bit), oldest first."""
    facets: dict[str, dict[str, Value]]
    cache: dict[object, object] = field(default_factory=dict)
    """What was counted before, for as long as these counts hold."""

    def priced(self, low_minor: int | None, high_minor: int | None) -> int:
        """The products whose lowest price lies between, both ends included."""
        first = 0 if low_minor is None else bisect_left(self.prices, low_minor)
        last = len(self.prices) if high_minor is None else bisect_right(self.prices, high_minor)
        return ((1 << last) - 1) >> first << first if last > first else 0

    def published_since(self, moment: datetime) -> int:
        first = bisect_left(self.published, (moment, -1))
        return bits_of((place for _at, place in self.published[first:]), len(self.ids))

    def among(self, product_ids: Iterable[int]) -> int:
        """The bits of these products, those that aren't on the shelf left out."""
        return bits_of((self.place[key] for key in product_ids if key in self.place), len(self.ids))

    def products(self, bits: int) -> list[int]:
        """The products behind the bits, cheapest first."""
        # As text, so that the search for the next bit runs in C.
        marks, found = bin(bits)[:1:-1], []
        index = marks.find("1")
        while index >= 0:
            found.append(self.ids[index])
            index = marks.find("1", index + 1)
        return found

    def price_range(self, bits: int) -> tuple[int, int] | None:
        """The lowest and the highest price among them; None for none."""
        if not bits:
            return None
        return self.prices[(bits & -bits).bit_length() - 1], self.prices[bits.bit_length() - 1]


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
    connection = session.connection()
    items = connection.execute(
        select(
            col(ShelfItem.product_id), col(ShelfItem.price_minor), col(ShelfItem.category_id),
            col(ShelfItem.in_stock), col(ShelfItem.on_sale), col(ShelfItem.published_at),
        ).order_by(col(ShelfItem.price_minor), col(ShelfItem.product_id))
    ).all()  # fmt: skip
    size = len(items)
    place = {row[0]: index for index, row in enumerate(items)}
    categories: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(items):
        if row[2] is not None:
            categories[row[2]].append(index)
    return Counts(
        ids=[row[0] for row in items], prices=[row[1] for row in items], place=place,
        everything=(1 << size) - 1,
        categories={key: bits_of(places, size) for key, places in categories.items()},
        in_stock=bits_of((index for index, row in enumerate(items) if row[3]), size),
        on_sale=bits_of((index for index, row in enumerate(items) if row[4]), size),
        published=sorted((row[5], index) for index, row in enumerate(items)),
        facets=_read_facets(session, place, size),
    )  # fmt: skip


def _read_facets(session: Session, place: dict[int, int], size: int) -> dict[str, dict[str, Value]]:
    looks = session.connection().execute(
        select(col(ShelfFacet.name), col(ShelfFacet.value), col(ShelfFacet.label), col(ShelfFacet.swatch))
        .distinct().order_by(col(ShelfFacet.label).desc())
    )  # fmt: skip
    label: dict[tuple[str, str], str] = {}
    swatch: dict[tuple[str, str], str] = {}
    for name, value, shown, colour in looks:
        label[name, value] = shown
        swatch[name, value] = colour or swatch.get((name, value), "")
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    rows = session.connection().execute(
        select(col(ShelfFacet.name), col(ShelfFacet.value), col(ShelfFacet.product_id))
    )
    for name, value, product_id in rows:
        members[name, value].append(product_id)
    facets: dict[str, dict[str, Value]] = defaultdict(dict)
    for (name, value), products in members.items():
        bits = bits_of((place[key] for key in products if key in place), size)
        facets[name][value] = Value(value, label[name, value], swatch[name, value], bits)
    return dict(facets)


counts = Kept(_read)


def union(values: Sequence[int]) -> int:
    """The products that have any of them."""
    together = 0
    for bits in values:
        together |= bits
    return together
