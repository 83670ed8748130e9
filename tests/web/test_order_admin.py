"""What staff do to orders, over the raw socket: without the right, nothing runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Open, Probe
from tests.web.probe_names import CLERK

ADMIN = "reflex___state____state.shop_app___state___admin___orders____order_admin"
KEY = "a-key-of-the-form"
REFUND: dict[str, Any] = {"order": 1, "key": KEY, "lines": {"1": 1}}
CALLS: dict[str, dict[str, Any]] = {
    "mark_paid": {"number": 1001, "reference": "SEPA"},
    "refund": REFUND,
    "fulfil": {"order": 1, "key": KEY, "lines": {"1": 1}},
    "cancel_shipment": {"parcel": 1},
    "delivered": {"parcel": 1},
    "cancel": {"order": 1, "key": KEY},
    "resolve": {"order": 1, "note": "Seen"},
}

MISSING = dict.fromkeys(("mark_paid", "cancel", "resolve"), "Change orders") | dict.fromkeys(
    ("fulfil", "cancel_shipment", "delivered"), "Send orders"
)


async def test_nobody_works_in_the_back_office(open_tab: Open) -> None:
    async with open_tab() as tab:
        for name, payload in CALLS.items():
            tab.updates.clear()
            await tab.send(f"{ADMIN}.{name}", payload)
            assert await tab.notice() == "Sign in to do that.", name


async def test_staff_reach_what_they_may_and_nothing_else(open_tab: Open, probe: Probe) -> None:
    async with open_tab(cookie=f"shop_session={CLERK}") as tab:
        await tab.send(f"{ADMIN}.refund", REFUND)
        assert await tab.notice() == "There is no such order."
        for name in CALLS.keys() - {"refund"}:
            tab.updates.clear()
            await tab.send(f"{ADMIN}.{name}", CALLS[name])
            assert await tab.notice() == f"You don't have the right to do that: {MISSING[name]}.", name


@pytest.mark.parametrize(
    "junk",
    [
        {"lines": {"1": True}},
        {"lines": {"x": 1}},
        {"lines": {"01": 1}},
        {"lines": [1]},
        {"lines": {"1": 10**9}},
        {"key": "short"},
        {"key": "k" * 49},
        {"free_minor": -1},
        {"order": "1; DROP"},
        {"goods": "burn"},
        {"destination": "cash"},
        {"reason": "x" * 101},
        {"by": "owner"},
        {"return_id": 1},
    ],
    ids=str,
)
async def test_junk_never_reaches_a_workflow(open_tab: Open, junk: dict[str, Any]) -> None:
    async with open_tab(cookie=f"shop_session={CLERK}") as tab:
        await tab.send(f"{ADMIN}.refund", REFUND | junk)
        assert await tab.notice() != "There is no such order."
