"""When jobs run: by the clock, and as soon as a letter is written or a cart changes.

The queue is a file in the data folder, or Redis where there is one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer

from ..core import db, events, own_files
from ..core.settings import settings
from ..services.checkout import holds
from ..workflows import recover
from . import jobs

log = logging.getLogger(__name__)

HOLDS_EVERY_SECONDS = 5
"""How often holds that ran out are looked for: others wait for these units."""
HOLDS_AT_ONCE = 10
"""So many carts give their units back in one transaction; each may hold a hundred kinds."""


@lru_cache(maxsize=1)
def queue() -> Huey:
    """The queue with its timetable."""
    chosen = settings()
    made: Huey
    if chosen.redis_url:
        made = RedisHuey("shop", url=chosen.redis_url, results=False)
    else:
        made = SqliteHuey("shop", filename=str(own_files.folder(chosen.data_dir) / "jobs.db"), results=False)
    timetable: tuple[tuple[Callable[[], Any], str], ...] = (
        (jobs.send_letters, "*"), (jobs.sweep, "*"), (jobs.reconcile_recent, "*/5"), (jobs.forget, "17"),
    )  # fmt: skip
    for job, minutes in timetable:
        made.periodic_task(crontab(minute=minutes), name=f"{job.__name__}_by_time")(job)
    return made


class _Consumer(Consumer):
    def _set_signal_handlers(self) -> None:
        """Signals are the server's own affair."""


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Work through the queue for as long as this is entered: a server process's lifespan."""
    consumer = _Consumer(
        queue(), workers=1, periodic=True, initial_delay=0.5, backoff=1.5, max_delay=5, scheduler_interval=5
    )
    consumer.start()
    stopped, due = threading.Event(), threading.Event()
    changed = threading.Event()
    stop_listening = (
        events.listen(events.LetterWritten, lambda _fact: due.set()),
        events.listen(events.CartChanged, lambda _fact: changed.set()),
    )
    # What was left when the last process ended doesn't wait for the full minute.
    due.set()
    postman = threading.Thread(target=_post_at_once, args=(due, stopped), name="postman", daemon=True)
    postman.start()
    closer = threading.Thread(target=_close_at_once, args=(changed, stopped), name="closer", daemon=True)
    closer.start()
    freeing = asyncio.create_task(_free_holds())
    try:
        yield
    finally:
        freeing.cancel()
        for stop in stop_listening:
            stop()
        stopped.set()
        due.set()
        changed.set()
        await asyncio.to_thread(postman.join, 10)
        await asyncio.to_thread(closer.join, 10)
        await asyncio.to_thread(consumer.stop, True)


async def _free_holds() -> None:
    """Give back holds soon after they ran out; the sweep would do it within a minute."""
    while True:
        await asyncio.sleep(HOLDS_EVERY_SECONDS)
        try:
            while await db.read(holds.any_run_out):
                # A few at a time: the loop turns in between.
                if not await db.write(holds.sweep, HOLDS_AT_ONCE):
                    break
        except Exception:
            log.exception("Holds couldn't be freed; it is tried again soon")


def _post_at_once(due: threading.Event, stopped: threading.Event) -> None:
    """Send letters when one is written; those that fail wait for the timetable."""
    while due.wait() and not stopped.is_set():
        due.clear()
        try:
            jobs.send_letters(stopped.wait)
        except Exception:
            log.exception("Letters couldn't be sent; they are tried again in a minute")
        # A little pause makes many letters one round.
        stopped.wait(0.2)


def _close_at_once(changed: threading.Event, stopped: threading.Event) -> None:
    """End unpaid orders as soon as their cart changes; those that can't be ended wait for the sweep."""
    while changed.wait() and not stopped.is_set():
        changed.clear()
        try:
            asyncio.run(recover.close_outdated())
        except Exception:
            log.exception("Unpaid orders couldn't be ended; the sweep tries again")
        stopped.wait(0.5)
