"""Reviews: by those whose order has arrived, once per product and order, seen once they were read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from shop_app.core.errors import Invalid, NotFound
from shop_app.models import Review, ReviewStatus
from shop_app.services import reviews
from shop_app.services.cart import commands as cart_commands
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.reviews import ARRIVES_AFTER, OwnReview, Written
from shop_app.services.search import listing_index
from shop_app.services.storefront import product_page
from tests.factories import make_basics, make_product
from tests.services.test_returns import BOSS, FORM, ME, deliver, rows

pytestmark = pytest.mark.both
GOOD = Written(4, "Heavy and quiet", "It stands\n\n  well. ", "Marta L.")
MUG, BOWL = "dune-mug", "shoal-bowl"


@pytest.fixture(autouse=True)
def _shop(session: Session, clock: Any) -> None:
    make_basics(session)
    mug = make_product(session, "Dune Mug", price_minor=2400, options={"Colour": ["Moss", "Clay"]}, stock=9)
    bowl = make_product(session, "Shoal Bowl", price_minor=2780, stock=9)
    listing_index.refresh(session, [mug.id or 0, bowl.id or 0])


@pytest.fixture
def order(session: Session) -> placing.PlacedOrder:
    """A mug in Moss, one in Clay, and a bowl; the mugs have arrived, and the bowl hasn't left."""
    placed = place(session, {"DUNE-MUG-MOSS": 1, "DUNE-MUG-CLAY": 1, "SHOAL-BOWL": 1})
    deliver(session, placed, {line.id: 1 for line in rows(session, "order_line")[:2]})
    return placed


def place(session: Session, units: dict[str, int]) -> placing.PlacedOrder:
    for sku, quantity in units.items():
        cart_commands.add(session, ME, sku, quantity)
    placed = placing.place(session, ME, FORM, expected_total_minor=10**6)
    order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR")
    return placed


def seen(session: Session, slug: str = MUG) -> tuple[int, str, list[tuple[str, int, str]]]:
    """How many reviews a product's page counts, their average, and those that it shows."""
    page = product_page.product(session, slug)
    return page.review_count, page.rating, [(one.author, one.stars, one.bought) for one in page.reviews]


def only_id(session: Session) -> int:
    (review,) = session.exec(select(Review)).all()
    return review.id or 0


def publish(session: Session, review_id: int) -> bool:
    return reviews.moderate(session, review_id, ReviewStatus.PUBLISHED, "command line")


def test_what_has_arrived_can_be_reviewed(session: Session, order: placing.PlacedOrder):
    (mug,) = reviews.of_order(session, order.token)
    assert mug == OwnReview(MUG, "Dune Mug", "", "Marta L.")
    reviews.write(session, order.token, MUG, GOOD)
    (mug,) = reviews.of_order(session, order.token)
    assert (mug.status, mug.stars, mug.headline, mug.author) == ("pending", 4, "Heavy and quiet", "Marta L.")
    assert mug.body == "It stands\n\nwell."
    (row,) = session.exec(select(Review)).all()
    # Of two variants it is about neither alone.
    assert (row.verified, row.variant_title, row.order_id, row.reply) == (True, "", order.order_id, "")


@pytest.mark.parametrize("slug", [BOWL, "never-was", ""])
def test_what_has_not_arrived_cannot(session: Session, order: placing.PlacedOrder, slug: str):
    with pytest.raises(NotFound, match="You can review what has arrived"):
        reviews.write(session, order.token, slug, GOOD)
    assert rows(session, "review") == []


@pytest.mark.parametrize("token", ["x" * 32, "", "\x00", "a/b"])
def test_without_the_orders_link_nothing_is_written_or_read(
    session: Session, order: placing.PlacedOrder, token: str
):
    reviews.write(session, order.token, MUG, GOOD)
    before = [tuple(row) for row in rows(session, "review")]
    for refused in (
        lambda: reviews.of_order(session, token),
        lambda: reviews.write(session, token, MUG, replace(GOOD, stars=1)),
        lambda: reviews.take_back(session, token, MUG),
    ):
        with pytest.raises(NotFound):
            refused()
    assert [tuple(row) for row in rows(session, "review")] == before


def test_another_order_neither_sees_nor_changes_it(session: Session, order: placing.PlacedOrder):
    reviews.write(session, order.token, MUG, GOOD)
    other = place(session, {"DUNE-MUG-CLAY": 1})
    assert reviews.of_order(session, other.token) == []
    with pytest.raises(NotFound, match="no review of yours"):
        reviews.take_back(session, other.token, MUG)
    deliver(session, other, {rows(session, "order_line")[-1].id: 1})
    reviews.write(session, other.token, MUG, replace(GOOD, stars=2, author="M."))
    assert [(row.order_id, row.stars, row.variant_title) for row in rows(session, "review")] == [
        (order.order_id, 4, ""),
        (other.order_id, 2, "Clay"),
    ]


def test_a_parcel_that_nobody_marked_counts_as_arrived_after_a_week(session: Session, clock: Any):
    placed = place(session, {"SHOAL-BOWL": 1})
    (line,) = rows(session, "order_line")
    fulfilment_commands.ship(session, placed.order_id, {line.id: 1}, carrier="DHL", tracking="1", by=BOSS)
    clock.shift((ARRIVES_AFTER - timedelta(seconds=1)).total_seconds())
    assert reviews.of_order(session, placed.token) == []
    clock.shift(1)
    assert [one.slug for one in reviews.of_order(session, placed.token)] == [BOWL]


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"stars": 0}, "stars", "Choose from 1 to 5 stars."),
        ({"stars": 6}, "stars", "Choose from 1 to 5 stars."),
        ({"stars": True}, "stars", "Choose from 1 to 5 stars."),
        ({"body": " \u200b\n"}, "body", "Write a few words about it."),
        ({"body": "x" * 4001}, "body", "Keep this to 4000 characters."),
        ({"headline": "x" * 101}, "headline", "Keep this to 100 characters."),
        ({"author": "\u200b"}, "author", "Enter a name to show with it; it needn't be your own."),
        ({"author": "x" * 61}, "author", "Keep this to 60 characters."),
    ],
)
def test_what_cannot_be_taken_says_where_and_why(
    session: Session, order: placing.PlacedOrder, wrong: dict[str, Any], field: str, sentence: str
):
    with pytest.raises(Invalid) as raised:
        reviews.write(session, order.token, MUG, replace(GOOD, **wrong))
    assert (raised.value.field, raised.value.message) == (field, sentence)
    assert rows(session, "review") == []


def test_a_review_shows_once_it_was_read(session: Session, order: placing.PlacedOrder):
    reviews.write(session, order.token, MUG, GOOD)
    assert seen(session) == (0, "", [])
    (waiting,) = reviews.to_read(session)
    assert (waiting.product, waiting.stars, waiting.author, waiting.order_number, waiting.written) == (
        "Dune Mug",
        4,
        "Marta L.",
        "1001",
        "20 November",
    )
    assert (publish(session, waiting.id), publish(session, waiting.id)) == (True, False)
    assert seen(session) == (1, "4.0", [("Marta L.", 4, "Bought here")])
    assert reviews.to_read(session) == []
    reviews.moderate(session, waiting.id, ReviewStatus.REJECTED, "command line")
    assert seen(session) == (0, "", [])
    assert [one.id for one in reviews.to_read(session, ReviewStatus.REJECTED)] == [waiting.id]
    with pytest.raises(NotFound):
        publish(session, waiting.id + 1)
    entries = [row for row in rows(session, "audit_entry") if row.object_kind == "review"]
    assert [(row.actor, row.action, row.before, row.after) for row in entries] == [
        ("command line", "review.published", {"status": "pending"}, {"status": "published"}),
        ("command line", "review.hidden", {"status": "published"}, {"status": "rejected"}),
    ]


def test_a_change_is_read_again_and_the_average_follows(
    session: Session, order: placing.PlacedOrder, clock: Any
):
    reviews.write(session, order.token, MUG, GOOD)
    publish(session, review_id := only_id(session))
    clock.shift(60)
    reviews.write(session, order.token, MUG, replace(GOOD, stars=1, body="It broke."))
    assert seen(session) == (0, "", [])
    assert only_id(session) == review_id
    publish(session, review_id)
    assert seen(session) == (1, "1.0", [("Marta L.", 1, "Bought here")])
    (row,) = rows(session, "review")
    assert (row.body, row.edited_at - row.created_at) == ("It broke.", timedelta(seconds=60))


def test_a_review_that_is_taken_back_is_gone(session: Session, order: placing.PlacedOrder):
    reviews.write(session, order.token, MUG, GOOD)
    publish(session, only_id(session))
    reviews.take_back(session, order.token, MUG)
    assert (seen(session), rows(session, "review")) == ((0, "", []), [])
    with pytest.raises(NotFound, match="no review of yours"):
        reviews.take_back(session, order.token, MUG)
    reviews.write(session, order.token, MUG, GOOD)
    assert len(rows(session, "review")) == 1
