"""What the database couldn't do stands in the log with its cause, once, and without any value."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from shop_app.core import db, failures, sqlite_writer
from shop_app.models import Tag

pytestmark = pytest.mark.both
CANARY = "canary-of-a-value"


@pytest.fixture(autouse=True)
def anew() -> None:
    failures.forget()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What has been logged of failures, as it stands in the log, tracebacks included."""
    formatter = logging.Formatter()

    def logged() -> list[str]:
        return [formatter.format(record) for record in caplog.records if record.levelno >= logging.WARNING]

    return logged


def fails(session: Session) -> None:
    """A real failure: a table that isn't there on SQLite, a connection that is cut on PostgreSQL."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.execute(text("SELECT * FROM gone WHERE name = :name"), {"name": CANARY})
    cut = text("SELECT pg_terminate_backend(pg_backend_pid()) WHERE :name <> ''")
    connection.execute(cut, {"name": CANARY})


def cause(on: Engine) -> str:
    return "no such table: gone" if on.dialect.name == "sqlite" else "terminating connection"


async def write_alone(command: Callable[[Session], None]) -> None:
    with db.transaction() as session:
        command(session)


@pytest.mark.parametrize("way", [db.write, db.read, write_alone])
async def test_a_failure_is_logged_once_with_its_cause_and_no_value(engine: Engine, lines, way):
    with pytest.raises(db.Unavailable) as refusal:
        await way(fails)
    (line,) = lines()
    assert cause(engine) in line
    assert CANARY not in line
    # The person reads nothing of the inside.
    assert "gone" not in refusal.value.message


async def test_a_commit_that_fails_for_many_is_one_line(engine: Engine, lines, monkeypatch):
    def full(self, connection) -> None:
        raise OperationalError("COMMIT", {"name": CANARY}, Exception("disk full"))

    def add(number: int) -> Callable[[Session], None]:
        return lambda session: session.add(Tag(name=f"tag {number}"))

    with monkeypatch.context() as broken:
        broken.setattr(type(engine.dialect), "do_commit", full)
        answers = await asyncio.gather(*(db.write(add(n)) for n in range(8)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [db.Unavailable] * 8
    (line,) = lines()
    assert "disk full" in line
    assert CANARY not in line


async def test_a_flood_of_one_failure_is_a_line_now_and_then_with_a_count(engine: Engine, lines, clock):
    for _ in range(20):
        with pytest.raises(db.Unavailable):
            await db.read(fails)
    assert len(lines()) == 1
    clock.shift(failures.WINDOW_SECONDS + 1)
    with pytest.raises(db.Unavailable):
        await db.read(fails)
    assert len(lines()) == 2
    assert "20 times" in lines()[-1]


def test_many_kinds_of_failures_are_kept_up_to_a_bound(engine: Engine, lines):
    for number in range(failures.MAX_KEPT + 50):
        failures.unread(OperationalError("SELECT", {}, Exception(f"cause {number}")))
    assert len(failures._counted) == failures.MAX_KEPT
    assert len(lines()) == failures.MAX_KEPT + 50


def test_a_pool_that_is_empty_is_a_failure_of_the_same_kind(engine: Engine, lines, monkeypatch):
    url = engine.url.render_as_string(hide_password=False)
    small = db.make_engine(url, pool_size=1, pool_timeout=0.01, max_overflow=0)
    try:
        with db.reading(on=small) as session:
            session.connection()
            for refused in (db.reading, db.transaction):
                with pytest.raises(db.Unavailable), refused(on=small) as second:
                    second.connection()
    finally:
        small.dispose()
    assert ["QueuePool" in line for line in lines()] == [True, True]
    assert sqlite_writer.lock.acquire(blocking=False), "the turn was never given back"
    sqlite_writer.lock.release()


async def test_an_error_that_is_a_bug_shows_no_value_either(engine: Engine, lines, caplog):
    caplog.set_level(logging.WARNING)
    try:
        await db.read(lambda s: s.connection().execute(text("SELEC :name"), {"name": CANARY}))
    except Exception:
        logging.getLogger("a handler").exception("It failed")
    assert lines()
    assert CANARY not in "".join(lines())
