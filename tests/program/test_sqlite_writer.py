"""Tests of group commits on SQLite: who shares a commit, who waits, and what becomes of each."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, select

from shop_app.core import db, events, sqlite_writer
from shop_app.core.errors import NotFound
from shop_app.core.events import CartChanged
from shop_app.models import Category, Tag

on_both = pytest.mark.both
"""What holds on PostgreSQL too. Commands share no commit there, so the other tests are SQLite's alone."""


def names(on: Engine) -> list[str]:
    with db.reading(on=on) as session:
        return list(session.exec(select(Tag.name).order_by(Tag.name)))


@asynccontextmanager
async def writer_busy() -> AsyncIterator[None]:
    """Commands that begin inside wait, so that they are one group on SQLite."""
    go_on = threading.Event()
    sqlite_writer._thread.submit(go_on.wait, 10)
    yield
    # The tasks that were made inside come as far as the queue.
    await asyncio.sleep(0)
    go_on.set()


async def at_once(*commands: Callable[[Session], object]) -> list[object]:
    async with writer_busy():
        tasks = [asyncio.create_task(db.write(command)) for command in commands]
    return await asyncio.gather(*tasks, return_exceptions=True)


def adding(name: str) -> Callable[[Session], str]:
    def command(session: Session) -> str:
        session.connection().execute(text("INSERT INTO tag (name) VALUES (:name)"), {"name": name})
        events.publish(session, CartChanged(len(name)))
        return name

    return command


def refusing(session: Session) -> None:
    adding("refused")(session)
    raise NotFound("There is no such thing.")


@on_both
async def test_a_command_and_its_listeners_know_who_asked(engine: Engine):
    messages: list[str] = []
    client: ContextVar[str] = ContextVar("asker", default="")
    events.subscribe(CartChanged, lambda _event: messages.append(client.get()))

    async def ask(who: str) -> None:
        client.set(who)
        await db.write(adding(who))

    await asyncio.gather(ask("oak"), ask("walnut"))
    assert sorted(messages) == ["oak", "walnut"]
    assert client.get() == ""


@on_both
async def test_a_refused_command_undoes_its_own_work_alone(engine: Engine):
    messages: list[CartChanged] = []
    events.subscribe(CartChanged, messages.append)
    first, refused, last = await at_once(adding("oak"), refusing, adding("walnut"))
    assert (first, last, type(refused)) == ("oak", "walnut", NotFound)
    assert names(engine) == ["oak", "walnut"]
    assert sorted(messages, key=lambda event: event.cart_id) == [CartChanged(3), CartChanged(6)]


@on_both
async def test_a_flush_that_fails_takes_no_other_command_along(engine: Engine):
    def wrong(session: Session) -> None:
        session.add(Category(slug="lamps", title="Lamps", parent_id=404))
        session.flush()
        session.add(Category(slug="lamps", title="Lamps"))
        session.flush()

    first, failed, last = await at_once(adding("oak"), wrong, adding("elm"))
    assert (first, last) == ("oak", "elm")
    assert isinstance(failed, IntegrityError)
    assert names(engine) == ["elm", "oak"]
    with db.reading() as session:
        assert session.exec(select(Category)).all() == []


@on_both
async def test_a_statement_that_fails_takes_no_other_command_along(engine: Engine):
    def broken(session: Session) -> None:
        adding("lost")(session)
        session.connection().execute(text("SELECT * FROM no_such_table"))

    first, failed, last = await at_once(adding("oak"), broken, adding("elm"))
    assert (first, last) == ("oak", "elm")
    assert isinstance(failed, Exception)
    assert names(engine) == ["elm", "oak"]


async def test_a_transaction_that_sqlite_gave_up_is_said_to_all_who_shared_it(engine: Engine):
    """As when the disk is full in the middle of a command: no savepoint is left to go back to."""
    delivered: list[CartChanged] = []
    events.subscribe(CartChanged, delivered.append)

    def given_up(session: Session) -> None:
        adding("lost")(session)
        sqlite_writer.driver_of(session.connection()).execute("ROLLBACK")
        raise OperationalError("INSERT", {}, Exception("disk full"))

    answers = await at_once(adding("oak"), given_up, adding("elm"))
    assert [type(answer) for answer in answers] == [db.Unavailable] * 3
    assert (names(engine), delivered) == ([], [])
    assert await at_once(adding("ash")) == ["ash"]
    assert names(engine) == ["ash"]


async def test_a_transaction_that_was_given_up_unnoticed_is_no_success(engine: Engine):
    def given_up(session: Session) -> None:
        adding("lost")(session)
        sqlite_writer.driver_of(session.connection()).execute("ROLLBACK")

    answers = await at_once(adding("oak"), given_up)
    assert [type(answer) for answer in answers] == [db.Unavailable] * 2
    assert names(engine) == []


@on_both
async def test_a_command_that_raises_stop_iteration_stops_nobody_else(engine: Engine):
    first, failed, last = await asyncio.wait_for(
        at_once(adding("oak"), lambda _session: next(iter(())), adding("elm")), 10
    )
    assert (first, last) == ("oak", "elm")
    assert isinstance(failed, RuntimeError)
    assert names(engine) == ["elm", "oak"]


@on_both
async def test_a_query_that_raises_stop_iteration_is_answered(engine: Engine):
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(db.read(lambda _session: next(iter(()))), 10)


async def test_a_commit_that_fails_is_said_to_all_who_shared_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    messages: list[CartChanged] = []
    events.subscribe(CartChanged, messages.append)
    commit = type(engine.dialect).do_commit
    counted = itertools.count()

    def full(self, connection) -> None:
        if next(counted) == 0:
            raise OperationalError("COMMIT", {}, Exception("disk full"))
        commit(self, connection)

    monkeypatch.setattr(type(engine.dialect), "do_commit", full)
    answers = await at_once(adding("oak"), refusing, adding("elm"))
    assert [type(answer) for answer in answers] == [db.Unavailable] * 3
    assert (names(engine), messages) == ([], [])


async def test_one_durable_command_makes_the_commit_of_its_group_durable(engine: Engine):
    levels: list[int] = []

    def level(session: Session) -> None:
        levels.append(session.connection().execute(text("PRAGMA synchronous")).scalar_one())

    async with writer_busy():
        both = [asyncio.create_task(db.write(level)), asyncio.create_task(db.write(level, durable=True))]
    await asyncio.gather(*both)
    await db.write(level)
    assert levels == [2, 2, 1]


@on_both
async def test_a_caller_that_goes_away_leaves_its_work_done(engine: Engine):
    task = asyncio.create_task(db.write(adding("oak")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await db.write(adding("elm")) == "elm"
    # On PostgreSQL the two run side by side: the one that nobody waits for may be the later one.
    for _ in range(500):
        if names(engine) == ["elm", "oak"]:
            break
        await asyncio.sleep(0.01)
    assert names(engine) == ["elm", "oak"]


@on_both
async def test_forty_at_once_are_all_written_and_all_answered(engine: Engine):
    done = await asyncio.gather(*(db.write(adding(f"tag {n:02}"), durable=True) for n in range(40)))
    assert done == [f"tag {n:02}" for n in range(40)] == names(engine)


async def test_those_who_come_while_a_commit_is_on_its_way_share_the_next(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    commit, committed = type(engine.dialect).do_commit, itertools.count(1)
    begun, go_on = threading.Event(), threading.Event()

    def slow(self, connection) -> None:
        if next(committed) == 1:
            begun.set()
            assert go_on.wait(10)
        commit(self, connection)

    monkeypatch.setattr(type(engine.dialect), "do_commit", slow)
    first = asyncio.create_task(db.write(adding("oak")))
    assert await asyncio.to_thread(begun.wait, 10)
    others = [asyncio.create_task(db.write(adding(name))) for name in ("ash", "elm", "fir")]
    await asyncio.sleep(0)
    # The loop is free, and nobody has an answer before the commit that holds it.
    assert (first.done(), names(engine)) == (False, [])
    go_on.set()
    assert await asyncio.gather(first, *others) == ["oak", "ash", "elm", "fir"]
    assert names(engine) == ["ash", "elm", "fir", "oak"]
    assert next(committed) == 3


@pytest.mark.parametrize("rival", ["a thread", "another process"])
async def test_the_loop_goes_on_while_others_write(engine: Engine, rival: str):
    at_work, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        if rival == "a thread":
            with db.transaction() as session:
                adding("rival")(session)
                at_work.set()
                assert go_on.wait(10)
            return
        other = db.make_engine(engine.url.render_as_string(hide_password=False))
        with Session(other) as session:
            session.connection(execution_options={"writes": True})
            adding("rival")(session)
            at_work.set()
            assert go_on.wait(10)
            session.commit()
        other.dispose()

    holding = asyncio.create_task(asyncio.to_thread(hold))
    assert await asyncio.to_thread(at_work.wait, 10)
    waiting = [asyncio.create_task(db.write(adding(name))) for name in ("oak", "elm")]
    for _ in range(5):
        await asyncio.sleep(0.002)
    assert not any(task.done() for task in waiting)
    assert await db.read(lambda session: list(session.exec(select(Tag.name)))) == []
    go_on.set()
    assert await asyncio.gather(*waiting) == ["oak", "elm"]
    await holding
    assert names(engine) == ["elm", "oak", "rival"]


async def test_nobody_waits_for_ever_where_a_group_can_not_begin(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_args: object, **_more: object) -> None:
        raise RuntimeError("no connection")

    with monkeypatch.context() as broken:
        broken.setattr(engine, "connect", refuse)
        answers = await asyncio.wait_for(at_once(adding("oak"), adding("elm")), 10)
    assert [str(answer) for answer in answers] == ["no connection", "no connection"]
    assert await at_once(adding("ash")) == ["ash"]
    assert names(engine) == ["ash"]


async def test_more_than_a_group_holds_is_written_in_several(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite_writer, "GROUP_SIZE", 2)
    commit, committed = type(engine.dialect).do_commit, itertools.count()

    def counted(self, connection) -> None:
        next(committed)
        commit(self, connection)

    monkeypatch.setattr(type(engine.dialect), "do_commit", counted)
    wanted = ["ash", "elm", "fir", "oak", "yew"]
    assert await at_once(*map(adding, wanted)) == wanted
    assert (next(committed), names(engine)) == (3, wanted)


@on_both
def test_commands_of_several_loops_are_all_answered(engine: Engine):
    """As of the server and of a background job, which has a loop of its own on its thread."""
    wanted = ["ash", "elm", "fir", "oak", "yew"]
    with ThreadPoolExecutor(len(wanted)) as threads:
        assert (
            list(threads.map(lambda name: asyncio.run(db.write(adding(name))), wanted, timeout=20)) == wanted
        )
    assert names(engine) == wanted


@on_both
def test_a_loop_that_has_ended_is_in_nobodys_way(engine: Engine):
    for name in ("ash", "elm"):
        asyncio.run(db.write(adding(name)))
    assert names(engine) == ["ash", "elm"]


@on_both
def test_after_a_commit_that_failed_the_next_ones_find_a_clean_connection(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    def full(self, connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    with monkeypatch.context() as broken:
        broken.setattr(type(engine.dialect), "do_commit", full)
        for _ in range(3):
            with pytest.raises(db.Unavailable), db.transaction() as session:
                adding("lost")(session)
    with db.transaction() as session:
        adding("oak")(session)
    assert names(engine) == ["oak"]
