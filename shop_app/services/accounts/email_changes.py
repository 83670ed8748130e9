"""Changes of the e-mail address of a customer's account: asked for, confirmed at the new one, taken back.

A code goes to the new address; it counts for ten minutes, in the browser that asked, and once. From then on
the old address has a link, for `UNDO_HOURS`, that takes the account back and ends all sessions.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete
from sqlmodel import Session, col, select

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.settings import settings
from ...models import Customer, EmailChange
from . import notices, open_sessions, tickets, ways_in
from .sessions import clean_email

MINUTES, TRIES, UNDO_HOURS = 10, 5, 72
STEP, LETTER = "email-undo", "customer_email_code"
PATH = "/account/email-undo"


def ask(session: Session, by: Principal, email: str, visitor_hash: str) -> None:
    """Send a code to the new address; what was asked for before doesn't count any more.

    An address that another account has gets a letter that says so instead, and the answer is the same.

    Errors  Invalid for an address that can't be used; NotFound where the session has ended; ProveAgain.
    """
    customer = ways_in.own(session, by)
    address = clean_email(email)
    if address == customer.email:
        raise Invalid(_("That is your address already."), field="email")
    if not visitor_hash:
        raise tickets.Expired
    _drop_pending(session, by.id)
    change = EmailChange(
        customer_id=by.id,
        old_email=customer.email,
        new_email=address,
        visitor_hash=visitor_hash,
        seed=secrets.token_urlsafe(16),
        tries_left=TRIES,
        expires_at=now() + timedelta(minutes=MINUTES),
    )
    session.add(change)
    session.flush()
    if _account_of(session, address):
        notices.tell(session, address, "customer_email_taken")
    else:
        notices.tell(session, address, LETTER, change=str(change.id), seed=change.seed)


def pending(session: Session, by: Principal, visitor_hash: str) -> str:
    """The new address whose code this browser is asked for, "" for none."""
    change = _pending(session, by, visitor_hash)
    return change.new_email if change else ""


def drop(session: Session, by: Principal) -> None:
    """Leave the address as it is."""
    _drop_pending(session, by.id)


def code_of(data: Mapping[str, Any]) -> str:
    """The six digits, from what the row of their letter says."""
    said = f"change of an address:{data['change']}:{data['seed']}".encode()
    digest = hmac.digest(settings().signing_key.encode(), said, "sha256")
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06}"


def confirm(session: Session, by: Principal, code: str, visitor_hash: str) -> bool:
    """Take the code: the account has the new address then, and its other sessions end.

    False for a wrong one, which is counted: so this changes something although nothing came of it.

    Errors  Conflict where nothing is asked for in this browser any more; NotFound where the session ended.
    """
    customer = ways_in.own(session, by, fresh=False)
    change = _pending(session, by, visitor_hash)
    if change is None:
        raise Conflict(_("That took too long, or was begun in another browser. Ask for a new code."))
    change.tries_left -= 1
    right = code_of({"change": str(change.id), "seed": change.seed})
    typed = "".join(code.split())
    # An address that is taken by now gives the same answer as a wrong code.
    if not hmac.compare_digest(typed.encode(), right.encode()) or _account_of(session, change.new_email):
        return False
    change.confirmed_at = now()
    open_sessions.forget(session, by.id, but=by.session_id, kind="customer")
    _set_address(session, customer, change.new_email)
    notices.tell(session, change.old_email, "customer_email_changed", **_undo_data(change))
    notices.tell(session, change.new_email, "customer_email_confirmed")
    return True


def _undo_data(change: EmailChange) -> dict[str, str]:
    assert change.confirmed_at
    until = change.confirmed_at + timedelta(hours=UNDO_HOURS)
    return {"change": str(change.id), "until": until.isoformat()}


def undo_link(data: Mapping[str, Any]) -> str:
    """The address in the letter to the old address, from what its row says."""
    until = datetime.fromisoformat(data["until"])
    ticket = tickets.issue(STEP, tickets.ANY_BROWSER, until, c=int(data["change"]))
    return f"{settings().public_url}{PATH}/{ticket}"


@dataclass(frozen=True, slots=True)
class UndoView:
    """What the page of the link says: whether it can be taken back, was, or can't be any more."""

    ticket: str = ""
    state: Literal["open", "done", "over"] = "over"
    problem: str = ""


def undo_view(session: Session, ticket: str) -> UndoView:
    """What the link would do; looking changes nothing, and the page names no address."""
    try:
        change = _change_of(session, ticket)
    except tickets.Expired:
        return UndoView()
    if change.undone_at:
        return UndoView(ticket, "done")
    return UndoView(ticket, "open", str(_Taken()) if _is_taken(session, change) else "")


def undo(session: Session, ticket: str) -> None:
    """Give the account its old address back, and end every other way in: whoever reads the old address's
    letters signs in by a code.

    Later changes are undone along with it. Doing it twice is doing it once.

    Errors  Expired after `UNDO_HOURS`, or for what is no such link; Conflict where the old address has an
            account of its own by now.
    """
    change = _change_of(session, ticket)
    customer = ways_in.locked(session, change.customer_id)
    session.refresh(change)
    if change.undone_at:
        return
    if _is_taken(session, change):
        raise _Taken
    left = customer.email
    for later in session.exec(
        select(EmailChange).where(
            EmailChange.customer_id == change.customer_id, col(EmailChange.id) >= change.id
        )
    ):
        later.undone_at = now()
    ways_in.remove_all(session, customer)
    _set_address(session, customer, change.old_email)
    for address in {change.old_email, left}:
        notices.tell(session, address, "customer_email_undone")


class _Taken(Conflict):
    def __init__(self) -> None:
        super().__init__(
            _("This address has another account by now. Write to us, and we bring the two together.")
        )


def _is_taken(session: Session, change: EmailChange) -> bool:
    """Whether somebody made another account with the old address meanwhile, by a code that came there."""
    return _account_of(session, change.old_email) not in (None, change.customer_id)


def _change_of(session: Session, ticket: str) -> EmailChange:
    data = tickets.read(STEP, ticket, "")
    change = session.get(EmailChange, data["c"])
    if change is None or change.confirmed_at is None:
        raise tickets.Expired
    return change


def _set_address(session: Session, customer: Customer, address: str) -> None:
    # What comes with an address was never theirs where nobody had proven it.
    former = customer.email if customer.verified_at else ""
    customer.email, customer.verified_at = address, now()
    customer.version += 1
    session.flush()
    events.publish(session, events.AccountAddressChanged(customer.id or 0, former))


def _pending(session: Session, by: Principal, visitor_hash: str) -> EmailChange | None:
    return session.exec(
        select(EmailChange).where(
            EmailChange.customer_id == by.id,
            EmailChange.visitor_hash == visitor_hash,
            col(EmailChange.confirmed_at).is_(None),
            col(EmailChange.undone_at).is_(None),
            EmailChange.expires_at > now(),
            EmailChange.tries_left > 0,
        )
    ).first()


def _drop_pending(session: Session, customer_id: int) -> None:
    session.connection().execute(
        delete(EmailChange).where(
            col(EmailChange.customer_id) == customer_id, col(EmailChange.confirmed_at).is_(None)
        )
    )


def _account_of(session: Session, address: str) -> int | None:
    return session.exec(select(Customer.id).where(Customer.email == address)).first()
