"""Tests of db and events: one owner of every transaction, and no event delivered before its commit."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, select

from shop_app.core import db, events
from shop_app.core.errors import NotFound
from shop_app.core.events import CartChanged, StockChanged
from shop_app.models import Cart, CartLine, Category, Tag
from tests.factories import make_cart, make_product

pytestmark = pytest.mark.both


def names(on: Engine) -> list[str]:
    with db.reading(on=on) as session:
        return list(session.exec(select(Tag.name).order_by(Tag.name)))


def test_what_a_transaction_wrote_is_there_after_it(engine: Engine):
    with db.transaction() as session:
        session.add(Tag(name="oak"))
    assert names(engine) == ["oak"]


def test_a_refusal_undoes_everything_and_passes_through(engine: Engine):
    with pytest.raises(NotFound), db.transaction() as session:
        session.add(Tag(name="oak"))
        session.flush()
        raise NotFound("There is no such thing.")
    assert names(engine) == []


def test_reading_sees_one_moment_whatever_others_commit_meanwhile(engine: Engine):
    def count(session: Session) -> int:
        return session.connection().execute(text("SELECT count(*) FROM tag")).scalar_one()

    def of_all(session: Session) -> list[str]:
        return list(session.exec(select(Tag.name).order_by(Tag.name)))

    with db.transaction() as session:
        session.add(Tag(name="oak"))
    with db.reading() as session:
        assert count(session) == 1
        with db.transaction() as other:
            other.add(Tag(name="elm"))
        # By another statement, and on rows that no statement has read yet.
        assert (count(session), of_all(session)) == (1, ["oak"])
    assert names(engine) == ["elm", "oak"]


def test_reading_leaves_nothing_of_itself_on_its_connection(engine: Engine):
    """The next transaction on it writes, and sees what others commit, as ever."""
    one = db.make_engine(engine.url.render_as_string(hide_password=False), pool_size=1, max_overflow=0)
    try:
        for name in ("ash", "elm", "oak"):
            with db.reading(on=one) as session:
                session.exec(select(Tag.name)).all()
            with db.transaction(on=one) as session:
                session.add(Tag(name=name))
        assert names(one) == ["ash", "elm", "oak"]
        if one.dialect.name == "postgresql":
            with db.transaction(on=one) as session:
                shown = [f"SHOW transaction_{name}" for name in ("isolation", "read_only")]
                modes = [session.connection().execute(text(one)).scalar() for one in shown]
                assert modes == ["read committed", "off"]
    finally:
        one.dispose()


@pytest.mark.parametrize("statement", ["INSERT INTO tag (name) VALUES ('x')", "DELETE FROM tag"])
def test_a_query_that_writes_is_refused(engine: Engine, statement: str):
    with db.transaction() as session:
        session.add(Tag(name="oak"))
    refused = DBAPIError if engine.dialect.name == "postgresql" else db.Unavailable
    with pytest.raises(refused) as refusal, db.reading() as session:
        session.connection().execute(text(statement))
    assert re.search("read-?only", str(refusal.value.__cause__))
    assert names(engine) == ["oak"]


def test_facts_are_told_after_the_commit_and_equal_ones_once(engine: Engine):
    seen: list[tuple[StockChanged, list[str]]] = []
    events.subscribe(StockChanged, lambda event: seen.append((event, names(engine))))
    with db.transaction() as session:
        session.add(Tag(name="oak"))
        events.publish(session, StockChanged((1,)))
        events.publish(session, StockChanged((1,)))
        assert seen == []
    # The listener could already read what was committed.
    assert seen == [(StockChanged((1,)), ["oak"])]


def test_a_rollback_tells_nothing(engine: Engine):
    seen: list[CartChanged] = []
    events.subscribe(CartChanged, seen.append)
    with pytest.raises(NotFound), db.transaction() as session:
        events.publish(session, CartChanged(1))
        raise NotFound("No.")
    with db.reading() as session:
        events.publish(session, CartChanged(2))
    assert seen == []


def test_a_listener_that_fails_neither_undoes_the_commit_nor_silences_the_others(engine: Engine):
    seen: list[CartChanged] = []

    def broken(_event: CartChanged) -> None:
        raise RuntimeError("listener")

    events.subscribe(CartChanged, broken)
    events.subscribe(CartChanged, seen.append)
    with db.transaction() as session:
        session.add(Tag(name="oak"))
        events.publish(session, CartChanged(1))
    assert seen == [CartChanged(1)]
    assert names(engine) == ["oak"]


def test_a_listener_that_has_ended_hears_nothing(engine: Engine):
    seen: list[CartChanged] = []
    end = events.subscribe(CartChanged, seen.append)
    end()
    with db.transaction() as session:
        events.publish(session, CartChanged(1))
    assert seen == []


def test_foreign_keys_hold(engine: Engine):
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(Category(slug="lamps", title="Lamps", parent_id=404))
    with db.reading() as session:
        assert session.exec(select(Category)).all() == []


def test_deleting_a_cart_takes_its_lines_along(engine: Engine):
    with db.transaction() as session:
        make_product(session)
        cart_id = make_cart(session, {"FABLE-LAMP": 2}).id
    with db.transaction() as session:
        session.delete(session.get_one(Cart, cart_id))
    with db.reading() as session:
        assert session.exec(select(CartLine)).all() == []


def test_writers_wait_for_each_other_and_none_is_lost(engine: Engine):
    with db.transaction() as session:
        session.add(Category(slug="lamps", title="Lamps", position=0))

    def count_up() -> None:
        for _ in range(20):
            with db.transaction() as session:
                row = session.exec(select(Category).with_for_update()).one()
                row.position += 1

    threads = [threading.Thread(target=count_up) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.reading() as session:
        assert session.exec(select(Category.position)).one() == 120


def naming(session: Session, name: str, *, loud: bool = False) -> str:
    session.add(Tag(name=name))
    return name.upper() if loud else name


async def test_a_command_answers_once_it_is_committed_and_a_query_writes_nothing(engine: Engine):
    assert await db.write(naming, "oak", loud=True) == "OAK"
    assert await db.write(naming, "elm", loud=True, durable=True) == "ELM"
    assert names(engine) == ["elm", "oak"]
    assert await db.read(naming, "ash", loud=True) == "ASH"
    assert names(engine) == ["elm", "oak"]


async def test_nothing_runs_on_the_loop(engine: Engine):
    def where(_session: Session) -> threading.Thread:
        return threading.current_thread()

    for run in (db.read, db.write):
        assert await run(where) is not threading.main_thread()


async def test_the_loop_and_queries_go_on_while_a_command_takes_long(engine: Engine):
    at_work, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> str:
        session.add(Tag(name="oak"))
        session.flush()
        at_work.set()
        assert go_on.wait(10)
        return "done"

    writing = asyncio.create_task(db.write(slow))
    assert await asyncio.to_thread(at_work.wait, 10)
    assert await asyncio.wait_for(db.read(lambda session: list(session.exec(select(Tag.name)))), 10) == []
    go_on.set()
    assert await writing == "done"
    assert names(engine) == ["oak"]


@pytest.mark.parametrize(("durable", "level"), [(False, 1), (True, 2)])
def test_orders_and_payments_survive_a_power_cut_on_sqlite(engine: Engine, durable: bool, level: int):
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL is durable by its own defaults")
    with db.transaction(durable=durable) as session:
        assert session.connection().execute(text("PRAGMA synchronous")).scalar() == level
        assert session.connection().execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_database_that_is_locked_is_a_refusal_for_people(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    if engine.dialect.name == "sqlite":
        monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
        engine.dispose()
    other = db.make_engine(engine.url.render_as_string(hide_password=False))
    with Session(other) as holder:
        holder.connection(execution_options={"writes": True}).execute(
            text("SELECT 1" if engine.dialect.name == "sqlite" else "LOCK TABLE tag IN ACCESS EXCLUSIVE MODE")
        )
        with pytest.raises(db.Unavailable) as refused, db.transaction() as session:
            session.add(Tag(name="oak"))
    other.dispose()
    assert refused.value.message == "The shop can't save anything just now. Try again in a moment."
    assert names(engine) == []
