"""Returns and withdrawals: what may go back and until when, each once, and the receipt with it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, func, select, update
from sqlmodel import Session, SQLModel

from shop_app.core import events
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.clock import end_of, now
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import RETURN_MOVES, Letter, PaymentStatus, ReturnStatus
from shop_app.services import outbox
from shop_app.services.books import check as books
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import claimed_units, placing
from shop_app.services.orders import commands as order_commands
from shop_app.services.orders import units as order_units
from shop_app.services.returns import admin as return_admin
from shop_app.services.returns import commands as return_commands
from shop_app.services.returns import returnable
from shop_app.services.returns import status as return_status
from shop_app.services.storefront import order_page
from tests.factories import key_hash, make_basics, make_product, stock_of

pytestmark = pytest.mark.both
ME = key_hash()
tables = SQLModel.metadata.tables
FORM = CheckoutForm(
    email="Marta@Example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="manual",
)
BOSS = Principal("staff", 0, "boss@example.com", "Boss", "owner", BUILT_IN_ROLES["owner"])
CLERK = replace(BOSS, email="clerk@example.com", role="clerk", permissions=BUILT_IN_ROLES["clerk"])
KEY = "k" * 32
MUGS, BOWL = 0, 1


@pytest.fixture
def placed(session: Session, clock: Any) -> placing.PlacedOrder:
    """Three mugs at €24.00 and a bowl at €27.80, agreed and to be paid by transfer."""
    make_basics(session)
    make_product(session, "Dune Mug", price_minor=2400, options={"Colour": ["Moss"]}, stock=5)
    make_product(session, "Shoal Bowl", price_minor=2780, stock=3)
    cart_commands.add(session, ME, "DUNE-MUG-MOSS", 3)
    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    order = placing.place(session, ME, FORM, expected_total_minor=9980)
    order_commands.apply_payments(session, order.order_id, order.total_minor, "EUR")
    return order


@pytest.fixture
def arrived(session: Session, placed: placing.PlacedOrder) -> placing.PlacedOrder:
    """All of it is with the shopper since 20 November 2026."""
    deliver(session, placed, {line.id: line.quantity for line in rows(session, "order_line")})
    return placed


def deliver(session: Session, order: placing.PlacedOrder, units: dict[int, int]) -> None:
    shipment = fulfilment_commands.ship(
        session, order.order_id, units, carrier="DHL", tracking="00340434", by=BOSS
    )
    fulfilment_commands.mark_delivered(session, shipment.id, by=BOSS)


def rows(session: Session, table: str) -> list[Row[Any]]:
    return list(session.connection().execute(select(tables[table]).order_by(*tables[table].primary_key)))


def kinds(session: Session) -> list[str]:
    return [row.kind for row in rows(session, "letter") if row.kind not in ("order_paid", "order_placed")]


def everything(session: Session) -> dict[str, list[Any]]:
    names = ("return_request", "return_line", "order_line", "stock_level", "stock_movement", "letter")
    return {name: [tuple(row) for row in rows(session, name)] for name in names}


def ask(
    session: Session, order: placing.PlacedOrder, units: dict[int, int], key: str = KEY
) -> return_commands.Receipt:
    return return_commands.request(session, order.token, units, "damaged", " A chip. ", key)


def withdraw(
    session: Session, units: dict[int, int] | None = None, key: str = KEY, **more: str
) -> return_commands.Receipt:
    given = {"number": "1001", "email": "marta@example.com", "name": "Marta Lind", "note": ""} | more
    return return_commands.withdraw(session, quantities=units, request_key=key, **given)


def counts(session: Session, order: placing.PlacedOrder) -> list[tuple[int, int]]:
    return [(line.sent, line.not_sent) for line in returnable.by_id(session, order.order_id).lines]


# --- What may go back -----------------------------------------------------------------------------


def test_nothing_that_hasnt_left_can_be_returned_and_all_of_it_be_withdrawn_from(session, placed):
    free = returnable.by_token(session, placed.token)
    assert counts(session, placed) == [(0, 3), (0, 1)]
    assert (free.may_return, free.may_withdraw, free.withdraw_until) == (False, True, None)


def test_the_days_count_from_the_last_shipment_that_arrived(session, arrived, clock):
    free = returnable.by_token(session, arrived.token)
    assert counts(session, arrived) == [(3, 0), (1, 0)]
    assert (str(free.withdraw_until), str(free.return_until)) == ("2026-12-04", "2026-12-21")


@pytest.mark.parametrize(
    ("zone", "delivered", "withdraw_until"),
    [
        ("Europe/Berlin", "2026-11-22 22:59", "2026-12-07"),  # The 6th is a Sunday.
        ("Europe/Berlin", "2026-11-23 22:59", "2026-12-07"),
        ("Europe/Berlin", "2026-11-23 23:30", "2026-12-08"),  # In Berlin it is the 24th.
        ("UTC", "2026-11-23 23:30", "2026-12-07"),
        ("America/Sao_Paulo", "2026-11-24 02:59", "2026-12-07"),
        ("Asia/Kathmandu", "2026-11-23 18:15", "2026-12-08"),
        ("Pacific/Kiritimati", "2026-11-23 10:00", "2026-12-08"),
        ("Europe/Berlin", "2026-12-11 12:00", "2026-12-28"),  # Christmas, then a weekend.
    ],
)
def test_the_days_count_from_the_day_on_the_shops_clocks(
    session, placed, clock, configure, zone, delivered, withdraw_until
):
    configure(SHOP_TIME_ZONE=zone)
    clock.move_to(datetime.fromisoformat(delivered).replace(tzinfo=UTC))
    deliver(session, placed, {line.id: line.quantity for line in rows(session, "order_line")})
    free = returnable.by_token(session, placed.token)
    assert str(free.withdraw_until) == withdraw_until
    last_moment = end_of(date.fromisoformat(withdraw_until))
    clock.move_to(last_moment - timedelta(seconds=1))
    assert returnable.by_token(session, placed.token).may_withdraw
    clock.move_to(last_moment)
    assert not returnable.by_token(session, placed.token).may_withdraw


def test_goods_are_sent_back_within_a_period_that_ends_with_a_working_day_and_money_by_the_day(
    session, arrived, clock
):
    clock.move_to(datetime(2026, 11, 28, 23, 30, tzinfo=UTC))
    receipt = withdraw(session)
    assert (receipt.at, receipt.send_until) == ("29 November 2026, 00:30 CET", "14 December 2026")
    view = order_page.view(session, arrived.token)
    assert "Send them by 14 December 2026." in view.returns[0].next_text


def test_a_shipment_that_nobody_saw_arrive_counts_from_the_day_it_left(session, placed, clock):
    units = {line.id: line.quantity for line in rows(session, "order_line")}
    fulfilment_commands.ship(session, placed.order_id, units, carrier="", tracking="", by=BOSS)
    assert str(returnable.by_token(session, placed.token).withdraw_until) == "2026-12-04"


def test_while_a_part_is_to_come_the_days_dont_count(session, placed):
    mugs = rows(session, "order_line")[MUGS]
    deliver(session, placed, {mugs.id: 2})
    assert counts(session, placed) == [(2, 1), (0, 1)]
    assert returnable.by_token(session, placed.token).withdraw_until is None


def test_an_order_that_waits_for_its_payment_has_nothing_to_withdraw_from(session, clock):
    make_basics(session)
    make_product(session, "Shoal Bowl", price_minor=2780, stock=3)
    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    placing.place(session, ME, replace(FORM, payment_provider="stripe"), expected_total_minor=3270)
    with pytest.raises(Conflict, match="Nothing of order 1001 is left to send back"):
        withdraw(session)


# --- Asking for a return --------------------------------------------------------------------------


def test_a_return_is_asked_for_and_its_receipt_written(session, arrived):
    receipt = ask(session, arrived, {MUGS: 2})

    (row,) = rows(session, "return_request")
    (line,) = rows(session, "return_line")
    assert (row.kind, row.status, row.reason, row.note) == ("return", "requested", "damaged", "A chip.")
    assert (line.quantity, line.quantity_received) == (2, 0)
    assert receipt.things == ["2 × Dune Mug, Moss"]
    assert receipt.at == "20 November 2026, 11:00 CET"
    assert kinds(session) == ["order_shipped", "order_delivered", "return_requested"]
    assert events.OrderChanged(arrived.order_id) in session.info["events"]
    assert counts(session, arrived) == [(1, 0), (1, 0)]


def test_the_same_form_sent_twice_is_one_request(session, arrived):
    first = ask(session, arrived, {MUGS: 2})
    before = everything(session)
    assert ask(session, arrived, {MUGS: 2}) == first
    assert everything(session) == before


def test_two_forms_at_once_cant_ask_for_more_than_there_is(session, arrived):
    ask(session, arrived, {MUGS: 2})
    before = everything(session)
    with pytest.raises(Conflict, match=r"Of Dune Mug, Moss, 1 can still go back\."):
        ask(session, arrived, {MUGS: 2}, key="l" * 32)
    assert everything(session) == before


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ({}, "Choose what you want to send back"),
        ({MUGS: 0}, "Choose what you want to send back"),
        ({MUGS: 4}, "Of Dune Mug, Moss, 3 can still go back."),
        ({MUGS: -1}, "Choose what you want to send back"),
        ({7: 1}, "Choose what you want to send back"),
    ],
)
def test_quantities_that_dont_fit_are_refused(session, arrived, units, sentence):
    before = everything(session)
    with pytest.raises((Conflict, Invalid)) as refusal:
        ask(session, arrived, units)
    assert refusal.value.message == sentence
    assert everything(session) == before


def test_a_reason_of_ones_own_making_is_refused(session, arrived):
    with pytest.raises(Invalid) as refusal:
        return_commands.request(session, arrived.token, {MUGS: 1}, "not_sent", "", KEY)
    assert (refusal.value.field, rows(session, "return_request")) == ("reason", [])


@pytest.mark.parametrize("token", ["", "x" * 32, "%"])
def test_another_token_finds_nothing(session, arrived, token):
    with pytest.raises(NotFound):
        return_commands.request(session, token, {MUGS: 1}, "damaged", "", KEY)


def test_a_key_of_another_order_is_no_way_in(session, arrived, clock):
    ask(session, arrived, {MUGS: 1})
    cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    other = placing.place(session, ME, FORM, expected_total_minor=3270)
    with pytest.raises(Conflict, match="Open the form again"):
        ask(session, other, {0: 1})


def test_after_fourteen_days_only_a_return_and_after_thirty_nothing(session, arrived, clock):
    clock.shift(timedelta(days=14))
    assert returnable.by_token(session, arrived.token).may_withdraw
    clock.shift(timedelta(days=1))
    with pytest.raises(Conflict) as refusal:
        withdraw(session)
    assert refusal.value.message == (
        "The 14 days for order 1001 ended on 4 December 2026. You can still ask to send things back until "
        "21 December 2026, on the page of your order."
    )
    ask(session, arrived, {BOWL: 1})
    clock.shift(timedelta(days=17))
    with pytest.raises(Conflict, match=r"The 30 days for order 1001 ended on 21 December 2026\."):
        ask(session, arrived, {MUGS: 1}, key="l" * 32)
    assert len(rows(session, "return_request")) == 1


# --- Withdrawing ----------------------------------------------------------------------------------


def test_a_guest_withdraws_and_nobody_has_to_agree(session, arrived):
    receipt = withdraw(session, note="Too heavy.")

    (row,) = rows(session, "return_request")
    assert (row.kind, row.status, row.reason) == ("withdrawal", "approved", "")
    assert row.decided_at is not None
    assert receipt == return_commands.Receipt(
        number="1001",
        token=arrived.token,
        name="Marta Lind",
        email="marta@example.com",
        at="20 November 2026, 11:00 CET",
        things=["3 × Dune Mug, Moss", "1 × Shoal Bowl"],
        send_back=["3 × Dune Mug, Moss", "1 × Shoal Bowl"],
        not_sent=[],
        send_until="4 December 2026",
        note="Too heavy.",
    )
    letter = rows(session, "letter")[-1]
    assert (letter.kind, letter.to_email) == ("withdrawal_received", "marta@example.com")
    assert letter.data["receipt"]["things"] == receipt.things
    assert counts(session, arrived) == [(0, 0), (0, 0)]


def test_a_withdrawal_before_anything_was_sent_marks_it_and_cancels_nothing(session, placed):
    receipt = withdraw(session)

    (row,) = rows(session, "return_request")
    assert (row.kind, row.status, row.reason) == ("withdrawal", "approved", "not_sent")
    assert (receipt.send_back, receipt.send_until) == ([], "")
    assert [line.quantity_cancelled for line in rows(session, "order_line")] == [0, 0]
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 3, 0)
    lines = rows(session, "order_line")
    assert claimed_units.not_to_send(session, placed.order_id) == {lines[0].id: 3, lines[1].id: 1}


def test_the_page_of_what_was_withdrawn_before_it_left_announces_nothing_any_more(session, placed):
    assert order_page.view(session, placed.token).phase == "paid"
    withdraw(session, {MUGS: 3})
    assert order_page.view(session, placed.token).phase == "paid"
    withdraw(session, {BOWL: 1}, key="w" * 32)
    view = order_page.view(session, placed.token)
    assert (view.phase, view.headline) == ("withdrawn", "You have cancelled this order")
    assert [step.label for step in view.steps] == ["Order received", "Paid", "Cancelled"]


def test_what_is_partly_sent_is_split_and_the_unsent_is_ended_first(session, placed):
    mugs = rows(session, "order_line")[MUGS]
    deliver(session, placed, {mugs.id: 2})
    receipt = withdraw(session, {MUGS: 2, BOWL: 1})

    assert [(row.reason, row.request_key) for row in rows(session, "return_request")] == [
        ("", KEY),
        ("not_sent", f"{KEY}:rest"),
    ]
    assert receipt.send_back == ["1 × Dune Mug, Moss"]
    assert receipt.not_sent == ["1 × Dune Mug, Moss", "1 × Shoal Bowl"]
    assert counts(session, placed) == [(1, 0), (0, 0)]
    assert withdraw(session, {MUGS: 2, BOWL: 1}) == receipt
    assert len(rows(session, "return_request")) == 2


def test_what_was_sent_all_the_same_comes_back_like_the_rest(session, placed):
    withdraw(session, {MUGS: 2})
    lines = rows(session, "order_line")
    order_units.send(session, placed.order_id, {lines[MUGS].id: 3}, actor="staff")
    assert counts(session, placed) == [(1, 0), (0, 1)]


@pytest.mark.parametrize("more", [{"number": "1002"}, {"email": "other@example.com"}, {"number": "' OR 1"}])
def test_a_wrong_number_and_a_wrong_address_are_answered_alike(session, arrived, more):
    before = everything(session)
    with pytest.raises(NotFound) as refusal:
        withdraw(session, **more)
    assert refusal.value.message == (
        "We found no order with this number and email address. Check both, please."
    )
    assert everything(session) == before


def test_a_withdrawal_needs_a_name(session, arrived):
    with pytest.raises(Invalid) as refusal:
        withdraw(session, name="  ")
    assert (refusal.value.field, rows(session, "return_request")) == ("name", [])


def test_declared_twice_at_once_it_is_declared_once(session, arrived):
    first = withdraw(session)
    assert withdraw(session) == first
    with pytest.raises(Conflict, match="Nothing of order 1001 is left to send back"):
        withdraw(session, key="l" * 32)
    assert kinds(session) == ["order_shipped", "order_delivered", "withdrawal_received"]


# --- The admin -------------------------------------------------------------------------------------


def the_return(session: Session) -> Row[Any]:
    return rows(session, "return_request")[-1]


def test_a_return_is_approved_received_and_refunded(session, arrived):
    ask(session, arrived, {MUGS: 2})
    return_admin.approve(session, the_return(session).id, by=BOSS, answer="Of course.")
    assert (the_return(session).status, the_return(session).answer) == ("approved", "Of course.")

    mugs = rows(session, "order_line")[MUGS]
    return_admin.receive(session, the_return(session).id, {mugs.id: 2}, {mugs.id: 1}, by=CLERK)
    (line,) = rows(session, "return_line")
    assert (line.quantity_received, line.quantity_restocked) == (2, 1)
    assert rows(session, "order_line")[MUGS].quantity_returned == 2
    assert stock_of(session, "DUNE-MUG-MOSS") == (3, 0, 0)
    assert rows(session, "customer_order")[0].fulfilment_status == "partially_returned"

    return_status.refunded(session, the_return(session).id, actor="staff")
    assert the_return(session).status == "refunded"
    assert kinds(session) == [
        "order_shipped",
        "order_delivered",
        "return_requested",
        "return_approved",
        "return_received",
    ]
    assert [row.action for row in rows(session, "audit_entry")][-2:] == [
        "return.approved",
        "return.received",
    ]
    assert [violation.sentence for violation in books.check(session).violations] == []


def test_received_twice_counts_once(session, arrived):
    withdraw(session)
    lines = {line.id: line.quantity for line in rows(session, "order_line")}
    return_admin.receive(session, the_return(session).id, lines, lines, by=BOSS)
    before = everything(session)
    return_admin.receive(session, the_return(session).id, lines, lines, by=BOSS)
    assert everything(session) == before
    assert rows(session, "customer_order")[0].fulfilment_status == "returned"
    assert stock_of(session, "DUNE-MUG-MOSS") == (5, 0, 0)


@pytest.mark.parametrize(
    ("received", "restocked", "sentence"),
    [
        (0, 0, "Enter how many have arrived."),
        (3, 0, "The return is about 2 of Dune Mug, Moss."),
        (1, 2, "No more can go on the shelf than have arrived."),
        (2, -1, "No more can go on the shelf than have arrived."),
    ],
)
def test_what_arrived_must_fit_the_return(session, arrived, received, restocked, sentence):
    ask(session, arrived, {MUGS: 2})
    return_admin.approve(session, the_return(session).id, by=BOSS)
    mugs = rows(session, "order_line")[MUGS]
    with pytest.raises(Invalid) as refusal, session.begin_nested():
        return_admin.receive(
            session, the_return(session).id, {mugs.id: received}, {mugs.id: restocked}, by=BOSS
        )
    assert refusal.value.message == sentence
    assert the_return(session).status == "approved"
    assert rows(session, "order_line")[MUGS].quantity_returned == 0


def test_a_return_is_declined_with_an_answer_alone_and_its_units_are_free_again(session, arrived):
    ask(session, arrived, {MUGS: 3})
    with pytest.raises(Invalid):
        return_admin.decline(session, the_return(session).id, by=BOSS, answer=" ")
    return_admin.decline(session, the_return(session).id, by=BOSS, answer="It was used for a year.")
    assert kinds(session)[-1] == "return_declined"
    assert counts(session, arrived) == [(3, 0), (1, 0)]


def test_a_withdrawal_cant_be_declined(session, arrived):
    withdraw(session)
    with pytest.raises(Conflict):
        return_admin.decline(session, the_return(session).id, by=BOSS, answer="No.")
    assert the_return(session).status == "approved"


def test_staff_without_the_right_change_nothing(session, arrived):
    ask(session, arrived, {MUGS: 1})
    before = everything(session)
    for command in (return_admin.approve, return_admin.cancel):
        with pytest.raises(Forbidden):
            command(session, the_return(session).id, by=CLERK)
    with pytest.raises(Forbidden):
        return_admin.decline(session, the_return(session).id, by=CLERK, answer="No.")
    with pytest.raises(Forbidden):
        return_admin.receive(session, the_return(session).id, {1: 1}, {}, by=Principal("staff", 9))
    assert everything(session) == before


def test_only_legal_moves_are_made(session, arrived):
    ask(session, arrived, {MUGS: 1})
    table = tables["return_request"]
    for start, to in itertools.product(ReturnStatus, ReturnStatus):
        session.connection().execute(update(table).values(status=start.value))
        return_row = return_status.lock(session, the_return(session).id)
        if to in RETURN_MOVES[start] or start == to:
            assert return_status.move(session, return_row, to) is (start != to)
            assert the_return(session).status == to
        else:
            with pytest.raises(Conflict):
                return_status.move(session, return_row, to)
            assert the_return(session).status == start


def test_a_return_that_isnt_there(session, arrived):
    with pytest.raises(NotFound):
        return_admin.approve(session, 999, by=BOSS)


# --- What the order's page says -------------------------------------------------------------------


def test_the_page_tells_of_shipments_and_of_what_may_go_back(session, arrived):
    view = order_page.view(session, arrived.token)
    (shipment,) = view.shipments
    assert (shipment.name, shipment.delivered) == ("DHL 00340434", "20 November")
    assert shipment.tracking_url == "https://www.dhl.com/de-en/home/tracking.html?tracking-id=00340434"
    assert shipment.things == ["3 × Dune Mug, Moss", "1 × Shoal Bowl"]
    assert (view.headline, view.phase) == ("It has arrived, Marta", "paid")
    assert [(choice.field, choice.most) for choice in view.choices] == [("quantity-0", 3), ("quantity-1", 1)]
    assert (view.may_withdraw, view.withdraw_until, view.return_until) == (True, "4 December", "21 December")
    assert view.returns == []


def test_the_page_says_what_happens_next_with_a_return(session, arrived):
    ask(session, arrived, {MUGS: 1})
    (view,) = order_page.view(session, arrived.token).returns
    assert (view.title, view.status_text) == ("Return of 20 November", "Requested")
    assert (view.things, view.next_text) == (
        ["1 × Dune Mug, Moss"],
        "We answer within two working days, by email.",
    )
    return_admin.approve(session, the_return(session).id, by=BOSS)
    (view,) = order_page.view(session, arrived.token).returns
    assert view.next_text == (
        "Send the things to Your shop, with a note that names order "
        "1001. Your money goes back within 14 days after they have arrived here."
    )


def test_the_page_of_a_returned_order_has_no_station_that_never_comes(session, arrived):
    withdraw(session)
    lines = {line.id: line.quantity for line in rows(session, "order_line")}
    return_admin.receive(session, the_return(session).id, lines, {}, by=BOSS)
    view = order_page.view(session, arrived.token)
    assert [(step.label, step.state) for step in view.steps] == [
        ("Order received", "done"),
        ("Paid", "done"),
        ("Packed", "done"),
        ("On its way", "done"),
        ("Delivered", "done"),
        ("Returned", "done"),
    ]
    assert view.headline == "It came back to us"
    assert [line.note for line in view.lines] == ["3 came back", "1 came back"]


def test_a_withdrawal_of_what_wasnt_sent_says_so(session, placed):
    withdraw(session)
    (view,) = order_page.view(session, placed.token).returns
    assert (view.title, view.status_text) == ("Withdrawal of 20 November 2026, 11:00 CET", "Won't be sent")
    assert view.next_text == "We don't send them. Your money for them goes back by 4 December 2026."
    assert now().day == 20


@pytest.mark.parametrize("name", ["You won: evil.example/win", "www.evil.example", "http://evil.example"])
def test_a_withdrawal_is_declared_by_a_name_and_no_link(session, placed, name):
    before = rows(session, "letter")
    with pytest.raises(Invalid, match="Leave web and email addresses out") as refusal:
        withdraw(session, name=name)
    assert refusal.value.field == "name"
    assert (rows(session, "return_request"), rows(session, "letter")) == ([], before)


@pytest.mark.parametrize("paid", [True, False])
def test_letters_that_others_cause_hold_up_no_receipt_of_what_was_paid(session, placed, paid):
    """Orders in that name cost nobody anything; they must not keep back what the law demands."""
    if paid:
        order_commands.apply_payments(session, placed.order_id, placed.total_minor, "EUR")
        order_commands.set_payment_status(session, placed.order_id, PaymentStatus.PAID)
    for number in range(60):
        outbox.write(session, "order_placed", "marta@example.com", f"order_placed:{number}", {})
    return_commands.withdraw(session, str(placed.number), "marta@example.com", "Marta", {MUGS: 1}, "", KEY)
    row = session.exec(select(Letter).where(Letter.kind == "withdrawal_received")).one()[0]
    assert row.problem == ("" if paid else "too many letters to this mailbox")


def test_a_name_of_several_lines_is_one_in_the_receipt(session, placed):
    name = "Marta\n\nYour account is closed"
    receipt = return_commands.withdraw(session, str(placed.number), "marta@example.com", name, None, "", KEY)
    assert receipt.name == "Marta Your account is closed"


@pytest.mark.parametrize("name", ["Call 0900 123456", "see evil.example/win"])
def test_a_name_is_no_place_for_a_message_to_somebody_else(session, placed, name):
    with pytest.raises(Invalid) as refusal:
        return_commands.withdraw(session, str(placed.number), "marta@example.com", name, None, "", KEY)
    assert refusal.value.field == "name"
    assert session.exec(select(func.count()).select_from(tables["return_request"])).one()[0] == 0
