"""A rule of the books."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    sentence: str
    """Columns that end in `_minor` are shown as money, in the row's `currency`."""
    sql: str
    """Selects a row for each violation."""
