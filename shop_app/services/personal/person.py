"""Whose data it is: an account, e-mail addresses, and how rows of either are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, cast, false, or_, select
from sqlmodel import Session

from ...core.email_addresses import normal_email
from ...core.errors import Invalid, NotFound
from ...core.i18n import _
from ...models import Cart, CreditAccount, Customer, Order, Payment, Refund, table_of

_customer, _order, _cart = table_of(Customer), table_of(Order), table_of(Cart)
_payment, _refund, _credit = table_of(Payment), table_of(Refund), table_of(CreditAccount)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone by their account (0 for none) and the addresses that are certainly theirs.

    Its methods are the ids of what is theirs, as subqueries, so that a big account needs no long lists.
    """

    customer_id: int
    emails: tuple[str, ...]

    def has_email(self, column: Any) -> ColumnElement[bool]:
        return column.in_(self.emails) if self.emails else false()

    def has_account(self, column: Any) -> ColumnElement[bool]:
        return column == self.customer_id if self.customer_id else false()

    def has_key(self, column: Any) -> ColumnElement[bool]:
        """Rows that are found by the account's key as a shopper."""
        return column == f"customer:{self.customer_id}" if self.customer_id else false()

    def either(self, table: Any) -> ColumnElement[bool]:
        """Rows of a table with both `customer_id` and `email`."""
        return or_(self.has_account(table.c.customer_id), self.has_email(table.c.email))

    def orders(self, column: Any = _order.c.id) -> Any:
        return select(column).where(self.either(_order))

    def order_numbers(self) -> Any:
        return self.orders(cast(_order.c.number, String))

    def carts(self) -> Any:
        ordered = _cart.c.id.in_(self.orders(_order.c.cart_id))
        return select(_cart.c.id).where(
            or_(self.has_account(_cart.c.customer_id), self.has_key(_cart.c.key_hash), ordered)
        )

    def payments(self) -> Any:
        return select(_payment.c.id).where(_payment.c.order_id.in_(self.orders()))

    def refunded_orders(self, condition: ColumnElement[bool]) -> Any:
        """Ids of their orders with such a refund."""
        of_payment = select(_payment.c.order_id).join(_refund, _refund.c.payment_id == _payment.c.id)
        return of_payment.where(_payment.c.order_id.in_(self.orders()), condition)

    def credit(self) -> Any:
        return select(_credit.c.id).where(self.either(_credit))


def of_customer(session: Session, customer_id: int) -> Person:
    """The person of an account; its address counts once it is verified: until then it may be another's.

    Errors  NotFound.
    """
    row = session.get(Customer, customer_id)
    if row is None:
        raise NotFound(_("There is no such account."))
    return Person(customer_id, (row.email,) if row.verified_at else ())


def of_email(session: Session, typed: str) -> Person:
    """The person of an address, of whom staff have made sure, with their account where there is one.

    Errors  Invalid for what is no e-mail address; NotFound where nothing is kept about it.
    """
    email = normal_email(typed)
    if not email:
        raise Invalid(_("Enter an e-mail address like name@example.com."), field="email")
    account = session.connection().execute(select(_customer.c.id).where(_customer.c.email == email)).scalar()
    return Person(account or 0, (email,))
