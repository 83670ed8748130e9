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
    } | more
    marks = {"done": " ✓", "now": " •", "next": ""}
    steps = order_steps.steps(cast(Any, SimpleNamespace(**order)), phase, [], ended_at, "")
    assert steps[0].label == "Order received"
    return ", ".join(step.label + marks[step.state] for step in steps[1:])


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
    never = {"paid_at": None, "payment_status": "none"}
    assert stations("expired", status="expired", **never) == "Not paid in time ✓"
    assert stations("cancelled", DAY, status="cancelled", **never) == "Cancelled ✓"
    assert stations("unpaid", status="cancelled", **never) == ""


def test_what_was_withdrawn_before_it_left_is_not_being_packed():
    assert stations("withdrawn") == "Paid ✓, Withdrawn ✓"


def test_money_that_went_back_is_the_end():
    assert stations("refunded", fulfilment_status="returned", payment_status="refunded") == (
        "Paid ✓, Packed ✓, On its way ✓, Delivered ✓, Returned ✓, Refunded ✓"
    )
    assert stations("refunded", DAY, status="cancelled", payment_status="refunded") == (
        "Paid ✓, Cancelled ✓, Refunded ✓"
    )
