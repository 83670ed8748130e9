"""The ways into a customer's account: whose they are, and that nobody's are left but the owner's.

The row of the account is locked first by whatever adds a way in or takes them all away, so that none is added
while they go.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col, select

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...models import (
    Address,
    Customer,
    EmailChange,
    KnownBrowser,
    LoginSession,
    Passkey,
    table_of,
)
from . import open_sessions, sign_in_codes

_changes = table_of(EmailChange)


def locked(session: Session, customer_id: int) -> Customer:
    """The account's row as it is now; others who change how one gets in wait.

    Errors  NotFound where there is no such account any more.
    """
    statement = select(Customer).where(Customer.id == customer_id).with_for_update()
    customer = session.exec(statement.execution_options(populate_existing=True)).first()
    if customer is None:
        raise NotFound(_("You are signed out. Sign in again."))
    return customer


class ProveAgain(Conflict):
    """Whoever is signed in has to prove first that it is still them."""

    code = "prove_again"

    def __init__(self) -> None:
        super().__init__(_("Confirm that it is you."))


def own(session: Session, by: Principal, *, fresh: bool = True) -> Customer:
    """The account of whoever is signed in, locked, for changing how one gets in.

    fresh  whether they have to have proven who they are lately

    Errors  NotFound where the session has ended meanwhile; ProveAgain.
    """
    customer = locked(session, by.id if by.kind == "customer" else 0)
    statement = select(LoginSession.id).where(
        LoginSession.id == by.session_id, LoginSession.customer_id == customer.id
    )
    if session.exec(statement).first() is None:
        raise NotFound(_("You are signed out. Sign in again."))
    if fresh and not open_sessions.fresh(session, by.session_id):
        raise ProveAgain
    return customer


def verified(session: Session, customer_id: int) -> None:
    """Note that somebody has just proven that the account's address is theirs; for the sign-in to call
    before it opens their session.

    The first time, whatever somebody else may have prepared goes: password, passkeys, sessions, codes, a
    change of the address, and the addresses that they wanted goods sent to. Guest orders join from now on.
    """
    customer = locked(session, customer_id)
    if customer.verified_at is not None:
        return
    remove_all(session, customer)
    session.connection().execute(delete(Address).where(col(Address.customer_id) == customer_id))
    customer.verified_at = now()
    session.flush()
    events.publish(session, events.AccountAddressChanged(customer_id))


def remove_all(session: Session, customer: Customer) -> None:
    """End every way into the account but a code to its address."""
    customer.password_hash = None
    session.flush()
    connection = session.connection()
    for table in (LoginSession, Passkey, KnownBrowser):
        connection.execute(delete(table).where(table_of(table).c.customer_id == customer.id))
    pending = _changes.c.confirmed_at.is_(None)
    connection.execute(delete(EmailChange).where(_changes.c.customer_id == customer.id, pending))
    sign_in_codes.forget(session, customer.email)
