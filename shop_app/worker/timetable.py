"""The timetable: which job runs when, by the clock and after events.

Every job looks for its work in the database, so a crash loses none of it, and one run too many does no harm.
In one process a job never runs twice at the same time.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from ..core import db, events
from ..core.clock import now
from ..core.errors import ShopError
from ..core.i18n import _
from ..services.bulk_jobs import runs
from . import bulk, data_exports, jobs, waiting
from .leader import LOOK_SECONDS, Leadership

log = logging.getLogger(__name__)

NOTE_SECONDS = 60
REST_SECONDS = 0.5
"""The least time between two runs of a job; events that come meanwhile share one run."""
FIRST_SECONDS = 60
"""Every job runs by the clock within this time after the start, also one that is due once an hour."""
STOP_SECONDS = 10
"""How long a server that stops waits for jobs that are running."""
POLL_SECONDS = 0.5
"""How often a process for background work alone looks for what an event would announce."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is looked for regularly, and at once after an event of `wakes_on`.

    By the clock it runs in the leader's process alone, after an event in the process that had it.
    `run` is called on a thread.
    """

    name: str
    run: Callable[[], object]
    every_seconds: float
    wakes_on: tuple[type, ...] = ()
    label: str = ""
    """What staff read; its name where this is ""."""


def shop_jobs(pause: Callable[[float], object]) -> tuple[Job, ...]:
    """The shop's own jobs; for `pause` see `jobs.Pause`."""
    return (
        Job(
            "send_letters", partial(jobs.send_letters, pause), 60, (events.LetterWritten,), _("Send letters")
        ),
        Job(
            "serve_line",
            partial(waiting.serve_line, pause),
            5,
            (events.LineMoved,),
            _("Tell who waits for stock, in turn"),
        ),
        Job(
            "close_outdated",
            jobs.close_outdated,
            60,
            (events.CartChanged,),
            _("End unpaid orders whose cart has changed"),
        ),
        Job("open_scheduled", jobs.open_scheduled, 30, (), _("Open scheduled products")),
        Job("free_holds", partial(jobs.free_holds, pause), 5, (), _("Release holds that ran out")),
        Job(
            "bulk_jobs", partial(bulk.work_off, pause), 30, (events.BulkJobMoved,), _("Work off bulk actions")
        ),
        Job(
            "data_exports",
            partial(data_exports.make, pause),
            60,
            (events.DataExportMoved,),
            _("Make files of people's data"),
        ),
        Job("sweep", jobs.sweep, 60, (), _("Apply received events, expire unpaid orders")),
        Job("reconcile_recent", jobs.reconcile_recent, 5 * 60, (), _("Compare recent payments")),
        Job("remind_of_carts", partial(jobs.remind_of_carts, pause), 15 * 60, (), _("Remind of carts")),
        Job("ask_for_reviews", partial(jobs.ask_for_reviews, pause), 60 * 60, (), _("Ask for reviews")),
        Job("refresh_collections", jobs.refresh_collections, 60 * 60, (), _("Refresh collections by rule")),
        Job("forget", partial(jobs.forget, pause), 60 * 60, (), _("Remove what has reached its age")),
    )


@asynccontextmanager
async def running(extra_jobs: Sequence[Job] = (), *, alone: bool = False) -> AsyncIterator[None]:
    """Run the shop's jobs and `extra_jobs` for as long as this is entered: a process's lifespan.

    `alone`: this process hears no events of those that serve pages, and looks every `POLL_SECONDS` instead.

    At the end jobs that are running finish, for `STOP_SECONDS` at most, and no other is started.
    """
    stopping = threading.Event()
    timetable = [*shop_jobs(stopping.wait), *extra_jobs]
    if alone:
        timetable = [replace(job, every_seconds=POLL_SECONDS) if job.wakes_on else job for job in timetable]
    async with run_jobs(timetable, stopping, Notes()):
        yield


@asynccontextmanager
async def on_demand(extra_jobs: Sequence[Job] = ()) -> AsyncIterator[None]:
    """Run a job only where staff in this process want it now; another process runs the timetable."""
    stopping = threading.Event()
    timetable = [replace(job, wakes_on=()) for job in (*shop_jobs(stopping.wait), *extra_jobs)]
    async with run_jobs(timetable, stopping, Notes(), leads=False):
        yield


@asynccontextmanager
async def run_jobs(
    timetable: Sequence[Job], stopping: threading.Event, notes: Notes | None = None, *, leads: bool = True
) -> AsyncIterator[None]:
    """The same for these jobs; `stopping` is set at the end, for jobs that can end early.

    `notes` keep how runs went; without `leads` nothing runs by the clock in this process.
    """
    # A thread for each: where a provider hangs, the other jobs go on. One more looks who leads.
    threads = ThreadPoolExecutor(len(timetable) + 1, thread_name_prefix="job")
    leader = Leader(threads) if leads else None
    wakers = [(job, asyncio.Event()) for job in timetable]
    listeners = [events.subscribe(kind, _listener(woken)) for job, woken in wakers for kind in job.wakes_on]
    listeners.append(events.subscribe(events.JobWanted, _wanted(wakers)))
    tasks = [asyncio.create_task(_repeat(job, woken, leader, threads, notes)) for job, woken in wakers]
    if leader:
        tasks.append(asyncio.create_task(leader.keep_looking()))
    try:
        yield
    finally:
        for stop_listening in listeners:
            stop_listening()
        stopping.set()
        for task in tasks:
            task.cancel()
        if leader:
            # Before what runs here has finished: the next process needn't wait for it.
            await asyncio.to_thread(leader.leadership.resign)
        await asyncio.gather(*tasks, return_exceptions=True)
        threads.shutdown(wait=False)


class Leader:
    """Follows on the loop whether this process leads."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.leadership = Leadership()
        self._threads = threads
        self._leads = asyncio.Event()

    async def keep_looking(self) -> None:
        while True:
            loop = asyncio.get_running_loop()
            if await loop.run_in_executor(self._threads, self.leadership.look):
                self._leads.set()
            else:
                self._leads.clear()
            await asyncio.sleep(LOOK_SECONDS)

    async def due(self, seconds: float) -> None:
        """Wait for so long, and then until this process leads: what is overdue runs when it takes over."""
        await asyncio.sleep(seconds)
        while not self.leadership.held():
            # A look that hangs hasn't cleared it.
            self._leads.clear()
            await self._leads.wait()


def _listener(woken: asyncio.Event) -> Callable[[object], None]:
    """A listener that sets `woken`; it may be called on any thread."""
    loop = asyncio.get_running_loop()

    def wake(_event: object) -> None:
        # One that is set already will be cleared before the job reads the database, so nothing is missed.
        if not woken.is_set():
            loop.call_soon_threadsafe(woken.set)

    return wake


async def _repeat(
    job: Job,
    woken: asyncio.Event,
    leader: Leader | None,
    threads: ThreadPoolExecutor,
    notes: Notes | None,
) -> None:
    wait_seconds = min(job.every_seconds, FIRST_SECONDS)
    if job.wakes_on:
        # What the last process left undone doesn't wait for the clock.
        woken.set()
    while True:
        await _either(woken.wait(), *([leader.due(wait_seconds)] if leader else []))
        woken.clear()
        run = asyncio.get_running_loop().run_in_executor(threads, _run, job, notes)
        try:
            await asyncio.shield(run)
        except asyncio.CancelledError:
            if not (await asyncio.wait([run], timeout=STOP_SECONDS))[0]:
                log.warning("The job %s didn't finish in time; the next start goes on with it", job.name)
            raise
        wait_seconds = job.every_seconds
        await asyncio.sleep(REST_SECONDS)


async def _either(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of them; the others end."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _wanted(wakers: Sequence[tuple[Job, asyncio.Event]]) -> Callable[[events.JobWanted], None]:
    """A listener that wakes the job that someone wants to run now."""
    wake = {job.name: _listener(woken) for job, woken in wakers}

    def listen(event: events.JobWanted) -> None:
        if event.name in wake:
            wake[event.name](event)

    return listen


def _run(job: Job, notes: Notes | None) -> None:
    started_at, began, problem = now(), time.monotonic(), ""
    try:
        job.run()
    except ShopError as refusal:
        problem = refusal.message
        log.warning("The job %s is tried again: %s", job.name, problem)
    except Exception as error:
        problem = type(error).__name__
        log.exception("The job %s failed; it is tried again", job.name)
    if notes:
        notes.take(job.name, started_at, round((time.monotonic() - began) * 1000), problem)


class Notes:
    """Keeps in the database how runs went: every failure, and of those that went well one a minute."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[float, str]] = {}

    def take(self, name: str, started_at: datetime, took_ms: int, problem: str) -> None:
        at, before = self._taken.get(name, (-NOTE_SECONDS, ""))
        if problem == before and time.monotonic() - at < NOTE_SECONDS:
            return
        self._taken[name] = (time.monotonic(), problem)
        try:
            with db.transaction() as session:
                runs.note(session, name, started_at, took_ms, problem)
        except ShopError as refusal:
            log.warning("How the job %s went couldn't be kept: %s", name, refusal.message)
