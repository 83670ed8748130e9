"""Shoppers, staff and the provider's faults in the kill harness: they outlive each shop process."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults import after_payment, dispute_admin
from tests.faults.after_payment import Gone

PLENTY, SCARCE, LAST = "PLENTY", "SCARCE", "LAST"
INITIAL = {PLENTY: 100_000, SCARCE: 120, LAST: 12}
"""Units of each thing at the beginning."""
CARD = {"card": "4242424242424242", "expiry": "12/34", "cvc": "123"}
DECLINED = CARD | {"card": "4000000000000002"}
DISPUTED = tuple(
    CARD | {"card": number} for number in ("4000000000000259", "4000000000002685", "4000000000001976")
)
"""Cards that pay, and whose holders ask their bank for the money afterwards; the last one only inquires."""
GIFT_CARDS = (300, 2000, 2500, 20_000)
"""In minor units: a little, most of it, or more than an order comes to."""

SHOPPERS_AT_ONCE = 4
MAX_CLICKS = 10
FAULTS_SECONDS = 0.3
FINAL = ("out_of_stock", "over_refund", "disputed", "closed", "too_many_units")
"""Refusals that another click doesn't change."""
API_FAULTS = ("500", "429", "lost_reply", "lost_reply", "slow", "500_kept")
PATHS = ("", "POST /v1/checkout/sessions", "POST /v1/refunds", "GET /v1/disputes")


@dataclass
class Crowd:
    """Everybody outside of the shop, and what they saw happen."""

    shop: str
    provider_url: str
    seed: int
    seen: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def shop_until_over(self) -> None:
        self.client = httpx.AsyncClient(trust_env=False, timeout=5)
        tasks = [asyncio.create_task(self._shoppers(number)) for number in range(SHOPPERS_AT_ONCE)]
        staff_chance = random.Random(f"{self.seed}:staff")
        background = [
            asyncio.create_task(self._keep_faults_changing()),
            asyncio.create_task(
                dispute_admin.answer_disputes(self.client, self.provider_url, staff_chance, self.seen)
            ),
        ]
        await self.over.wait()
        for task in background:
            task.cancel()
        await asyncio.gather(*tasks)
        for ended in await asyncio.gather(*background, return_exceptions=True):
            if isinstance(ended, Exception) and not isinstance(ended, httpx.HTTPError):
                raise ended
        await self.set_faults({})

    # --- Shoppers -------------------------------------------------------------------------------

    async def _shoppers(self, number: int) -> None:
        chance, count = random.Random(f"{self.seed}:{number}"), 0
        while not self.over.is_set():
            count += 1
            try:
                await self._visit(f"{number}:{count}", chance)
            except Gone:
                self.seen["walked away"] += 1

    async def _visit(self, key: str, chance: random.Random) -> None:
        self.seen["visits"] += 1
        lines = {PLENTY: chance.randint(1, 3)}
        if chance.random() < 0.5:
            lines |= {SCARCE: chance.randint(0, 2), LAST: chance.randint(0, 1)}
        units = {sku: quantity for sku, quantity in lines.items() if quantity}
        card = chance.choice(GIFT_CARDS) if chance.random() < 0.3 else 0
        page = await self.click("fill", chance, key=key, lines=units, card=card)
        clicks = [self.click("pay", chance, key=key, **page)]
        if chance.random() < 0.15:
            clicks += [self._quietly("pay", key=key, **page) for _click in range(2)]
        url, *_more = await asyncio.gather(*clicks)
        if chance.random() < 0.1:
            page = await self.click("fill", chance, key=key, lines={PLENTY: 1})
            url = await self.click("pay", chance, key=key, **page)
        if not url.startswith(self.provider_url):
            self.seen["paid by credit alone"] += 1
            await after_payment.run_one(self, url.rsplit("/orders/", 1)[-1], chance)
            return
        await self._at_the_pay_page(url, chance)

    async def _at_the_pay_page(self, url: str, chance: random.Random) -> None:
        what = chance.random()
        if what < 0.15:
            raise Gone
        if what < 0.25:
            # Late: the order's time may be over by now, and its session ended.
            await asyncio.sleep(chance.uniform(1, 5))
        if chance.random() < 0.15:
            await self._enter(url, DECLINED)
        token = await self._enter(url, chance.choice(DISPUTED) if chance.random() < 0.2 else CARD)
        if token:
            self.seen["paid at the provider"] += 1
            await after_payment.run_one(self, token, chance)

    async def _enter(self, url: str, card: dict[str, str]) -> str:
        """Type a card in at the provider; the order's token where it was charged."""
        answer = await self.client.post(url, data=card)
        home = answer.headers.get("location", "")
        return home.rsplit("/orders/", 1)[-1] if answer.status_code == 303 and "/orders/" in home else ""

    async def staff(self, command: str, chance: random.Random, **given: Any) -> None:
        await self.click(command, chance, **given)
        self.seen[f"staff: {command}"] += 1

    async def _quietly(self, command: str, **given: Any) -> None:
        try:
            await self.client.post(f"{self.shop}/click/{command}", json=given)
        except httpx.HTTPError:
            self.seen["clicks without an answer"] += 1

    async def click(self, command: str, chance: random.Random, **given: Any) -> Any:
        """Click until an answer comes; some leave earlier.

        Errors  Gone.
        """
        for _click in range(MAX_CLICKS):
            try:
                answer = await self.client.post(f"{self.shop}/click/{command}", json=given)
            except httpx.HTTPError:
                self.seen["clicks without an answer"] += 1
                await asyncio.sleep(chance.uniform(0.01, 0.1))
            else:
                if answer.status_code == 200:
                    return answer.json()["done"]
                code = answer.json()["code"] if answer.status_code == 409 else f"status {answer.status_code}"
                self.seen[f"refused: {code}"] += 1
                if code in FINAL:
                    raise Gone
                if code == "not_found":
                    # The webhook of the payment has yet to come.
                    await asyncio.sleep(0.1)
                    continue
            if chance.random() < 0.15:
                raise Gone
        raise Gone

    # --- Faults of the provider -----------------------------------------------------------------

    async def _keep_faults_changing(self) -> None:
        chance = random.Random(f"{self.seed}:faults")
        while True:
            await self.set_faults(_faults(chance))
            await asyncio.sleep(FAULTS_SECONDS)

    async def set_faults(self, faults: dict[str, Any]) -> None:
        """Put these faults in force at the provider, and count the ones before that came into effect."""
        address = f"{self.provider_url}/_faults"
        left = Counter[str]()
        for fault in (await self.client.get(address)).json()["api"]:
            left[fault["do"]] += fault["times"]
        for kind, count in self._set.items():
            self.seen[f"provider: {kind}"] += max(0, count - left[kind])
        (await self.client.post(address, json=faults)).raise_for_status()
        self._set = Counter[str]()
        for fault in faults.get("api", ()):
            self._set[fault["do"]] += fault["times"]

    _set: Counter[str] = field(default_factory=Counter)


def _faults(chance: random.Random) -> dict[str, Any]:
    api = [
        {
            "path": chance.choice(PATHS),
            "do": chance.choice(API_FAULTS),
            "times": chance.choice((1, 1, 2)),
            "seconds": round(chance.uniform(0.05, 0.3), 2),
        }
        for _fault in range(chance.choice((0, 1, 1, 2)))
    ]
    webhooks = {
        "duplicates": chance.choice((0, 0, 1, 2)),
        "shuffle": chance.random() < 0.3,
        "drop": chance.choice((0, 0, 1)),
        "forge": chance.random() < 0.4,
    }
    return {"api": api, "webhooks": webhooks}
