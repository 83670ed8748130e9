"""The outbox: a letter is written once, whatever is said of it later, and what is written can be sent."""

from __future__ import annotations

import pytest
from sqlmodel import select

from shop_app.clock import now
from shop_app.letters import compose
from shop_app.models import Letter
from shop_app.services import letters
from shop_app.services.cart import cart
from shop_app.services.checkout import checkout
from shop_app.services.checkout.checkout import CheckoutForm
from shop_app.services.orders import order_promises, orders
from tests.factories import key_hash, make_basics, make_product

pytestmark = pytest.mark.both
TO, KEY = "marta@example.com", "order_paid:1001"
ME = key_hash()
FORM = CheckoutForm(
    email=TO, given_name="Marta", family_name="Lind", line1="Oranienstraße 18", postal_code="10999",
    locality="Berlin", country="DE", shipping_method="standard", payment_provider="stripe",
)  # fmt: skip


def test_a_letter_that_was_sent_is_not_sent_again(session):
    letters.write(session, "order_paid", TO, KEY, {"number": 1001})
    (letter,) = letters.claim(session)
    letters.mark_sent(session, letter.id)
    session.flush()

    letters.write(session, "order_paid", "other@example.com", KEY, {"number": 1002})

    assert letters.claim(session) == []
    (row,) = session.exec(select(Letter)).all()
    assert (row.to_email, row.data, row.attempts) == (TO, {"number": 1001}, 1)
    assert row.sent_at is not None


def test_a_bank_debit_that_fails_is_told_of_in_two_letters(session):
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, stock=5)
    cart.add(session, ME, "DUNE-MUG", 1)
    shown = checkout.view(session, ME).total_minor
    placed = orders.place(session, ME, FORM, expected_total_minor=shown)
    order_promises.wait_for_bank(session, placed.order_id, now())
    order_promises.failed(session, placed.order_id)

    view = orders.view_of(session, placed.order_id)
    subjects = [compose(letter, view)["Subject"] for letter in letters.claim(session)]
    assert sorted(subjects) == [
        "Order 1001: the payment didn't go through", "Order 1001: your bank is at work",
    ]  # fmt: skip
