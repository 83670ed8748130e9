"""Staff at the same moment: categories that move make no circle, and a delivery is received once."""

from __future__ import annotations

import pytest
from sqlmodel import select

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.models import Category, Collection
from shop_app.services.catalog import categories, collections
from shop_app.services.inventory import incoming, stocktake
from tests.factories import make_product, stock_of
from tests.racing import at_once

pytestmark = pytest.mark.both
OWNER = Principal("staff", 0, "owner@example.com", "Ada", "owner", BUILT_IN_ROLES["owner"])


def test_categories_moved_under_each_other_make_no_circle(engine):
    with db.transaction() as session:
        for title in ("A", "B", "C"):
            categories.add(session, title, by=OWNER)

    def move(pair: str) -> str:
        with db.transaction() as session:
            categories.move(session, pair[0], pair[1], by=OWNER)
        return "moved"

    assert at_once(move, ["ab", "bc", "ca"]) == {"moved": 2, "Invalid": 1}
    with db.reading() as session:
        parents = {row.id: row.parent_id for row in session.exec(select(Category))}
    assert list(parents.values()).count(None) == 1


def test_names_given_at_once_get_an_address_each(engine):
    def add(title: str) -> str:
        with db.transaction() as session:
            categories.add(session, title, by=OWNER)
            collections.add(session, title, by=OWNER)
        return "added"

    assert at_once(add, ["Gifts"] * 5) == {"added": 5}
    with db.reading() as session:
        slugs = {"gifts", *(f"gifts-{number}" for number in range(2, 6))}
        assert set(session.exec(select(Category.slug))) == set(session.exec(select(Collection.slug))) == slugs


def test_a_delivery_is_received_and_a_count_booked_once(engine):
    with db.transaction() as session:
        make_product(session, "Lamp", stock=10)
        key = incoming.expect(session, "LAMP", 5, by=OWNER)
        stocktake.count(session, "LAMP", 8, by=OWNER)

    def receive(_clerk: str) -> str:
        with db.transaction() as session:
            incoming.receive(session, "LAMP", key, 5, by=OWNER)
        return "received"

    def book(_clerk: str) -> str:
        with db.transaction() as session:
            stocktake.book(session, by=OWNER)
        return "booked"

    assert at_once(receive, ["a", "b", "c", "d"]) == {"received": 1, "Conflict": 3}
    assert at_once(book, ["a", "b", "c", "d"]) == {"booked": 1, "Invalid": 3}
    with db.reading() as session:
        assert stock_of(session, "LAMP") == (13, 0, 0)
