"""Bank transfers: marked as arrived by a person, once for each reference, and never where none is awaited."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.services.books import check as books
from shop_app.workflows import mark_paid
from tests.paying import FORM, World, everything, make_world, rows

CLERK = Principal("staff", 0, "clerk@example.com", "Clerk", "clerk", BUILT_IN_ROLES["clerk"])
MANAGER = Principal("staff", 0, "manager@example.com", "Manager", "manager", BUILT_IN_ROLES["manager"])


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def awaited(world) -> World:
    """Order 1001 over €32.70, to be paid by bank transfer."""
    world.pay(replace(FORM, payment_provider="manual"))
    return world


def mark(reference: str = "SEPA 0815", number: int = 1001, by: Principal = MANAGER) -> bool:
    return asyncio.run(mark_paid.mark_paid(number, reference, by))


@pytest.mark.both
def test_a_transfer_pays_the_order_once(awaited):
    assert mark() is True
    (order,), (payment,) = rows("customer_order"), rows("payment")
    assert (order.status, order.payment_status, order.paid_at is not None) == ("placed", "paid", True)
    assert (payment.provider, payment.state, payment.captured_minor) == ("manual", "captured", 3270)
    assert [(row.kind, row.provider_reference, row.amount_minor) for row in rows("payment_event")] == [
        ("captured", "SEPA 0815", 3270)
    ]
    assert [row.kind for row in rows("letter")] == ["order_placed", "order_paid"]
    assert [(row.actor, row.action) for row in rows("audit_entry")] == [
        ("staff:manager@example.com", "marked_paid")
    ]
    after = everything()

    assert mark("  SEPA  0815 ") is False
    assert everything() == after
    with db.reading() as session:
        assert books.check(session).violations == ()


def test_eight_clicks_at_once_are_one_payment(awaited):
    async def clicks() -> list[bool]:
        return await asyncio.gather(*(mark_paid.mark_paid(1001, "SEPA 0815", MANAGER) for _ in range(8)))

    assert sorted(asyncio.run(clicks())) == [False] * 7 + [True]
    assert len(rows("payment_event")) == 1


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (Invalid, {"reference": " "}),
        (Invalid, {"reference": "x" * 101}),
        (NotFound, {"number": 999}),
        (Forbidden, {"by": CLERK}),
        (Forbidden, {"by": NOBODY}),
    ],
)
def test_what_cant_be_marked_changes_nothing(awaited, error, given):
    before = everything()
    with pytest.raises(error):
        mark(**given)
    assert everything() == before


def test_another_transfer_for_a_paid_order_is_refused(awaited):
    mark()
    before = everything()
    with pytest.raises(Conflict, match="paid already"):
        mark("SEPA 0816")
    assert everything() == before


def test_an_order_that_waits_for_a_card_isnt_marked(world):
    world.pay()
    before = everything()
    with pytest.raises(Conflict, match="paid online"):
        mark()
    assert everything() == before
