"""What `migrate` leaves: classes, rates and zones that a shop can sell with, laid once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from shop_app import prepare
from shop_app.core import db, migrate
from shop_app.core.settings import Settings
from shop_app.models import ShippingMethod, ShippingZone, TaxClass, TaxRate, ZoneCountry
from shop_app.providers.taxes import Place
from shop_app.services.opening import base_data, base_zones
from shop_app.services.product_files import csv_import
from shop_app.services.shipping import queries as shipping_queries
from shop_app.services.taxes import base_rates
from shop_app.services.taxes import queries as taxes_queries

TODAY = date(2026, 11, 30)


@pytest.mark.both
def test_a_new_database_charges_the_tax_of_the_union_and_delivers_at_home(session: Session):
    base_data.lay(session)
    by_place = {
        place: {name: rate.ppm for name, rate in taxes_queries.rates(session, Place(*place), TODAY).items()}
        for place in (("DE", ""), ("FI", ""), ("CH", ""), ("GB", ""), ("US", "CA"), ("JP", ""))
    }
    assert by_place == {
        ("DE", ""): {"standard": 190_000, "reduced": 70_000, "zero": 0},
        ("FI", ""): {"standard": 255_000, "reduced": 135_000, "zero": 0},
        ("CH", ""): {},
        ("GB", ""): {},
        ("US", "CA"): {},
        ("JP", ""): {},
    }
    methods = shipping_queries.methods(session)
    assert {country: [m.price_minor for m in of] for country, of in methods.items()} == {"DE": [500]}
    assert sorted(session.exec(select(TaxClass.code))) == ["delivery", "reduced", "standard", "zero"]


def test_another_country_is_laid_as_its_own(session: Session, configure: Callable[..., Settings]):
    configure(SHOP_COUNTRY="US", SHOP_CURRENCY="USD")
    base_data.lay(session)
    assert taxes_queries.rates(session, Place("US", "CA"), TODAY)["standard"].ppm == 72_500
    assert taxes_queries.rates(session, Place("DE", ""), TODAY) == {}
    assert [zone.name for zone in session.exec(select(ShippingZone).order_by(col(ShippingZone.id)))] == [
        "United States", "European Union", "Rest of Europe", "Rest of the world",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("country", "currency"), [("DE", "EUR"), ("CH", "CHF"), ("US", "USD"), ("ZA", "ZAR")]
)
def test_no_country_is_in_two_proposed_zones(country: str, currency: str):
    zones = base_zones.proposed(country, currency, "en")
    codes = [code for zone in zones for code in zone.countries]
    assert len(codes) == len(set(codes))
    assert zones[0].countries == (country,)
    assert [zone.active for zone in zones] == [True, False, False, False]


def test_every_class_but_that_of_delivery_has_a_rate_in_every_country():
    rates = list(base_rates.rates())
    keys = [(row["country"], row["region"], row["tax_class"]) for row in rates]
    assert len(set(keys)) == len(keys)
    places = {(row["country"], row["region"]) for row in rates}
    assert len(places) == 30 + 52
    assert set(keys) == {(*place, name) for place in places for name in ("standard", "reduced", "zero")}


def test_migrating_again_overwrites_nothing(configure: Callable[..., Settings]):
    prepare.bring_up_to_date()
    with db.transaction() as session:
        rate = session.exec(
            select(TaxRate).where(TaxRate.country == "DE", TaxRate.tax_class == "standard")
        ).one()
        rate.rate_ppm = 160_000
        session.exec(
            select(ShippingMethod).where(ShippingMethod.code == "home-standard")
        ).one().price_minor = 7
        session.delete(session.exec(select(ShippingZone).where(ShippingZone.name == "Rest of Europe")).one())
    assert prepare.bring_up_to_date()[0] == migrate.newest()
    with db.reading() as session:
        assert session.get(TaxRate, rate.id).rate_ppm == 160_000  # pyright: ignore[reportOptionalMemberAccess]
        assert len(session.exec(select(ShippingZone)).all()) == 3
        assert session.exec(select(ZoneCountry).where(ZoneCountry.country == "GB")).first() is None
        price = select(ShippingMethod.price_minor).where(ShippingMethod.code == "home-standard")
        assert session.exec(price).one() == 7


NEW_COLUMNS = """Title,URL handle,Description,Status,SKU,Price,Inventory tracker,Inventory quantity,Charge tax
Ocean Shirt,ocean-shirt,<p>Blue.</p>,Active,OCEAN-1,50.00,shopify,4,TRUE
"""
OLD_COLUMNS = """Handle,Title,Body (HTML),Published,Variant SKU,Variant Price,Variant Taxable
ocean-shirt,Ocean Shirt,<p>Blue.</p>,true,OCEAN-1,50.00,true
"""


@pytest.mark.parametrize("text", [NEW_COLUMNS, OLD_COLUMNS], ids=["new", "old"])
def test_products_are_imported_into_a_shop_that_was_only_migrated(
    tmp_path: Path, configure: Callable[..., Settings], text: str
):
    configure(SHOP_MODE="demo")
    prepare.bring_up_to_date()
    file = tmp_path / "products.csv"
    file.write_text(text)
    report = csv_import.import_file(file)
    assert (report.created, report.refused) == (1, 0)
