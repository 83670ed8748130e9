"""Exports of lists: what is filtered, for who may and has proven it, without formulas, in the audit."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.access import policy
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.models import AuditEntry, LoginSession, Order
from shop_app.services.bulk_jobs import jobs
from shop_app.services.lists import catalogue, files
from shop_app.web import exports
from tests.factories import add
from tests.many_orders import fill, order_list
from tests.program.test_bulk_jobs import NOTE, TEXT
from tests.staff_people import add_staff

SPEC = order_list(actions=(NOTE,))
FORMULA = '=HYPERLINK("http://x.example")@example.com'


@pytest.fixture
async def client(engine, monkeypatch, clock) -> AsyncIterator[httpx.AsyncClient]:
    before = catalogue.everything()
    catalogue.offer([SPEC])
    with db.transaction() as session:
        fill(session, 1203)
        session.exec(select(Order).where(Order.number == 7)).one().email = FORMULA
    transport = httpx.ASGITransport(app=Starlette(routes=exports.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as opened:
        yield opened
    catalogue.offer(before)


@pytest.fixture
def signed_in(monkeypatch):
    """Have the next requests come from a member of staff with these permissions."""

    def sign_in(*permissions: str, proven: bool = True) -> Principal:
        with db.transaction() as session:
            by = add_staff(
                session, f"{'-'.join(permissions) or 'none'}@example.com".replace(".", "-", 2), *permissions
            )
            now = exports.clock.now()
            row = LoginSession(
                token_hash=str(by.id),
                staff_id=by.id,
                expires_at=now,
                proven_at=now if proven else now - timedelta(days=1),
            )
            by = Principal(
                "staff",
                by.id,
                by.email,
                by.name,
                by.role,
                by.permissions,
                session_id=add(session, row).id or 0,
            )

        async def who(_cookie: str) -> Principal:
            return by

        monkeypatch.setattr(policy, "who", who)
        return by

    return sign_in


def _address(permissions: tuple[str, ...]) -> str:
    return "-".join(permissions).replace(".", "-") + "@example.com"


async def rows(client: httpx.AsyncClient, text: str = "") -> list[list[str]]:
    answer = await client.get(f"/admin/export/test-orders.csv?{text}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="test-orders-2026-11-20.csv"'
    assert answer.headers["cache-control"] == "no-store"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_file_has_every_row_once_in_the_lists_order(client: httpx.AsyncClient, signed_in):
    signed_in("orders.view")
    head, *lines = await rows(client, "columns=number,total")
    assert head == ["Order", "Total"]
    assert [int(line[0]) for line in lines] == list(range(1203, 0, -1))
    assert lines[0][1].replace(".", "").isdigit()


async def test_a_file_has_what_is_filtered_and_in_which_order(client: httpx.AsyncClient, signed_in):
    by = signed_in("orders.view")
    head, *lines = await rows(
        client, "status=cancelled&number=max:300&sort=total&columns=total,status,number"
    )
    assert head == ["Total", "Status", "Order"]
    assert {line[1] for line in lines} == {"Cancelled"}
    amounts = [int(line[0].replace(".", "")) for line in lines]
    assert amounts == sorted(amounts)
    with db.reading() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "list.exported")).one()
    said = "status=cancelled&number=max:300&sort=total&columns=total,status,number"
    assert (entry.actor, entry.after) == (by.actor, {"kind": "csv", "query": said})


async def test_no_cell_is_a_formula(client: httpx.AsyncClient, signed_in):
    signed_in("orders.view")
    _head, [email] = await rows(client, "number=min:7,max:7&columns=email")
    assert email == f"'{FORMULA}"
    for dangerous in ("=1+1", "+49", "-1+1", "@a", "\tx", "\rx", "\nx"):
        assert files.safe(dangerous) == f"'{dangerous}"
    for safe in ("-5.00", "12", "Lind", "", "a=b"):
        assert files.safe(safe) == safe


async def test_a_workbook_has_numbers_and_texts_and_no_formula(client: httpx.AsyncClient, signed_in):
    signed_in("orders.view")
    answer = await client.get("/admin/export/test-orders.xlsx?number=min:7,max:8&columns=email,total")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "HYPERLINK" in sheet
    assert sheet.count("<row ") == 3
    assert 't="inlineStr"' in sheet


@pytest.mark.parametrize(
    ("permissions", "proven", "path", "status"),
    [
        (("products.view",), True, "/admin/export/test-orders.csv", 403),
        (("orders.view",), False, "/admin/export/test-orders.csv", 403),
        (("orders.view",), False, "/admin/export/test-orders.xlsx", 403),
        (("orders.view",), True, "/admin/export/test-orders.pdf", 404),
        (("orders.view",), True, "/admin/export/customers.csv", 404),
        (("orders.view",), True, "/admin/bulk-jobs/77.csv", 404),
    ],
)
async def test_who_may_not_gets_a_sentence_and_no_row(
    client: httpx.AsyncClient, signed_in, permissions: tuple[str, ...], proven: bool, path: str, status: int
):
    signed_in(*permissions, proven=proven)
    answer = await client.get(path)
    assert answer.status_code == status
    assert len(answer.text) < 200
    assert "example.com" not in answer.text
    with db.reading() as session:
        assert session.exec(select(AuditEntry).where(AuditEntry.action == "list.exported")).all() == []


async def test_nobody_gets_anything(client: httpx.AsyncClient, monkeypatch):
    async def who(_cookie: str) -> Principal:
        return NOBODY

    monkeypatch.setattr(policy, "who", who)
    for path in ("/admin/export/test-orders.csv", "/admin/bulk-jobs/1.csv"):
        assert (await client.get(path)).status_code == 403


async def test_the_result_of_a_bulk_job_is_its_owners(client: httpx.AsyncClient, signed_in):
    by = signed_in("orders.view", "orders.edit")
    with db.transaction() as session:
        chosen = [session.exec(select(Order.id).where(Order.number == 7)).one() or 0]
        job = jobs.begin(session, SPEC, "note", chosen, TEXT, by)
    assert "Order 7,waiting," in (await client.get(f"/admin/bulk-jobs/{job}.csv")).text
    signed_in("orders.view")
    assert (await client.get(f"/admin/bulk-jobs/{job}.csv")).status_code == 404
