"""A payment provider that doesn't answer keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import threading

from shop_app.workflows import call_provider


def test_a_provider_that_hangs_leaves_pages_and_other_threads_alone():
    answers = threading.Event()

    async def many() -> list[object]:
        hanging = [
            asyncio.create_task(call_provider.call_provider(answers.wait, 30))
            for _ in range(call_provider.AT_ONCE + 4)
        ]
        # All threads for calls outside are taken; a page is still served at once.
        served = await asyncio.wait_for(asyncio.to_thread(lambda: "a page"), 5)
        answers.set()
        return [served, *await asyncio.gather(*hanging)]

    assert asyncio.run(many()) == ["a page", *[True] * (call_provider.AT_ONCE + 4)]
