"""The forms of delivery and taxes: what was touched is sent, refusals stand at their fields."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.policy import set_principal
from shop_app.core.access.principal import Principal
from shop_app.services.opening import base_data
from shop_app.services.shipping import admin
from shop_app.state.admin.delivery import DeliveryDesk, MethodDesk, MethodForm, ZoneDesk, ZoneForm
from shop_app.state.admin.taxes import PlaceDesk, TaxDesk
from tests.state.conftest import Tab, send, submit

OWNER = Principal("staff", 0, "owner@example.com", permissions=frozenset(["settings.view", "settings.edit"]))


@pytest.fixture(autouse=True)
async def _signed_in(engine):
    with db.transaction() as session:
        base_data.lay(session)
    set_principal(OWNER)
    yield
    set_principal(None)


def home() -> admin.MethodView:
    return db.read_here(admin.delivery, by=OWNER).zones[0].methods[0]


def test_only_touched_fields_are_changes():
    form = MethodForm.model_validate(
        {
            "touched": "price,weight-1",
            "label": "Standard",
            "price": "4.90",
            "weight-0": "2",
            "step-0": "5",
            "weight-1": "10",
            "step-1": "9",
            "weight-x": "7",
        }
    )
    assert form.changes() == {"price": "4.90", "steps": (("2", "5"), ("10", "9"))}
    zone = ZoneForm.model_validate({"touched": "country-AT", "name": "Union", "country-BE": "1"})
    assert zone.changes() == {"countries": ["BE"]}


async def test_a_price_is_changed_and_a_stale_form_refused(open_tab: Tab):
    tab = await open_tab(MethodDesk, f"/admin/settings/delivery/method/{home().id}")
    await tab.load()
    assert (tab.method.price, tab.zone_name, len(tab.rows)) == ("5.00", "Germany", 6)
    form = {"id": str(home().id), "version": "1", "touched": "price", "price": "4.90"}
    await submit(tab, "save", form)
    assert home().price == "4.90"
    await submit(tab, "save", form | {"price": "5.50"})
    assert tab.refused.startswith("Somebody else changed this meanwhile. Price is now “4.90”")
    assert home().price == "4.90"


async def test_what_is_wrong_stands_at_its_field(open_tab: Tab):
    tab = await open_tab(MethodDesk)
    await submit(tab, "save", {"id": str(home().id), "version": "1", "touched": "price", "price": "cheap"})
    assert tab.errors == {"price": "Enter an amount, such as 4.90."}


async def test_a_zone_is_added_and_a_country_of_another_one_refused(open_tab: Tab):
    tab = await open_tab(ZoneDesk, "/admin/settings/delivery/zone/new")
    await tab.load()
    assert next(one.taken_by for one in tab.choices if one.code == "AT") == "European Union"
    await submit(tab, "save", {"name": "Neighbours", "country-AT": "1"})
    assert list(tab.errors) == ["countries"]
    assert [zone.name for zone in db.read_here(admin.delivery, by=OWNER).zones][-1] == "Rest of the world"


async def test_offers_are_shown_for_what_was_typed(open_tab: Tab):
    tab = await open_tab(DeliveryDesk)
    await submit(tab, "preview", {"country": "DE", "goods": "20", "weight": "1"})
    assert [(offer.label, offer.price) for offer in tab.offers] == [("Standard delivery", "€5.00")]
    await submit(tab, "preview", {"country": "DE", "goods": "20", "weight": "heavy"})
    assert list(tab.errors) == ["weight"]


async def test_a_rate_is_added_and_tax_switched_on(open_tab: Tab):
    place = await open_tab(PlaceDesk, "/admin/settings/taxes/CH")
    await place.load()
    assert (place.place.name, place.place.charged) == ("Switzerland", False)
    rate = {"tax_class": "standard", "percent": "9", "first_day": "2099-01-01", "label": ""}
    await submit(place, "add", rate)
    assert [one.percent for one in place.place.rates if one.phase == "later"] == ["9"]
    taxes = await open_tab(TaxDesk)
    await send(taxes, "charge", place="CH", charged=True)
    assert "CH" in [one.key for one in taxes.view.charged]
