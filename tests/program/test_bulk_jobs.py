"""Bulk jobs: said beforehand, done row by row, stopped, killed in between, and told about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import AuditEntry, BulkJob, BulkRow, Order, StaffRole
from shop_app.services.bulk_jobs import jobs
from shop_app.services.lists import catalogue
from shop_app.services.lists.spec import Action, Ask, ListSpec
from shop_app.worker import bulk
from tests.many_orders import fill, note, order_list, plan
from tests.staff_people import add_staff

pytestmark = pytest.mark.both
TEXT = {"text": "Call first"}
NOTE = Action("note", "Write a note", "edit", "orders.edit", plan, note, ask=(Ask("text", "Note"),))
SPEC = order_list(actions=(NOTE,))


@pytest.fixture(autouse=True)
def _lists() -> Iterator[None]:
    before = catalogue.everything()
    catalogue.offer([SPEC])
    yield
    catalogue.offer(before)


@pytest.fixture
def ada(engine: Engine) -> Principal:
    with db.transaction() as session:
        fill(session, 60)
        for row in session.exec(select(Order)).all():
            row.status = "cancelled" if row.number in (2, 4) else "placed"
            row.needs_review = "The amount differs" if row.number == 5 else ""
        return add_staff(session, "ada@example.com", "orders.view", "orders.edit")


def ids(*numbers: int) -> tuple[int, ...]:
    with db.reading() as session:
        found = session.exec(select(Order.number, Order.id)).all()
    by_number = {number: id or 0 for number, id in found}
    return tuple(by_number[number] for number in numbers)


def begin(
    by: Principal, chosen: tuple[int, ...], given: Mapping[str, str] = TEXT, spec: ListSpec = SPEC
) -> int:
    with db.transaction() as session:
        return jobs.begin(session, spec, "note", chosen, given, by)


def told(job: int) -> dict[str, tuple[str, str]]:
    with db.reading() as session:
        rows = session.exec(select(BulkRow).where(BulkRow.job_id == job)).all()
        return {row.label: (row.state, row.reason) for row in rows}


def notes() -> dict[int, str]:
    with db.reading() as session:
        return {row.number: row.note for row in session.exec(select(Order)).all() if row.note}


def never(_seconds: float) -> bool:
    return False


def test_beforehand_it_is_said_what_changes_and_what_is_skipped(ada: Principal):
    with db.reading() as session:
        planned = jobs.plan(session, SPEC, "note", ids(1, 2, 3, 4), ada)
    assert set(planned.will) == set(ids(1, 3))
    assert sorted(label for _id, label, _reason in planned.skipped) == ["Order 2", "Order 4"]
    assert jobs.question(SPEC, NOTE, planned) == "Write a note: 2 orders"
    assert jobs.skipped_sentence(planned) == "2 are skipped"


def test_every_record_is_told_and_only_those_that_can_are_changed(ada: Principal):
    with db.transaction() as session:
        session.get_one(Order, ids(3)[0]).note = "Call first"
    job = begin(ada, ids(1, 2, 3, 5))
    assert bulk.work_off(never) == 3
    assert told(job) == {
        "Order 1": ("changed", ""),
        "Order 2": ("skipped", "It is cancelled"),
        "Order 3": ("unchanged", "It has this note."),
        "Order 5": ("refused", "Somebody has to look at it first."),
    }
    assert notes() == {1: "Call first", 3: "Call first"}
    with db.reading() as session:
        [shown] = jobs.of_list(session, SPEC, ada)
        assert (shown.state, shown.is_over, shown.percent) == ("done", True, 100)
        assert shown.sentence == "1 changed, 1 unchanged, 1 refused, 1 skipped"
        assert [row.label for row in shown.rows] == ["Order 3", "Order 5", "Order 2"]
        assert "Order 5,refused,Somebody has to look at it first." in jobs.result_file(session, job, ada)
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "bulk.begun")).one()
        assert entry.after == {"action": "note", "records": 3, "skipped": 1, "with": TEXT}
    with db.transaction() as session:
        jobs.put_away(session, job, ada)
        assert jobs.of_list(session, SPEC, ada) == []


def test_a_job_that_is_stopped_leaves_the_rest(ada: Principal):
    job = begin(ada, ids(*range(6, 60)))

    def stop(_seconds: float) -> bool:
        with db.transaction() as session:
            jobs.stop(session, job, ada)
        return False

    bulk.work_off(stop)
    assert len(notes()) == bulk.BATCH
    states = [state for state, _reason in told(job).values()]
    assert (states.count("changed"), states.count("cancelled")) == (bulk.BATCH, 54 - bulk.BATCH)
    with db.reading() as session:
        assert session.get_one(BulkJob, job).state == "cancelled"


def test_what_a_killed_process_left_is_gone_on_with_once(ada: Principal, clock: Any):
    """The claim of the process that died runs out; no record is changed twice, none is left."""
    job = begin(ada, ids(*range(6, 36)))
    with pytest.raises(KeyboardInterrupt):
        bulk.work_off(_killed)
    assert len(notes()) == bulk.BATCH
    assert bulk.work_off(never) == 0
    clock.shift(jobs.CLAIMED_FOR.total_seconds() + 1)
    assert bulk.work_off(never) == 30 - bulk.BATCH
    assert {state for state, _reason in told(job).values()} == {"changed"}
    assert len(notes()) == 30


def _killed(_seconds: float) -> bool:
    raise KeyboardInterrupt


def test_two_processes_at_one_record_change_it_once(ada: Principal):
    job = begin(ada, ids(6))
    work = bulk._claimed()
    assert work
    with db.transaction() as session:
        by, [row] = jobs.next_rows(session, job, 20)
    bulk._do(work, row, by)
    with db.transaction() as session:
        session.get_one(Order, row.record_id).note = "Another"
    bulk._do(work, row, by)
    assert notes() == {6: "Another"}
    assert told(job) == {"Order 6": ("changed", "")}


def test_a_right_that_was_taken_away_refuses_the_rest(ada: Principal):
    job = begin(ada, ids(6, 7))
    with db.transaction() as session:
        session.get_one(StaffRole, "ada").permissions = ["orders.view"]
    bulk.work_off(never)
    assert notes() == {}
    assert {state for state, _reason in told(job).values()} == {"refused"}


def test_a_record_that_is_gone_or_fails_is_told_and_the_others_go_on(ada: Principal, monkeypatch: Any):
    def fails(session: Session, id: int, by: Principal, arguments: Mapping[str, str]) -> None:
        if id == ids(7)[0]:
            raise ZeroDivisionError
        note(session, id, by, arguments)

    catalogue.offer([order_list(actions=(replace(NOTE, plan=None, run=fails),))])
    [spec] = catalogue.everything()
    job = begin(ada, (*ids(6, 7), 999_999), spec=spec)
    bulk.work_off(never)
    rows = told(job)
    assert rows["Order 6"] == ("changed", "")
    assert rows["Order 7"][0] == "refused"
    assert "reference" in rows["Order 7"][1]
    assert rows["999999"] == ("refused", "It isn't there any more.")


def test_workflows_get_a_key_that_is_the_same_the_second_time(ada: Principal):
    keys: list[str] = []

    async def work(_id: int, _by: Principal, _arguments: Mapping[str, str], key: str) -> None:
        keys.append(key)

    catalogue.offer([order_list(actions=(replace(NOTE, run=None, work=work),))])
    job = begin(ada, ids(6, 7), spec=catalogue.everything()[0])
    bulk.work_off(never)
    assert keys == [f"bulk-{job}-0", f"bulk-{job}-1"]
    assert {state for state, _reason in told(job).values()} == {"changed"}


@pytest.mark.parametrize(
    ("numbers", "given", "refusal"),
    [((), TEXT, Conflict), ((2, 4), TEXT, Conflict), ((1,), {}, Invalid), ((1,), {"other": "x"}, Invalid)],
)
def test_what_cant_begin_leaves_nothing(
    ada: Principal, numbers: tuple[int, ...], given: dict[str, str], refusal: Any
):
    with pytest.raises(refusal):
        begin(ada, ids(*numbers), given)
    with db.reading() as session:
        assert session.exec(select(BulkJob)).all() == []


def test_rights_are_asked_for(ada: Principal):
    with db.transaction() as session:
        ben = add_staff(session, "ben@example.com", "orders.view")
        cleo = add_staff(session, "cleo@example.com", "jobs.view")
    with pytest.raises(Forbidden):
        begin(ben, ids(1))
    job = begin(ada, ids(1))
    with db.reading() as session:
        assert jobs.one(session, job, cleo).label == "Write a note"
        for ask in (
            lambda: jobs.one(session, job, ben),
            lambda: jobs.stop(session, job, cleo),
            lambda: jobs.put_away(session, job, ben),
            lambda: jobs.result_file(session, job, ben),
            lambda: jobs.plan(session, SPEC, "delete", ids(1), ada),
        ):
            with pytest.raises(NotFound):
                ask()
