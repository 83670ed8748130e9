"""The State of every list: what the address asks, filters, views, and actions on many rows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from shop_app.core import db
from shop_app.core.access.policy import set_principal
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Forbidden, NotFound
from shop_app.models import BulkJob, Order, SavedView
from shop_app.services.lists import catalogue
from shop_app.state.admin.records import RecordList
from tests.many_orders import fill, order_list
from tests.program.test_bulk_jobs import NOTE
from tests.staff_people import add_staff
from tests.state.conftest import Tab, send, submit

SPEC = order_list(actions=(NOTE,))


@pytest.fixture(autouse=True)
async def by(engine):
    before = catalogue.everything()
    catalogue.offer([SPEC])
    with db.transaction() as session:
        fill(session, 120)
        staff = add_staff(session, "ada@example.com", "orders.view", "orders.edit")
    set_principal(staff)
    yield staff
    set_principal(None)
    catalogue.offer(before)


def gone_to(answer: Any) -> str:
    """Where a handler's answer leads."""
    first = answer[0] if isinstance(answer, list) else answer
    values = {str(name): str(value) for name, value in first.args}
    return values["path"].strip('"')


async def at(open_tab: Tab, text: str = "") -> RecordList:
    tab = await open_tab(RecordList, f"/admin/test-orders?{text}")
    await tab.load()
    return tab


async def test_the_address_is_shown(open_tab: Tab):
    tab = await at(open_tab, "status=placed&sort=total")
    assert (tab.name, len(tab.list.rows)) == ("test-orders", 50)
    assert [one.chip for one in tab.list.filters if one.in_force] == ["Status: Placed"]
    assert [row.marks["data-testid"] for row in tab.list.rows] == ["order-row"] * 50


async def test_without_the_right_nothing_is_shown(open_tab: Tab):
    set_principal(Principal("staff", 9, "ben@example.com", permissions=frozenset({"products.view"})))
    tab = await open_tab(RecordList, "/admin/test-orders")
    for handler in (tab.load, tab.look, tab.show_new, tab.update_view, tab.delete_view):
        if handler == tab.look:
            tab.name = "test-orders"
        with pytest.raises(Forbidden):
            await handler()
    for handler, form in (
        ("search", {"q": "x"}),
        ("filter", {"key": "status"}),
        ("prepare", {"action": "note"}),
    ):
        with pytest.raises(Forbidden):
            await submit(tab, handler, form)
    with pytest.raises(Forbidden):
        await send(tab, "export", kind="csv")
    assert tab.list.rows == []


async def test_at_an_address_without_a_list_nothing_happens(open_tab: Tab):
    tab = await open_tab(RecordList, "/admin/nothing")
    with pytest.raises(NotFound):
        await tab.load()
    assert await tab.look() is None
    assert await tab.look_at_jobs() is None


async def test_search_and_filters_lead_to_their_address(open_tab: Tab):
    tab = await at(open_tab, "status=placed&after=x")
    assert gone_to(await submit(tab, "search", {"q": " 42 "})) == "/admin/test-orders?q=42&status=placed"
    filled = {"key": "total", "low": "30", "high": ""}
    assert gone_to(await submit(tab, "filter", filled)) == "/admin/test-orders?status=placed&total=min:3000"
    words = {"key": "status", "op": "not", "word-pending": "on", "word-expired": "on"}
    assert gone_to(await submit(tab, "filter", words)) == "/admin/test-orders?status=not:pending,expired"
    assert gone_to(await submit(tab, "filter", {"key": "status", "op": "is"})) == "/admin/test-orders"
    assert await submit(tab, "filter", {"key": "total", "low": "a lot"}) is None
    assert tab.error.startswith("“a lot” can't be read")


async def test_columns_and_density_are_kept(open_tab: Tab):
    tab = await at(open_tab)
    form = {"order": "total,number,email,status", "column-number": "on", "column-total": "on"}
    assert gone_to(await submit(tab, "choose_columns", form)) == "/admin/test-orders"
    await send(tab, "set_density", density="compact")
    tab = await at(open_tab)
    assert ([one.key for one in tab.list.columns], tab.list.density) == (["total", "number"], "compact")


async def test_a_view_is_saved_changed_and_deleted(open_tab: Tab):
    tab = await at(open_tab, "status=placed")
    assert tab.can_save
    assert await submit(tab, "save_view", {"label": ""}) is None
    assert tab.error == "Give the view a name."
    address = gone_to(await submit(tab, "save_view", {"label": "Placed", "shared": "1"}))
    tab = await at(open_tab, address.partition("?")[2] + "&status=pending")
    assert (tab.saved.label, tab.is_edited) == ("Placed", True)
    await tab.update_view()
    await submit(tab, "change_view", {"label": "Unpaid", "pinned": "1"})
    with db.reading() as session:
        row = session.exec(select(SavedView)).one()
        assert (row.label, row.query, row.shared, row.pinned) == ("Unpaid", "status=pending", False, True)
    await tab.delete_view()
    with db.reading() as session:
        assert session.exec(select(SavedView)).all() == []


async def test_an_action_is_asked_about_and_then_begun(open_tab: Tab):
    tab = await at(open_tab)
    ids = [row.id for row in tab.list.rows[:2]]
    await submit(tab, "prepare", {"action": "note", "ids": ",".join(ids)})
    assert tab.plan.action == "note"
    assert await submit(tab, "begin", {}) is None
    assert tab.error == "Fill in “Note”."
    await submit(tab, "begin", {"ask-text": "Call first"})
    assert tab.plan.action == ""
    [job] = tab.jobs
    assert (job.label, job.is_over) == ("Write a note", False)
    await send(tab, "stop_job", job=job.id)
    with db.reading() as session:
        assert session.get_one(BulkJob, job.id).stops


async def test_everything_that_the_list_finds_can_be_taken(open_tab: Tab):
    tab = await at(open_tab, "number=max:90")
    await submit(tab, "prepare", {"action": "note", "ids": "1", "every": "1"})
    with db.reading() as session:
        cancelled = len(
            session.exec(select(Order).where(Order.number <= 90, Order.status == "cancelled")).all()
        )
    assert tab.plan.question == f"Write a note: {90 - cancelled} orders"
    await tab.leave_plan()
    assert tab.plan.action == ""


async def test_new_records_wait_and_the_others_are_shown_as_they_are(open_tab: Tab):
    tab = await at(open_tab, "number=min:1")

    def change(session: Session) -> None:
        fill(session, 3, first=500)
        session.exec(select(Order).where(Order.number == 120)).one().email = "new@example.com"

    await db.write(change)
    await tab.look()
    assert tab.waiting == "3 new"
    assert len(tab.list.rows) == 50
    assert tab.list.rows[0].cells[2].text == "new@example.com"
    await tab.load()
    assert (tab.waiting, tab.list.rows[0].label) == ("", "Order 502")


@pytest.mark.parametrize(
    ("handler", "form"),
    [
        ("prepare", {"action": "note", "ids": "1;2"}),
        ("prepare", {"action": "../x", "ids": "1"}),
        ("prepare", {"action": "note", "ids": "1," * 3000}),
        ("choose_columns", {"order": "a b"}),
        ("filter", {"key": "Status!"}),
    ],
)
async def test_junk_is_refused_by_the_guard(open_tab: Tab, handler: str, form: dict[str, str]):
    tab = await at(open_tab)
    with pytest.raises(Exception, match=r"."):
        await submit(tab, handler, form)
    assert tab.plan.action == ""
