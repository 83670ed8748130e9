"""The outbox: a letter is written once, whatever is said of it later."""

from __future__ import annotations

import pytest
from sqlmodel import select

from shop_app.models import Letter
from shop_app.services import letters

pytestmark = pytest.mark.both
TO, KEY = "marta@example.com", "order_paid:1001"


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
