"""README's example of a page works as it stands: reactive, as HTML, and in the sitemap."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import pytest
from sqlalchemy import Engine
from starlette.datastructures import QueryParams

from shop_app.core import db
from shop_app.core.settings import ROOT
from shop_app.page import Page
from shop_app.services.search import listing_index
from tests.factories import make_product


@pytest.fixture
def example(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Page:
    text = (ROOT / "README.md").read_text()
    (code,) = re.findall(r'```python\n("""The sizes of.*?)```', text, re.DOTALL)
    module = ModuleType("size_guide")
    monkeypatch.setitem(sys.modules, "size_guide", module)
    exec(compile(code, "README.md", "exec"), vars(module))
    with db.transaction() as session:
        bowl = make_product(session, "Shoal <Bowl>", slug="shoal-bowl", price_minor=2200)
        listing_index.refresh(session, [bowl.id or 0])
    return module.PAGE


def test_the_page_of_the_readme_is_served_and_reactive(example: Page):
    served = example.serve({}, QueryParams(""))
    assert "<h1>Sizes</h1><ul><li>Shoal &lt;Bowl&gt;</li></ul>" in served.html
    assert (served.title, served.description) == ("Sizes", "How big it all is.")
    assert (served.canonical, served.robots) == ("/size-guide", "")
    make, title, load = example.reactive()
    assert (title, len(load)) == ("Sizes", 1)
    assert "titles" in str(make().render())
    with db.reading() as session:
        assert list(example.addresses(session)) == [("/size-guide", None)]
