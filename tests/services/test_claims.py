"""Guest orders and accounts: which orders are in the account of their address, since when and until when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, select

from shop_app.core import events
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.models import Customer, Order
from shop_app.providers.payments.base import Shopper
from shop_app.services import joining
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.orders import claims, placing, shopper
from tests.factories import add, key_hash, make_basics, make_product

pytestmark = pytest.mark.both
EMAIL = "marta@example.com"
FORM = CheckoutForm(
    email="Marta@Example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="manual",
)


@pytest.fixture(autouse=True)
def _shop(session: Session) -> None:
    make_basics(session)
    make_product(session, "Shoal Bowl", price_minor=2780, stock=30)


def account(session: Session, email: str = EMAIL, *, verified: bool = True) -> int:
    row = add(session, Customer(email=email, verified_at=now() if verified else None))
    assert row.id
    return row.id


def place(session: Session, visitor: str = "a visitor", form: CheckoutForm = FORM) -> int:
    cart_commands.add(session, key_hash(visitor), "SHOAL-BOWL", 1)
    total_minor = checkout.view(session, key_hash(visitor)).total_minor
    placed = placing.place(session, key_hash(visitor), form, expected_total_minor=total_minor)
    return placed.order_id


def owner(session: Session, order_id: int) -> tuple[int | None, bool]:
    """Whose order it is, and whether that account has it by its address."""
    session.expire_all()
    order = session.get_one(Order, order_id)
    return order.customer_id, order.claimed_at is not None


def test_orders_join_when_the_address_is_verified_and_not_before(session: Session, clock: Any):
    customer_id, order_id = account(session, verified=False), place(session)
    other = place(session, "another", replace(FORM, email="other@example.com"))
    assert claims.claim(session, customer_id) == 0
    assert owner(session, order_id) == (None, False)
    session.get_one(Customer, customer_id).verified_at = now()
    session.flush()
    joining.join(session, customer_id, "")
    assert claims.claim(session, customer_id) == 0, "twice is once"
    assert owner(session, order_id) == (customer_id, True)
    assert owner(session, other) == (None, False)


def test_later_orders_join_as_they_are_placed(session: Session, clock: Any):
    customer_id = account(session)
    assert owner(session, place(session)) == (customer_id, True)
    assert owner(session, place(session, "two", replace(FORM, email="x@example.com"))) == (None, False)
    session.get_one(Customer, customer_id).verified_at = None
    session.flush()
    assert owner(session, place(session, "three")) == (None, False)


def test_an_express_order_joins_once_its_payment_tells_the_address(session: Session, clock: Any):
    customer_id, order_id = account(session), place(session)
    order = session.get_one(Order, order_id)
    order.email, order.customer_id, order.claimed_at = "", None, None
    order.ship_to, order.bill_to = {"country": "DE"}, {}
    session.flush()
    told = Shopper("MARTA@example.com", "Marta Lind", "Weg 1", "", "10999", "Berlin", "", "DE")
    shopper.fill_in(session, order_id, told)
    assert owner(session, order_id) == (customer_id, True)


def test_guest_orders_leave_with_the_address_and_one_s_own_stay(session: Session, clock: Any):
    customer_id, guest, own = account(session), place(session), place(session, "two")
    session.get_one(Order, own).claimed_at = None  # As one that was placed while signed in.
    next_one = place(session, "three", replace(FORM, email="new@example.com"))
    session.get_one(Customer, customer_id).email = "new@example.com"
    events.publish(session, events.AccountAddressChanged(customer_id))
    assert owner(session, guest) == (None, False)
    assert owner(session, own) == (customer_id, False)
    assert owner(session, next_one) == (customer_id, True)
    # Whoever has the address now gets its guest orders, and nobody else's.
    later = account(session)
    events.publish(session, events.AccountAddressChanged(later))
    assert owner(session, guest) == (later, True)
    assert owner(session, own) == (customer_id, False)


def test_an_order_can_be_kept_until_it_is_in_one_s_account(session: Session, clock: Any):
    order_id = place(session)
    token = session.exec(select(Order.token)).one()
    ada = Principal("customer", account(session, "ada@example.com"), "ada@example.com")
    staff = Principal("staff", 1, "s@example.com")
    assert claims.can_be_kept(session, token, NOBODY)
    assert claims.can_be_kept(session, token, ada)
    assert not claims.can_be_kept(session, token, staff)
    assert not claims.can_be_kept(session, "no such token", NOBODY)
    marta = Principal("customer", account(session), EMAIL)
    claims.claim(session, marta.id)
    assert not claims.can_be_kept(session, token, marta)
    assert claims.can_be_kept(session, token, NOBODY), "its owner isn't signed in here"
    order = session.get_one(Order, order_id)
    order.claimed_at = None
    session.flush()
    assert not claims.can_be_kept(session, token, NOBODY), "somebody's who placed it while signed in"
