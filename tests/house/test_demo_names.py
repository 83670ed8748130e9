"""Nothing in the package but the demo names the demo's company: every other shop has a name of its own."""

from __future__ import annotations

import re
from pathlib import Path

from shop_app.core.settings import DEMO_ACCOUNT, ROOT

NAMES = re.compile(r"fennholm|am speicher 4", re.IGNORECASE)
PLACES = ("shop_app", "assets", "alembic", "locales")
TEXT = {".py", ".css", ".js", ".jsx", ".svg", ".md", ".html", ".txt", ".json", ".ini"}


def _files() -> list[Path]:
    found = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.suffix in TEXT]
    return [*found, ROOT / "rxconfig.py", ROOT / ".env.example"]


def test_only_the_demo_names_the_demos_company():
    demo = ROOT / "shop_app" / "demo"
    named = [
        path.relative_to(ROOT).as_posix()
        for path in _files()
        if demo not in path.parents and NAMES.search(path.read_text())
    ]
    assert named == []
    assert not NAMES.search(DEMO_ACCOUNT)


def test_the_demo_does():
    assert NAMES.search((ROOT / "shop_app" / "demo" / "identity.py").read_text())
