"""What a benchmark measured: rows with a goal beside each number, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Row:
    """One number: `goal` is the most (or, with `at_least`, the least) that it should be; None has none."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def good(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values don't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def latency_rows(what: str, milliseconds: Sequence[float], *, p50: float | None = None) -> list[Row]:
    return [
        Row(f"{what}, p50", statistics.median(milliseconds), "ms", p50),
        Row(f"{what}, p95", percentile(milliseconds, 95), "ms"),
    ]


def table(rows: Sequence[Row]) -> str:
    """The rows as text; a goal that was missed is marked."""
    width = max((len(row.what) for row in rows), default=0)
    lines = []
    for row in rows:
        goal = "" if row.goal is None else f"{'>=' if row.at_least else '<='} {row.goal:,.10g} {row.unit}"
        mark = {True: "ok", False: "MISSED", None: ""}[row.good]
        number = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:,.2f}"
        lines.append(f"  {row.what:<{width}}  {number:>10} {row.unit:<9} {goal:<20} {mark}".rstrip())
    return "\n".join(lines)


def keep(name: str, rows: Sequence[Row]) -> Path:
    """Write the rows as JSON, with what they were measured on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    report = {
        "name": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "rows": [asdict(row) | {"good": row.good} for row in rows],
    }
    path.write_text(json.dumps(report, indent=1) + "\n")
    return path


def _commit() -> str:
    completed = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=RESULTS.parent
    )
    return completed.stdout.strip()
