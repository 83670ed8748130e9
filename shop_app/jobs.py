"""Background work: letters, the inbox of payments, orders that ran out of time, reconciliation.

Every job may run twice, late, and in several processes at once: what it does is guarded in the
database, never by this queue. The queue is a file in the data folder, or Redis where there is one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from sqlmodel import Session

from . import letters
from .core import db, events, own_files
from .core.clock import now
from .core.errors import Invalid, NotFound, ShopError
from .core.settings import settings
from .providers.mail import mailer
from .providers.mail.file import remove_old
from .services import letters as outbox
from .services import retention
from .services.checkout import holds
from .services.letters import LetterToSend
from .services.orders import orders
from .workflows import reconcile as reconcile_workflow
from .workflows import recover

log = logging.getLogger(__name__)

BATCH = 20
REST = 4
"""So many times as long as a batch of letters took, nothing is sent after it while more are due."""
FORGET_BATCH = 200
FORGET_BATCHES = 50
"""So many rows of a kind go in one transaction, and so many of these in an hour: 10,000 rows."""
HOLDS_EVERY_SECONDS = 5
"""How often holds that ran out are looked for: others wait for these units."""
HOLDS_AT_ONCE = 10
"""So many carts give their units back in one transaction; each may hold a hundred kinds."""
RECENT = timedelta(minutes=30)
"""How far back the regular comparison looks; the command line's looks back two days."""


def send_letters(pause: Callable[[float], object] = time.sleep) -> int:
    """Send all letters that are due; returns how many went out.

    Where many are due it `pause`s, in seconds, between them: shoppers who wait for an answer come first.
    """
    sent = 0
    while True:
        began = time.monotonic()
        with db.transaction() as session:
            claimed = outbox.claim(session, BATCH)
        sent += sum(_send(letter) for letter in claimed)
        if len(claimed) < BATCH:
            return sent
        pause(REST * (time.monotonic() - began))


def _send(letter: LetterToSend) -> bool:
    try:
        with db.reading() as session:
            about_order = letter.kind not in letters.about_credit.KINDS
            view = orders.view_of(session, letter.data["order_id"]) if about_order else None
        mailer().send(letters.compose(letter, view))
    except ShopError as refusal:
        for_good = isinstance(refusal, Invalid | NotFound)
        with db.transaction() as session:
            outbox.mark_failed(session, letter.id, refusal.message, for_good=for_good)
        return False
    except Exception as error:
        log.exception("Letter %s can't be made", letter.id)
        with db.transaction() as session:
            outbox.mark_failed(session, letter.id, f"{type(error).__name__} while it was made")
        return False
    with db.transaction() as session:
        outbox.mark_sent(session, letter.id)
    return True


def sweep() -> int:
    """Apply what waits in the inbox, end unpaid orders whose time is over, ask again for refunds."""
    return asyncio.run(recover.sweep())


def reconcile(recent: timedelta = timedelta(hours=48), say: Callable[[str], None] | None = None) -> list[str]:
    """Compare open and recent payments with the payment company; says what was missed, as it is found.

    Errors  ProviderDown where the company doesn't answer.
    """
    return asyncio.run(reconcile_workflow.reconcile(recent, say))


def _reconcile_recent() -> None:
    try:
        reconcile(RECENT, lambda sentence: log.warning("Reconciled: %s", sentence))
    except ShopError as refusal:
        log.warning("Payments couldn't be compared: %s", refusal.message)


def forget(pause: Callable[[float], object] = time.sleep) -> dict[str, int]:
    """Remove what has reached its age; returns how many of each kind, those alone of which there were any.

    In batches with a pause as long as the batch took, in seconds, and a bounded number of them: what is
    left waits for the next run. What can't be removed just now keeps nothing else from being removed.
    """
    verbs = {kind: partial(_forget_some, verb) for kind, verb in retention.VERBS.items()}
    verbs["letter files"] = partial(remove_old, settings().data_dir / "letters", _messages_since())
    done: dict[str, int] = {}
    for kind, some in verbs.items():
        try:
            done[kind] = _in_batches(some, pause)
        except (ShopError, OSError):
            log.exception("What is old among %s couldn't be removed; it is tried again in an hour", kind)
    told = {kind: count for kind, count in done.items() if count}
    if told:
        log.info("Removed by age: %s", ", ".join(f"{count} {kind}" for kind, count in told.items()))
    return told


def _messages_since() -> float:
    return (now() - timedelta(days=settings().message_days)).timestamp()


def _forget_some(verb: Callable[[Session, int], int], most: int) -> int:
    with db.transaction() as session:
        return verb(session, most)


def _in_batches(some: Callable[[int], int], pause: Callable[[float], object]) -> int:
    total = 0
    for _ in range(FORGET_BATCHES):
        began = time.monotonic()
        count = some(FORGET_BATCH)
        total += count
        if count < FORGET_BATCH:
            break
        pause(time.monotonic() - began)
    return total


# --- The queue ----------------------------------------------------------------------------------


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
        (send_letters, "*"), (sweep, "*"), (_reconcile_recent, "*/5"), (forget, "17"),
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
            while await db.in_reading(holds.any_run_out):
                # A few at a time: the loop turns in between.
                if not await db.in_transaction(holds.sweep, HOLDS_AT_ONCE):
                    break
        except Exception:
            log.exception("Holds couldn't be freed; it is tried again soon")


def _post_at_once(due: threading.Event, stopped: threading.Event) -> None:
    """Send letters when one is written; those that fail wait for the timetable."""
    while due.wait() and not stopped.is_set():
        due.clear()
        try:
            send_letters(stopped.wait)
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
