"""Taxes as staff set them up: classes, rates with their first day, and where tax is charged."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from shop_app.core.access.principal import Principal
from shop_app.core.clock import today
from shop_app.core.errors import Conflict, Forbidden, Invalid
from shop_app.models import AuditEntry
from shop_app.providers.taxes import Place
from shop_app.services.cart import commands as cart_commands
from shop_app.services.opening import base_data
from shop_app.services.taxes import admin, queries, rate_commands
from tests.factories import make_basics, make_product
from tests.services.test_tax_terms import GERMAN, ME, place

OWNER = Principal("staff", 0, "owner@example.com", permissions=frozenset(["settings.view", "settings.edit"]))
CLERK = Principal("staff", 0, "clerk@example.com", permissions=frozenset(["settings.view"]))

pytestmark = [pytest.mark.both, pytest.mark.usefixtures("clock")]


@pytest.fixture(autouse=True)
def _base(session: Session) -> None:
    base_data.lay(session)


def ppm(session: Session, where: str, on: date, tax_class: str = "standard") -> int | None:
    country, _hyphen, region = where.partition("-")
    rate = queries.rates(session, Place(country, region), on, fresh=True).get(tax_class)
    return rate.ppm if rate else None


def rate(session: Session, where: str, phase: str = "now", tax_class: str = "standard") -> admin.RateView:
    rates = admin.place(session, where, by=OWNER).rates
    return next(one for one in rates if one.phase == phase and one.tax_class == tax_class)


def order(session: Session) -> None:
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400)
    cart_commands.add(session, ME, "DUNE-MUG", 1)
    place(session, GERMAN)


def test_the_page_shows_where_tax_is_charged_the_own_country_first(session: Session):
    shown = admin.taxes(session, by=OWNER)
    assert [one.code for one in shown.classes] == ["standard", "reduced", "zero", "delivery"]
    assert (shown.charged[0].key, shown.charged[0].summary) == (
        "DE",
        "Standard 19 % · Reduced 7 % · Zero 0 %",
    )
    assert len(shown.charged) == 27
    assert len(shown.others) == 3 + 52
    assert "US-CA" in [one.key for one in shown.others]
    assert shown.missing == ""


def test_a_future_rate_waits_for_its_day(session: Session):
    rate_commands.add_rate(session, "DE", "standard", "20,5 %", "2027-01-01", by=OWNER)
    assert ppm(session, "DE", date(2026, 12, 31)) == 190_000
    assert ppm(session, "DE", date(2027, 1, 1)) == 205_000
    assert admin.place(session, "DE", by=OWNER).summary.endswith("20.5 % from 1 January 2027")
    assert rate(session, "DE", "later").label == "VAT 20.5 %"
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.object_key, entry.after) == (
        "created", "DE standard", {"percent": "20.5", "first_day": "2027-01-01", "label": "VAT 20.5 %"},
    )  # fmt: skip


def test_the_past_stays_once_it_was_used(session: Session):
    order(session)
    used = rate(session, "DE")
    assert not used.can_change
    for refused in (
        lambda: rate_commands.change_rate(session, used.id, {"percent": "18"}, version=1, by=OWNER),
        lambda: rate_commands.remove_rate(session, used.id, version=1, by=OWNER),
    ):
        with pytest.raises(Conflict, match="Orders were placed under this rate, so it stays"):
            refused()
    with pytest.raises(Invalid, match="Orders were placed until 20 November 2026"):
        rate_commands.add_rate(session, "DE", "standard", "18", "2026-11-19", by=OWNER)
    rate_commands.add_rate(session, "DE", "standard", "18", "2026-11-20", by=OWNER)
    assert ppm(session, "DE", today()) == 180_000


def test_a_future_rate_can_be_changed_and_removed(session: Session):
    order(session)
    added = rate_commands.add_rate(session, "DE", "standard", "20", "2027-01-01", by=OWNER)
    rate_commands.change_rate(
        session, added, {"percent": "21", "first_day": "2027-02-01"}, version=1, by=OWNER
    )
    assert ppm(session, "DE", date(2027, 1, 31)) == 190_000
    assert ppm(session, "DE", date(2027, 2, 1)) == 210_000
    with pytest.raises(Conflict, match="Rate in percent is now “21”, you entered “22”"):
        rate_commands.change_rate(session, added, {"percent": "22"}, version=1, by=OWNER)
    rate_commands.remove_rate(session, added, version=2, by=OWNER)
    assert ppm(session, "DE", date(2027, 2, 1)) == 190_000


def test_before_the_first_order_everything_can_be_changed(session: Session):
    rate_commands.change_rate(session, rate(session, "DE").id, {"percent": "16"}, version=1, by=OWNER)
    assert ppm(session, "DE", today()) == 160_000


def test_tax_is_charged_where_staff_say(session: Session):
    assert ppm(session, "CH", today()) is None
    rate_commands.charge(session, "CH", True, by=OWNER)
    rate_commands.charge(session, "CH", True, by=OWNER)
    assert ppm(session, "CH", today()) == 81_000
    rate_commands.charge(session, "US", True, by=OWNER)
    rate_commands.charge(session, "US-CA", False, by=OWNER)
    assert (ppm(session, "US-CA", today()), ppm(session, "US-NY", today())) == (0, 40_000)
    rate_commands.charge(session, "DE", False, by=OWNER)
    assert admin.taxes(session, by=OWNER).missing == "No tax is charged in Germany, where the shop is."
    assert len(session.exec(select(AuditEntry)).all()) == 4


def test_a_country_without_rates_gets_its_first(session: Session):
    assert admin.place(session, "NO", by=OWNER).rates == []
    rate_commands.add_rate(session, "NO", "standard", "25", "2000-01-01", by=OWNER)
    assert ppm(session, "NO", today()) == 250_000


def test_a_new_class_has_a_rate_everywhere(session: Session):
    code = rate_commands.add_class(session, "Books", "reduced", by=OWNER)
    assert code == "books"
    assert [ppm(session, where, today(), "books") for where in ("DE", "FR", "IE")] == [
        70_000,
        100_000,
        135_000,
    ]
    rate_commands.rename_class(session, code, "Books and papers", by=OWNER)
    with pytest.raises(Invalid):
        rate_commands.rename_class(session, code, "Standard", by=OWNER)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"place": "XX"}, "place"),
        ({"place": "US-ZZ"}, "place"),
        ({"tax_class": "none"}, "tax_class"),
        ({"percent": "101"}, "percent"),
        ({"percent": "-1"}, "percent"),
        ({"percent": "19.00001"}, "percent"),
        ({"percent": "=19"}, "percent"),
        ({"first_day": "tomorrow"}, "first_day"),
        ({"first_day": "9999-12-31"}, "first_day"),
        ({"first_day": "2000-01-01"}, "first_day"),
    ],
)
def test_what_cannot_be_taken_names_its_field(session: Session, change: dict[str, str], field: str):
    typed = {"place": "DE", "tax_class": "standard", "percent": "19", "first_day": "2027-01-01"} | change
    with pytest.raises(Invalid) as refused:
        rate_commands.add_rate(session, **typed, by=OWNER)
    assert refused.value.field == field
    assert session.exec(select(AuditEntry)).all() == []


def test_who_may_only_look_changes_nothing(session: Session):
    for refused in (
        lambda: rate_commands.add_rate(session, "DE", "standard", "1", "2027-01-01", by=CLERK),
        lambda: rate_commands.change_rate(session, 1, {"percent": "1"}, version=1, by=CLERK),
        lambda: rate_commands.remove_rate(session, 1, version=1, by=CLERK),
        lambda: rate_commands.charge(session, "DE", False, by=CLERK),
        lambda: rate_commands.add_class(session, "Books", "reduced", by=CLERK),
        lambda: rate_commands.rename_class(session, "zero", "Nothing", by=CLERK),
        lambda: admin.taxes(session, by=Principal("customer", 1)),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert session.exec(select(AuditEntry)).all() == []
