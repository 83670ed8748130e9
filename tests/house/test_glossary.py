"""The glossary is true: what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "shop_app"
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| term")
]
SOURCES = "\n".join(path.read_text() for path in sorted(SHOP.rglob("*.py")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_a_term_names_is_there(row: list[str]):
    term, meaning, places = row
    assert term
    assert meaning
    for place in re.findall(r"`([^`]+)`", places):
        if "/" in place:
            assert list(SHOP.glob(place.rstrip("/"))), place
        else:
            for name in place.removesuffix("*").removeprefix("*").split("."):
                assert re.search(rf"\b\w*{name}\w*\b", SOURCES), place


def test_terms_stand_in_their_order():
    terms = [row[0].lower() for row in ROWS]
    assert terms == sorted(terms)
    assert len(terms) > 60
