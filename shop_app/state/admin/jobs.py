"""Background work: the timetable with its last runs, one bulk job with its result, and the database."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.bulk_jobs import jobs, runs
from shop_app.services.bulk_jobs.jobs import JobShown
from shop_app.services.bulk_jobs.runs import RunShown
from shop_app.services.desk import database
from shop_app.services.desk.database import DatabaseShown

from ..base import address_of, asked_by, say, staff
from ..input_types import Name, RecordId

JOB = "/admin/settings/jobs/[job]"


class Timetable(rx.State):
    rows: list[RunShown] = []

    @rx.event
    @staff(runs.VIEW)
    async def load(self):
        self.rows = await db.read(runs.shown, await asked_by(self))

    @rx.event
    @staff(runs.EDIT)
    async def run_now(self, name: Name):
        await db.write(runs.want, name, await asked_by(self))
        return say(_("It runs now"))


class BulkResult(rx.State):
    job: JobShown = JobShown()
    loaded: bool = False

    @rx.event
    @staff(runs.VIEW)
    async def load(self):
        text = address_of(self, JOB).parameter("job", 15)
        job_id = int(text) if text.isascii() and text.isdigit() else 0
        self.job = await db.read(jobs.one, job_id, await asked_by(self))
        self.loaded = True

    @rx.event
    @staff(runs.EDIT)
    async def stop(self, job: RecordId):
        await db.write(jobs.stop, job, await asked_by(self))
        return BulkResult.load


class Database(rx.State):
    shown: DatabaseShown = DatabaseShown()
    loaded: bool = False

    @rx.event
    @staff(database.VIEW)
    async def load(self):
        self.shown = await db.read(database.shown, await asked_by(self))
        self.loaded = True
