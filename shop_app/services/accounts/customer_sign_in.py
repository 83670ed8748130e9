"""How customers get in: by a code or a link from a letter, by a password, by a passkey. None of it tells
which addresses have an account.

The first right code makes the account, and says that its owner reads the letters to its address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.upsert import Insert, upsert
from ...models import Customer, table_of
from . import passkeys, sessions, sign_in_codes, tickets, ways_in
from .browsers import Browser

STEP = "customer-sign-in"
STEP_MINUTES = 30

_customer = table_of(Customer)
SignedIn = tuple[str, Principal]
"""A session's key, for the cookie alone, and whose it is."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in whose address was typed. `target` is where it leads."""

    email: str = ""
    target: str = ""


def begin(email: str, visitor_hash: str, target: str) -> str:
    """The ticket for the browser's cookie.

    Errors  Expired for a browser without cookies.
    """
    return tickets.for_minutes(STEP, visitor_hash, STEP_MINUTES, e=email, t=target)


def read(ticket: str, visitor_hash: str) -> Begun:
    """What was begun.

    Errors  Expired.
    """
    values = tickets.read(STEP, ticket, visitor_hash)
    return Begun(values["e"], values["t"])


def by_code(session: Session, email: str, code: str, browser: Browser) -> SignedIn | None:
    """Sign in by the digits of the letter; None for a wrong code, which has cost a try: commit that too."""
    right = sign_in_codes.use(session, email, browser.visitor_hash, code)
    return _of_address(session, email, browser) if right else None


def by_link(session: Session, token: str, browser: Browser) -> SignedIn | None:
    """Sign in by the button behind the letter's link; None in another browser, or where it is over."""
    email = sign_in_codes.use_link(session, token, browser.visitor_hash)
    return _of_address(session, email, browser) if email else None


def by_passkey(session: Session, answer: Any, browser: Browser) -> SignedIn:
    """Sign in by a passkey's answer.

    Errors  Expired; WrongPasskey, also where the account is blocked.
    """
    customer_id = passkeys.prove(session, answer, "sign-in", browser.visitor_hash, kind="customer")
    customer = session.get_one(Customer, customer_id)
    if customer.blocked_at:
        raise passkeys.WrongPasskey
    return sessions.open_for_customer(session, customer, browser)


def _of_address(session: Session, email: str, browser: Browser) -> SignedIn | None:
    """A session of the account with that address, whose owner has just read a letter to it; made at first."""
    session.connection().execute(
        _make_once(session), {"email": email, "name": "", "created_at": now(), "version": 1}
    )
    customer = session.exec(select(Customer).where(Customer.email == email)).one()
    if customer.blocked_at:
        return None
    ways_in.verified(session, customer.id or 0)
    return sessions.open_for_customer(session, customer, browser)


@upsert(_customer)
def _make_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_customer.c.email])
