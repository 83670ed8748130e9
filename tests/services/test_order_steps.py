"""The stations of an order's way: which are done, and which one is going on."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shop_app.services.storefront import order_steps

DAY = datetime(2026, 11, 20, 14, tzinfo=UTC)


def stations(phase: str = "paid", ended_at: datetime | None = None, **more: Any) -> str:
    """ "Paid ✓, Being packed •, On its way": what is done, what is going on, what comes."""
    order = {
        "placed_at": DAY,
        "paid_at": DAY,
        "status": "placed",
        "payment_status": "paid",
        "fulfilment_status": "none",
        "total_minor": 2390,
        "currency": "EUR",
        "locale": "en",
        "method_kind": "delivery",
        "shipping_label": "Standard delivery",
        "payment_provider": "stripe",
    } | more
    marks = {"done": " ✓", "now": " •", "next": "", "ended": " ✗"}
    steps = order_steps.steps(
        cast(Any, SimpleNamespace(**order)), phase, [], [], "", ended_at=ended_at, fulfilled_at=None
    )
    shown = ", ".join(step.label + marks[step.state] for step in steps)
    return shown.removeprefix("Order received ✓, ")


@pytest.mark.parametrize(
    ("fulfilment", "expected"),
    [
        ("none", "Paid ✓, Being packed •, On its way, Delivered"),
        ("partial", "Paid ✓, Packed ✓, On its way •, Delivered"),
        ("shipped", "Paid ✓, Packed ✓, On its way •, Delivered"),
        ("delivered", "Paid ✓, Packed ✓, On its way ✓, Delivered ✓"),
        ("partially_returned", "Paid ✓, Packed ✓, On its way ✓, Delivered ✓, Partly returned ✓"),
        ("returned", "Paid ✓, Packed ✓, On its way ✓, Delivered ✓, Returned ✓"),
    ],
)
def test_a_shipment_is_on_its_way_until_it_has_arrived(fulfilment, expected):
    assert stations(fulfilment_status=fulfilment) == expected


@pytest.mark.parametrize(
    ("fulfilment", "expected"),
    [
        ("none", "Paid ✓, Being packed •, Collected"),
        ("shipped", "Paid ✓, Ready to collect ✓, Collected •"),
        ("delivered", "Paid ✓, Ready to collect ✓, Collected ✓"),
    ],
)
def test_what_is_collected_is_ready_before_that(fulfilment, expected):
    assert stations(fulfilment_status=fulfilment, method_kind="pick_up") == expected


def test_an_order_that_waits_for_its_money_isnt_called_paid_or_packed():
    waits = {"paid_at": None, "payment_status": "none"}
    assert stations("awaiting_transfer", **waits) == "Payment •, Packed, On its way, Delivered"
    assert stations("authorized", paid_at=None, payment_status="authorized") == (
        "Amount set aside ✓, Being packed •, On its way, Delivered"
    )


def test_an_order_that_ended_unpaid_says_so_and_nothing_of_shipments():
    later = {"paid_at": None, "payment_status": "none", "payment_provider": "manual"}
    assert stations("expired", status="expired", **later) == "Not paid in time ✗"
    assert stations("cancelled", DAY, status="cancelled", **later) == "Cancelled ✗"
    let_go = {"paid_at": None, "payment_status": "voided"}
    assert stations("unpaid", **let_go) == "The payment didn't go through ✗"


@pytest.mark.parametrize(
    ("phase", "status", "step"),
    [
        ("unpaid", "pending", "The payment didn't go through ✗"),
        ("unpaid", "cancelled", "The payment didn't go through ✗"),
        ("expired", "expired", "Not paid in time ✗"),
        ("cancelled", "cancelled", "Cancelled ✗"),
    ],
)
def test_an_order_whose_card_never_paid_wasnt_received(phase, status, step):
    never = {"paid_at": None, "payment_status": "none", "status": status}
    order = SimpleNamespace(placed_at=DAY, payment_provider="stripe", **never)
    steps = order_steps.steps(cast(Any, order), phase, [], [], "", ended_at=None, fulfilled_at=None)

    assert [f"{one.label} ✗" for one in steps if one.state == "ended"] == [step]
    assert [(one.label, one.detail) for one in steps] == [(step.removesuffix(" ✗"), "20 November")]


def test_what_the_bank_took_back_isnt_packed_and_what_was_sent_stays():
    assert stations("charged_back", payment_status="charged_back") == (
        "Paid ✓, Payment taken back by the bank ✗"
    )
    assert stations("charged_back", payment_status="charged_back", fulfilment_status="delivered") == (
        "Paid ✓, Packed ✓, On its way ✓, Delivered ✓, Payment taken back by the bank ✗"
    )


def test_what_was_withdrawn_before_it_left_is_not_being_packed():
    assert stations("withdrawn") == "Paid ✓, Cancelled ✓"


def test_money_that_went_back_is_the_end():
    assert stations("refunded", fulfilment_status="returned", payment_status="refunded") == (
        "Paid ✓, Packed ✓, On its way ✓, Delivered ✓, Returned ✓, Refunded ✓"
    )
    assert stations("refunded", DAY, status="cancelled", payment_status="refunded") == (
        "Paid ✓, Cancelled ✓, Refunded ✓"
    )
