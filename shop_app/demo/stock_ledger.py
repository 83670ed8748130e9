"""The stock movements of the history: deliveries, allocations and shipments that add up to today's levels."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .. import models as m
from .bulk import Bulk
from .catalogue import Goods


class StockLedger:
    """Collects the movements of orders; `write` adds the deliveries that they need."""

    def __init__(self, bulk: Bulk, rng: Random, today: datetime) -> None:
        self._bulk = bulk
        self._rng = Random(rng.random())
        self._today = today
        self._moves: dict[int, list[dict[str, Any]]] = defaultdict(list)

    def move(
        self,
        variant_id: int,
        kind: m.MovementKind,
        at: datetime,
        *,
        on_hand: int = 0,
        allocated: int = 0,
        order_id: int | None = None,
        reason: str,
        actor: str = "system",
    ) -> None:
        self._moves[variant_id].append(
            {
                "kind": kind.value,
                "at": at,
                "on_hand_delta": on_hand,
                "allocated_delta": allocated,
                "order_id": order_id,
                "reason": reason,
                "actor": actor,
            }
        )

    def write(self, goods: list[Goods], now: datetime) -> None:
        """Write levels and movements, so that as many of each are free as the catalogue says."""
        for item in goods:
            self._write_one(item, now)

    def _write_one(self, item: Goods, now: datetime) -> None:
        moves = sorted(self._moves[item.variant_id], key=lambda move: move["at"])
        gone = sum(move["on_hand_delta"] for move in moves)
        allocated = sum(move["allocated_delta"] for move in moves)
        on_hand = item.available + allocated
        deliveries = self._deliveries(item, moves, on_hand - gone)
        for move in sorted([*deliveries, *moves], key=lambda move: move["at"]):
            self._bulk.add(m.StockMovement, variant_id=item.variant_id, **move)
        self._bulk.add(
            m.StockLevel,
            variant_id=item.variant_id,
            on_hand=on_hand,
            allocated=allocated,
            low_at=2 if item.price_minor > 20_000 else 3,
            policy=item.stock_policy,
        )

    def _deliveries(self, item: Goods, moves: list[dict[str, Any]], needed: int) -> list[dict[str, Any]]:
        """`needed` units in batches, each before the order that would have made the stock negative."""
        batch = max(6, min(120, round(needed / self._rng.uniform(4, 9)), 12))
        deliveries: list[dict[str, Any]] = []
        free, left = 0, needed

        def deliver(at: datetime, units: int, reason: str) -> None:
            deliveries.append(
                {
                    "kind": m.MovementKind.RECEIVED.value if units > 0 else m.MovementKind.ADJUSTED.value,
                    "at": at,
                    "on_hand_delta": units,
                    "allocated_delta": 0,
                    "order_id": None,
                    "reason": reason,
                    "actor": "staff:clerk@example.com",
                }
            )

        for move in moves:
            change = int(move["on_hand_delta"]) - int(move["allocated_delta"])
            if free + change < 0:
                # Units that came back later can leave `left` short: a later stocktake takes them out again.
                units = max(min(batch, left), -(free + change))
                at = (
                    item.published_at
                    if not deliveries
                    else move["at"] - timedelta(hours=self._rng.randint(2, 30))
                )
                deliver(max(at, item.published_at), units, "delivery")
                free, left = free + units, left - units
            free += change
        if left:
            at = (
                self._today - timedelta(days=self._rng.randint(1, 12), hours=-9)
                if deliveries
                else item.published_at
            )
            last = moves[-1]["at"] if left < 0 and moves else at
            deliver(max(at, last), left, "delivery" if left > 0 else "stocktake")
        return deliveries
