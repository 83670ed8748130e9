"""Password resets of staff: a link by letter, for ten minutes, for one use, in the browser that asked for it.

A reset signs nobody in: the new password is followed by the second factor, as any other. The link isn't kept
anywhere: it is made when its letter is sent, from what the letter's row says and the shop's own key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.email_addresses import normal_email
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.settings import settings
from ...models import Staff
from ..staff import audit
from . import browsers, notices, open_sessions, sessions, tickets
from .browsers import Browser
from .passwords import Hashed, mark_of

STEP = "reset"
MINUTES = 10
PATH = "/admin/login/new-password"


def ask(session: Session, email: str, visitor_hash: str) -> None:
    """Write the letter with the link; nothing where nobody has that address. Its caller answers the same."""
    staff = session.exec(select(Staff).where(Staff.email == normal_email(email), Staff.active)).first()
    if staff and visitor_hash:
        _write(session, staff, visitor_hash, "nobody")


def ask_for(session: Session, staff_id: int, by: Principal) -> None:
    """Have a letter written to a colleague, who chooses the password; the link works in any browser.

    Errors  Forbidden; NotFound.
    """
    by.need("staff.edit")
    staff = session.get(Staff, staff_id)
    if staff is None or not staff.active:
        raise NotFound(_("There is no such member of staff."))
    _write(session, staff, tickets.ANY_BROWSER, by.actor)


def _write(session: Session, staff: Staff, visitor_hash: str, actor: str) -> None:
    data = {
        "staff_id": str(staff.id),
        "visitor": visitor_hash,
        "password": mark_of(staff.password_hash),
        "until": (now() + timedelta(minutes=MINUTES)).isoformat(),
    }
    notices.tell(session, staff.email, "staff_reset", **data)
    audit.record(session, actor, "reset_asked", "staff", staff.email)


def link(data: Mapping[str, Any]) -> str:
    """The address in the letter, from what its row says."""
    until = datetime.fromisoformat(data["until"])
    ticket = tickets.issue(STEP, data["visitor"], until, s=int(data["staff_id"]), p=data["password"])
    return f"{settings().public_url}{PATH}?ticket={ticket}"


def owner(session: Session, ticket: str, visitor_hash: str) -> Staff:
    """Whose password the link may set.

    Errors  Expired for one that is too old, was used, or was asked for in another browser.
    """
    data = tickets.read(STEP, ticket, visitor_hash)
    staff = session.get(Staff, data["s"])
    if staff is None or not staff.active or mark_of(staff.password_hash) != data["p"]:
        raise tickets.Expired
    return staff


def set_password(session: Session, ticket: str, visitor_hash: str, password: Hashed) -> str:
    """Set it, end all sessions and tell the owner; their e-mail address.

    Errors  Expired, also where another use of the link came first.
    """
    staff = owner(session, ticket, visitor_hash)
    assert staff.id
    staff.password_hash = password.text
    session.flush()
    open_sessions.forget(session, staff.id)
    # Whoever reads the owner's letters isn't kept out by strangers who guess.
    browsers.remember(session, sessions.staff_principal(session, staff.id), Browser(visitor_hash))
    audit.record(session, f"staff:{staff.email}", "password_reset", "staff", staff.email, staff_id=staff.id)
    notices.tell(session, staff.email, "staff_password_changed", by="reset")
    return staff.email
