"""An order as its page in the back office shows it: lines, sums, money, goods, history, what can be done."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.principal import NOBODY
from shop_app.core.errors import Forbidden, NotFound
from shop_app.services.order_desk import record as order_record
from shop_app.services.order_desk.record import OrderRecord
from tests.paying import MANAGER, make_world
from tests.selling import LATER, cancel, delivered, line, order, refund, run_sql, sell, send


@pytest.fixture
def world(engine, tmp_path):
    return make_world(tmp_path)


def shown(number: int = 0) -> OrderRecord:
    with db.reading() as session:
        return order_record.record(session, number or order().number, by=MANAGER)


def test_a_paid_order_is_to_be_packed_and_can_be_refunded(world):
    sell(world, {"SHOAL-BOWL": 2, "DUNE-MUG": 1})
    seen = shown()
    assert (seen.status.text, seen.payment.text, seen.fulfilment.text) == ("New", "Paid", "Unfulfilled")
    assert [(one.sku, one.quantity, one.to_send, one.total) for one in seen.lines] == [
        ("SHOAL-BOWL", 2, 2, "€55.60"),
        ("DUNE-MUG", 1, 1, "€24.00"),
    ]
    assert (seen.to_pack, seen.to_pack_text, seen.pack_blocked, seen.total) == (3, "3 items", "", "€79.60")
    assert seen.sums[:2] == [("Subtotal", "€79.60"), ("Standard", "€0.00")]
    assert (seen.left, seen.can_refund, seen.can_cancel, seen.can_mark_paid) == ("€79.60", True, True, False)
    assert seen.lines[0].story[0] == ("2 × €27.80", "€55.60")
    assert seen.lines[0].story[-1] == ("Charged for this line", "€55.60")
    assert seen.customer == "Marta Lind"
    assert seen.address[:2] == ["Marta Lind", "Oranienstraße 18"]
    assert seen.theirs.startswith("1 order since 20")
    assert seen.map_url.startswith("https://www.openstreetmap.org/search?query=Oranienstra%C3%9Fe%2018")
    (payment,) = seen.payments
    assert (payment.label, payment.state.text, payment.captured) == ("Card", "Captured", "€79.60")
    assert {"Order placed", "Payment captured, €79.60", "Order is paid"} <= {
        one.text for one in seen.happenings
    }
    assert seen.happenings[-1].text == "Order placed"
    assert seen.happenings[-1].who == "Marta Lind"


def test_what_was_sent_refunded_and_called_back_stands_there(world):
    sell(world, {"DUNE-MUG": 3})
    parcel = send({"DUNE-MUG": 2})
    refund(lines={"DUNE-MUG": 1}, restock=True, reason="Damaged", note="A chip at the rim")
    seen = shown()
    (one,) = seen.parcels
    assert (one.name, one.state.text, one.things, one.can_recall) == (
        f"{seen.number}-1",
        "Shipped",
        ["2 × Dune Mug"],
        True,
    )
    assert one.tracking_url.startswith("https://www.dhl.com/")
    (given_back,) = seen.refunds
    assert (given_back.amount, given_back.reason, given_back.note, given_back.state.text) == (
        "€24.00",
        "Damaged",
        "A chip at the rim",
        "Done",
    )
    assert seen.lines[0].note == "2 sent, 1 cancelled"
    assert (seen.lines[0].refundable, seen.to_pack) == (2, 0)
    delivered(parcel)
    assert shown().status.text == "Completed"
    assert shown().can_archive


def test_an_order_that_waits_for_a_transfer_says_so(world):
    sell(world, {"DUNE-MUG": 1}, LATER)
    seen = shown()
    assert (seen.paid_label, seen.can_mark_paid, seen.needs_unpaid, seen.can_refund) == (
        "To be paid",
        True,
        True,
        False,
    )
    run_sql("UPDATE customer_order SET needs_review = 'Paid €1.00 of €28.90.'")
    assert (shown().attention, shown().can_resolve) == ("Paid €1.00 of €28.90.", True)
    run_sql("UPDATE customer_order SET needs_review = ''")
    cancel()
    ended = shown()
    assert (ended.status.text, ended.pack_blocked, ended.can_cancel) == (
        "Cancelled",
        "It was cancelled.",
        False,
    )


def test_who_may_not_see_orders_sees_none(world):
    sell(world, {"DUNE-MUG": 1})
    with db.reading() as session, pytest.raises(Forbidden):
        order_record.record(session, order().number, by=NOBODY)
    for number in (999, 0, -1, 2**60):
        with pytest.raises(NotFound), db.reading() as session:
            order_record.record(session, number, by=MANAGER)


def test_a_line_of_another_order_is_nowhere(world):
    sell(world, {"DUNE-MUG": 1})
    first = order().number
    sell(world, {"SHOAL-BOWL": 1})
    assert [one.sku for one in shown(first).lines] == ["DUNE-MUG"]
    assert line("SHOAL-BOWL").order_id == order().id
