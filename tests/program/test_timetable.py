"""The timetable: jobs run by the clock in one process and after events in any, and end with the server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta

import pytest
from sqlalchemy import text

from shop_app.core import db, events
from shop_app.core.clock import now
from shop_app.core.errors import ProviderDown
from shop_app.core.settings import ROOT, settings
from shop_app.services import outbox
from shop_app.services.cart import holds as cart_holds
from shop_app.worker import jobs, leader, timetable
from shop_app.worker.leader import Leadership
from shop_app.worker.timetable import Job
from tests.paying import ME, make_world, rows

LONG = 3600.0
PATIENCE_SECONDS = 20
CHANGED: list[events.Event] = [events.CartChanged(1)]


async def until(holds_now: Callable[[], object]) -> float:
    """Wait for something that another thread does; the seconds that it took."""
    began = time.monotonic()
    while not holds_now():
        assert time.monotonic() - began < PATIENCE_SECONDS, "it didn't happen"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def run_jobs(*timetable_of: Job) -> AbstractAsyncContextManager[None]:
    return timetable.run_jobs(timetable_of, threading.Event())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable, "REST_SECONDS", 0.02)


def test_what_the_shop_does_and_how_often():
    assert {job.name: (job.every_seconds, job.wakes_on) for job in timetable.shop_jobs(bool)} == {
        "send_letters": (60, (events.LetterWritten,)),
        "close_outdated": (60, (events.CartChanged,)),
        "free_holds": (5, ()),
        "serve_line": (5, (events.LineMoved,)),
        "bulk_jobs": (30, (events.BulkJobMoved,)),
        "open_scheduled": (30, ()),
        "data_exports": (60, (events.DataExportMoved,)),
        "sweep": (60, ()),
        "reconcile_recent": (300, ()),
        "remind_of_carts": (900, ()),
        "ask_for_reviews": (3600, ()),
        "refresh_collections": (3600, ()),
        "forget": (3600, ()),
    }


async def test_a_job_runs_by_the_clock_again_and_again_and_not_on_the_loop(engine):
    threads: list[threading.Thread] = []
    async with run_jobs(Job("tick", lambda: threads.append(threading.current_thread()), 0.05)):
        await until(lambda: len(threads) >= 3)
    assert threading.main_thread() not in threads


async def test_one_that_is_due_once_an_hour_runs_soon_after_the_start(engine, monkeypatch):
    monkeypatch.setattr(timetable, "FIRST_SECONDS", 0.05)
    ran: list[int] = []
    async with run_jobs(Job("hourly", lambda: ran.append(1), LONG)):
        await until(lambda: ran)
        await asyncio.sleep(0.3)
    assert ran == [1]


async def test_an_event_of_any_thread_wakes_a_job_and_many_events_are_few_runs(engine):
    # The loop then refuses what another thread does to it past `call_soon_threadsafe`.
    asyncio.get_running_loop().set_debug(True)
    ran: list[int] = []
    async with run_jobs(Job("woken", lambda: ran.append(1), LONG, (events.CartChanged,))):
        await until(lambda: ran == [1])
        await asyncio.sleep(0.1)
        await asyncio.to_thread(events.deliver, CHANGED)
        await until(lambda: ran == [1, 1])
        await asyncio.sleep(0.1)
        before = len(ran)
        for _ in range(500):
            events.deliver(CHANGED)
        await until(lambda: len(ran) > before)
        await asyncio.sleep(0.2)
    assert len(ran) - before <= 2


async def test_events_that_never_end_run_a_job_now_and_then(engine, monkeypatch):
    monkeypatch.setattr(timetable, "REST_SECONDS", 0.2)
    ran: list[int] = []
    async with run_jobs(Job("woken", lambda: ran.append(1), LONG, (events.CartChanged,))):
        began = time.monotonic()
        while time.monotonic() - began < 1:
            events.deliver(CHANGED)
            await asyncio.sleep(0.001)
    assert 2 <= len(ran) <= 7


async def test_what_happens_during_a_run_is_another_run_and_never_two_at_once(engine):
    inside, most, ran = 0, 0, 0
    started, go_on = threading.Event(), threading.Event()

    def work() -> None:
        nonlocal inside, most, ran
        inside += 1
        most = max(most, inside)
        ran += 1
        started.set()
        go_on.wait(PATIENCE_SECONDS)
        inside -= 1

    async with run_jobs(Job("slow", work, 0.01, (events.CartChanged,))):
        await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
        events.deliver(CHANGED)
        await asyncio.sleep(0.1)
        assert (ran, most) == (1, 1)
        go_on.set()
        await until(lambda: ran >= 2)
    assert most == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [(ProviderDown("It hangs."), "is tried again: It hangs."), (KeyError("x"), "failed; it is")],
)
async def test_one_that_fails_says_so_runs_again_and_keeps_no_other_from_running(engine, caplog, error, said):
    failed: list[int] = []
    ran: list[int] = []

    def fail() -> None:
        failed.append(1)
        raise error

    async with run_jobs(Job("broken", fail, 0.03), Job("whole", lambda: ran.append(1), 0.03)):
        await until(lambda: len(failed) >= 2 and len(ran) >= 2)
    assert f"The job broken {said}" in caplog.text


async def test_a_job_that_hangs_keeps_no_other_waiting(engine):
    release, ran = threading.Event(), []
    async with run_jobs(
        Job("hangs", lambda: release.wait(PATIENCE_SECONDS), 0.01), Job("other", lambda: ran.append(1), 0.01)
    ):
        await until(lambda: len(ran) > 3)
        release.set()
    assert len(ran) > 3


async def test_at_the_end_the_running_job_finishes_and_no_other_starts(engine):
    done: list[str] = []
    started, stopping = threading.Event(), threading.Event()
    listeners = list(events._listeners[events.CartChanged])

    def batches() -> None:
        started.set()
        # As `send_letters` does between two batches: the end cuts the pause short.
        done.append("stopped early" if stopping.wait(PATIENCE_SECONDS) else "waited in vain")
        time.sleep(0.2)
        done.append("finished")

    later = Job("later", lambda: done.append("later"), LONG, (events.CartChanged,))
    async with timetable.run_jobs([Job("batches", batches, 0.01), later], stopping):
        await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
        await until(lambda: "later" in done)
        began = time.monotonic()
        events.deliver(CHANGED)
    took_seconds = time.monotonic() - began
    at_the_end = list(done)
    assert events._listeners[events.CartChanged] == listeners
    events.deliver(CHANGED)
    await asyncio.sleep(0.2)
    assert done == at_the_end
    assert done[-2:] == ["stopped early", "finished"]
    assert took_seconds < PATIENCE_SECONDS / 2


async def test_the_end_doesnt_wait_for_ever(engine, monkeypatch, caplog):
    monkeypatch.setattr(timetable, "STOP_SECONDS", 0.2)
    started, release = threading.Event(), threading.Event()

    def hang() -> None:
        started.set()
        release.wait(PATIENCE_SECONDS)

    async with run_jobs(Job("hangs", hang, 0.01)):
        await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
        began = time.monotonic()
    took_seconds = time.monotonic() - began
    release.set()
    assert took_seconds < 5
    assert "The job hangs didn't finish in time" in caplog.text


# --- The shop's own ------------------------------------------------------------------------------


@pytest.mark.both
def test_a_letter_leaves_within_a_second(engine, tmp_path):
    world = make_world(tmp_path)
    world.enter_card(world.pay())
    world.deliver()
    folder = settings().data_dir / "letters"

    async def run() -> float:
        async with timetable.running():
            await until(lambda: len(list(folder.glob("*.eml"))) == 1)
            with db.transaction() as session:
                outbox.write(session, "order_placed", "a@example.com", "order_placed:2", {"order_id": 1})
            return await until(lambda: len(list(folder.glob("*.eml"))) == 2)

    assert asyncio.run(run()) < 2
    assert all(row.sent_at for row in rows("letter"))


@pytest.mark.both
def test_holds_that_ran_out_are_given_back(engine, tmp_path):
    world = make_world(tmp_path)
    world.fill_cart()
    with db.transaction() as session:
        assert cart_holds.enter(session, ME).state == "held"
    with db.transaction() as session:
        session.connection().execute(
            text("UPDATE stock_hold SET expires_at = :at"), {"at": now() - timedelta(seconds=1)}
        )
    messages: list[events.CartChanged] = []
    events.subscribe(events.CartChanged, messages.append)
    assert jobs.free_holds() == 1
    assert rows("stock_hold") == []
    assert {row.held for row in rows("stock_level")} == {0}
    assert len(messages) == 1
    assert jobs.free_holds() == 0


def test_a_server_that_stops_sends_no_further_batch_of_letters(engine, tmp_path, monkeypatch):
    world = make_world(tmp_path)
    world.enter_card(world.pay())
    monkeypatch.setattr(jobs, "BATCH", 2)
    with db.transaction() as session:
        for number in range(7):
            outbox.write(session, "order_placed", "a@example.com", f"x:{number}", {"order_id": 1}, paid=True)
    assert jobs.send_letters(lambda _seconds: True) == 2
    assert jobs.send_letters(lambda _seconds: False) == len(rows("letter")) - 2


# --- The leader ------------------------------------------------------------------------------------


async def test_without_the_lead_nothing_runs_by_the_clock_but_what_happens_here_is_answered(
    engine, monkeypatch
):
    monkeypatch.setattr(Leadership, "look", lambda _self: False)
    ran: list[int] = []
    ticks: list[int] = []
    async with run_jobs(
        Job("tick", lambda: ticks.append(1), 0.02),
        Job("woken", lambda: ran.append(1), 0.02, (events.CartChanged,)),
    ):
        await until(lambda: ran == [1])
        await asyncio.sleep(0.2)
        assert ran == [1]
        events.deliver(CHANGED)
        await until(lambda: ran == [1, 1])
    assert ticks == []


async def test_what_became_due_meanwhile_runs_as_soon_as_this_process_leads(engine, monkeypatch):
    monkeypatch.setattr(timetable, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(timetable, "LOOK_SECONDS", 0.02)
    other = Leadership()
    assert other.look()
    ran: list[int] = []
    async with run_jobs(Job("hourly", lambda: ran.append(1), LONG)):
        await asyncio.sleep(0.3)
        assert ran == []
        other.resign()
        await until(lambda: ran)
        await asyncio.sleep(0.2)
    assert ran == [1]


async def test_a_process_that_leaves_the_timetable_to_another_runs_what_staff_want_now(engine, monkeypatch):
    ran: list[str] = []
    job = Job("mine", lambda: ran.append("mine"), 0.02, (events.CartChanged,))
    monkeypatch.setattr(timetable, "shop_jobs", lambda _pause: ())
    async with timetable.on_demand([job]):
        events.deliver(CHANGED)
        await asyncio.sleep(0.2)
        assert ran == []
        events.deliver([events.JobWanted("mine")])
        await until(lambda: ran)
    other = Leadership()
    assert other.look()
    other.resign()


async def test_a_process_for_jobs_alone_looks_for_what_events_announce_elsewhere(engine, monkeypatch):
    monkeypatch.setattr(timetable, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(timetable, "shop_jobs", lambda _pause: ())
    ran: list[int] = []
    job = Job("letters", lambda: ran.append(1), LONG, (events.LetterWritten,))
    async with timetable.running([job], alone=True):
        await until(lambda: len(ran) >= 3)


@pytest.mark.both
def test_of_several_one_leads_until_it_goes(engine):
    first, second = Leadership(), Leadership()
    assert (first.look(), second.look(), first.look()) == (True, False, True)
    assert (first.held(), second.held()) == (True, False)
    first.resign()
    assert not first.held()
    _takes_over(second)
    # Who has gone doesn't come back.
    second.resign()
    assert not first.look()
    third = Leadership()
    _takes_over(third)
    third.resign()


@pytest.mark.both
def test_the_lead_passes_on_when_its_process_is_killed(engine, tmp_path):
    # Kept in a name: an object that nothing refers to would let its lock go.
    code = """
from shop_app.worker.leader import Leadership
leadership = Leadership()
print(leadership.look(), flush=True)
input()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    follower = Leadership()
    try:
        assert process.stdout.readline() == "True\n"
    finally:
        process.kill()
        process.wait()
    _takes_over(follower)
    follower.resign()


@pytest.mark.postgres
def test_a_leader_that_hangs_loses_the_lead_and_knows(engine, monkeypatch):
    monkeypatch.setattr(leader, "IDLE_SECONDS", 3)
    monkeypatch.setattr(leader, "TRUST_SECONDS", 0.5)
    first, second = Leadership(), Leadership()
    assert first.look()
    # Nobody confirms it any more, though its connection stands: stopped, or cut off.
    _takes_over(second)
    assert not first.held()
    assert (first.look(), first.look()) == (False, False)
    second.resign()
    _takes_over(first)
    first.resign()


@pytest.mark.postgres
def test_the_lock_keeps_nothing_from_being_vacuumed(engine):
    """Its transaction is open for days."""
    leadership = Leadership()
    assert leadership.look()
    with db.engine().connect() as connection:
        found = connection.execute(
            text("""
            SELECT backend_xid, backend_xmin FROM pg_stat_activity JOIN pg_locks USING (pid)
            WHERE locktype = 'advisory' AND pg_locks.database =
                  (SELECT oid FROM pg_database WHERE datname = current_database())
        """)
        ).all()
    assert found == [(None, None)]
    leadership.resign()


def _takes_over(leadership: Leadership) -> None:
    """As soon as the lock is free."""
    began = time.monotonic()
    while not leadership.look():
        assert time.monotonic() - began < PATIENCE_SECONDS
        time.sleep(0.01)


@pytest.mark.both
async def test_two_processes_on_one_database_run_a_job_of_the_clock_in_one_of_them(engine, monkeypatch):
    monkeypatch.setattr(timetable, "LOOK_SECONDS", 0.05)
    ran: dict[str, int] = {"one": 0, "two": 0}

    def count(name: str) -> Job:
        def work() -> None:
            ran[name] += 1

        return Job(name, work, 0.02)

    async with AsyncExitStack() as stack:
        async with run_jobs(count("one")):
            await until(lambda: ran["one"] >= 1)
            await stack.enter_async_context(run_jobs(count("two")))
            await until(lambda: ran["one"] >= 5)
            assert ran["two"] == 0
        await until(lambda: ran["two"] >= 1)
