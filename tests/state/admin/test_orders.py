"""Staff refund, send, deliver, cancel and look at an order, by the handlers that exist."""

from __future__ import annotations

import pytest

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Conflict, Forbidden
from shop_app.state.admin.orders import OrderAdmin
from tests.paying import everything, make_world, rows
from tests.selling import LATER, line, order, run_sql, statuses, units, wrong_books

CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])
MANAGER = Principal("staff", 0, "manager@example.com", "Mo", "manager", BUILT_IN_ROLES["manager"])


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch):
    """The principal, as the guard would have looked it up."""

    def as_whom(principal: Principal) -> None:
        monkeypatch.setattr("shop_app.state.base.current_principal", lambda: principal)

    return as_whom


@pytest.fixture
def sold(engine, tmp_path, monkeypatch) -> int:
    """Three mugs that are paid by transfer; the order's id."""
    import threading

    from tests.selling import sell

    rows_made: list[int] = []
    world = make_world(tmp_path)
    # Where these tests run there is a loop already.
    thread = threading.Thread(target=lambda: rows_made.append(sell(world, {"DUNE-MUG": 3}, LATER)))
    thread.start()
    thread.join()
    return rows_made[0]


async def test_an_order_goes_its_way_in_the_back_office(open_tab, signed_in, sold):
    admin, mug = await open_tab(OrderAdmin), line("DUNE-MUG").id
    signed_in(MANAGER)
    await admin.mark_paid(order().number, "SEPA 4711")
    assert statuses() == ("placed", "paid", "none")
    signed_in(CLERK)
    await admin.fulfil(sold, "parcel-1", {mug: 2}, "DHL", "0034")
    await admin.fulfil(sold, "parcel-1", {mug: 2}, "DHL", "0034")
    await admin.cancel_shipment(1, "The box tore")
    await admin.fulfil(sold, "parcel-2", {mug: 2}, "DHL", "0035")
    signed_in(MANAGER)
    await admin.refund(sold, "refund-1", {mug: 1}, goods="restock", reason="Chipped")
    await admin.refund(sold, "refund-1", {mug: 1}, goods="restock", reason="Chipped")
    assert [(view.amount, view.reason, view.status) for view in admin.refunds_of] == [
        ("€24.00", "Chipped", "succeeded")
    ]
    await admin.delivered(2)
    assert (statuses(), units("DUNE-MUG")) == (("completed", "partially_refunded", "delivered"), (2, 0, 1))
    with pytest.raises(Conflict):
        await admin.cancel(sold, "cancel-1")
    run_sql("UPDATE customer_order SET needs_review = 'Call them.'")
    await admin.resolve(sold, "They are happy.")
    assert (order().needs_review, wrong_books()) == ("", [])
    actions = [row.action for row in rows("audit_entry")]
    assert actions == [
        "marked_paid",
        "order.shipped",
        "order.shipment_cancelled",
        "order.shipped",
        "order.refunded",
        "order.delivered",
        "order.resolved",
    ]


async def test_who_lacks_the_right_changes_nothing(open_tab, signed_in, sold):
    admin, mug = await open_tab(OrderAdmin), line("DUNE-MUG").id
    before = everything()
    for who in (NOBODY, CLERK):
        signed_in(who)
        for act in (
            admin.mark_paid(order().number, "SEPA 4711"),
            admin.refund(sold, "refund-1", {mug: 1}),
            admin.cancel(sold, "cancel-1"),
            admin.resolve(sold, "Seen."),
            *(() if who is CLERK else (admin.fulfil(sold, "parcel-1", {mug: 1}, unpaid_too=True),)),
        ):
            with pytest.raises(Forbidden):
                await act
    assert everything() == before
