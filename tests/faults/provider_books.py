"""The sandbox's own books, read from its database when the kills are over."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Ask = Callable[[str], list[Any]]
"""Runs a query in SQL on the shop's database; rows by name."""


@dataclass(frozen=True, slots=True)
class ProviderBooks:
    things: dict[str, list[dict[str, Any]]]
    deliveries: list[sqlite3.Row]

    @classmethod
    def read(cls, path: Path) -> ProviderBooks:
        with sqlite3.connect(path) as connection:
            connection.row_factory = sqlite3.Row
            things = defaultdict(list)
            for row in connection.execute("SELECT kind, public FROM thing ORDER BY seq"):
                things[row["kind"]].append(json.loads(row["public"]))
            return cls(things, connection.execute("SELECT * FROM delivery").fetchall())

    @property
    def captured(self) -> dict[str, int]:
        """Intent -> what was captured, in minor units."""
        return {
            intent["id"]: intent["amount_received"]
            for intent in self.things["payment_intent"]
            if intent["amount_received"]
        }

    @property
    def authorised(self) -> dict[str, int]:
        """Intent -> what is set aside on the card, neither captured nor voided."""
        return {
            intent["id"]: intent["amount_capturable"]
            for intent in self.things["payment_intent"]
            if intent["status"] == "requires_capture"
        }

    @property
    def captured_later(self) -> list[str]:
        """Intents that were authorised first."""
        return [
            intent["id"]
            for intent in self.things["payment_intent"]
            if intent["capture_method"] == "manual" and intent["id"] in self.captured
        ]

    @property
    def voided(self) -> list[str]:
        """Intents that were authorised, and can't be captured any more."""
        return [
            intent["id"]
            for intent in self.things["payment_intent"]
            if intent["status"] == "canceled" and intent["latest_charge"]
        ]

    @property
    def net(self) -> int:
        charges = self.things["charge"]
        return sum(charge["amount_captured"] - charge["amount_refunded"] for charge in charges)
