"""The ledger: sums computed from events in any order, and snapshots that don't fit change no money."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from shop_app.core import db
from shop_app.core.errors import Conflict, NotFound
from shop_app.models import PaymentStatus
from shop_app.providers.payments.base import DisputeSnapshot, Notice, PaymentSnapshot, RefundSnapshot, Started
from shop_app.services.books import check as books
from shop_app.services.payments import commands as payment_commands
from shop_app.services.payments import disputes
from shop_app.services.payments import inbox as payment_inbox
from shop_app.services.payments import ledger as payment_ledger
from shop_app.services.payments import queries as payment_queries
from shop_app.services.payments.events import Sums, status_of, sums
from tests.paying import World, everything, make_world, rows


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def open_payment(world) -> PaymentSnapshot:
    """A payment of €32.70 that is open; the snapshot is of it when it is paid."""
    world.pay()
    (payment,), (order,) = rows("payment"), rows("customer_order")
    return PaymentSnapshot(
        reference=payment.reference,
        state="captured",
        amount_minor=3270,
        captured_minor=3270,
        refunded_minor=0,
        currency="EUR",
        intent_reference="pi_1",
        attempt_key="order-1-1",
        order_token=order.token,
    )


def apply(snapshot: PaymentSnapshot) -> str:
    with db.transaction(durable=True) as session:
        return payment_ledger.apply(session, 1, snapshot)


def order():
    return rows("customer_order")[0]


# --- Folding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], Sums(0, 0)),
        ([("opened", "cs", 100), ("declined", "ch", 0)], Sums(0, 0)),
        ([("captured", "pi", 100)], Sums(100, 0)),
        ([("captured", "pi", 100), ("refund_pending", "re", 30)], Sums(100, 0)),
        ([("captured", "pi", 100), ("refunded", "re", 30), ("refunded", "rf", 20)], Sums(100, 50)),
        ([("refund_failed", "re", 30), ("captured", "pi", 100), ("refunded", "re", 30)], Sums(100, 0)),
    ],
)
def test_sums_follow_from_events(events, expected):
    assert sums(events) == expected


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["captured", "refund_pending", "refunded", "refund_failed", "declined"]),
        st.sampled_from(["a", "b", "c"]),
        st.integers(1, 1000),
    ),
    unique_by=lambda event: event[:2],
)


@given(EVENTS, st.randoms())
def test_the_order_of_events_changes_nothing(events, chance):
    shuffled = list(events)
    chance.shuffle(shuffled)

    assert sums(shuffled) == sums(events)


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        (Sums(0, 0), PaymentStatus.NONE),
        (Sums(99, 0), PaymentStatus.PARTIALLY_PAID),
        (Sums(100, 0), PaymentStatus.PAID),
        (Sums(101, 0), PaymentStatus.OVERPAID),
        (Sums(100, 1), PaymentStatus.PARTIALLY_REFUNDED),
        (Sums(100, 100), PaymentStatus.REFUNDED),
    ],
)
def test_the_orders_status_follows_from_the_sums(totals, expected):
    assert status_of(totals, 100) == expected


# --- Applying -------------------------------------------------------------------------------------


@pytest.mark.both
def test_the_same_picture_twice_changes_nothing_the_second_time(open_payment):
    assert apply(open_payment) == "applied"
    after = everything()

    assert apply(open_payment) == "already known"
    assert everything() == after


@pytest.mark.both
def test_what_is_known_of_a_paid_order_is_looked_up_and_not_calculated_again(open_payment):
    apply(open_payment)
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    assert apply(open_payment) == "already known"
    event.remove(db.engine(), "before_cursor_execute", note)
    # The payment, before and after the locks of cart and order; the order; its event.
    assert len(sent) <= 6, sent


@pytest.mark.parametrize("state", ["open", "expired", "cancelled", "failed", "processing", "authorized"])
def test_a_state_is_raised_and_never_taken_back(open_payment, state):
    apply(open_payment)
    apply(replace(open_payment, state=state, captured_minor=0))

    assert (rows("payment")[0].state, rows("payment")[0].captured_minor) == ("captured", 3270)
    assert (order().status, order().payment_status) == ("placed", "paid")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"order_token": "another"}, "of another order"),
        ({"attempt_key": "order-2-1"}, "of another order"),
        ({"reference": "cs_test_other"}, "of another payment"),
    ],
)
def test_a_picture_of_something_else_is_refused_and_changes_nothing(open_payment, changes, problem):
    before = everything()

    assert apply(replace(open_payment, **changes)) == "refused"
    assert everything() == before


def test_another_currency_is_flagged_for_review_and_counts_as_nothing(open_payment):
    assert apply(replace(open_payment, currency="USD")) == "refused"

    assert (order().status, order().payment_status) == ("pending", "none")
    assert "3270 USD" in order().needs_review
    assert (rows("payment")[0].captured_minor, [row.kind for row in rows("payment_event")]) == (0, ["opened"])
    (level, _) = rows("stock_level")
    assert level.allocated == 1
    with pytest.raises(Conflict), db.transaction() as session:
        payment_commands.start_attempt(session, 1)


@pytest.mark.parametrize(("captured", "status"), [(3000, "partially_paid"), (4000, "overpaid")])
def test_another_amount_is_kept_as_it_is_and_flagged_for_review(open_payment, captured, status):
    apply(replace(open_payment, captured_minor=captured))

    assert (order().payment_status, rows("payment_event")[-1].amount_minor) == (status, captured)
    assert rows("payment")[0].captured_minor == min(captured, 3270)
    assert order().needs_review.startswith("Paid ")


def test_a_payment_after_the_order_was_cancelled_is_marked_and_not_lost(open_payment):
    apply(replace(open_payment, state="expired", captured_minor=0, intent_reference=""))
    with db.transaction() as session:
        assert payment_commands.end_unpaid(session, 1, "cancelled")
    assert apply(open_payment) == "applied"

    assert (order().status, order().payment_status) == ("cancelled", "paid")
    assert order().needs_review == "Paid after the order was cancelled."
    assert rows("payment")[0].captured_minor == 3270


def test_authorised_money_places_the_order_and_waits(open_payment):
    apply(replace(open_payment, state="authorized", captured_minor=0))

    assert (rows("payment")[0].state, order().payment_status, order().status) == (
        "authorized",
        "authorized",
        "placed",
    )
    assert (order().paid_at, order().expires_at, order().needs_review) == (None, None, "")
    assert [row.kind for row in rows("letter")] == ["order_authorized"]
    assert rows("cart")[0].completed_at is not None


def test_too_little_authorised_places_nothing(open_payment):
    apply(replace(open_payment, state="authorized", captured_minor=0, amount_minor=3000))

    assert (order().status, order().payment_status) == ("pending", "none")
    assert order().needs_review == "Authorised €30.00 of €32.70."


def test_a_refund_that_fails_after_it_went_through_brings_the_status_back(open_payment):
    back = RefundSnapshot("re_1", 1000, "succeeded")
    apply(replace(open_payment, refunds=(back,)))
    assert order().payment_status == "partially_refunded"
    apply(replace(open_payment, refunds=(replace(back, status="failed"),)))

    assert (order().payment_status, rows("payment")[0].refunded_minor) == ("paid", 0)


def test_a_look_that_was_overtaken_takes_no_refund_back(open_payment):
    back = RefundSnapshot("re_1", 1000, "succeeded")
    apply(replace(open_payment, refunds=(back,)))
    after = everything()

    assert apply(replace(open_payment, refunds=(replace(back, status="pending"),))) == "applied"
    (payment,) = rows("payment")
    assert (rows("refund")[0].status, payment.refunded_minor, payment.refund_pending_minor) == (
        "succeeded",
        1000,
        0,
    )
    assert everything()["customer_order"] == after["customer_order"]


# --- Disputes -------------------------------------------------------------------------------------

DUE = datetime(2026, 12, 1, 12, tzinfo=UTC)
OPEN = DisputeSnapshot("du_1", "open", 3270, "fraudulent", DUE)


def test_an_open_dispute_changes_the_payment_status_alone(open_payment):
    apply(open_payment)
    before = everything()
    assert apply(replace(open_payment, disputes=(OPEN,))) == "applied"

    (dispute,), after = rows("dispute"), everything()
    assert (dispute.status, dispute.reason, dispute.amount_minor, dispute.due_at) == (
        "open",
        "fraudulent",
        3270,
        DUE,
    )
    assert (order().status, order().fulfilment_status, order().needs_review) == ("placed", "none", "")
    assert order().payment_status == "disputed"
    for name in ("stock_level", "stock_movement", "letter", "payment", "refund"):
        assert after[name] == before[name]
    assert [(row.kind, row.data["status"]) for row in rows("order_event") if row.kind == "dispute"] == [
        ("dispute", "open")
    ]


@pytest.mark.parametrize(
    ("way", "status", "kinds"),
    [
        (["open", "won"], "paid", ["dispute_opened", "dispute_won"]),
        (["open", "answered", "won", "won", "open"], "paid", ["dispute_opened", "dispute_won"]),
        (["won", "open"], "paid", ["dispute_opened", "dispute_won"]),
        (["open", "lost"], "charged_back", ["dispute_opened", "dispute_lost"]),
        (["lost", "answered", "open"], "charged_back", ["dispute_opened", "dispute_lost"]),
        (["open", "answered", "answered"], "disputed", ["dispute_opened"]),
    ],
)
def test_disputes_end_right_in_any_order(open_payment, way, status, kinds):
    for step in way:
        apply(replace(open_payment, disputes=(replace(OPEN, status=step),)))

    assert order().payment_status == status
    assert [row.kind for row in rows("payment_event")][2:] == kinds
    (dispute,) = rows("dispute")
    assert (dispute.closed_at is not None) is (status != "disputed")
    with db.reading() as session:
        assert len(disputes.open_ones(session)) == (status == "disputed")
        assert books.check(session).violations == ()


def test_staff_see_attempts_events_and_disputes(open_payment):
    apply(replace(open_payment, disputes=(OPEN,)))
    with db.reading() as session:
        view = payment_queries.of_order(session, 1)

    (attempt,), (dispute,) = view.attempts, view.disputes
    assert (attempt.provider, attempt.state, attempt.captured, attempt.refunded) == (
        "stripe",
        "captured",
        "€32.70",
        "",
    )
    assert [(event.kind, event.amount) for event in attempt.events] == [
        ("opened", "€32.70"),
        ("captured", "€32.70"),
        ("dispute_opened", "€32.70"),
    ]
    assert (dispute.status, dispute.due_at, dispute.order_number) == ("open", DUE, "1001")


def test_an_inquiry_is_noted_and_moves_nothing_until_it_becomes_a_dispute(open_payment):
    inquiry = replace(OPEN, is_inquiry=True)
    apply(replace(open_payment, disputes=(inquiry,)))
    assert (order().payment_status, rows("dispute")[0].status) == ("paid", "open")
    apply(replace(open_payment, disputes=(OPEN,)))

    assert order().payment_status == "disputed"
    assert [row.kind for row in rows("payment_event")][2:] == ["dispute_opened"]


# --- Attempts and the inbox -----------------------------------------------------------------------


def test_an_order_that_can_be_paid_isnt_ended(open_payment):
    before = everything()
    with db.transaction() as session:
        assert payment_commands.end_unpaid(session, 1, "expired") is False
    assert everything() == before


def test_paid_orders_are_not_paid_again(open_payment):
    apply(open_payment)
    before = everything()
    with pytest.raises(Conflict, match="doesn't wait"), db.transaction() as session:
        payment_commands.start_attempt(session, 1)
    assert everything() == before


def test_an_answer_for_an_ended_attempt_is_not_taken(open_payment):
    with db.transaction() as session:
        assert payment_commands.opened(session, 1, Started("cs_test_other", "https://x", None)) is False
    assert rows("payment")[0].reference == open_payment.reference


@pytest.mark.parametrize(
    ("notice", "payment_id"),
    [
        ({"intent_reference": "pi_1"}, 1),
        ({"attempt_key": "order-1-1"}, 1),
        ({"attempt_key": "order-1-1", "reference": "cs_test_of_another_shop"}, None),
        ({"attempt_key": "order-2-1"}, None),
        ({"attempt_key": "order-1-1-1"}, None),
        ({"attempt_key": "order--1-1"}, None),
        ({"attempt_key": f"order-{'9' * 400}-1"}, None),
        ({"attempt_key": "order-١-١"}, None),
        ({"reference": "' OR 1=1"}, None),
        ({}, None),
    ],
)
def test_notices_find_their_payment_and_no_other(open_payment, notice, payment_id):
    apply(open_payment)
    with db.reading() as session:
        wanted = Notice(provider="stripe", event_id="e", kind="k", payload="{}", **notice)
        assert payment_inbox.find(session, wanted) == payment_id
        assert payment_inbox.find(session, replace(wanted, provider="manual")) is None


def test_the_inbox_keeps_an_event_once(world):
    notice = Notice(provider="stripe", event_id="evt_1", kind="k", payload="{}")
    with db.transaction() as session:
        assert payment_inbox.receive(session, notice) == 1
    with db.transaction() as session:
        assert payment_inbox.receive(session, replace(notice, payload="other")) is None
        assert payment_inbox.receive(session, replace(notice, provider="other")) == 2
    assert [row.payload for row in rows("provider_event")] == ["{}", "{}"]


def test_what_isnt_there_is_not_found(world):
    for command, argument in (
        (payment_commands.with_id, 9),
        (payment_commands.order_with, "x"),
        (payment_commands.start_attempt, 9),
    ):
        with pytest.raises(NotFound), db.transaction() as session:
            command(session, argument)  # pyright: ignore[reportArgumentType]
