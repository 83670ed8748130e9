"""Staff look at an order, send, refund, cancel and write about it, by the handlers of its page."""

from __future__ import annotations

import asyncio
import threading

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.lists.view import ListShown, RowShown
from shop_app.services.orders import notes
from shop_app.state.admin.order_address import OrderAddress
from shop_app.state.admin.order_peek import OrderPeek
from shop_app.state.admin.orders import OrderAdmin
from shop_app.state.admin.packing_slips import PackingSlips
from shop_app.state.admin.reasons import ReasonAdmin
from shop_app.state.admin.records import RecordList
from shop_app.state.admin.returns import ReturnAdmin
from shop_app.workflows import pay
from tests.paying import ME, everything, make_world, rows
from tests.selling import LATER, line, order, run_sql, sell, statuses, units, wrong_books
from tests.state.conftest import send, submit

CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
MANAGER = Principal("staff", 0, "manager@example.com", "Mo", "manager", BUILT_IN_ROLES["manager"])
OWNER = Principal("staff", 0, "owner@example.com", "Olga", "owner", BUILT_IN_ROLES["owner"])


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch):
    """The principal, as the guard would have looked it up."""

    def as_whom(principal: Principal) -> None:
        monkeypatch.setattr("shop_app.state.base.current_principal", lambda: principal)

    return as_whom


def place_another() -> None:
    """Another order, on the database as it is."""
    with db.transaction() as session:
        cart_commands.add(session, ME, "DUNE-MUG", 1)
    with db.transaction() as session:
        total = checkout.save(session, ME, LATER).total_minor
    asyncio.run(pay.pay(ME, LATER, total))


def on_a_thread(work) -> None:
    """Where these tests run there is a loop already."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.fixture
def sold(engine, tmp_path) -> int:
    """Three mugs that are to be paid by transfer; the order's id."""
    world = make_world(tmp_path)
    on_a_thread(lambda: sell(world, {"DUNE-MUG": 3}, LATER))
    return order().id


@pytest.fixture
async def admin(open_tab, signed_in, sold) -> OrderAdmin:
    signed_in(MANAGER)
    tab = await open_tab(OrderAdmin, f"/admin/orders/{order().number}")
    await tab.load()
    return tab


async def test_an_order_goes_its_way_in_the_back_office(admin, signed_in, sold):
    mug, number = f"line-{line('DUNE-MUG').id}", str(order().number)
    about = {"order": str(sold)}
    await submit(admin, "mark_paid", {**about, "number": number, "reference": "SEPA 4711", "key": admin.key})
    assert (statuses(), admin.view.payment.text) == (("placed", "paid", "none"), "Paid")
    signed_in(CLERK)
    parcel = {**about, mug: "2", "carrier": "DHL", "tracking": "0034", "notify": "on", "key": admin.key}
    await submit(admin, "fulfil", parcel)
    await submit(admin, "fulfil", parcel)
    assert [one.name for one in admin.view.parcels] == [f"{number}-1"]
    await admin.cancel_shipment(1, "The box tore")
    await submit(admin, "fulfil", {**parcel, "tracking": "0035", "key": admin.key})
    await submit(admin, "track", {**about, "shipment": "2", "carrier": "UPS", "tracking": "1Z"})
    assert [(one.carrier, one.tracking) for one in admin.view.parcels] == [("DHL", "0034"), ("UPS", "1Z")]
    signed_in(MANAGER)
    await admin.open_form("refund")
    money = {**about, mug: "1", "goods": "restock", "reason": "Damaged", "key": admin.key}
    await submit(admin, "refund", money)
    await submit(admin, "refund", money)
    assert [(one.amount, one.reason, one.state.text) for one in admin.view.refunds] == [
        ("€24.00", "Damaged", "Done")
    ]
    assert admin.dialog == ""
    await admin.delivered(2)
    assert (statuses(), units("DUNE-MUG")) == (("completed", "partially_refunded", "delivered"), (2, 0, 1))
    await submit(admin, "cancel", {**about, "key": "cancel-key-1"})
    assert admin.refused == "Everything of this order was sent already. Use a return."
    run_sql("UPDATE customer_order SET needs_review = 'Call them.'")
    await submit(admin, "resolve", {**about, "note": "They are happy."})
    await submit(admin, "add_note", {**about, "note": "They send cake."})
    assert admin.view.happenings[0].detail == "They send cake."
    assert admin.view.happenings[0].who == "manager@example.com"
    await admin.archive(sold, True)
    assert (admin.view.is_archived, order().needs_review, wrong_books()) == (True, "", [])
    assert [row.action for row in rows("audit_entry")] == [
        "marked_paid",
        "order.shipped",
        "order.shipment_cancelled",
        "order.shipped",
        "order.tracking_changed",
        "order.refunded",
        "order.delivered",
        "order.resolved",
        "order.noted",
        "order.archived",
    ]


async def test_a_shipment_without_a_letter(admin, sold):
    about = {"order": str(sold), f"line-{line('DUNE-MUG').id}": "3", "unpaid_too": "on"}
    await submit(admin, "fulfil", {**about, "key": admin.key})
    assert statuses()[2] == "shipped"
    assert "order_shipped" not in [row.kind for row in rows("letter")]


async def test_the_refund_form_proposes_and_takes_another_amount(admin, sold):
    mug, about = line("DUNE-MUG").id, {"order": str(sold)}
    await submit(admin, "mark_paid", {**about, "number": str(order().number), "reference": "SEPA 1"})
    await admin.open_form("refund")
    await send(admin, "choose", line=mug, units=2)
    assert (admin.offer.typed, admin.offer.shown) == ("48.00", "€48.00")
    await send(admin, "choose_delivery", ticked=True)
    assert admin.offer.shown == "€48.00"
    await send(admin, "type_amount", typed="30")
    assert admin.offer.shown == "€30.00"
    form = {**about, f"line-{mug}": "2", "amount": "30", "key": admin.key}
    await submit(admin, "refund", {**form, "note": "They keep one"})
    (refund,) = admin.view.refunds
    assert (refund.amount, refund.what, refund.note) == (
        "€30.00",
        "2 × Dune Mug",
        "They keep one",
    )
    assert units("DUNE-MUG") == (0, 0, 2)
    before = everything()
    for amount, sentence in (
        ("50", "That is more than the €42.00 that is left of what was paid."),
        ("twelve", "Enter an amount, such as 24.00"),
        ("0", "Enter an amount above zero."),
        ("-1", "Enter an amount, such as 24.00"),
    ):
        await admin.open_form("refund")
        await submit(admin, "refund", {**about, "amount": amount, "key": admin.key})
        assert sentence in (admin.refused, *admin.errors.values()), amount
    assert everything() == before
    assert wrong_books() == []


async def test_a_large_refund_asks_for_a_proof_first(admin, sold, configure, monkeypatch):
    about = {"order": str(sold)}
    await submit(admin, "mark_paid", {**about, "number": str(order().number), "reference": "SEPA 1"})
    before = everything()
    monkeypatch.setenv("SHOP_REFUND_LIMIT_MINOR", "2400")
    from shop_app.core import settings

    settings.settings.cache_clear()
    await admin.open_form("refund")
    answer = await submit(admin, "refund", {**about, "amount": "24.01", "key": admin.key})
    assert "reauth" in str(answer.handler.fn.__qualname__).lower()
    assert everything() == before
    await submit(admin, "refund", {**about, "amount": "24.00", "key": admin.key})
    assert [one.amount for one in admin.view.refunds] == ["€24.00"]


async def test_who_lacks_the_right_changes_nothing(admin, signed_in, sold):
    before, about = everything(), {"order": str(sold), "key": "a-key-of-the-form"}
    mug = f"line-{line('DUNE-MUG').id}"
    for who in (NOBODY, CLERK):
        signed_in(who)
        for handler, form in (
            ("mark_paid", {**about, "number": str(order().number), "reference": "SEPA 4711"}),
            ("refund", {**about, mug: "1"}),
            ("cancel", about),
            ("resolve", {**about, "note": "Seen."}),
            *((("fulfil", {**about, mug: "1", "unpaid_too": "on"}),) if who is NOBODY else ()),
        ):
            try:
                await submit(admin, handler, form)
            except Forbidden:
                continue
            assert admin.refused.startswith("You don't have the right to do that"), handler
    assert everything() == before


async def test_two_people_on_one_address_both_see_it(open_tab, signed_in, sold):
    signed_in(MANAGER)
    mine, theirs = await open_tab(OrderAddress), await open_tab(OrderAddress)
    for tab in (mine, theirs):
        await tab.open_form(sold)
    form = {one.name: one.value for one in mine.form.fields} | {"order": str(sold), "seen": mine.seen}
    await submit(theirs, "save", form | {"line1": "Lindenstraße 5"})
    assert order().ship_to["line1"] == "Lindenstraße 5"
    await submit(mine, "save", form | {"line1": "Ahornweg 7"})
    assert mine.is_open
    assert mine.theirs[1] == "Lindenstraße 5"
    assert order().ship_to["line1"] == "Lindenstraße 5"
    await submit(mine, "save", form | {"line1": "Ahornweg 7", "seen": mine.seen})
    assert (order().ship_to["line1"], order().bill_to["line1"], mine.is_open) == (
        "Ahornweg 7",
        "Ahornweg 7",
        False,
    )
    before = everything()
    await mine.open_form(sold)
    await submit(mine, "save", form | {"postal_code": "1", "seen": mine.seen})
    assert mine.errors["postal_code"]
    assert everything() == before


async def test_people_with_the_same_order_open_learn_of_each_other(open_tab, signed_in, sold, monkeypatch):
    path = f"/admin/orders/{order().number}"
    signed_in(MANAGER)
    mine = await open_tab(OrderAdmin, path)
    await mine.load()
    assert mine.others == []
    signed_in(CLERK)
    theirs = await open_tab(OrderAdmin, path)
    monkeypatch.setattr("shop_app.state.admin.orders._tab", lambda _state: "another-tab")
    await theirs.load()
    assert theirs.others == ["Mo"]
    monkeypatch.setattr("shop_app.state.admin.orders._tab", lambda _state: "a-tab")
    signed_in(MANAGER)
    await mine.tell()
    assert mine.others == ["Kim"]


async def test_a_return_is_answered_received_and_refunded(open_tab, signed_in, admin, sold):
    from shop_app.services.returns import commands as return_commands

    about, mug = {"order": str(sold)}, line("DUNE-MUG").id
    await submit(admin, "mark_paid", {**about, "number": str(order().number), "reference": "SEPA 1"})
    await submit(admin, "fulfil", {**about, f"line-{mug}": "3", "key": admin.key})
    await admin.delivered(1)
    with db.transaction() as session:
        return_commands.request(
            session, order().token, {0: 2}, "damaged", "Both chipped", "return-key-1-of-many"
        )
    await admin.follow()
    (asked,) = admin.view.returns
    assert (asked.reason, asked.note, asked.can_answer, asked.can_receive) == (
        "It arrived damaged",
        "Both chipped",
        True,
        False,
    )
    tab = await open_tab(ReturnAdmin)

    async def do(form: str, **fields: str) -> None:
        await tab.open_form(form, asked.id)
        await submit(tab, "send", {"return_id": str(asked.id), "form": form, "key": tab.key, **fields})
        assert (tab.refused, tab.errors) == ("", {})

    await do("return-note", answer="Photos are in the mail")
    await do("return-approve", answer="Sorry about that")
    await do("return-receive", **{f"line-{mug}": "2", f"back-{mug}": "1"})
    await do("return-refund", destination="credit")
    await admin.follow()
    (done,) = admin.view.returns
    assert (done.state.text, done.answer, done.staff_note) == (
        "Refunded",
        "Sorry about that",
        "Photos are in the mail",
    )
    assert units("DUNE-MUG") == (3, 2, 0)
    assert [one.destination for one in admin.view.refunds] == ["As store credit"]
    assert wrong_books() == []


async def test_a_slip_has_what_goes_into_the_parcel(open_tab, signed_in, admin, sold):
    about, mug = {"order": str(sold)}, line("DUNE-MUG").id
    await submit(admin, "mark_paid", {**about, "number": str(order().number), "reference": "SEPA 1"})
    await submit(admin, "refund", {**about, f"line-{mug}": "1", "goods": "stay", "key": admin.key})
    tab = await open_tab(PackingSlips, f"/admin/orders/{order().number}/slip")
    await tab.load()
    assert [(one.quantity, one.sku) for one in tab.slips[0].lines] == [(2, "DUNE-MUG")]
    await submit(admin, "fulfil", {**about, f"line-{mug}": "1", "key": admin.key})
    many = await open_tab(PackingSlips, f"/admin/orders/slips?ids={sold},999,x")
    await many.load()
    assert [one.count for one in many.slips] == ["1 item"]
    nothing = await open_tab(PackingSlips, "/admin/orders/7/slip")
    await nothing.load()
    assert (nothing.slips, nothing.loaded) == ([], True)


async def test_a_shop_writes_its_own_reasons(open_tab, signed_in, engine):
    signed_in(OWNER)
    tab = await open_tab(ReasonAdmin)
    await tab.load()
    assert [one.label for one in tab.refund][:2] == ["Damaged", "Faulty"]
    await submit(tab, "add", {"kind": "refund", "label": "Lost in the post"})
    added = tab.refund[-1]
    assert (added.label, added.code) == ("Lost in the post", "lost_in_the_post")
    await submit(tab, "add", {"kind": "refund", "label": "damaged"})
    assert tab.errors == {"label": "This reason is in the list already."}
    form = {"reason": str(added.id), "version": "1", "label": "Lost on its way"}
    await submit(tab, "change", form)
    assert (tab.refund[-1].label, tab.refund[-1].active) == ("Lost on its way", False)
    await submit(tab, "change", form | {"label": "Gone"})
    assert "Lost on its way" in tab.refused
    await tab.move(added.id, True)
    assert tab.refund[-2].id == added.id
    signed_in(CLERK)
    with pytest.raises(Forbidden):
        await tab.load()


async def test_an_order_is_looked_at_beside_the_list(open_tab, signed_in, sold):
    signed_in(CLERK)
    tab = await open_tab(OrderPeek, "/admin/orders")
    await tab.look(sold)
    assert (tab.is_open, tab.view.number) == (True, str(order().number))
    # It walks on over the rows of the page, and stops at its end.
    on_a_thread(place_another)
    listed = await tab.get_state(RecordList)
    listed.list = ListShown(rows=[RowShown(id=str(order().id)), RowShown(id=str(sold))])
    await tab.walk(-1)
    assert tab.view.id == order().id
    await tab.walk(-1)
    assert tab.view.id == order().id
    await tab.walk(1)
    assert tab.view.id == sold


def test_an_open_order_stays_out_of_the_archive(engine, tmp_path):
    sell(make_world(tmp_path), {"DUNE-MUG": 1})
    before = everything()
    with pytest.raises(Conflict), db.transaction() as session:
        notes.archive(session, order().id, archived=True, by=MANAGER)
    assert everything() == before
