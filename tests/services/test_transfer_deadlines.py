"""Orders that are paid by transfer wait for so many days: a reminder, the end, and money that comes later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shop_app import letters
from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict
from shop_app.core.money import show
from shop_app.services.books import check as books
from shop_app.services.cart import commands as cart_commands
from shop_app.services.credit import commands as credit_commands
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import placing
from shop_app.services.orders import queries as order_queries
from shop_app.services.orders import review as order_review
from shop_app.services.payments import transfer_deadlines
from shop_app.services.returns import commands as return_commands
from shop_app.services.storefront import order_page
from shop_app.worker import jobs
from shop_app.workflows import fulfil, pay, recover
from tests.factories import key_hash
from tests.paying import FORM, ME, World, everything, make_world, rows
from tests.selling import CLERK, cancel, sell, send, units
from tests.services.test_transfers import mark

DAY = 24 * 3600
TO_MIDNIGHT = 13 * 3600
"""From the hour at which the clock of the tests stands into the next day of the shop."""
OWNER = Principal("staff", 0, "owner@example.com", "Owner", "owner", BUILT_IN_ROLES["owner"])
MANUAL = replace(FORM, payment_provider="manual")

pytestmark = pytest.mark.both


@pytest.fixture
def world(engine, clock, tmp_path) -> World:
    """A shop on 20 November 2026, where time stands still."""
    return make_world(tmp_path)


@pytest.fixture
def awaited(world) -> World:
    """Order 1001 over €32.70, to be paid by transfer within ten days."""
    world.pay(MANUAL)
    return world


def sweep() -> None:
    asyncio.run(recover.sweep())


def order():
    return rows("customer_order")[0]


def bowl() -> tuple[int, int, int]:
    level = rows("stock_level")[0]
    return level.on_hand, level.allocated, level.held


def kinds() -> list[str]:
    return [row.kind for row in rows("letter")]


def wrong_books() -> tuple:
    with db.reading() as session:
        return books.check(session).violations


def shown():
    with db.reading() as session:
        return order_page.view(session, order().token)


def letter(kind: str):
    """The letter of that kind as it would be sent: subject and plain text."""
    from shop_app.services.outbox import LetterToSend

    row = next(row for row in rows("letter") if row.kind == kind)
    mail = letters.compose(LetterToSend(row.id, kind, row.to_email, row.dedupe_key, row.data), shown())
    return str(mail["Subject"]), next(mail.iter_parts()).get_content()


def test_the_page_and_the_letter_say_until_when(awaited):
    view = shown()
    assert view.pay_until == "30 November 2026"
    assert ("Until", "30 November 2026") in view.transfer_details
    assert "until 30 November 2026" in view.explanation
    assert "until 30 November 2026" in letter("order_placed")[1]


def test_the_shopper_is_reminded_once_before_the_end(awaited, clock):
    clock.shift(7 * DAY + TO_MIDNIGHT - 60)
    sweep()
    assert kinds() == ["order_placed"]
    clock.shift(60)
    sweep()
    sweep()
    assert kinds() == ["order_placed", "order_reminder"]
    subject, text = letter("order_reminder")
    assert subject == "Order 1001: we wait for your payment"
    assert "until 30 November 2026" in text
    assert "Amount: €32.70" in text
    assert (order().status, bowl()) == ("placed", (3, 1, 0))


def test_without_money_it_ends_its_units_are_free_and_a_letter_says_so(awaited, clock):
    clock.shift(10 * DAY + TO_MIDNIGHT - 1)
    sweep()
    assert order().status == "placed"
    clock.shift(1)
    sweep()
    assert (order().status, order().expires_at, bowl()) == ("expired", None, (3, 0, 0))
    assert [(row.sold_count) for row in rows("product")] == [0, 0]
    assert kinds() == ["order_placed", "order_reminder", "order_expired"]
    subject, text = letter("order_expired")
    assert subject == "Order 1001 has ended: it wasn't paid"
    assert "nothing will be sent" in text
    view = shown()
    assert (view.phase, view.headline) == ("expired", "This order wasn't paid in time")
    assert (view.transfer_details, view.pay_until) == ([], "")
    after = everything()
    sweep()
    assert everything() == after
    assert wrong_books() == ()


def test_money_that_comes_later_takes_the_units_again(awaited, clock):
    clock.shift(11 * DAY)
    sweep()
    assert mark() is True
    assert (order().status, order().payment_status, bowl()) == ("placed", "paid", (3, 1, 0))
    assert (order().paid_at is not None, order().needs_review) == (True, "")
    assert [(row.sold_count) for row in rows("product")] == [1, 0]
    assert kinds()[-1] == "order_paid"
    assert wrong_books() == ()
    assert mark() is False


def test_money_that_comes_when_the_units_are_gone_needs_a_person(awaited, clock):
    clock.shift(11 * DAY)
    sweep()
    with db.transaction() as session:
        cart_commands.add(session, key_hash("another"), "SHOAL-BOWL", 3)
        placing.place(session, key_hash("another"), MANUAL, expected_total_minor=3 * 2780)
    assert mark() is True
    late = order()
    assert (late.status, late.payment_status) == ("expired", "paid")
    assert late.needs_review == "Paid after the order had expired and its units were gone."
    assert bowl() == (3, 3, 0)
    assert wrong_books() == ()


def test_a_paid_order_never_ends(awaited, clock):
    mark()
    assert order().expires_at is None
    clock.shift(400 * DAY)
    before = everything()
    sweep()
    assert everything() == before


def test_one_that_was_paid_between_the_look_and_the_end_goes_on(awaited, clock):
    clock.shift(10 * DAY + TO_MIDNIGHT)
    with db.reading() as session:
        assert transfer_deadlines.overdue(session) == [order().id]
    mark()
    before = everything()
    with db.transaction() as session:
        transfer_deadlines.expire(session, order().id)
        transfer_deadlines.remind(session, order().id)
    assert everything() == before


def test_one_that_was_handed_over_before_it_was_paid_goes_on(awaited, clock):
    line = rows("order_line")[0].id
    asyncio.run(fulfil.fulfil(order().id, {line: 1}, carrier="", tracking="", by=CLERK, unpaid_too=True))
    clock.shift(11 * DAY)
    sweep()
    assert (order().status, order().fulfilment_status) == ("placed", "shipped")


def test_many_that_were_handed_over_keep_no_other_from_ending(awaited, clock):
    line = rows("order_line")[0].id
    asyncio.run(fulfil.fulfil(order().id, {line: 1}, carrier="", tracking="", by=CLERK, unpaid_too=True))
    awaited.pay(MANUAL)
    clock.shift(8 * DAY)
    with db.reading() as session:
        assert transfer_deadlines.to_remind(session, limit=1) == [2]
    clock.shift(3 * DAY)
    with db.reading() as session:
        assert transfer_deadlines.overdue(session, limit=1) == [2]
    sweep()
    assert [row.status for row in rows("customer_order")] == ["placed", "expired"]


def partly_cancelled(world) -> int:
    """Order 1001 over two bowls for a transfer: one was sent, the other one cancelled; the shipment's id."""
    sell(world, {"SHOAL-BOWL": 2}, MANUAL)
    shipment = send({"SHOAL-BOWL": 1}, unpaid_too=True)
    cancel()
    assert (units("SHOAL-BOWL"), bowl()) == ((1, 0, 1), (2, 0, 0))
    return shipment


def test_of_an_order_that_was_cancelled_in_part_a_late_payment_takes_the_rest_alone(world, clock):
    shipment = partly_cancelled(world)
    with db.transaction() as session:
        fulfilment_commands.cancel_shipment(session, shipment, by=CLERK)
    assert bowl() == (3, 1, 0)
    clock.shift(11 * DAY)
    sweep()
    assert (order().status, bowl()) == ("expired", (3, 0, 0))
    assert mark() is True
    assert (order().status, order().payment_status, order().needs_review) == ("placed", "paid", "")
    assert bowl() == (3, 1, 0)
    assert wrong_books() == ()


def test_of_an_order_that_was_cancelled_in_part_no_more_is_noted_than_is_owed(world):
    partly_cancelled(world)
    with db.reading() as session:
        due_minor = order_queries.due_minor(session, order().id)
    assert due_minor == order().total_minor - 2780
    assert dict(shown().transfer_details)["Amount"] == show(due_minor, "EUR")
    assert mark() is True
    assert [row.captured_minor for row in rows("payment")] == [due_minor]
    assert (order().payment_status, order().paid_at is not None, order().needs_review) == ("paid", True, "")
    assert wrong_books() == ()


def test_whoever_has_withdrawn_from_all_of_it_is_left_in_peace_and_keeps_no_units(awaited, clock):
    with db.transaction() as session:
        return_commands.withdraw(session, "1001", "marta@example.com", "Marta Lind", None, "", "k" * 24)
    clock.shift(8 * DAY)
    sweep()
    clock.shift(3 * DAY)
    sweep()
    assert kinds() == ["order_placed", "withdrawal_received"]
    assert (order().status, bowl()) == ("expired", (3, 0, 0))
    assert wrong_books() == ()


def test_a_gift_card_that_paid_a_part_gets_its_money_back(world, clock):
    with db.transaction() as session:
        card = credit_commands.issue(session, 1000, by=OWNER, request_key="gift-card-0001")
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
        cart_commands.apply_credit(session, ME, card.code)
    asyncio.run(pay.pay(ME, MANUAL, 3270, expected_credit_minor=1000))
    assert rows("credit_account")[0].balance_minor == 0
    clock.shift(10 * DAY + TO_MIDNIGHT)
    sweep()
    assert (order().status, rows("credit_account")[0].balance_minor) == ("expired", 1000)
    assert wrong_books() == ()


def test_an_order_that_is_paid_at_once_has_forty_minutes_still(world, clock):
    world.pay()
    assert order().expires_at - order().placed_at == timedelta(minutes=40)


def test_another_orders_transfer_isnt_taken_for_one_that_ended_at_the_card(world, clock):
    world.pay()
    clock.shift(3600)
    sweep()
    assert order().status == "expired"
    before = everything()
    with pytest.raises(Conflict, match="was ended"):
        mark()
    assert everything() == before


@pytest.mark.parametrize("way", [FORM, MANUAL])
def test_one_that_a_person_has_looked_at_ends_all_the_same_without_money(world, clock, way):
    world.pay(way)
    with db.transaction() as session:
        order_commands.flag_for_review(session, order().id, "The bank has said nothing.")
    clock.shift(11 * DAY)
    sweep()
    assert (order().needs_review, bowl()) == ("The bank has said nothing.", (3, 1, 0))
    with db.transaction() as session:
        order_review.resolve(session, order().id, "Nothing came.", OWNER)
    sweep()
    assert order().status == ("placed" if way is MANUAL else "pending")
    clock.shift(11 * DAY)
    sweep()
    assert (order().status, order().expires_at, bowl()) == ("expired", None, (3, 0, 0))
    assert wrong_books() == ()


def test_a_short_time_is_reminded_of_half_as_long_before_its_end(world, clock, configure):
    configure(SHOP_TRANSFER_DAYS="2")
    world.pay(MANUAL)
    assert shown().pay_until == "23 November 2026"  # The 22nd is a Sunday.
    clock.shift(2 * DAY + TO_MIDNIGHT - 1)
    sweep()
    assert kinds() == ["order_placed"]
    clock.shift(1)
    sweep()
    assert kinds() == ["order_placed", "order_reminder"]


def test_the_job_does_it(awaited, clock):
    clock.shift(10 * DAY + TO_MIDNIGHT)
    jobs.sweep()
    assert order().status == "expired"
