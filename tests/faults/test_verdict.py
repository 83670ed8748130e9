"""The verdict of the kill harness: each lie in the books is found, and the truth passes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from shop_app.core import db
from shop_app.core.shop import shop
from shop_app.services.cart import commands as cart_commands
from shop_app.services.credit import commands as credit_commands
from shop_app.services.payments import commands as payment_commands
from shop_app.workflows import pay
from tests.faults import money_rules, returning, staff
from tests.faults.provider_books import ProviderBooks
from tests.paying import FORM, ME, World, make_world, rows

DISPUTED = "4000000000000259"
_AGAIN = """INSERT INTO credit_entry (account_id, kind, amount_minor, request_key, payment_id, refund_id,
    note, actor, at) SELECT account_id, kind, amount_minor, 'again', payment_id, refund_id, note, actor, at
    FROM credit_entry """
LIES = {
    "are authorised, the shop's": "UPDATE payment SET amount_minor = 1 WHERE state = 'authorized'"
    " AND provider = 'stripe'",
    "are authorised, order": "UPDATE customer_order SET status = 'cancelled'"
    " WHERE payment_status = 'authorized'",
    "of which the provider holds nothing": "UPDATE payment SET state = 'authorized' WHERE provider = 'stripe'"
    " AND state = 'captured'",
    "its entries at": "UPDATE credit_account SET balance_minor = balance_minor + 1",
    "was issued 0 times": "DELETE FROM credit_entry WHERE kind = 'issued'",
    "was issued with": "UPDATE credit_entry SET amount_minor = amount_minor + 1 WHERE kind = 'issued'",
    "its credit was spent 2 times": _AGAIN + "WHERE kind = 'spent'",
    "was given as credit 2 times": _AGAIN + "WHERE kind = 'refunded'",
    "are there": "UPDATE refund SET amount_minor = amount_minor + 1 WHERE destination = 'credit'",
    "are set aside for it": "UPDATE customer_order SET payment_status = 'none' WHERE payment_status ="
    " 'authorized'",
    "the shop says": "UPDATE dispute SET status = 'won'",
    "the provider doesn't": "UPDATE dispute SET provider_reference = 'du_ours'",
    "of the dispute": "UPDATE customer_order SET status = 'cancelled' WHERE payment_status = 'disputed'",
    "its disputes are": "UPDATE customer_order SET payment_status = 'paid' WHERE payment_status = 'disputed'",
    "is received, and was refunded by": "UPDATE return_request SET status = 'received'",
    "units was refunded for": "UPDATE refund_line SET quantity = quantity + 1",
    "are back": "UPDATE return_line SET quantity_received = 0, quantity_restocked = 0",
}
"""Part of the sentence that is expected -> the lie."""


@pytest.fixture
def world(engine, tmp_path, monkeypatch) -> World:
    """An order that is authorised beside a gift card, one that is disputed, one of which a unit came back."""
    world = make_world(tmp_path)
    for name, card in (("disputed", DISPUTED), ("returned", "4242424242424242")):
        world.enter_card(world.pay(), card)
        world.deliver()
        assert rows("customer_order")[-1].payment_status in ("disputed", "paid"), name
    token = rows("customer_order")[-1].token
    asyncio.run(_return_goods(token))
    monkeypatch.setattr(payment_commands, "shop", lambda: replace(shop(), capture="at_fulfilment"))
    total = world.fill_cart()
    with db.transaction() as session:
        issued = credit_commands.issue(session, 500, by=staff.CLERK, request_key="card-500")
        cart_commands.apply_credit(session, ME, issued.code)
    world.enter_card(asyncio.run(pay.pay(ME, FORM, total, expected_credit_minor=500)))
    world.deliver()
    return world


async def _return_goods(token: str) -> None:
    await staff.send(token=token, key="shipment")
    await returning.send_back(token=token, key="a-return-of-ours")
    await returning.receive(key="a-return-of-ours", fit=True)
    await returning.pay_back(key="a-return-of-ours", to_credit=True)


def violations(provider_books: ProviderBooks, lie: str = "") -> list[str]:
    """The verdict on the books with that lie in them, which is rolled back at once."""
    with db.engine().connect() as connection:
        if lie:
            assert connection.execute(text(lie)).rowcount
        return money_rules.judge(provider_books, lambda sql: list(connection.execute(text(sql)).mappings()))


def test_every_lie_is_found_and_the_truth_passes(world, tmp_path):
    provider_books = ProviderBooks.read(tmp_path / "sandbox.db")

    assert violations(provider_books) == []
    assert (len(provider_books.authorised), len(provider_books.voided)) == (1, 0)
    for expected, lie in LIES.items():
        assert any(expected in sentence for sentence in violations(provider_books, lie)), (
            expected,
            violations(provider_books, lie),
        )
    assert violations(provider_books) == []


def test_money_that_the_provider_voided_unseen_is_found(world, tmp_path):
    provider_books = ProviderBooks.read(tmp_path / "sandbox.db")
    (held,) = [one for one in provider_books.things["payment_intent"] if one["status"] == "requires_capture"]
    held["status"] = "canceled"

    assert any("was voided, the shop's payments say" in sentence for sentence in violations(provider_books))
    assert any("of which the provider holds nothing" in sentence for sentence in violations(provider_books))
