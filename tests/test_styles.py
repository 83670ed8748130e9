"""The kit: what served HTML and reactive pages share stays shared."""

from __future__ import annotations

import re

from shop_app.components import styles
from shop_app.components.icon_paths import PATHS
from shop_app.core.settings import ROOT

TEMPLATES = sorted((ROOT / "shop_app" / "web" / "storefront" / "templates").glob("*.html"))


def test_templates_name_only_classes_and_icons_that_are_there():
    for template in TEMPLATES:
        text = template.read_text()
        for name in re.findall(r"look\.([A-Z][A-Z_0-9]*)", text):
            assert hasattr(styles, name), f"{template.name} names look.{name}"
        for name in re.findall(r'icon\("(\w+)"', text):
            assert name in PATHS, f"{template.name} names the icon {name}"


def test_no_template_runs_script_of_its_own():
    for template in TEMPLATES:
        text = template.read_text()
        assert "<script" not in text
        assert not re.search(r"\son\w+=", text), template.name
