"""Files of the back office: a list as it is filtered (CSV, XLSX), and the result of a bulk job.

An export needs a member of staff with the list's permission who has proven lately who they are. Rows are read
a batch at a time, by ranges as the list's pages are, and sent while the next ones are read.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from typing import IO, Any

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from xlsxwriter import Workbook

from shop_app.core import clock, db
from shop_app.core.access import policy
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Forbidden, ShopError
from shop_app.core.i18n import _
from shop_app.services.accounts import open_sessions
from shop_app.services.bulk_jobs import jobs
from shop_app.services.lists import catalogue, files, query
from shop_app.services.lists.query import ListQuery
from shop_app.services.lists.spec import ListSpec
from shop_app.services.saved_views import opening
from shop_app.services.staff import audit

MAX_SHEET_ROWS = 1_048_575
"""Rows of an XLSX sheet behind its head."""
CHUNK = 64 * 1024
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def export(request: Request) -> Response:
    """A list as a file: exactly what its address asks for, in the columns that it shows.

    403 with a sentence for everybody without the list's permission or without a fresh proof; 404 for a list
    or a kind of file that there isn't.
    """
    kind = request.path_params["kind"]
    try:
        by = await _asked_by(request)
        spec = catalogue.named(request.path_params["name"])
        by.need(spec.needs)
        await _need_fresh(by)
        if kind not in KINDS:
            return _refusal(_("There are files of the kinds CSV and XLSX."), 404)
        asked = await db.write(_begin, spec, request.url.query, kind, by)
    except Forbidden as refused:
        return _refusal(refused.message, 403)
    except ShopError as refused:
        return _refusal(refused.message, 404)
    body = _csv(spec, asked, by) if kind == "csv" else _xlsx(spec, asked, by)
    name = f"{spec.name}-{clock.today().isoformat()}.{kind}"
    return StreamingResponse(body, headers=_headers(name), media_type=KINDS[kind])


async def result(request: Request) -> Response:
    """What became of each record of a bulk job, as CSV; 404 for one that isn't theirs to see."""
    job_id = request.path_params["job"]
    try:
        text = await db.read(jobs.result_file, job_id, await _asked_by(request))
    except Forbidden as refused:
        return _refusal(refused.message, 403)
    except ShopError as refused:
        return _refusal(refused.message, 404)
    return Response("\ufeff" + text, headers=_headers(f"job-{job_id}.csv"), media_type=KINDS["csv"])


async def _asked_by(request: Request) -> Principal:
    by = await policy.who(request.headers.get("cookie", ""))
    if by.kind != "staff":
        raise Forbidden(_("Sign in to do that."))
    return by


async def _need_fresh(by: Principal) -> None:
    if not await db.read(open_sessions.fresh, by.session_id):
        raise Forbidden(_("Confirm that it is you first: choose the export again in the back office."))


def _begin(session: Session, spec: ListSpec, text: str, kind: str, by: Principal) -> ListQuery:
    """What is exported, noted in the audit."""
    asked, _saved = opening.resolve(session, spec, query.fields_of(text), by)
    asked = asked.first_page()
    said = {"kind": kind, "query": query.text_of(asked)}
    audit.record(session, by.actor, "list.exported", "list", spec.name, after=said, staff_id=by.id)
    return asked


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _refusal(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status, {"Cache-Control": "no-store"})


async def _batches(spec: ListSpec, asked: ListQuery, by: Principal) -> AsyncIterator[list[list[str]]]:
    following: ListQuery | None = asked
    while following is not None:
        rows, following = await db.read(files.batch, spec, following, by)
        yield rows


async def _csv(spec: ListSpec, asked: ListQuery, by: Principal) -> AsyncIterator[bytes]:
    # Excel takes a file without this mark for one of another encoding.
    yield "\ufeff".encode()
    yield _lines([[column.label for column in files.columns(spec, asked)]])
    async for rows in _batches(spec, asked, by):
        yield _lines(rows)


def _lines(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(map(files.safe_row, rows))
    return written.getvalue().encode()


async def _xlsx(spec: ListSpec, asked: ListQuery, by: Principal) -> AsyncIterator[bytes]:
    """Written to a file without a name first: a workbook has its parts listed at its end."""
    with tempfile.TemporaryFile() as file:
        sheet = await run_in_threadpool(_Sheet, file, spec, asked)
        async for rows in _batches(spec, asked, by):
            await run_in_threadpool(sheet.write, rows)
        await run_in_threadpool(sheet.close)
        file.seek(0)
        while chunk := await run_in_threadpool(partial(file.read, CHUNK)):
            yield chunk


class _Sheet:
    """A workbook that keeps one row in memory at a time."""

    def __init__(self, file: IO[bytes], spec: ListSpec, asked: ListQuery) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = Workbook(file, options)
        self._sheet: Any = self._book.add_worksheet(spec.title[:31])
        self._columns = files.columns(spec, asked)
        self._row = 0
        bold = self._book.add_format({"bold": True})
        for at, column in enumerate(self._columns):
            self._sheet.write_string(0, at, column.label, bold)
        self._sheet.freeze_panes(1, 0)

    def write(self, rows: list[list[str]]) -> None:
        for texts in rows:
            if self._row >= MAX_SHEET_ROWS:
                return
            self._row += 1
            for at, (column, text) in enumerate(zip(self._columns, texts, strict=True)):
                if column.align == "right" and files.NUMBER.fullmatch(text):
                    self._sheet.write_number(self._row, at, Decimal(text))
                else:
                    self._sheet.write_string(self._row, at, text)

    def close(self) -> None:
        self._book.close()


routes = [
    Route("/admin/export/{name:str}.{kind:str}", export),
    Route("/admin/bulk-jobs/{job:int}.csv", result),
]
