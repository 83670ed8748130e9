"""Order numbers have no gaps, and nobody who places an order waits for the rest of somebody else's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event

from shop_app.core import db
from shop_app.services.orders import numbers, placing
from tests import figures
from tests.factories import key_hash, make_basics, make_product
from tests.paying import rows
from tests.racing import ENOUGH, FORM, fill_many, place, processes, wrong_in_the_books

BUYERS, WORKERS, ROUNDS = 32, 3, 5
WAIT_SECONDS = 60
MOST_STATEMENTS = 28
"""Of an order of two things that is to be paid by card, on PostgreSQL."""


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        for title in ("Bowl", "Lamp"):
            make_product(session, title, stock=1000)
    fill_many({"first": {"BOWL": 1, "LAMP": 1}, "second": {"LAMP": 1}, "third": {"BOWL": 1}})


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """What is sent to the database from now on."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def given() -> list[int]:
    return sorted(row.number for row in rows("customer_order"))


class Undone(Exception):
    pass


@pytest.mark.both
def test_an_order_that_is_undone_gives_its_number_back(engine):
    with pytest.raises(Undone), db.transaction(durable=True) as session:
        taken = placing.place(session, key_hash("first"), FORM, expected_total_minor=ENOUGH)
        raise Undone
    assert (taken.number, given()) == (1001, [])
    assert [place(buyer).number for buyer in ("second", "first")] == [1001, 1002]


@pytest.mark.postgres
def test_nobody_waits_for_an_order_that_is_written_but_for_its_number(monkeypatch):
    """Another buyer places an order from beginning to end right before this one takes its number."""
    placed: list[int] = []
    take, other = numbers.take, threading.Thread(target=lambda: placed.append(place("second").number))

    def take_after_another(session: Any, order_id: int) -> int:
        if threading.current_thread() is not other:
            other.start()
            other.join(WAIT_SECONDS)
            assert not other.is_alive()
        return take(session, order_id)

    monkeypatch.setattr(numbers, "take", take_after_another)
    # The two of them want different things: who wants the same waits for its units.
    placed.append(place("third").number)
    assert placed == [1001, 1002]


@pytest.mark.both
@pytest.mark.parametrize("provider", ["stripe", "manual"])
def test_after_the_number_only_the_letter_that_says_it_is_written(engine, statements, provider):
    with db.transaction(durable=True) as session:
        form = replace(FORM, payment_provider=provider)
        placing.place(session, key_hash("first"), form, expected_total_minor=ENOUGH)

    [taken_at] = [place_at for place_at, sent in enumerate(statements) if "INSERT INTO counter" in sent]
    written = [" ".join(sent.split()[:3]) for sent in statements[taken_at + 1 :] if sent[:6] != "SELECT"]
    given_to = ["UPDATE customer_order SET"] if engine.dialect.name == "sqlite" else []
    assert written == given_to + (["INSERT INTO letter"] if provider == "manual" else [])


@pytest.mark.postgres
def test_an_order_takes_so_many_statements_at_most(statements):
    place("second")
    statements.clear()
    place("first")
    assert len(statements) <= MOST_STATEMENTS


@pytest.mark.postgres
def test_buyers_on_several_workers_are_refused_nothing_but_what_is_sold_out(engine):
    with db.transaction() as session:
        for number in range(ROUNDS):
            make_product(session, f"Last {number}", stock=BUYERS - 12)
    fill_many(
        {
            f"{number} {buyer}": {f"LAST-{number}": 1, "BOWL": 1}
            for number in range(ROUNDS)
            for buyer in range(BUYERS)
        }
    )
    warming = [f"warming {number}" for number in range(BUYERS)]
    fill_many({buyer: {"LAMP": 1} for buyer in warming})
    with processes(WORKERS) as race:
        # The first orders of a process connect and build their statements.
        warmed = race("place", warming, 8)
        ended = [
            race("place", [f"{number} {buyer}" for buyer in range(BUYERS)], 8) for number in range(ROUNDS)
        ]

    assert ended == [{"placed": BUYERS - 12, "OutOfStock": 12}] * ROUNDS
    assert given() == list(range(1001, 1001 + warmed["placed"] + (BUYERS - 12) * ROUNDS))
    assert wrong_in_the_books() == []


@pytest.mark.postgres
def test_how_long_the_counter_is_kept_is_said(monkeypatch):
    take, kept_ms, began = numbers.take, [], [0.0]

    def timed(session: Any, order_id: int) -> int:
        began[0] = time.perf_counter()
        return take(session, order_id)

    monkeypatch.setattr(numbers, "take", timed)
    buyers = [f"buyer {number}" for number in range(30)]
    fill_many({buyer: {"BOWL": 1, "LAMP": 1} for buyer in buyers})
    for buyer in buyers:
        place(buyer)
        kept_ms.append((time.perf_counter() - began[0]) * 1000)
    figures.say(f"the counter of orders is kept for {sorted(kept_ms)[15]:.1f} ms, the commit included (p50)")
    assert given() == list(range(1001, 1031))
