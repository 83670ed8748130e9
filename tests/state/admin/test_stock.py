"""A member of staff changes numbers, and sees what came of it."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, NotFound
from shop_app.services.inventory import stock_list
from shop_app.state.admin.shell import BackOffice
from shop_app.state.admin.stock import Stock
from shop_app.state.admin.stocktake import StocktakeDesk
from tests import factories
from tests.state.conftest import submit

CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
PAGE = "/admin/inventory/SHOAL-BOWL"


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch):
    """The principal, as the guard would have looked it up."""

    def as_whom(principal: Principal) -> None:
        monkeypatch.setattr("shop_app.state.base.current_principal", lambda: principal)

    return as_whom


def bowls() -> tuple[int, int, int]:
    with db.reading() as session:
        return factories.stock_of(session, "SHOAL-BOWL")


async def test_a_clerk_adjusts_sees_the_ledger_and_takes_it_back(open_tab, shop, signed_in, clock):
    signed_in(CLERK)
    page = await open_tab(Stock, PAGE)
    await page.load()
    assert (page.record.levels.on_hand, page.record.levels.left) == (50, 50)
    form = {"mode": "set", "units": "48", "seen": "50", "reason": "count", "note": "two behind the shelf"}
    await submit(page, "adjust", form)
    await submit(page, "adjust", {"mode": "change", "units": "-1", "seen": "48", "reason": "broken"})
    assert (page.record.levels.on_hand, bowls(), page.errors) == (47, (47, 0, 0), {})
    assert [(line.on_hand, line.reason) for line in page.record.history][:2] == [
        (-1, "broken"),
        (-2, "count"),
    ]
    desk = await page.get_state(BackOffice)
    await desk.undo()
    await desk.undo()
    assert bowls() == (48, 0, 0)


async def test_a_sku_is_found_by_its_address_whatever_is_in_it(open_tab, shop, signed_in):
    signed_in(CLERK)
    with db.transaction() as session:
        factories.make_product(session, "Pipe", sku='1/2" 50% Rohr ø', stock=4)
    page = await open_tab(Stock, stock_list.address('1/2" 50% Rohr ø'))
    await page.load()
    assert (page.record.levels.title, page.record.levels.on_hand) == ("Pipe", 4)


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"units": "many"}, "units", "can't be read"),
        ({"units": "0"}, "units", "how many units"),
        ({"units": "-51"}, "units", "already have more units"),
        ({"mode": "set", "seen": "49"}, "", "There are 50 units in the house now, not 49"),
        ({"reason": "because"}, "reason", "Choose a reason"),
        ({"reason": "DROP TABLE"}, "reason", "can't be read"),
    ],
)
async def test_what_cannot_be_booked_is_said_at_its_field(open_tab, shop, signed_in, wrong, field, sentence):
    signed_in(CLERK)
    page = await open_tab(Stock, PAGE)
    await page.load()
    await submit(page, "adjust", {"mode": "change", "units": "1", "seen": "50", "reason": "found"} | wrong)
    assert sentence in (page.errors[field] if field else page.refused)
    assert (bowls(), page.done) == ((50, 0, 0), 0)


async def test_rules_and_deliveries_are_set_on_the_page(open_tab, shop, signed_in, clock):
    signed_in(CLERK)
    page = await open_tab(Stock, PAGE)
    await page.load()
    await submit(page, "configure", {"policy": "backorder", "expected_on": "2026-12-12", "low_at": "60"})
    levels = page.record.levels
    assert (levels.policy, levels.expected_on, levels.mark) == ("backorder", "2026-12-12", "low")
    await submit(page, "configure", {"policy": "deny", "expected_on": "soon", "low_at": "5"})
    assert (page.errors["expected_on"], page.record.levels.low_at) == ("Enter a day like 2026-12-24.", 60)
    await submit(page, "expect", {"delivery_units": "0"})
    assert "delivery_units" in page.errors
    await submit(
        page, "expect", {"delivery_units": "7", "delivery_supplier": "Ohl", "delivery_expected_on": ""}
    )
    (delivery,) = page.record.deliveries
    await submit(page, "receive", {"delivery": str(delivery.id), "received_units": "6"})
    await submit(page, "receive", {"delivery": str(delivery.id), "received_units": "6"})
    assert ("received or removed already" in page.refused, bowls()) == (True, (56, 0, 0))


async def test_counting_goes_on_from_scan_to_scan(open_tab, shop, signed_in):
    signed_in(CLERK)
    page = await open_tab(StocktakeDesk)
    await page.load()
    await submit(page, "scan", {"code": "SHOAL-BOWL"})
    assert (page.scanned.sku, page.scanned.on_hand) == ("SHOAL-BOWL", 50)
    await submit(page, "count", {"units": "47"})
    await submit(page, "scan", {"code": "4006381333931"})
    assert page.error == "4006381333931: No variant has this SKU or barcode."
    await submit(page, "scan", {"code": "FABLE-LAMP-MOSS"})
    # A scanner types the next code into the field of the count.
    await submit(page, "count", {"units": "SHOAL-BOWL"})
    assert (page.scanned.sku, page.scanned.counted, page.error) == ("SHOAL-BOWL", "47", "")
    other_tab = await open_tab(StocktakeDesk)
    await other_tab.load()
    assert (other_tab.view.counted, other_tab.view.differences) == (1, 1)
    assert [problem.code for problem in other_tab.view.problems] == ["4006381333931"]
    await other_tab.book()
    assert (bowls(), other_tab.view.counted) == ((47, 0, 0), 0)
    await other_tab.book()
    assert "nothing to book" in other_tab.error


async def test_nobody_changes_stock(open_tab, shop, signed_in):
    signed_in(CLERK)
    page = await open_tab(Stock, PAGE)
    await page.load()
    signed_in(NOBODY)
    with pytest.raises(Forbidden):
        await page.load()
    await submit(page, "adjust", {"mode": "set", "units": "0", "seen": "50", "reason": "count"})
    assert (page.refused[:35], bowls()) == ("You don't have the right to do that", (50, 0, 0))
    signed_in(CLERK)
    with pytest.raises(NotFound):
        await page.open("NOPE")
