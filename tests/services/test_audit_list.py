"""The audit as a list: every filter finds what it says, every entry reads as words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from shop_app.core.access.origin import set_origin
from shop_app.core.access.permissions import BUILT_IN_ROLES, MissingRight
from shop_app.core.access.principal import Principal
from shop_app.models import Staff
from shop_app.services.lists import engine, query
from shop_app.services.staff import audit
from shop_app.services.staff.audit_list import AUDIT
from tests.factories import make_staff

pytestmark = pytest.mark.both
MANAGER = Principal("staff", 0, "m@example.com", "Mona", "manager", BUILT_IN_ROLES["manager"])
CLERK = Principal("staff", 0, "kim@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])


@pytest.fixture
def entries(engine, session: Session, clock) -> dict[str, int]:
    """Ids of a few entries, by what they are about; a day lies between them."""
    make_staff(session, "kim@example.com", "clerk", name="Kim Clerk")
    set_origin("page", "192.0.2.7")
    days = 24 * 3600
    clock.shift(days)
    audit.record(session, CLERK, "changed", "product", "lamp", {"price_minor": 4900}, {"price_minor": 5900})
    clock.shift(days)
    audit.record(session, CLERK.actor, "right.refused", "right", "orders.refund", {}, {"asked": "refund"})
    clock.shift(days)
    set_origin("job sweep")
    audit.record(session, "system", "order.cancelled", "order", "1001", {"status": "placed"}, {"status": "x"})
    set_origin("")
    ids = engine_ids(session, "")
    return dict(zip(("order", "right", "product", "staff"), ids, strict=True))


def engine_ids(session: Session, text: str) -> tuple[int, ...]:
    return engine.page(session, AUDIT, query.read(AUDIT, query.fields_of(text))).ids


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", "order right product staff"),
        ("sort=at", "staff product right order"),
        ("who={kim}", "right product"),
        ("who=test", "staff"),
        ("who=not:{kim},test", "order"),
        ("what=right.refused", "right"),
        ("kind=product,order", "order product"),
        ("kind=not:product", "order right staff"),
        ("at=from:2026-11-22", "order right"),
        ("at=to:2026-11-21", "product staff"),
        ("q=lamp", "product"),
        ("q=kim@example.com", "right product staff"),
        ("q=10", "order"),
        ("q=nothing", ""),
    ],
)
def test_every_filter_finds_what_it_says(session: Session, entries, asked: str, found: str):
    kim = session.exec(select(Staff.id)).one()
    assert list(engine_ids(session, asked.format(kim=kim))) == [entries[name] for name in found.split()]


def test_an_entry_is_shown_in_words(session: Session, entries):
    rows = AUDIT.load(session, list(entries.values()), MANAGER)
    shown = {
        name: [
            rows[entries[name]].cells[key].text for key in ("at", "who", "what", "record", "changes", "place")
        ]
        for name in ("product", "right", "order")
    }
    assert shown["product"] == [
        "21 November, 11:00",
        "Kim Clerk",
        "Changed",
        "lamp",
        "Price: €49.00 → €59.00",
        "Back office, 192.0.2.7",
    ]
    assert shown["right"][1:5] == ["Kim Clerk", "Was refused", "Refund orders", "Asked: refund"]
    assert shown["order"][1:] == ["The shop", "Cancelled", "1001", "Status: placed → x", "Job sweep"]
    at = datetime.fromisoformat(rows[entries["order"]].cells["at"].plain)
    assert at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert rows[entries["product"]].href == "/admin/products/lamp"


def test_its_filters_offer_what_there_is(session: Session, entries):
    offered = {one.key: one.options(session) for one in AUDIT.filters if callable(one.options)}
    kim = session.exec(select(Staff.id)).one()
    assert offered["who"] == ((str(kim), "Kim Clerk"), ("system", "The shop"), ("test", "test"))
    assert ("order.cancelled", "Cancelled") in offered["what"]
    assert ("right", "Right") in offered["kind"]


def test_only_those_who_may_see_the_audit_read_it(session: Session, entries):
    with pytest.raises(MissingRight, match="See the audit"):
        AUDIT.load(session, list(entries.values()), CLERK)
