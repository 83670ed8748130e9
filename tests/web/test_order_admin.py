"""What staff do to orders, over the raw socket: without the right, nothing runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Open, Probe
from tests.web.probe_names import CLERK

ADMIN = "reflex___state____state.shop_app___state___admin___orders____order_admin"
KEY = "a-key-of-the-form"
REFUND: dict[str, Any] = {"order": "1", "key": KEY, "line-1": "1"}
CALLS: dict[str, dict[str, Any]] = {
    "load": {},
    "follow": {},
    "tell": {},
    "open_form": {"form": "refund"},
    "close": {},
    "choose": {"line": 1, "units": 1},
    "choose_delivery": {"ticked": True},
    "type_amount": {"typed": "1"},
    "mark_paid": {"form": {"order": "1", "number": "1001", "reference": "SEPA"}},
    "refund": {"form": REFUND},
    "fulfil": {"form": {"order": "1", "key": KEY, "line-1": "1"}},
    "track": {"form": {"order": "1", "shipment": "1"}},
    "cancel_shipment": {"shipment": 1},
    "delivered": {"shipment": 1},
    "cancel": {"form": {"order": "1", "key": KEY}},
    "capture": {"order": 1},
    "void": {"order": 1},
    "resolve": {"form": {"order": "1", "note": "Seen"}},
    "add_note": {"form": {"order": "1", "note": "Seen"}},
    "archive": {"order": 1, "archived": True},
    "send_letter_again": {"order": 1, "letter": 1},
}

MAY = ("refund", "choose", "choose_delivery", "type_amount")
"""Handlers that need no other right than that of the test's clerk."""


def refused(update: dict[str, Any]) -> str | None:
    """Why the form wasn't taken, as its State says it."""
    for state, values in (update.get("delta") or {}).items():
        if state.endswith("____order_admin") and values.get("refused_rx_state_"):
            return values["refused_rx_state_"]
    return None


async def test_nobody_works_in_the_back_office(open_tab: Open) -> None:
    async with open_tab() as tab:
        for name, payload in CALLS.items():
            tab.updates.clear()
            await tab.send(f"{ADMIN}.{name}", payload)
            assert await tab.notice() == "Sign in to do that.", name


async def test_staff_reach_what_they_may_and_nothing_else(open_tab: Open, probe: Probe) -> None:
    async with open_tab(cookie=f"shop_session={CLERK}") as tab:
        await tab.send(f"{ADMIN}.refund", {"form": REFUND})
        assert await tab.until(refused) == "There is no such order."
        for name in [name for name in CALLS if name not in MAY]:
            tab.updates.clear()
            await tab.send(f"{ADMIN}.{name}", CALLS[name])
            assert (await tab.notice()).startswith("You don't have the right to do that"), name


@pytest.mark.parametrize(
    "junk",
    [
        {"line-1": "true"},
        {"line-x": "1"},
        {"line-01": "1"},
        {"lines": [1]},
        {"lines": {"1": 1.5}},
        {"line-1": "1000000000"},
        {"key": "short"},
        {"key": "k" * 49},
        {"order": "1; DROP"},
        {"order": "0"},
        {"goods": "burn"},
        {"destination": "cash"},
        {"reason": "x" * 101},
        {"amount": "1" * 500},
    ],
    ids=str,
)
async def test_junk_never_reaches_a_workflow(open_tab: Open, junk: dict[str, Any]) -> None:
    async with open_tab(cookie=f"shop_session={CLERK}") as tab:
        await tab.send(f"{ADMIN}.refund", {"form": REFUND | junk})
        await tab.settle()
        assert not [update for update in tab.updates if refused(update)]
