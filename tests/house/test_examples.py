"""Every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

SHOP = Path(__file__).resolve().parents[2] / "shop_app"
WITH_EXAMPLES = sorted(
    ".".join(("shop_app", *path.relative_to(SHOP).with_suffix("").parts)).removesuffix(".__init__")
    for path in SHOP.rglob("*.py")
    if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_are_true(name: str):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
