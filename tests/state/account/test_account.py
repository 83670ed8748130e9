"""The account's pages, by their handlers: the customer's own things, and another's are not found."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import select, update
from sqlmodel import SQLModel

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.policy import policy_of
from shop_app.core.access.principal import Principal
from shop_app.core.errors import NotFound
from shop_app.realtime import rooms
from shop_app.realtime.bus import Push
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.credit import commands as credit_commands
from shop_app.services.customers import address_book
from shop_app.services.orders import placing
from shop_app.state import pushes
from shop_app.state.account.addresses import Addresses
from shop_app.state.account.at_checkout import AtCheckout
from shop_app.state.account.credit import Credit
from shop_app.state.account.orders import Orders
from shop_app.state.account.overview import Overview
from shop_app.state.again import Again
from tests.factories import make_customer
from tests.services.test_address_book import HOME, OFFICE
from tests.state.conftest import send, submit

MANAGER = Principal("staff", 0, "manager@example.com", "Mona", "manager", BUILT_IN_ROLES["manager"])
FORM = CheckoutForm(
    **asdict(HOME), email="marta@example.com", shipping_method="standard", payment_provider="manual"
)
tables = SQLModel.metadata.tables


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch):
    """The principal, as the guard would have looked it up."""

    def as_whom(principal: Principal) -> None:
        monkeypatch.setattr("shop_app.state.base.current_principal", lambda: principal)

    return as_whom


@pytest.fixture
def me(shop, signed_in) -> Principal:
    """Marta, who is signed in."""
    marta = person("marta@example.com")
    signed_in(marta)
    return marta


def person(email: str) -> Principal:
    with db.transaction() as session:
        return Principal("customer", make_customer(session, email, "Marta Lind").id or 0, email, "Marta Lind")


def order_of(by: Principal) -> tuple[int, int]:
    """An order of two bowls in their account; its id and number."""
    with db.transaction() as session:
        key = by.shopper_key("")
        cart_commands.add(session, key, "SHOAL-BOWL", 2)
        total = checkout.save(session, key, FORM).total_minor
        placed = placing.place(session, key, FORM, expected_total_minor=total)
        orders = tables["customer_order"]
        which = orders.c.number == placed.number
        session.connection().execute(update(orders).where(which).values(customer_id=by.id))
        return session.connection().execute(select(orders.c.id).where(which)).scalar_one(), placed.number


def rows(table: str) -> list[tuple]:
    with db.reading() as session:
        return [tuple(row) for row in session.connection().execute(select(tables[table]))]


def test_every_handler_of_these_pages_is_for_customers_alone():
    for state in (Orders, Overview, Addresses, Credit):
        policies = {name: policy_of(handler.fn) for name, handler in state.event_handlers.items()}
        kinds = {name: policy.kind for name, policy in policies.items() if policy}
        assert set(kinds.values()) == {"customer"}, (state, kinds)


async def test_the_list_follows_its_address(open_tab, me):
    _id, number = order_of(me)
    tab = await open_tab(Orders, "/account/orders?q=bowl&state=open")
    await tab.load()
    assert [order.number for order in tab.view.orders] == [str(number)]
    assert (tab.text, tab.group, tab.older, tab.newer) == ("bowl", "open", "", "")
    assert [group.href for group in tab.groups][:2] == [
        "/account/orders?q=bowl",
        "/account/orders?q=bowl&state=open",
    ]

    other = await open_tab(Orders, "/account/orders?q=lamp&state=nonsense&before=%00")
    await other.load()
    assert (other.view.orders, other.view.has_any, other.group) == ([], True, "")


async def test_only_the_page_that_is_open_looks_again(open_tab, me):
    order_of(me)
    shown = await open_tab(Orders, "/account/orders")
    elsewhere = await open_tab(Orders, "/checkout")
    for tab in (shown, elsewhere):
        await send(tab, "refresh")
    assert (len(shown.view.orders), elsewhere.view.orders) == (1, [])


async def test_an_order_that_moves_is_pushed_to_its_customers_account(me, monkeypatch):
    order_id, _number = order_of(me)
    sent: list[Push] = []
    monkeypatch.setattr(pushes, "bus", lambda: type("Bus", (), {"publish": staticmethod(sent.append)}))
    await pushes.publish(pushes.Changes(orders={order_id}))
    own = [push for push in sent if push.room.startswith(rooms.ACCOUNT)]
    assert [(push.room, len(push.ask), push.patch) for push in own] == [(f"account:{me.id}", 2, {})]


async def test_the_overview_shows_the_latest_orders_addresses_and_credit(open_tab, me):
    tab = await open_tab(Overview, "/account")
    await tab.load()
    assert (tab.orders.orders, tab.addresses, tab.credit, tab.loaded) == ([], [], "", True)

    order_of(me)
    with db.transaction() as session:
        home = address_book.save(session, me, HOME)
        address_book.save(session, me, OFFICE)
    await tab.load()
    assert len(tab.orders.orders) == 1
    assert ([one.id for one in tab.addresses], tab.has_addresses) == ([home], True)


async def test_an_order_is_ordered_again_by_its_customer_alone(open_tab, me, signed_in):
    _id, number = order_of(me)
    tab = await open_tab(Again, "/account/orders")
    await send(tab, "of_account", number=str(number))
    assert (tab.view.number, tab.view.taken, tab.view.lines[0].title) == (str(number), 1, "Shoal Bowl")

    signed_in(person("other@example.com"))
    before = rows("cart_line")
    for typed in (str(number), "", "x", "#1"):
        stranger = await open_tab(Again, "/account/orders")
        with pytest.raises(NotFound):
            await send(stranger, "of_account", number=typed)
        assert stranger.view.lines == []
    assert rows("cart_line") == before


async def test_addresses_are_added_edited_and_deleted(open_tab, me):
    tab = await open_tab(Addresses, "/account/addresses")
    await tab.load()
    await send(tab, "add")
    assert (tab.is_open, tab.form.country, [one.name for one in tab.fields][:2]) == (
        True, "DE", ["given_name", "family_name"],
    )  # fmt: skip
    await send(tab, "move", country="US")
    assert "region" in [one.name for one in tab.fields]
    await submit(tab, "save", asdict(HOME) | {"postal_code": ""})
    assert (list(tab.errors), tab.kept, tab.is_open) == (["postal_code"], [], True)
    await submit(tab, "save", asdict(HOME))
    assert (tab.is_open, [one.is_default for one in tab.kept]) == (False, [True])

    await send(tab, "edit", address=str(tab.kept[0].id))
    assert (tab.form.line1, tab.edited) == ("Oranienstraße 18", tab.kept[0].id)
    await submit(tab, "save", asdict(HOME) | {"line1": "Skalitzer Straße 1"})
    assert [one.form.line1 for one in tab.kept] == ["Skalitzer Straße 1"]
    await send(tab, "ask_to_delete", address=tab.kept[0].id)
    await send(tab, "delete", address=tab.kept[0].id)
    assert (tab.kept, tab.asked, rows("address")) == ([], 0, [])


async def test_another_ones_address_is_not_found(open_tab, me, signed_in):
    with db.transaction() as session:
        theirs = address_book.save(session, me, HOME)
    before = rows("address")
    signed_in(person("other@example.com"))
    tab = await open_tab(Addresses, "/account/addresses")
    for handler, more in (("edit", {}), ("delete", {}), ("make_default", {"use": "billing"})):
        with pytest.raises(NotFound):
            await send(tab, handler, address=theirs, **more)
    at_checkout = await open_tab(AtCheckout, "/checkout")
    with db.transaction() as session:
        cart_commands.add(session, "customer:2", "SHOAL-BOWL", 1)
    with pytest.raises(NotFound):
        await send(at_checkout, "choose", address=theirs)
    assert (tab.form.line1, at_checkout.chosen) == ("", 0)
    assert rows("address") == before


async def test_a_gift_card_is_redeemed_and_a_wrong_code_says_so_at_its_field(open_tab, me):
    with db.transaction() as session:
        issued = credit_commands.issue(session, 2000, by=MANAGER, request_key="one")
    tab = await open_tab(Credit, "/account/credit")
    await tab.load()
    await submit(tab, "redeem", {"credit": "nothing of ours"})
    assert (list(tab.errors), tab.view.total) == (["credit"], "")
    await submit(tab, "redeem", {"credit": issued.code})
    assert (tab.errors, tab.view.total, len(tab.view.accounts)) == ({}, "€20.00", 1)


async def test_checkout_offers_guests_nothing_of_an_account(open_tab, shop):
    tab = await open_tab(AtCheckout, "/checkout")
    await tab.load()
    assert (tab.signed_in, tab.addresses, tab.credits) == (False, [], [])


async def test_the_first_visit_to_checkout_is_filled_in_and_what_was_typed_stays(open_tab, me):
    key = me.shopper_key("")
    with db.transaction() as session:
        cart_commands.add(session, key, "SHOAL-BOWL", 1)
        address_book.save(session, me, HOME)
        office = address_book.save(session, me, OFFICE)
        address_book.make_default(session, me, office, "billing")
    tab = await open_tab(AtCheckout, "/checkout")
    await tab.load()
    with db.reading() as session:
        first = checkout.view(session, key)
    assert (first.form.email, first.form.line1, first.form.billing) == (me.email, "Oranienstraße 18", "other")
    assert (first.form.billing_line1, first.knows_who) == ("Am Speicher 4", True)

    with db.transaction() as session:
        checkout.save(session, key, CheckoutForm(given_name="Someone", country="DE", note="Ring twice"))
    await tab.load()
    await send(tab, "choose", address=office)
    with db.reading() as session:
        then = checkout.view(session, key)
    assert (then.form.line1, then.form.country, then.form.note) == ("Am Speicher 4", "AT", "Ring twice")
    assert (then.cart.country, tab.chosen, tab.turns) == ("AT", office, 1)


async def test_an_address_that_was_typed_at_checkout_is_kept_or_changes_the_chosen_one(open_tab, me):
    with db.transaction() as session:
        cart_commands.add(session, me.shopper_key(""), "SHOAL-BOWL", 1)
    tab = await open_tab(AtCheckout, "/checkout")
    await submit(tab, "keep_new", asdict(HOME) | {"email": me.email})
    assert ([one.form.line1 for one in tab.addresses], tab.chosen) == (
        ["Oranienstraße 18"],
        tab.addresses[0].id,
    )
    await submit(tab, "keep_changed", asdict(HOME) | {"email": me.email, "line1": "Skalitzer Straße 1"})
    assert [one.form.line1 for one in tab.addresses] == ["Skalitzer Straße 1"]


async def test_own_credit_pays_at_checkout(open_tab, me):
    key = me.shopper_key("")
    with db.transaction() as session:
        cart_commands.add(session, key, "SHOAL-BOWL", 1)
        issued = credit_commands.issue(session, 500, by=MANAGER, request_key="one")
    credit = await open_tab(Credit, "/account/credit")
    await submit(credit, "redeem", {"credit": issued.code})
    tab = await open_tab(AtCheckout, "/checkout")
    await tab.load()
    assert [one.balance for one in tab.credits] == ["€5.00"]
    await send(tab, "use_credit", account=tab.credits[0].id)
    with db.reading() as session:
        assert checkout.view(session, key).credit_ids == [issued.account_id]
    with pytest.raises(NotFound):
        await send(tab, "use_credit", account=999)
