"""Claims: orders that were placed as a guest are in the account whose verified address they were placed with.

They join when the address is verified, or when they are placed later; they leave when it isn't the account's
address any more. An order that was placed while signed in stays with the account that placed it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.events import AccountAddressChanged
from ...models import Customer, table_of
from .queries import order

_customer = table_of(Customer)
_verified_email = (
    select(_customer.c.email)
    .where(_customer.c.id == bindparam("customer"), _customer.c.verified_at.is_not(None))
    .scalar_subquery()
)
_CLAIM = (
    update(order)
    .where(order.c.email == _verified_email, order.c.customer_id.is_(None))
    .values(customer_id=bindparam("customer"), claimed_at=bindparam("at"))
)
_RELEASE = (
    update(order)
    .where(
        order.c.customer_id == bindparam("customer"),
        order.c.claimed_at.is_not(None),
        order.c.email.is_distinct_from(_verified_email),
    )
    .values(customer_id=None, claimed_at=None)
)
_ACCOUNT_OF = (
    select(_customer.c.id)
    .join(order, order.c.email == _customer.c.email)
    .where(
        order.c.id == bindparam("order"),
        order.c.customer_id.is_(None),
        _customer.c.verified_at.is_not(None),
    )
)
_CLAIM_ONE = (
    update(order)
    .where(order.c.id == bindparam("order_id"))
    .values(customer_id=bindparam("customer"), claimed_at=bindparam("at"))
)
_KEPT = select(order.c.customer_id, order.c.claimed_at, order.c.email).where(
    order.c.token == bindparam("token")
)


def claim(session: Session, customer_id: int) -> int:
    """Give the account all guest orders of its address, once that is verified; how many have joined.

    Doing it twice is doing it once.
    """
    values = {"customer": customer_id, "at": now()}
    return session.connection().execute(_CLAIM, values).rowcount


def claim_one(session: Session, order_id: int) -> None:
    """Give an order that was just placed, or has its address only now, to the account of that address."""
    connection = session.connection()
    customer_id: Any = connection.execute(_ACCOUNT_OF, {"order": order_id}).scalar()
    if customer_id is not None:
        connection.execute(_CLAIM_ONE, {"order_id": order_id, "customer": customer_id, "at": now()})


def can_be_kept(session: Session, token: str, by: Principal) -> bool:
    """Whether whoever looks at an order can have it in the account of its address, by signing in there."""
    row = session.connection().execute(_KEPT, {"token": token}).first()
    if row is None or not row.email or by.kind == "staff":
        return False
    in_own = by.kind == "customer" and row.customer_id == by.id
    return not in_own and (row.customer_id is None or row.claimed_at is not None)


def follow_address(session: Session, event: AccountAddressChanged) -> None:
    """Orders of the former address leave the account, those of the present one join."""
    session.flush()
    session.connection().execute(_RELEASE, {"customer": event.customer_id})
    claim(session, event.customer_id)
