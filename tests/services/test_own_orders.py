"""A customer's own orders: theirs alone, newest first, found by number and words, each where it stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, insert

from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.errors import Forbidden
from shop_app.models import OrderStatus, PaymentStatus
from shop_app.services.storefront import own_orders
from tests.factories import make_basics, make_customer
from tests.many_orders import fill, order

pytestmark = pytest.mark.both
line = SQLModel.metadata.tables["order_line"]


@pytest.fixture
def me(session: Session) -> Principal:
    make_basics(session)
    return people(session, "marta@example.com")


def people(session: Session, email: str) -> Principal:
    """A customer as they are signed in."""
    return Principal("customer", make_customer(session, email).id or 0, email)


def give(session: Session, by: Principal, count: int, **values: Any) -> list[int]:
    """Orders of theirs, the oldest first, a minute apart, each with a mug and a bowl; their numbers."""
    first = 5000
    fill(session, count, first=first)
    run = session.connection().execute
    plain = {"customer_id": by.id, "status": "placed", "payment_status": "paid", "needs_review": ""}
    plain |= {"fulfilment_status": "none", "paid_at": now()} | values
    rows = run(order.select().where(order.c.number >= first).order_by(order.c.number)).all()
    for at, row in enumerate(rows):
        placed_at = now() - timedelta(minutes=count - at)
        run(order.update().where(order.c.id == row.id).values(placed_at=placed_at, **plain))
        run(
            insert(line),
            [_line(row.id, 0, "Dune Mug", "Moss", "MUG-MOSS"), _line(row.id, 1, "Schale Öl", "", "BOWL")],
        )
    return [row.number for row in rows]


def _line(order_id: int, position: int, title: str, variant_title: str, sku: str) -> dict[str, Any]:
    return {
        "order_id": order_id, "position": position, "slug": title.lower(), "title": title, "sku": sku,
        "variant_title": variant_title, "quantity": 1, "unit_price_minor": 1000, "subtotal_minor": 1000,
        "discount_minor": 0, "tax_minor": 160, "total_minor": 1000, "tax_class": "standard",
    }  # fmt: skip


def numbers(view: own_orders.OwnOrders) -> list[int]:
    return [int(one.number) for one in view.orders]


def test_theirs_alone_are_shown_the_newest_first_page_by_page(session, me):
    fill(session, 30)
    given = give(session, me, 23)

    pages, before = [], ""
    while True:
        page = own_orders.view(session, me, before=before)
        pages.append(numbers(page))
        if not (before := page.older):
            break

    assert [len(page) for page in pages] == [10, 10, 3]
    assert sum(pages, []) == given[::-1]


def test_only_a_customer_has_orders_of_their_own(session, me):
    give(session, me, 1)
    assert own_orders.view(session, people(session, "other@example.com")) == own_orders.OwnOrders()
    for by in (NOBODY, Principal("staff", me.id, "clerk@example.com")):
        with pytest.raises(Forbidden):
            own_orders.view(session, by)


@pytest.mark.parametrize(
    ("typed", "finds"),
    [("#5001", 1), ("5001", 1), ("mug", 3), ("MOSS du", 3), ("öl", 3), ("ol schale", 3), ("bowl", 3),
     ("ug", 0), ("lamp", 0), ("%", 0), ("4999", 0), ("'; --", 0), ("x" * 5000, 0)],
)  # fmt: skip
def test_orders_are_found_by_their_number_and_the_words_of_their_products(session, me, typed, finds):
    give(session, me, 3)
    page = own_orders.view(session, me, text=typed)
    assert (len(page.orders), page.has_any) == (finds, True)


def test_nobody_finds_an_order_that_isnt_theirs_by_its_number(session, me):
    fill(session, 30)
    assert own_orders.view(session, me, text="17") == own_orders.OwnOrders()


STANDS = [
    ({"needs_review": "The amount differs"}, "review", "open"),
    ({"status": "pending", "payment_status": "none", "paid_at": None}, "unpaid", "open"),
    ({"payment_status": "none", "paid_at": None}, "unpaid", "open"),
    ({"payment_status": "authorized", "paid_at": None}, "packing", "open"),
    ({}, "packing", "open"),
    ({"fulfilment_status": "partial"}, "partial", "open"),
    ({"fulfilment_status": "shipped"}, "shipped", "open"),
    ({"fulfilment_status": "shipped", "payment_status": "none", "paid_at": None}, "shipped", "open"),
    ({"fulfilment_status": "delivered", "status": "completed"}, "delivered", "delivered"),
    ({"fulfilment_status": "returned", "status": "completed"}, "returned", "back"),
    ({"payment_status": "refunded"}, "refunded", "back"),
    ({"status": "cancelled", "payment_status": "refunded"}, "cancelled", "ended"),
    ({"status": "expired", "payment_status": "none", "paid_at": None}, "expired", "ended"),
]


@pytest.mark.parametrize(("values", "stand", "group"), STANDS)
def test_an_order_stands_in_one_place_and_in_one_group(session, me, values, stand, group):
    give(session, me, 1, **values)
    (shown,) = own_orders.view(session, me).orders
    assert shown.stand == stand
    assert shown.stand_text
    assert [name for name in own_orders.GROUPS if own_orders.view(session, me, group=name).orders] == [group]
    assert own_orders.view(session, me, group="nothing of ours").orders == [shown]


def test_an_order_says_what_is_in_it(session, me):
    give(session, me, 1)
    (shown,) = own_orders.view(session, me).orders
    assert (shown.summary, shown.placed) == ("Dune Mug, Moss, and 1 more", own_orders.dates.day(now()))
    assert [thing.title for thing in shown.pictures] == ["Dune Mug", "Schale Öl"]


@pytest.mark.parametrize(
    "before",
    ["x", "1-", "-1", "1-1-1", "9" * 400 + "-1", "²-1", "9999999999999999-1", "1" * 16 + "-" + "9" * 15],
)
def test_a_mark_that_we_never_made_begins_somewhere_and_fails_nowhere(session, me, before):
    give(session, me, 2)
    assert len(own_orders.view(session, me, before=before).orders) in (0, 2)


def test_every_status_has_a_word(session, me):
    for status in OrderStatus:
        for payment in PaymentStatus:
            run = session.connection().execute
            run(line.delete())
            run(order.delete())
            give(session, me, 1, status=status.value, payment_status=payment.value)
            (shown,) = own_orders.view(session, me).orders
            assert shown.stand in own_orders._STANDS
