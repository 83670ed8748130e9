"""The fold of the listing index into facet counts: of all products once, of those that change from then on.

Each change of the listing index says which products it was of. Their bits are taken out of all counts and put
in again as the database has them now; whatever else the counts hold is shared with the ones before.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from sqlalchemy import ColumnElement, Select, String, bindparam, cast, func, select
from sqlmodel import Session, col

from ...models import ListingChange, ListingFacet, ListingItem, ListingVariant
from .facet_counts import Counts, Fits, Ordered, Value, bits_of, microseconds, together, union
from .index_cache import IndexCache

AT_ONCE = 200
"""So many changed products are folded while the caller waits; of more, all are read anew behind."""
_MOVED = 50
"""More products than this are sorted again with all others; less are looked up one by one."""

_NOTHING = Counts([], {}, {}, 0, {}, Fits(0, ()), Fits(0, ()), [], [], Ordered([], []), {})


class _Rows(NamedTuple):
    """The rows of some products in the listing index."""

    items: Sequence[Any]
    variants: Sequence[Any]
    """(plane, on sale, in stock, options, products, their prices in the same order)."""
    facets: Sequence[Any]
    """(name, value, label, swatch, products)."""


def _grouped(*columns: ColumnElement[Any], lists: Sequence[ColumnElement[int]]) -> Select[Any]:
    """A row for all products that have the same there, with numbers of each of them as a text.

    Rows by the hundred thousand take most of a fold's time, and groups are few.
    """
    joined = (func.aggregate_strings(cast(column, String), ",") for column in lists)
    return select(*columns, *joined).group_by(*columns)


def _numbers(text: str) -> Iterable[int]:
    return map(int, text.split(","))


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
_variants = _grouped(
    col(ListingVariant.place),
    col(ListingVariant.compare_at_minor).is_not(None),
    col(ListingVariant.in_stock),
    cast(col(ListingVariant.options), String),
    lists=(col(ListingVariant.product_id), col(ListingVariant.price_minor)),
)
_facets = _grouped(
    col(ListingFacet.name),
    col(ListingFacet.value),
    col(ListingFacet.label),
    col(ListingFacet.swatch),
    lists=(col(ListingFacet.product_id),),
)
_ids = bindparam("ids", expanding=True)
_OF_ALL = (_items, _variants, _facets)
_OF_SOME = (
    _items.where(col(ListingItem.product_id).in_(_ids)),
    _variants.where(col(ListingVariant.product_id).in_(_ids)),
    _facets.where(col(ListingFacet.product_id).in_(_ids)),
)
_change_ids = select(col(ListingChange.id))
_changes = select(col(ListingChange.product_ids)).where(col(ListingChange.id).in_(_ids))


def _read(session: Session) -> Counts:
    """The counts of all products."""
    # First the changes: what is committed after them is folded again with its own.
    changes = frozenset(session.connection().execute(_change_ids).scalars())
    rows = _Rows(*(session.connection().execute(statement).all() for statement in _OF_ALL))
    return _folded(_NOTHING, (), rows, changes)


def _renewed(session: Session, counts: Counts) -> Counts | None:
    """The counts with the products folded again that have changed since; None where all has to be read."""
    changes = frozenset(session.connection().execute(_change_ids).scalars())
    oldest, missing = min(changes, default=0), changes - counts.changes
    if any(change >= oldest for change in counts.changes - changes):
        # The session began before the counts were made, or what was in them was undone.
        return None if missing else counts
    if not missing:
        return counts
    if len(missing) > AT_ONCE or oldest > max(counts.changes, default=0) + 1:
        return None  # Too many, or the first ones of them are deleted.
    product_ids: set[int] = set()
    for text in session.connection().execute(_changes, {"ids": list(missing)}).scalars():
        if text is None:
            return None
        product_ids.update(map(int, text.split()))
    if len(product_ids) > AT_ONCE:
        return None
    ids = {"ids": list(product_ids)}
    rows = _Rows(*(session.connection().execute(statement, ids).all() for statement in _OF_SOME))
    return _folded(counts, product_ids, rows, changes)


counts = IndexCache(_read, renew=_renewed)


class _Plane(NamedTuple):
    """What is read of one plane: the places of its variants, and of those that fit."""

    prices: dict[int, int]
    reduced: list[int]
    stocked: list[int]
    options: dict[tuple[str, str], list[int]]


def _folded(old: Counts, changed: Collection[int], rows: _Rows, changes: frozenset[int]) -> Counts:
    """The old counts, with these rows in place of those of the products that changed."""
    variants: dict[int, int] = defaultdict(int)
    for row in rows.variants:
        for product_id in _numbers(row[4]):
            variants[product_id] += 1
    ids, place = list(old.ids), dict(old.place)
    before = {key: place[key] for key in changed if key in place}
    for product_id in before.keys() - {row[0] for row in rows.items}:
        del place[product_id]
    for row in sorted(rows.items, key=lambda row: -variants[row[0]]):
        if row[0] not in place:
            place[row[0]] = len(ids)
            ids.append(row[0])
    size = len(ids)
    now = {row[0]: place[row[0]] for row in rows.items}
    taken = bits_of(before.values(), size)
    planes = _planes(rows, now, max(len(old.by_price), *variants.values(), 0))
    keys = _keys(old, rows.items, place, size)
    by_id = sorted(now.values(), key=ids.__getitem__)
    prices, by_price = _prices(old, planes, before, ids)
    shared = _Shared(taken, planes, [plane.all for plane in by_price], size)
    categories: dict[int, list[int]] = defaultdict(list)
    for row in rows.items:
        if row.category_id is not None:
            categories[row.category_id].append(place[row.product_id])
    return Counts(
        ids=ids,
        keys=keys,
        place=place,
        everything=(old.everything & ~taken) | bits_of(now.values(), size),
        categories={
            key: bits
            for key in old.categories.keys() | categories.keys()
            if (bits := (old.categories.get(key, 0) & ~taken) | bits_of(categories.get(key, ()), size))
        },
        in_stock=shared.together(old.in_stock, (plane.stocked for plane in planes)),
        on_sale=shared.together(old.on_sale, (plane.reduced for plane in planes)),
        prices=prices,
        by_price=by_price,
        by_newest=_moved(old.by_newest, old.keys.get("newest", []), keys["newest"], before, by_id, ids),
        facets=_folded_facets(old, rows.facets, place, shared),
        changes=changes,
    )


def _planes(rows: _Rows, now: dict[int, int], count: int) -> list[_Plane]:
    planes = [_Plane({}, [], [], defaultdict(list)) for _ in range(count)]
    for number, is_reduced, is_stocked, options, product_ids, prices in rows.variants:
        plane, known = planes[number], _options(options)
        for product_id, price in zip(_numbers(product_ids), _numbers(prices), strict=True):
            if product_id in now:
                plane.prices[now[product_id]] = price
        places = [now[key] for key in _numbers(product_ids) if key in now]
        if is_reduced:
            plane.reduced.extend(places)
        if is_stocked:
            plane.stocked.extend(places)
        for option in known:
            plane.options[option] += places
    return planes


@lru_cache(maxsize=65536)
def _options(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((unquote(name), value) for name, value in json.loads(text).items())


def _keys(old: Counts, items: Sequence[Any], place: dict[int, int], size: int) -> dict[str, list[int]]:
    keys = {}
    for name in ("price", "popular", "rating", "newest"):
        keys[name] = old.keys.get(name, []) + [0] * (size - len(old.ids))
    for row in items:
        at = place[row.product_id]
        keys["price"][at] = row.price_minor
        keys["popular"][at] = row.sold_count
        keys["rating"][at] = row.rating_milli
        keys["newest"][at] = microseconds(row.published_at)
    return keys


def _prices(
    old: Counts, planes: list[_Plane], before: dict[int, int], ids: Sequence[int]
) -> tuple[list[list[int]], list[Ordered]]:
    """The prices of each plane by place, and its places in their order."""
    prices, by_price = [], []
    for number, plane in enumerate(planes):
        was = old.prices[number] if number < len(old.prices) else []
        ordered = old.by_price[number] if number < len(old.by_price) else Ordered([], [])
        held = {key: at for key, at in before.items() if ordered.all >> at & 1}
        new = was + [0] * (max(plane.prices, default=-1) + 1 - len(was))
        for at, price in plane.prices.items():
            new[at] = price
        prices.append(new)
        by_price.append(_moved(ordered, was, new, held, sorted(plane.prices, key=ids.__getitem__), ids))
    return prices, by_price


def _moved(
    ordered: Ordered,
    old_keys: Sequence[int],
    keys: Sequence[int],
    before: dict[int, int],
    by_id: Sequence[int],
    ids: Sequence[int],
) -> Ordered:
    """The order without the places from before, and with these at their keys."""
    if len(before) + len(by_id) > _MOVED:
        stay = set(ordered.places).difference(before.values(), by_id)
        return Ordered(keys, sorted([*stay, *by_id], key=ids.__getitem__) if stay else by_id)
    copy = ordered.copy(len(keys))
    for place in before.values():
        copy.take(old_keys[place], place, ids)
    for place in by_id:
        copy.put(keys[place], place, ids)
    return copy


class _Shared(NamedTuple):
    """What the fold of each facet needs."""

    taken: int
    """The places of the products that are folded again."""
    planes: list[_Plane]
    having: list[int]
    """The places of each plane that have a variant there."""
    size: int

    def together(self, old: Fits, fitting: Iterable[list[int]]) -> Fits:
        planes = old.planes or ()
        return together(
            ((planes[number] if number < len(planes) else 0) & ~self.taken) | bits_of(places, self.size)
            for number, places in enumerate(fitting)
        )


def _folded_facets(
    old: Counts, rows: Sequence[Any], place: dict[int, int], shared: _Shared
) -> dict[str, dict[str, Value]]:
    members: dict[str, dict[str, dict[tuple[str, str], list[int]]]] = defaultdict(lambda: defaultdict(dict))
    for name, value, label, swatch, product_ids in rows:
        if places := [place[key] for key in _numbers(product_ids) if key in place]:
            members[name][value][label, swatch] = places
    with_option: dict[str, list[int]] = defaultdict(list)
    if len(shared.planes) > 1:
        for plane in shared.planes:
            for (name, _value), places in plane.options.items():
                with_option[name] += places
    facets = {}
    for name in old.facets.keys() | members.keys():
        values, new = old.facets.get(name, {}), members.get(name, {})
        is_wide = name in with_option or any(value.fits.planes is not None for value in values.values())
        by_variant = bits_of(with_option[name], shared.size) if is_wide else None
        folded = {}
        for key in values.keys() | new.keys():
            value = _folded_value(name, key, values.get(key), new.get(key, {}), by_variant, shared)
            if value:
                folded[key] = value
        if folded:
            facets[name] = folded
    return facets


def _folded_value(
    name: str,
    key: str,
    old: Value | None,
    looks: dict[tuple[str, str], list[int]],
    by_variant: int | None,
    shared: _Shared,
) -> Value | None:
    """One value of a facet; None where no product has it any more.

    `by_variant` are the folded products whose variants have it as an option, None where none of the shop's
    have. Of a product that has the value as a whole, each variant has it.
    """
    is_as_wide = old is not None and (by_variant is None or old.fits.planes is not None)
    if old and is_as_wide and not looks and not old.fits.bits & shared.taken:
        return old
    new = {look: bits_of(places, shared.size) for look, places in looks.items()}
    if old:
        for look, bits in old.looks.items():
            if bits := (bits & ~shared.taken) | new.get(look, 0):
                new[look] = bits
    if not new:
        return None
    bits = union(new.values())
    if by_variant is None:
        return Value(key, Fits(bits), new)
    whole = union(bits_of(places, shared.size) for places in looks.values()) & ~by_variant
    if old and old.fits.planes is None:
        # It was as a whole, or of products with one variant each.
        whole |= old.fits.bits & ~shared.taken
    kept = old.fits.planes if old and old.fits.planes is not None else ()
    planes = []
    for number, (plane, having) in enumerate(zip(shared.planes, shared.having, strict=True)):
        fits = (kept[number] & ~shared.taken if number < len(kept) else 0) | whole & having
        if places := plane.options.get((name, key)):
            fits |= bits_of(places, shared.size)
        planes.append(fits)
    return Value(key, Fits(bits, tuple(planes)), new)
