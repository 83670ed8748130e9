"""What becomes of an order once its shopper has paid: staff send, refund and cancel it, things come back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.shoppers import Crowd


class Gone(Exception):
    """The shopper, or the clerk, has given up."""


Step = Callable[["Crowd", str, random.Random], Awaitable[None]]


async def refund(crowd: Crowd, token: str, chance: random.Random) -> None:
    """A clerk gives parts of the money back, clicking again with the same key."""
    for number in range(chance.randint(1, 3)):
        to_credit = chance.random() < 0.4
        await crowd.staff(
            "refund",
            chance,
            token=token,
            amount=chance.randint(1, 900),
            key=f"{token[:20]}-{number}",
            to_credit=to_credit,
        )


async def send(crowd: Crowd, token: str, chance: random.Random) -> None:
    await crowd.staff("send", chance, token=token, key=f"{token[:20]}-shipment")


async def send_one(crowd: Crowd, token: str, chance: random.Random) -> None:
    """The first shipment, which takes the money where it was only authorised; the rest waits."""
    await crowd.staff("send", chance, token=token, key=f"{token[:20]}-first", most=1)


async def cancel(crowd: Crowd, token: str, chance: random.Random) -> None:
    await crowd.staff("cancel", chance, token=token, key=f"{token[:20]}-cancel")


async def refund_line(crowd: Crowd, token: str, chance: random.Random) -> None:
    await crowd.staff("refund_line", chance, token=token, key=f"{token[:20]}-line")


async def send_back(crowd: Crowd, token: str, chance: random.Random) -> None:
    key = f"{token[:20]}-return"
    await crowd.click("send_back", chance, token=token, key=key)
    await _answer(crowd, key, chance)


async def withdraw(crowd: Crowd, token: str, chance: random.Random) -> None:
    key = f"{token[:20]}-withdrawal"
    await crowd.click("withdraw", chance, token=token, key=key, whole=chance.random() < 0.5)


async def answer_withdrawal(crowd: Crowd, token: str, chance: random.Random) -> None:
    await _answer(crowd, f"{token[:20]}-withdrawal", chance)


async def _answer(crowd: Crowd, key: str, chance: random.Random) -> None:
    """What a return or a withdrawal comes to: mostly the things arrive first."""
    to_credit = chance.random() < 0.3
    if chance.random() < 0.8:
        await crowd.staff("receive", chance, key=key, fit=chance.random() < 0.7)
    await crowd.staff("pay_back", chance, key=key, to_credit=to_credit)


FATES: tuple[tuple[Step, ...], ...] = (
    (refund,),
    (refund, send),
    (refund, cancel),
    (send,),
    (send, refund),
    (send, send_back),
    (send, send_back),
    (send, refund, send_back),
    (cancel,),
    (cancel,),
    (send, cancel),
    (cancel, send),
    (send_one, cancel),
    (send_one, send, send_back),
    (withdraw, answer_withdrawal),
    (withdraw, send, answer_withdrawal),
    (send, withdraw, answer_withdrawal),
    (withdraw, cancel, answer_withdrawal),
    (send_one, withdraw, answer_withdrawal),
    (refund_line,),
    (refund_line, send),
    (),
    (),
    (),
)
"""What is done with an order, by different people: when one gives up, the next one goes on."""


async def run_one(crowd: Crowd, token: str, chance: random.Random) -> None:
    """One of `FATES`, step by step or, in one case of five, all steps at once."""
    fate = chance.choice(FATES)
    if chance.random() < 0.2:
        await asyncio.gather(*(_try(step, crowd, token, random.Random(chance.random())) for step in fate))
        return
    for step in fate:
        await _try(step, crowd, token, chance)


async def _try(step: Step, crowd: Crowd, token: str, chance: random.Random) -> None:
    with suppress(Gone):
        await step(crowd, token, chance)
