"""The class names and icons of components: each is there once, is used, and runs no script of its own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from shop_app.components.icon_paths import PATHS
from shop_app.core.settings import ROOT

SHOP = ROOT / "shop_app"
STYLES = SHOP / "components" / "styles.py"


def sources() -> dict[str, str]:
    files = [path for room in ("components", "pages") for path in sorted((SHOP / room).glob("*.py"))]
    return {path.name: path.read_text() for path in files if path != STYLES}


def assigned(path: Path) -> list[str]:
    return [
        target.id
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def test_no_name_of_a_class_is_given_twice():
    """The second would silently change what the first is used for."""
    counts = Counter(assigned(STYLES))
    assert len(counts) > 200
    assert [name for name, count in counts.items() if count > 1] == []


def test_components_name_only_classes_and_icons_that_are_there():
    known_styles, used = set(assigned(STYLES)), set[str]()
    for name, text in sources().items():
        used |= (named := set(re.findall(r"\bstyles\.([A-Z][A-Z_0-9]*)", text)))
        assert named <= known_styles, f"{name} names {sorted(named - known_styles)}"
        icons = set(re.findall(r'\bicon\("(\w+)"', text))
        assert icons <= PATHS.keys(), f"{name} names the icons {sorted(icons - PATHS.keys())}"
    assert len(used) > 200


def test_no_component_writes_script_into_a_page():
    for name, text in sources().items():
        assert "<script" not in text, name
        assert not re.search(r"[\"' ]on\w+=[\"']", text), name
