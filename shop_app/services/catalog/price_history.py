"""Price history: the lowest price before a reduction, which EU shops have to show beside it.

Source  Directive 98/6/EC, article 6a: the lowest price of at least 30 days before the reduction began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from ...core import clock
from ...core.i18n import _
from ...models import PriceHistory
from . import price_tags

PERIOD = timedelta(days=30)
_LOOKBACK = 500
"""So many of a variant's newest prices are looked at."""


class Price(NamedTuple):
    """What a variant cost from a moment on."""

    price_minor: int
    compare_at_minor: int | None
    recorded_at: datetime


_newest_first = (col(PriceHistory.recorded_at).desc(), col(PriceHistory.id).desc())
_numbered = (
    select(
        col(PriceHistory.variant_id),
        col(PriceHistory.price_minor),
        col(PriceHistory.compare_at_minor),
        col(PriceHistory.recorded_at),
        func.row_number()
        .over(partition_by=col(PriceHistory.variant_id), order_by=_newest_first)
        .label("nth"),
    )
    .where(col(PriceHistory.variant_id).in_(bindparam("ids", expanding=True)))
    .subquery()
)
_latest = (
    select(
        _numbered.c.variant_id, _numbered.c.price_minor, _numbered.c.compare_at_minor, _numbered.c.recorded_at
    )
    .where(_numbered.c.nth <= _LOOKBACK)
    .order_by(_numbered.c.variant_id, _numbered.c.nth)
)


def lowest_before_reduction(history: Sequence[Price]) -> int | None:
    """The lowest price in the 30 days before the day of the running reduction, and on it before; or None.

    Shape   `history` newest first; a reduction runs from the first of the newest unbroken run of
            prices with a compare-at price, so that lowering it further doesn't move its start.
    """
    start: datetime | None = None
    before: list[Price] = []
    for place, price in enumerate(history):
        if price.compare_at_minor is None:
            before = list(history[place:])
            break
        start = price.recorded_at
    if start is None or not before:
        return None
    # The newest price that is older than the period was in force when it began.
    began = clock.start_of(clock.day_of(start) - PERIOD)
    lowest = []
    for price in before:
        lowest.append(price.price_minor)
        if price.recorded_at <= began:
            break
    return min(lowest)


def lowest_lines(session: Session, compare_at_by_variant: Mapping[int, int | None]) -> dict[int, str]:
    """ "Lowest price of the last 30 days: €24.00" by variant id, of those that are reduced.

    `compare_at_by_variant` holds the compare-at price of each variant, None where it isn't reduced.
    """
    reduced = [key for key, compare_at in compare_at_by_variant.items() if compare_at]
    sentence = _("Lowest price of the last 30 days: {price}")
    prices = _lowest(session, reduced) if reduced else {}
    return {key: sentence.format(price=price_tags.shown(price)) for key, price in prices.items()}


def _lowest(session: Session, variant_ids: Sequence[int]) -> dict[int, int]:
    """The lowest price before the running reduction, by variant id; variants without one are left out."""
    histories: dict[int, list[Price]] = {}
    for variant_id, *price in session.connection().execute(_latest, {"ids": list(variant_ids)}):
        histories.setdefault(variant_id, []).append(Price(*price))
    lowest_by_variant = {key: lowest_before_reduction(history) for key, history in histories.items()}
    return {key: price for key, price in lowest_by_variant.items() if price is not None}
