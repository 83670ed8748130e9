"""Admin of stock: with the permission, with a reason, and never below what is allocated and held."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, StockPolicy
from shop_app.services.books import check as books
from shop_app.services.inventory import admin as inventory_admin
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.inventory import holds as inventory_holds
from shop_app.services.inventory import ledger as inventory_ledger
from shop_app.services.inventory import queries as inventory_queries
from tests.factories import make_cart, make_product, stock_of, variant_with

pytestmark = pytest.mark.both
CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])


@pytest.fixture
def lamp(session: Session) -> int:
    make_product(session, "Lamp", stock=10)
    return variant_with(session, "LAMP").id or 0


def audit(session: Session) -> list[tuple[str, str, dict, dict]]:
    session.flush()
    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
    return [(entry.actor, entry.action, entry.before, entry.after) for entry in entries]


def test_units_are_set_with_reason_actor_and_note(session, lamp):
    levels = inventory_admin.set_units(
        session, "LAMP", 7, seen=10, reason="count", note=" shelf 3 ", by=CLERK
    )

    assert (levels.on_hand, levels.left, levels.title) == (7, 7, "Lamp")
    last = inventory_queries.history(session, "LAMP", by=CLERK)[0]
    assert (last.kind, last.on_hand, last.reason, last.note, last.actor) == (
        "adjusted",
        -3,
        "count",
        "shelf 3",
        "staff:clerk@example.com",
    )
    assert audit(session) == [
        (
            "staff:clerk@example.com",
            "stock_changed",
            {"on_hand": 10},
            {"on_hand": 7, "reason": "count", "note": "shelf 3"},
        ),
    ]
    assert books.check(session).violations == ()


def test_units_that_came_or_went_are_added_to_what_is_there_now(session, lamp):
    inventory_admin.change_units(session, "LAMP", 5, reason="delivery", by=CLERK)
    levels = inventory_admin.change_units(session, "LAMP", -1, reason="broken", by=CLERK)

    assert (levels.on_hand, stock_of(session, "LAMP")) == (14, (14, 0, 0))
    assert [entry.on_hand for entry in inventory_queries.history(session, "LAMP", by=CLERK)] == [-1, 5, 10]


def test_a_number_that_has_moved_on_is_not_overwritten(session, lamp):
    inventory_commands.adjust(session, lamp, -2, reason="broken")
    with pytest.raises(Conflict, match="There are 8 units in the house now, not 10 any more"):
        inventory_admin.set_units(session, "LAMP", 12, seen=10, reason="count", by=CLERK)

    assert (stock_of(session, "LAMP"), audit(session)) == ((8, 0, 0), [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": ""},
        {"reason": "because"},
        {"note": "n" * 1001},
        {"delta": 0},
        {"delta": -11},
        {"delta": 10**6 + 1},
        {"delta": True},
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(session, lamp, wrong):
    values = {"delta": 1, "reason": "found", "note": ""} | wrong
    with pytest.raises(Invalid), session.begin_nested():
        inventory_admin.change_units(
            session, "LAMP", values["delta"], reason=values["reason"], note=values["note"], by=CLERK
        )

    assert (stock_of(session, "LAMP"), audit(session)) == ((10, 0, 0), [])


def test_promised_units_stay_in_the_house(session, lamp):
    inventory_holds.hold(
        session, make_cart(session).id or 0, {lamp: 8}, expires_at=now() + timedelta(minutes=1)
    )
    with pytest.raises(Invalid, match="already have more units"):
        inventory_admin.set_units(session, "LAMP", 7, seen=10, reason="count", by=CLERK)

    assert inventory_admin.set_units(session, "LAMP", 8, seen=10, reason="count", by=CLERK).left == 0


def test_backorders_are_allowed_until_a_day_and_end_once_all_is_there(session, lamp, clock):
    expected = date(2026, 12, 12)
    levels = inventory_admin.set_policy(session, "LAMP", backorder=True, expected_on=expected, by=CLERK)
    assert (levels.backorder, levels.expected_on) == (True, "2026-12-12")
    inventory_holds.hold(
        session, make_cart(session).id or 0, {lamp: 12}, expires_at=now() + timedelta(minutes=1)
    )
    with pytest.raises(Invalid, match="12 are promised and 10 are in the house"):
        inventory_admin.set_policy(session, "LAMP", backorder=False, by=CLERK)
    assert inventory_queries.stock_levels(session, "LAMP", by=CLERK).backorder is True

    inventory_admin.change_units(session, "LAMP", 2, reason="delivery", by=CLERK)
    levels = inventory_admin.set_policy(session, "LAMP", backorder=False, by=CLERK)
    assert (levels.backorder, levels.expected_on, levels.left) == (False, "", 0)
    assert [entry[1:] for entry in audit(session)][::2] == [
        (
            "stock_policy_set",
            {"policy": "deny", "expected_on": ""},
            {"policy": "backorder", "expected_on": "2026-12-12"},
        ),
        (
            "stock_policy_set",
            {"policy": "backorder", "expected_on": "2026-12-12"},
            {"policy": "deny", "expected_on": ""},
        ),
    ]


def test_a_day_that_has_passed_is_no_promise(session, lamp, clock):
    with pytest.raises(Invalid, match="still to come"):
        inventory_admin.set_policy(session, "LAMP", backorder=True, expected_on=date(2026, 11, 20), by=CLERK)

    assert inventory_ledger.levels(session, [lamp])[lamp].policy == StockPolicy.DENY


def test_a_variant_that_was_never_stocked_gets_its_first_units(session, lamp):
    session.connection().execute(text("DELETE FROM stock_movement"))
    session.connection().execute(text("DELETE FROM stock_level"))
    assert inventory_queries.stock_levels(session, "LAMP", by=CLERK).on_hand == 0
    assert inventory_admin.change_units(session, "LAMP", 4, reason="delivery", by=CLERK).on_hand == 4


def test_without_the_right_nothing_is_seen_or_changed(session, lamp):
    guest = Principal("staff", 0, "new@example.com", "New", "clerk", frozenset({"inventory.view"}))
    for attempt in (
        lambda: inventory_queries.stock_levels(session, "LAMP", by=NOBODY),
        lambda: inventory_queries.history(session, "LAMP", by=NOBODY),
        lambda: inventory_admin.set_units(session, "LAMP", 1, seen=10, reason="count", by=guest),
        lambda: inventory_admin.change_units(session, "LAMP", 1, reason="found", by=guest),
        lambda: inventory_admin.set_policy(session, "LAMP", backorder=True, by=guest),
    ):
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(NotFound):
        inventory_queries.stock_levels(session, "NOPE", by=guest)

    assert (stock_of(session, "LAMP"), audit(session)) == ((10, 0, 0), [])
