"""Delivery as staff set it up: zones, countries, ways of delivery, and what a shopper is offered."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, ShippingMethod
from shop_app.services.opening import base_data, base_zones
from shop_app.services.shipping import admin, commands
from shop_app.services.shipping import queries as shipping_queries

OWNER = Principal("staff", 0, "owner@example.com", permissions=frozenset(["settings.view", "settings.edit"]))
CLERK = Principal("staff", 0, "clerk@example.com", permissions=frozenset(["settings.view"]))
EXPRESS = {
    "label": "Express", "note": "", "kind": "flat", "price": "9.90", "free_above": "", "min_days": "1",
    "max_days": "2", "active": "1", "steps": (),
}  # fmt: skip

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def _base(session: Session) -> None:
    base_data.lay(session)


def view(session: Session) -> admin.DeliveryView:
    return admin.delivery(session, by=OWNER)


def zone(session: Session, name: str = "Germany") -> admin.ZoneView:
    return next(one for one in view(session).zones if one.name == name)


def test_the_page_shows_zones_with_their_ways_of_delivery(session: Session):
    shown = view(session)
    assert [(one.name, one.is_offered, len(one.countries)) for one in shown.zones][:2] == [
        ("Germany", True, 1), ("European Union", False, 26),
    ]  # fmt: skip
    assert shown.zones[0].methods[0].summary == "One price · €5.00 · 2 to 4 working days"
    assert shown.zones[1].countries_text.endswith("and 20 more")
    assert [country.code for country in shown.delivered] == ["DE"]
    assert shown.missing == ""


def test_a_shop_that_delivers_nothing_at_home_is_told(session: Session):
    method = zone(session).methods[0]
    commands.change_method(session, method.id, {"active": ""}, version=1, by=OWNER)
    assert view(session).missing == "Nothing is delivered in Germany yet, where the shop is."


def test_a_way_by_weight_is_offered_at_its_steps(session: Session):
    typed = EXPRESS | {
        "label": "Parcel", "kind": "by_weight", "free_above": "100",
        "steps": (("10", "12,90"), ("", ""), ("2.5", "6.90")),
    }  # fmt: skip
    commands.add_method(session, zone(session).id, typed, by=OWNER)
    parcel = zone(session).methods[1]
    assert (
        parcel.summary == "By weight · €6.90 to €12.90, up to 10 kg · free from €100.00 · 1 to 2 working days"
    )
    assert [(step.weight, step.price) for step in parcel.steps] == [("2.5", "6.90"), ("10", "12.90")]

    def prices(goods: str, kilograms: str) -> list[tuple[str, str]]:
        offers = admin.offers(session, "DE", goods, kilograms, by=OWNER)
        return [(offer.label, offer.price) for offer in offers]

    assert prices("20", "2.5") == [("Standard delivery", "€5.00"), ("Parcel", "€6.90")]
    assert prices("100", "3") == [("Standard delivery", "€5.00"), ("Parcel", "Free")]
    assert prices("20", "10.001") == [("Standard delivery", "€5.00")]
    assert admin.offers(session, "FR", "20", "1", by=OWNER) == []


def test_only_what_was_touched_is_changed(session: Session):
    method = zone(session).methods[0]
    commands.change_method(session, method.id, {"price": "4.90"}, version=1, by=OWNER)
    changed = zone(session).methods[0]
    assert (changed.price, changed.label, changed.max_days, changed.version) == (
        "4.90", "Standard delivery", "4", 2,
    )  # fmt: skip
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.object_kind, entry.object_key) == (
        "staff:owner@example.com", "changed", "delivery method", "home-standard",
    )  # fmt: skip
    assert (entry.before, entry.after) == ({"price_minor": 500}, {"price_minor": 490})


def test_a_stale_form_is_refused_with_both_values(session: Session):
    method = zone(session).methods[0]
    commands.change_method(session, method.id, {"price": "5.90"}, version=1, by=OWNER)
    with pytest.raises(Conflict) as refused:
        commands.change_method(session, method.id, {"price": "5.50", "note": "By bike"}, version=1, by=OWNER)
    assert refused.value.message == (
        "Somebody else changed this meanwhile. Price is now “5.90”, you entered “5.50”."
        " Note is now “empty”, you entered “By bike”. Nothing was saved."
    )
    assert zone(session).methods[0].price == "5.90"
    with pytest.raises(Conflict):
        commands.remove_method(session, method.id, version=1, by=OWNER)


def test_a_country_is_in_one_zone_alone(session: Session):
    with pytest.raises(Invalid) as refused:
        commands.add_zone(session, "Neighbours", ["CH", "AT"], by=OWNER)
    assert refused.value.field == "countries"
    assert refused.value.message == (
        "Austria is in the zone European Union already, and can be in one alone: take it out there first."
    )


def test_a_country_moves_from_one_zone_to_another(session: Session):
    union = zone(session, "European Union")
    without = [country.code for country in union.countries if country.code != "AT"]
    commands.change_zone(session, union.id, {"countries": without}, version=1, by=OWNER)
    neighbours = commands.add_zone(session, "Neighbours", ["AT"], by=OWNER)
    commands.add_method(session, neighbours, EXPRESS, by=OWNER)
    assert [method.label for method in shipping_queries.methods(session, fresh=True)["AT"]] == ["Express"]
    assert not base_zones.are_untouched(session)


def test_zones_and_methods_are_removed(session: Session):
    union = zone(session, "European Union")
    commands.remove_zone(session, union.id, version=1, by=OWNER)
    assert "European Union" not in [one.name for one in view(session).zones]
    commands.remove_method(session, zone(session).methods[0].id, version=1, by=OWNER)
    assert zone(session).methods == []
    with pytest.raises(NotFound):
        commands.remove_zone(session, union.id, version=1, by=OWNER)


def test_the_order_is_the_shopkeepers(session: Session):
    express = commands.add_method(session, zone(session).id, EXPRESS, by=OWNER)
    commands.move_method(session, express, -1, by=OWNER)
    assert [method.label for method in zone(session).methods] == ["Express", "Standard delivery"]
    commands.move_method(session, express, -1, by=OWNER)
    assert [method.is_first for method in zone(session).methods] == [True, False]


def test_two_of_one_name_have_codes_of_their_own(session: Session):
    commands.add_method(session, zone(session).id, EXPRESS, by=OWNER)
    commands.add_method(session, zone(session, "European Union").id, EXPRESS, by=OWNER)
    codes = session.exec(select(ShippingMethod.code).where(ShippingMethod.label == "Express")).all()
    assert sorted(codes) == ["express", "express-2"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"label": " "}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"price": "-1"}, "price"),
        ({"price": "1e9"}, "price"),
        ({"price": "=1+1"}, "price"),
        ({"free_above": "much"}, "free_above"),
        ({"kind": "drone"}, "kind"),
        ({"min_days": "5"}, "max_days"),
        ({"max_days": "-1"}, "max_days"),
        ({"max_days": "9" * 400}, "max_days"),
        ({"kind": "by_weight"}, "steps"),
        ({"kind": "by_weight", "steps": (("heavy", "5"),)}, "steps"),
        ({"kind": "by_weight", "steps": (("0", "5"),)}, "steps"),
        ({"kind": "by_weight", "steps": (("2", "5"), ("2.0", "6"))}, "steps"),
    ],
)
def test_what_cannot_be_read_names_its_field(session: Session, change: dict[str, object], field: str):
    before = view(session)
    with pytest.raises(Invalid) as refused:
        commands.add_method(session, zone(session).id, EXPRESS | change, by=OWNER)
    assert refused.value.field == field
    assert view(session) == before


def test_who_may_only_look_changes_nothing(session: Session):
    first = zone(session)
    for refused in (
        lambda: commands.add_zone(session, "Nowhere", [], by=CLERK),
        lambda: commands.change_zone(session, first.id, {"name": "Here"}, version=1, by=CLERK),
        lambda: commands.remove_zone(session, first.id, version=1, by=CLERK),
        lambda: commands.add_method(session, first.id, EXPRESS, by=CLERK),
        lambda: commands.change_method(session, first.methods[0].id, {"price": "1"}, version=1, by=CLERK),
        lambda: commands.move_method(session, first.methods[0].id, 1, by=CLERK),
        lambda: commands.remove_method(session, first.methods[0].id, version=1, by=CLERK),
        lambda: admin.delivery(session, by=Principal("customer", 1)),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert session.exec(select(AuditEntry)).all() == []
