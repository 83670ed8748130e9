"""Returns and withdrawals in a tab: for whoever holds the link, or knows number and address."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.services.cart import commands as cart_commands
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import commands as order_commands
from shop_app.services.returns.commands import Receipt
from shop_app.state.admin import returns as admin
from shop_app.state.admin.returns import ReturnAdmin
from shop_app.state.checkout import Checkout
from shop_app.state.forms import LinesForm
from shop_app.state.returning import Returning
from shop_app.state.withdrawal import Withdrawal
from shop_app.workflows import return_goods
from tests.paying import rows
from tests.state.conftest import VISITOR, submit
from tests.state.test_checkout import GOOD

BOSS = Principal("staff", 0, "boss@example.com", "Boss", "owner", BUILT_IN_ROLES["owner"])
WHO = {"number": "1001", "email": "marta@example.com", "name": "Marta Lind"}


@pytest.fixture
async def address(open_tab, shop) -> str:
    """The address of an order of two bowls that has arrived."""
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "SHOAL-BOWL", 2)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD | {"shown_minor": "4490"})
    with db.transaction() as session:
        order_commands.apply_payments(session, 1, 4490, "EUR")
        line = rows_of_lines()[0]
        shipment = fulfilment_commands.ship(session, 1, {line: 2}, carrier="DHL", tracking="1", by=BOSS)
        fulfilment_commands.mark_delivered(session, shipment.id, by=BOSS)
    return tab.departure.address


def rows_of_lines() -> list[int]:
    return [row.id for row in rows("order_line")]


# --- From the order's page ------------------------------------------------------------------------


async def test_a_return_is_sent_once_however_often_the_form_is(open_tab, address):
    tab = await open_tab(Returning, address)
    await tab.open_form()
    form = {"quantity-0": "1", "reason": "damaged", "note": "A chip."}
    await submit(tab, "send", form)
    assert (tab.is_open, tab.summary, tab.refused) == (False, {}, "")
    await submit(tab, "send", form)
    assert [(row.status, row.note) for row in rows("return_request")] == [("requested", "A chip.")]


async def test_what_is_missing_is_named_field_by_field(open_tab, address):
    tab = await open_tab(Returning, address)
    await tab.open_form()
    await submit(tab, "send", {"quantity-0": "0", "reason": "", "note": ""})
    assert tab.summary_title == "2 things need your attention"
    assert tab.errors == {"lines": "Choose what you want to send back", "reason": "Choose a reason"}
    assert (tab.is_open, rows("return_request")) == (True, [])


async def test_more_than_was_bought_is_refused_in_the_form(open_tab, address):
    tab = await open_tab(Returning, address)
    await tab.open_form()
    await submit(tab, "send", {"quantity-0": "9", "reason": "damaged"})
    assert tab.refused == "Of Shoal Bowl, 2 can still go back."
    assert (tab.is_open, rows("return_request")) == (True, [])


async def test_a_form_that_was_never_opened_sends_nothing(open_tab, address):
    tab = await open_tab(Returning, address)
    await submit(tab, "send", {"quantity-0": "1", "reason": "damaged"})
    assert (tab.refused, rows("return_request")) == ("Open the form again, then send it.", [])


async def test_the_link_of_nobody_returns_nothing(open_tab, address):
    tab = await open_tab(Returning, "/orders/nobody-holds-this-token-0000000")
    await tab.open_form()
    await submit(tab, "send", {"quantity-0": "1", "reason": "damaged"})
    assert (tab.refused, rows("return_request")) == ("There is no order at this address.", [])


async def test_other_fields_of_the_form_are_dropped():
    form = {"quantity-0": "1", "quantity-x": "1", "quantity-12345": "1", "lines": {"7": 1}, "x": "1"}
    assert LinesForm.model_validate(form).lines == {0: 1}


@pytest.mark.parametrize("junk", ["-1", "٣", "9" * 9, "", "1e3", "100"])
async def test_junk_for_a_number_is_named_and_asks_for_nothing(open_tab, address, junk):
    tab = await open_tab(Returning, address)
    await tab.open_form()
    await submit(tab, "send", {"quantity-0": "1", "quantity-1": junk, "reason": "damaged"})
    assert tab.errors == {"lines": "This can't be read. Check it."}
    assert (tab.is_open, rows("return_request")) == (True, [])


# --- The withdrawal -------------------------------------------------------------------------------


async def test_a_guest_withdraws_in_two_steps_and_sees_the_receipt(open_tab, address):
    tab = await open_tab(Withdrawal, "/withdrawal")
    await tab.load()
    await submit(tab, "look", WHO)
    assert (tab.step, tab.offer.number, [choice.most for choice in tab.offer.choices]) == (
        "check",
        "1001",
        [2],
    )
    assert rows("return_request") == []
    await submit(tab, "confirm", {"quantity-0": "2", "note": ""})
    await submit(tab, "confirm", {"quantity-0": "2", "note": ""})
    assert (tab.step, tab.receipt.name, tab.receipt.things) == ("done", "Marta Lind", ["2 × Shoal Bowl"])
    assert len(rows("return_request")) == 1
    assert [row.kind for row in rows("letter")][-1] == "withdrawal_received"


async def test_a_guest_needs_number_address_and_name(open_tab, address):
    tab = await open_tab(Withdrawal, "/withdrawal")
    await tab.load()
    await submit(tab, "look", {"number": " "})
    assert list(tab.summary) == ["name", "number", "email"]
    assert tab.step == "form"


async def test_a_wrong_number_and_a_wrong_address_look_alike(open_tab, address):
    tab = await open_tab(Withdrawal, "/withdrawal")
    await tab.load()
    await submit(tab, "look", WHO | {"number": "1002"})
    first = tab.refused
    await submit(tab, "look", WHO | {"email": "other@example.com"})
    assert first == tab.refused == "We found no order with this number and email address. Check both, please."
    assert tab.step == "form"


async def test_nothing_is_declared_by_the_second_step_alone(open_tab, address):
    tab = await open_tab(Withdrawal, "/withdrawal")
    await tab.load()
    await submit(tab, "confirm", {"quantity-0": "2"})
    assert (tab.step, tab.receipt, rows("return_request")) == ("form", Receipt(), [])


async def test_guessing_is_limited_together_with_the_finding_of_orders(open_tab, address):
    tab = await open_tab(Withdrawal, "/withdrawal")
    await tab.load()
    sentences = []
    for _try in range(11):
        await submit(tab, "look", WHO | {"number": "999999"})
        sentences.append(tab.refused)
    assert sentences[9] != sentences[10]
    assert "too often" in sentences[10]


async def test_the_orders_page_fills_in_who_and_which(open_tab, address):
    tab = await open_tab(Withdrawal, f"/withdrawal?order={address.rsplit('/', 1)[-1]}")
    await tab.load()
    assert (tab.who.number, tab.who.email, tab.who.name) == ("1001", "marta@example.com", "Marta Lind")
    stranger = await open_tab(Withdrawal, "/withdrawal?order=nobody-holds-this")
    await stranger.load()
    assert stranger.who.number == ""


# --- Staff ----------------------------------------------------------------------------------------


async def test_staff_decide_receive_and_refund_as_who_the_guard_found(open_tab, address, monkeypatch):
    async def boss(_state: object) -> Principal:
        return BOSS

    refunds = []

    async def refund(order_id: int, request: object, key: str, by: Principal) -> None:
        refunds.append((order_id, key, by.email))

    monkeypatch.setattr(admin, "asked_by", boss)
    monkeypatch.setattr(return_goods, "refund", refund)
    shopper = await open_tab(Returning, address)
    await shopper.open_form()
    await submit(shopper, "send", {"quantity-0": "2", "reason": "damaged"})
    tab = await open_tab(ReturnAdmin, "/admin")
    await submit(tab, "send", {"return_id": "1", "form": "return-approve"})
    line = rows_of_lines()[0]
    units = {f"line-{line}": "2", f"back-{line}": "1"}
    await submit(tab, "send", {"return_id": "1", "form": "return-receive", **units})
    await submit(tab, "send", {"return_id": "1", "form": "return-refund", "key": "refund-request-0001"})
    (row,) = rows("return_request")
    assert (row.status, row.actor) == ("received", "staff:boss@example.com")
    assert rows("return_line")[0].quantity_restocked == 1
    assert refunds == [(1, "refund-request-0001", "boss@example.com")]


def test_every_handler_of_staff_needs_its_right():
    from shop_app.core.access.policy import policy_of

    policies = {name: policy_of(handler.fn) for name, handler in ReturnAdmin.event_handlers.items()}
    assert {name: policy.permission for name, policy in policies.items() if policy} == {
        "open_form": "orders.fulfil",
        "close": "orders.fulfil",
        "send": "orders.fulfil",
    }
