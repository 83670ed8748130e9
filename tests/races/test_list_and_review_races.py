"""Lists and reviews at the same moment: one first list, one joining, and counts that are right."""

from __future__ import annotations

from typing import Any

import pytest

from shop_app.core import db
from shop_app.models import Review, ReviewStatus
from shop_app.services import joining, reviews
from shop_app.services.wishlists import commands, queries
from tests.factories import add, key_hash, make_customer, make_product
from tests.paying import rows
from tests.racing import at_once

pytestmark = pytest.mark.both
GUEST = key_hash("a guest")
COLOURS = [f"Colour {number}" for number in range(8)]


@pytest.fixture(autouse=True)
def product_id(engine: Any) -> int:
    with db.transaction() as session:
        return make_product(session, options={"Colour": COLOURS}).id or 0


def sku(number: int) -> str:
    return f"FABLE-LAMP-COLOUR-{number}"


def test_tabs_that_save_first_at_once_make_one_list():
    def save(number: int) -> str:
        with db.transaction() as session:
            return commands.save(session, GUEST, sku(number // 2))

    at_once(save, range(16))
    assert [row.name for row in rows("wish_list")] == ["Saved"]
    assert len(rows("wish_item")) == 8


def test_signing_in_twice_at_once_joins_once():
    with db.transaction() as session:
        customer_id = make_customer(session).id or 0
        for number in range(4):
            commands.save(session, GUEST, sku(number))
            commands.save(session, f"customer:{customer_id}", sku(number + 2))

    def join(_number: int) -> str:
        with db.transaction() as session:
            joining.join(session, customer_id, GUEST)
            return "joined"

    assert at_once(join, range(6)) == {"joined": 6}
    with db.reading() as session:
        view = queries.page(session, f"customer:{customer_id}")
    assert sorted(thing.sku for thing in view.things) == [sku(number) for number in range(6)]
    assert (len(rows("wish_list")), len(rows("wish_item"))) == (1, 6)


def test_reviews_that_are_published_at_once_all_count(product_id: int):
    with db.transaction() as session:
        ids = [
            add(session, Review(product_id=product_id, author_name="A", stars=5, body="Good.")).id
            for _number in range(8)
        ]

    def publish(review_id: int | None) -> str:
        with db.transaction() as session:
            reviews.moderate(session, review_id or 0, ReviewStatus.PUBLISHED, "command line")
            return "published"

    assert at_once(publish, ids) == {"published": 8}
    (product,) = rows("product")
    assert (product.review_count, product.stars_sum) == (8, 40)
