"""Staff in the provider's dashboard: they answer disputes there, well or badly, or accept them."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter

import httpx

ROUND_SECONDS = 0.4
OPEN = ("needs_response", "warning_needs_response")
ANSWERS = (
    {"evidence[uncategorized_text]": "winning_evidence", "submit": "true"},
    {"evidence[uncategorized_text]": "losing_evidence", "submit": "true"},
    {"evidence[uncategorized_text]": "Let us see.", "submit": "true"},
    {"evidence[uncategorized_text]": "A draft.", "submit": "false"},
)
"""Won, lost, waiting for the bank, and saved as a draft."""


async def answer_disputes(
    client: httpx.AsyncClient, provider_url: str, chance: random.Random, seen: Counter[str]
) -> None:
    """Answer some of the open disputes, round after round, until cancelled."""
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        listed = await _ask(client, "GET", f"{provider_url}/v1/disputes?limit=100")
        for dispute in listed.get("data", ()):
            if dispute["status"] in OPEN and chance.random() < 0.3:
                await _answer(client, f"{provider_url}/v1/disputes/{dispute['id']}", chance)
                seen["disputes answered"] += 1


async def _answer(client: httpx.AsyncClient, address: str, chance: random.Random) -> None:
    if chance.random() < 0.2:
        await _ask(client, "POST", f"{address}/close")
    else:
        await _ask(client, "POST", address, chance.choice(ANSWERS))


async def _ask(client: httpx.AsyncClient, method: str, address: str, given: dict[str, str] | None = None):
    """The provider's answer; empty where a fault was injected, and the next round asks again."""
    key = {"authorization": f"Bearer {os.environ['STRIPE_SECRET_KEY']}"}
    try:
        answer = await client.request(method, address, data=given, headers=key)
    except httpx.HTTPError:
        return {}
    return answer.json() if answer.status_code == 200 else {}
