"""A member of staff changes numbers, and sees what came of it."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid
from shop_app.state.admin.stock import StockAdmin
from tests import factories

CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch):
    """The principal, as the guard would have looked it up."""

    def as_whom(principal: Principal) -> None:
        monkeypatch.setattr("shop_app.state.base.current_principal", lambda: principal)

    return as_whom


def bowls() -> tuple[int, int, int]:
    with db.reading() as session:
        return factories.stock_of(session, "SHOAL-BOWL")


async def test_a_clerk_counts_and_sees_the_ledger(open_tab, shop, signed_in, clock):
    signed_in(CLERK)
    admin = await open_tab(StockAdmin)
    await admin.open("SHOAL-BOWL")
    assert (admin.levels.on_hand, admin.levels.left) == (50, 50)
    await admin.set_units("SHOAL-BOWL", 48, 50, "count", "two were behind the shelf")
    await admin.change_units("SHOAL-BOWL", -1, "broken")
    assert (admin.levels.on_hand, bowls()) == (47, (47, 0, 0))
    assert [(line.on_hand, line.reason) for line in admin.history][:2] == [(-1, "broken"), (-2, "count")]
    await admin.set_policy("SHOAL-BOWL", True, "2026-12-12")
    assert (admin.levels.backorder, admin.levels.expected_on) == (True, "2026-12-12")
    with pytest.raises(Invalid, match="Enter a day"):
        await admin.set_policy("SHOAL-BOWL", True, "soon")


async def test_a_clerk_stops_counting_and_begins_again_with_a_count(open_tab, shop, signed_in):
    signed_in(CLERK)
    admin = await open_tab(StockAdmin)
    await admin.stop_tracking("SHOAL-BOWL")
    assert (admin.levels.tracked, admin.levels.on_hand, bowls()) == (False, 0, (0, 0, 0))
    assert [(line.on_hand, line.reason) for line in admin.history][:1] == [(-50, "not tracked")]
    with pytest.raises(Invalid, match="isn't tracked"):
        await admin.change_units("SHOAL-BOWL", 1, "found")
    await admin.track("SHOAL-BOWL", 12)
    assert (admin.levels.tracked, admin.levels.left, bowls()) == (True, 12, (12, 0, 0))
    assert [(line.on_hand, line.reason) for line in admin.history][:1] == [(12, "count")]


async def test_nobody_changes_stock(open_tab, shop, signed_in):
    signed_in(NOBODY)
    admin = await open_tab(StockAdmin)
    with pytest.raises(Forbidden):
        await admin.set_units("SHOAL-BOWL", 0, 50, "count")
    with pytest.raises(Forbidden):
        await admin.stop_tracking("SHOAL-BOWL")
    assert bowls() == (50, 0, 0)
