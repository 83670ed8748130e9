"""Serving those who wait for what was sold out: units are offered in turn, lapse, and go to the next.

In short transactions: none of them keeps a buyer of the same variant waiting, however many are in line.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlmodel import Session

from ..core import db
from ..services.inventory import offers
from ..services.stock_alerts import asking
from .jobs import Pause

BATCH = 50
"""So many people are asked, or written to, in one transaction."""
PAUSE_SECONDS = 0.02


def serve_line(pause: Pause = time.sleep) -> int:
    """End offers that ran out, ask whoever is next, and write their letters; returns how many were asked."""
    with db.reading() as session:
        run_out = offers.any_run_out(session)
    if run_out:
        _in_batches(offers.end_expired, pause)
    with db.transaction() as session:
        asking.serve_all(session)
        variant_ids = asking.set_aside_for(session)
    asked = sum(_ask(variant_id, pause) for variant_id in variant_ids)
    if asked and pause(asking.ANSWER_SECONDS):
        return asked
    _in_batches(asking.write_letters, pause)
    _in_batches(asking.tell_unlimited, pause)
    return asked


def _ask(variant_id: int, pause: Pause) -> int:
    asked = _in_batches(lambda session, most: asking.ask_next(session, variant_id, most), pause)
    with db.transaction() as session:
        asking.free_rest(session, variant_id)
    return asked


def _in_batches(some: Callable[[Session, int], int], pause: Pause) -> int:
    total = 0
    while True:
        with db.transaction() as session:
            count = some(session, BATCH)
        total += count
        if count < BATCH or pause(PAUSE_SECONDS):
            return total
