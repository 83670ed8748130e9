"""What a rule of the books is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    sentence: str
    """Columns that end in `_minor` are shown as money, in the row's `currency`."""
    sql: str
    """Finds what breaks the rule: a row each."""
