"""The outbox: a letter is written once, whatever is said of it later, and what is written can be sent."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlmodel import select

from shop_app.core.clock import now
from shop_app.letters import compose
from shop_app.models import Letter
from shop_app.services import outbox
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.orders import awaited_payment, placing
from shop_app.services.storefront import order_page
from tests.factories import key_hash, make_basics, make_product

pytestmark = pytest.mark.both
TO, KEY = "marta@example.com", "order_paid:1001"
ME = key_hash()
FORM = CheckoutForm(
    email=TO,
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="stripe",
)


def test_a_letter_that_was_sent_is_not_sent_again(session):
    outbox.write(session, "order_paid", TO, KEY, {"number": 1001})
    (letter,) = outbox.claim(session)
    outbox.mark_sent(session, letter.id)
    session.flush()

    outbox.write(session, "order_paid", "other@example.com", KEY, {"number": 1002})

    assert outbox.claim(session) == []
    (row,) = session.exec(select(Letter)).all()
    assert (row.to_email, row.data, row.attempts) == (TO, {"number": 1001}, 1)
    assert row.sent_at is not None


def test_a_bank_debit_that_fails_is_told_of_in_two_letters(session):
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, stock=5)
    cart_commands.add(session, ME, "DUNE-MUG", 1)
    shown = checkout.view(session, ME).total_minor
    placed = placing.place(session, ME, FORM, expected_total_minor=shown)
    awaited_payment.wait_for_bank(session, placed.order_id, now())
    awaited_payment.failed(session, placed.order_id)

    view = order_page.view_of(session, placed.order_id)
    subjects = [compose(letter, view)["Subject"] for letter in outbox.claim(session)]
    assert sorted(subjects) == [
        "Order 1001: the payment didn't go through",
        "Order 1001: your bank is at work",
    ]


def written(session, kind: str, number: int, to: str = TO, *, paid: bool = False) -> Letter:
    """The row of a letter that is written now."""
    outbox.write(session, kind, to, f"{kind}:{number}", {"number": number}, paid=paid)
    return session.exec(select(Letter).where(Letter.dedupe_key == f"{kind}:{number}")).one()


def test_a_mailbox_gets_so_many_a_day_of_what_strangers_cause(session, clock, configure):
    """However its address is written, and whatever the kinds; what waits goes on the days after."""
    configure(SHOP_LETTERS_A_DAY="4")
    kinds = ("order_placed", "withdrawal_received", "return_requested", "order_reminder")
    letter_ids = [
        written(session, kinds[number % 4], number, f"Marta+{number}@example.com") for number in range(14)
    ]
    began = letter_ids[0].created_at
    assert [(row.next_try_at - began).days for row in letter_ids[:12]] == [0] * 4 + [1] * 4 + [2] * 4
    assert [row.problem for row in letter_ids[12:]] == ["too many letters to this mailbox"] * 2
    assert written(session, "order_placed", 99, "other@example.com").next_try_at == began

    sent = []
    for _day in range(6):
        claimed = outbox.claim(session, 100)
        for letter in claimed:
            outbox.mark_sent(session, letter.id)
        session.flush()
        sent.append(len([one for one in claimed if one.to_email != "other@example.com"]))
        clock.shift(24 * 3600 + 180)
    assert sent == [4, 4, 4, 0, 0, 0]
    later = written(session, "order_placed", 100)
    assert (later.next_try_at, later.problem) == (later.created_at, "")


def test_what_the_shop_itself_has_to_say_never_waits(session, clock):
    for number in range(40):
        written(session, "order_placed", number)
    for kind in ("order_shipped", "order_refunded", "order_cancelled", "return_approved"):
        row = written(session, kind, 1)
        assert (row.next_try_at, row.problem) == (row.created_at, "")
    # What was paid cost whoever caused it: its letters go at once, the receipt of a withdrawal above all.
    for kind in ("order_paid", "withdrawal_received", "return_requested"):
        row = written(session, kind, 2, paid=True)
        assert (row.next_try_at, row.problem) == (row.created_at, "")


def test_what_costs_nothing_is_counted_too_whatever_its_letter_is_called(session, clock, configure):
    """An order of nothing is paid at once, a bank debit is on its way whoever's account it names."""
    configure(SHOP_LETTERS_A_DAY="3")
    kinds = ("order_paid", "order_processing", "order_payment_failed")
    assert [written(session, kind, 1).problem for kind in kinds] == [""] * 3
    row = written(session, "order_placed", 1)
    assert (row.next_try_at - row.created_at).days == 1


def test_an_order_of_nothing_writes_no_more_letters_than_one_that_isnt_paid(session, clock, configure):
    configure(SHOP_LETTERS_A_DAY="1")
    make_basics(session)
    make_product(session, "Sample", price_minor=0, stock=50)
    session.connection().execute(text("UPDATE shipping_method SET price_minor = 0"))
    for number in range(3):
        visitor = key_hash(f"eve {number}")
        cart_commands.add(session, visitor, "SAMPLE", 1)
        placing.place(session, visitor, FORM, expected_total_minor=0)
    rows = session.exec(select(Letter)).all()
    assert {row.kind for row in rows} == {"order_paid"}
    assert [(row.next_try_at - row.created_at).days for row in rows] == [0, 1, 2]


def test_whoever_orders_twice_notices_nothing(session, clock):
    rows = [written(session, "order_placed", number) for number in range(2)]
    assert [row.next_try_at for row in rows] == [row.created_at for row in rows]
