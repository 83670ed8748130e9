"""The stock's desk: a member of staff changes numbers, and sees what came of it."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid
from shop_app.services.accounts.sessions import PERMISSIONS
from shop_app.state.stock_desk import StockDesk
from tests import factories

CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", PERMISSIONS["clerk"])


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch):
    """Who asks, as the guard would have found them."""

    def as_whom(principal: Principal) -> None:
        monkeypatch.setattr("shop_app.state.base.asker", lambda: principal)

    return as_whom


def bowls() -> tuple[int, int, int]:
    with db.reading() as session:
        return factories.stock_of(session, "SHOAL-BOWL")


async def test_a_clerk_counts_and_sees_the_ledger(open_tab, shop, signed_in, clock):
    signed_in(CLERK)
    desk = await open_tab(StockDesk)
    await desk.open("SHOAL-BOWL")
    assert (desk.standing.on_hand, desk.standing.left) == (50, 50)
    await desk.set_units("SHOAL-BOWL", 48, 50, "count", "two were behind the shelf")
    await desk.change_units("SHOAL-BOWL", -1, "broken")
    assert (desk.standing.on_hand, bowls()) == (47, (47, 0, 0))
    assert [(line.on_hand, line.reason) for line in desk.history][:2] == [(-1, "broken"), (-2, "count")]
    await desk.set_policy("SHOAL-BOWL", True, "2026-12-12")
    assert (desk.standing.backorder, desk.standing.expected_on) == (True, "2026-12-12")
    with pytest.raises(Invalid, match="Enter a day"):
        await desk.set_policy("SHOAL-BOWL", True, "soon")


async def test_nobody_changes_stock(open_tab, shop, signed_in):
    signed_in(NOBODY)
    desk = await open_tab(StockDesk)
    with pytest.raises(Forbidden):
        await desk.set_units("SHOAL-BOWL", 0, 50, "count")
    assert bowls() == (50, 0, 0)
