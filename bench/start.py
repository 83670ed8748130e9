"""How long the shop takes from the command to the first page: with an empty folder, and again."""

from __future__ import annotations

from pathlib import Path

from bench.report import Row
from tests.shop import running


def run(folder: Path) -> list[Row]:
    # Builds the pages where they changed, so that building isn't measured.
    (folder / "warm").mkdir()
    with running(folder / "warm"):
        pass
    (folder / "new").mkdir()
    with running(folder / "new") as first:
        first_seconds = first.start_seconds
    with running(folder / "new") as again:
        again_seconds = again.start_seconds
    return [
        Row("start, the demo's data made", first_seconds, "s"),
        Row("start again", again_seconds, "s", 15),
    ]
