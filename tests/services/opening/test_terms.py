"""The terms of checkout: only what was touched is changed, and a stale form is refused."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid
from shop_app.services.opening import terms
from shop_app.services.shop import profile

OWNER = Principal("staff", 0, "owner@example.com", permissions=frozenset(["settings.view", "settings.edit"]))


@pytest.fixture(autouse=True)
def _open(session: Session) -> None:
    profile.open_shop(session, name="Berg", country="AT", currency="EUR", locale="en")


def test_what_was_touched_is_changed(session: Session):
    terms.change(session, {"hold_minutes": "20", "prices_include_tax": ""}, version=1, by=OWNER)
    view = terms.terms(session, by=OWNER)
    assert (view.hold_minutes, view.prices_include_tax, view.transfer_days) == ("20", False, "10")


def test_a_stale_form_is_refused_with_both_values(session: Session):
    terms.change(session, {"hold_minutes": "20"}, version=1, by=OWNER)
    with pytest.raises(Conflict, match="Minutes that units are kept is now “20”, you entered “30”"):
        terms.change(session, {"hold_minutes": "30"}, version=1, by=OWNER)
    assert terms.terms(session, by=OWNER).hold_minutes == "20"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"hold_minutes": "soon"}, "hold_minutes"),
        ({"hold_minutes": "0"}, "hold_minutes"),
        ({"transfer_days": "99999"}, "transfer_days"),
        ({"transfer_days": "-1"}, "transfer_days"),
        ({"capture": "never"}, "capture"),
    ],
)
def test_what_cannot_be_taken_names_its_field(session: Session, typed: dict[str, str], field: str):
    with pytest.raises(Invalid) as refused:
        terms.change(session, typed, version=1, by=OWNER)
    assert refused.value.field == field
    assert terms.terms(session, by=OWNER).version == 1


def test_who_may_not_change_settings_changes_nothing(session: Session):
    clerk = Principal("staff", 0, "clerk@example.com", permissions=frozenset(["settings.view"]))
    with pytest.raises(Forbidden):
        terms.change(session, {"hold_minutes": "20"}, version=1, by=clerk)
