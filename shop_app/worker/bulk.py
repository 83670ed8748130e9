"""Works off bulk jobs: record by record, each in a transaction of its own, so that a crash loses none.

A record's result is written in the transaction of its change. Whoever goes on with a job begins with the
first record that has none.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time

from sqlalchemy.exc import NoResultFound

from ..core import db
from ..core.access.principal import Principal
from ..core.errors import ShopError
from ..core.i18n import _
from ..services.bulk_jobs import jobs
from ..services.bulk_jobs.jobs import BulkRowState, JobToDo, RowToDo
from ..services.lists import catalogue
from ..services.lists.spec import Action, Unchanged
from .jobs import Pause

log = logging.getLogger(__name__)

BATCH = 20
"""So many records between two looks at whether the job was stopped, and two pauses."""


class _ToldBefore(Exception):
    """Another process has done this record: what was done here is undone."""


def work_off(pause: Pause = time.sleep) -> int:
    """Work off all bulk jobs; returns how many records had their turn.

    `pause`s between batches, so that shoppers' requests aren't slowed.
    """
    done = 0
    while job := _claimed():
        while True:
            began = time.monotonic()
            count = _some(job)
            done += count
            if not count:
                break
            if pause(time.monotonic() - began):
                return done
    return done


def _claimed() -> JobToDo | None:
    with db.transaction() as session:
        return jobs.claim(session)


def _some(job: JobToDo) -> int:
    """Do the next records of a job, and tell how far it is; 0 where it is over."""
    with db.transaction() as session:
        by, rows = jobs.next_rows(session, job.id, BATCH)
    for row in rows:
        _do(job, row, by)
    with db.transaction() as session:
        jobs.got_on(session, job.id)
    return len(rows)


def _do(job: JobToDo, row: RowToDo, by: Principal) -> None:
    try:
        action = jobs.action_of(catalogue.named(job.list_name), job.action)
        by.need(action.needs)
        _change(action, job, row, by)
    except _ToldBefore:
        return
    except Unchanged as reason:
        _tell(job, row, BulkRowState.UNCHANGED, reason.message)
    except ShopError as refusal:
        _tell(job, row, BulkRowState.REFUSED, refusal.message)
    except NoResultFound:
        _tell(job, row, BulkRowState.REFUSED, _("It isn't there any more."))
    except Exception:
        reference = secrets.token_hex(4)
        log.exception("A record of bulk job %s failed, reference %s", job.id, reference)
        sentence = _("Something went wrong on our side. The reference is {reference}.")
        _tell(job, row, BulkRowState.REFUSED, sentence.format(reference=reference))


def _change(action: Action, job: JobToDo, row: RowToDo, by: Principal) -> None:
    if action.work:
        # It has transactions of its own; its request key makes a second call harmless.
        key = f"bulk-{job.id}-{row.position}"
        asyncio.run(action.work(row.record_id, by, job.arguments, key))
        _tell(job, row, BulkRowState.CHANGED)
        return
    assert action.run
    with db.transaction() as session:
        action.run(session, row.record_id, by, job.arguments)
        if not jobs.tell(session, job.id, row.position, BulkRowState.CHANGED):
            raise _ToldBefore


def _tell(job: JobToDo, row: RowToDo, state: BulkRowState, reason: str = "") -> None:
    with db.transaction() as session:
        jobs.tell(session, job.id, row.position, state, reason)
