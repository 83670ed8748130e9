"""What customers do with how they sign in: their password, their passkeys, and the sessions that are open.

Each change needs a fresh proof of who they are, and a letter tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import NotFound
from ...core.i18n import _
from ...models import Customer
from . import email_changes, notices, open_sessions, passkeys, sign_in_codes, ways_in
from .open_sessions import SessionView
from .passkeys import PasskeyView
from .passwords import Hashed


@dataclass(frozen=True, slots=True)
class SecurityView:
    """How one signs in, without anything secret."""

    email: str = ""
    new_email: str = ""
    """The address that this browser is asked for the code of, "" for none."""
    has_password: bool = False
    is_fresh: bool = False
    passkeys: list[PasskeyView] = field(default_factory=list)
    sessions: list[SessionView] = field(default_factory=list)


def view(session: Session, by: Principal, visitor_hash: str) -> SecurityView:
    """The page of one's own account that says how one signs in."""
    customer = session.get_one(Customer, by.id)
    return SecurityView(
        customer.email,
        email_changes.pending(session, by, visitor_hash),
        has_password=customer.password_hash is not None,
        is_fresh=open_sessions.fresh(session, by.session_id),
        passkeys=passkeys.of(session, by.id, kind="customer"),
        sessions=open_sessions.of(session, by),
    )


def set_password(session: Session, by: Principal, password: Hashed) -> str:
    """A password, also in place of another one; all other sessions end. This session's new key.

    Errors  NotFound where the session has ended meanwhile; ProveAgain.
    """
    customer = ways_in.own(session, by)
    change = "changed" if customer.password_hash else "set"
    customer.password_hash = password.text
    session.flush()
    open_sessions.forget(session, by.id, but=by.session_id, kind="customer")
    notices.tell(session, customer.email, "customer_password_changed", change=change)
    return open_sessions.prove_again(session, by)


def ask_code(session: Session, by: Principal, visitor_hash: str) -> None:
    """Send a code to the account's address, by which this browser proves again who is signed in."""
    sign_in_codes.ask(session, by.email, visitor_hash)


def prove_by_letter(session: Session, by: Principal, code: str, visitor_hash: str) -> str:
    """Take that code; the session's new key, "" for a wrong one, which has cost a try: commit that too.

    Errors  NotFound where the session has ended.
    """
    right = sign_in_codes.use(session, by.email, visitor_hash, code)
    return open_sessions.prove_again(session, by) if right else ""


def add_passkey(session: Session, by: Principal, answer: Any, visitor_hash: str, name: str) -> None:
    """Keep the passkey that the browser made.

    Errors  NotFound where the session has ended; ProveAgain; as `passkeys.add`.
    """
    customer = ways_in.own(session, by)
    passkeys.add(session, by, answer, visitor_hash, name)
    notices.tell(session, customer.email, "customer_passkey_changed", change="added")


def remove_password(session: Session, by: Principal) -> None:
    """Have no password any more: a code by mail and passkeys still sign in.

    Errors  NotFound where there is none, or the session has ended; ProveAgain.
    """
    customer = ways_in.own(session, by)
    if customer.password_hash is None:
        raise NotFound(_("You have no password."))
    customer.password_hash = None
    session.flush()
    notices.tell(session, customer.email, "customer_password_changed", change="removed")


def remove_passkey(session: Session, by: Principal, passkey_id: int) -> None:
    """Take one of one's own passkeys away.

    Errors  NotFound; ProveAgain.
    """
    customer = ways_in.own(session, by)
    passkeys.remove(session, by, passkey_id)
    notices.tell(session, customer.email, "customer_passkey_changed", change="removed")


def end_session(session: Session, by: Principal, session_id: int) -> None:
    """End one of one's own sessions.

    Errors  NotFound where it isn't theirs, or has ended; ProveAgain.
    """
    ways_in.own(session, by)
    open_sessions.end(session, by, session_id)


def end_others(session: Session, by: Principal) -> int:
    """End all of one's own sessions but this one; how many those were.

    Errors  NotFound where this one has ended meanwhile; ProveAgain.
    """
    ways_in.own(session, by)
    return open_sessions.end_others(session, by)
