"""The frame of the back office, as it is served before any script has run."""

from __future__ import annotations

from shop_app.components.admin.frame import desk
from shop_app.components.kit import as_html
from shop_app.core.version import VERSION


def test_the_foot_names_the_release_without_a_script():
    with as_html({}):
        page = str(desk(title="Orders", current="/admin/orders"))
    assert f">Release {VERSION}</p>" in page
