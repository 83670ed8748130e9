"""Eight copies of one webhook at once: each event counts once, on both databases."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest

from shop_app.workflows import recover
from tests.faults.test_payment_events import CASES, events, no_event_counts_twice, order, standing
from tests.paying import World, make_world, rows

COPIES = 8


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


def at_once(world: World, notices: list[tuple[str, str]]) -> None:
    """Eight threads, each with all of it, in its own order."""

    def all_of_it(seed: int) -> None:
        mixed = list(notices)
        random.Random(seed).shuffle(mixed)
        for body, header in mixed:
            answers.append(world.post_event(body, header))

    answers: list[int] = []
    threads = [threading.Thread(target=all_of_it, args=(seed,)) for seed in range(COPIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {200}
    # The sweep applies what waited for a rival's lock too long.
    asyncio.run(recover.sweep())


@pytest.mark.both
@pytest.mark.parametrize("name", ["completed, paid", "partly refunded", "dispute lost", "returned later"])
def test_sent_by_eight_at_once_each_counts_once(world, name):
    happens, expected = CASES[name]
    happens(world)
    at_once(world, events(world))

    assert standing() == expected
    assert len(rows("provider_event")) == len({row.event_id for row in rows("provider_event")})
    kinds = [row.kind for row in rows("letter")]
    assert len(kinds) == len(set(kinds))
    no_event_counts_twice()


@pytest.mark.both
def test_eight_copies_of_one_webhook_are_applied_once(world):
    CASES["completed, paid"][0](world)
    notices = [(body, header) for body, header in events(world) if "checkout.session.completed" in body]
    assert len(notices) == 1
    at_once(world, notices)

    (entry,) = rows("provider_event")
    assert entry.outcome in ("applied", "already known")
    assert [row.kind for row in rows("payment_event")] == ["opened", "captured"]
    assert [row.kind for row in rows("letter")] == ["order_paid"]
    assert (order().status, order().payment_status) == ("placed", "paid")
