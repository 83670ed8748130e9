"""The sandbox's events: stored in the transaction of what they are about, delivered afterwards."""

from __future__ import annotations

import random
from typing import Any

from .store import Tables, new_id, seconds

API_VERSION = "2026-10-28.endive"


def emit(tables: Tables, kind: str, about: dict[str, Any]) -> dict[str, Any]:
    """Store the event and its deliveries, as many and as late as the faults in force say."""
    event = tables.put(
        {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(seconds()),
            "data": {"object": dict(about)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        },
        parent=kind,
    )
    faults = tables.note("webhook_faults") or {}
    copies = 1 + faults.get("duplicates", 0)
    for forged in [0] * copies + [1] * bool(faults.get("forge")):
        late = faults.get("delay_seconds", 0) + (random.uniform(0, 2) if faults.get("shuffle") else 0)
        tables.execute(
            "INSERT INTO delivery (event_id, forged, next_try_at) VALUES (?, ?, ?)",
            event["id"],
            forged,
            seconds() + late,
        )
    return event


def delivered(tables: Tables, event_id: str) -> bool:
    """Whether the shop has accepted the event."""
    row = tables.execute(
        "SELECT 1 FROM delivery WHERE event_id = ? AND NOT forged AND delivered_at IS NOT NULL", event_id
    ).fetchone()
    return row is not None
