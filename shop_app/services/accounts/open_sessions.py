"""The sessions that are open, of customers and staff: listed, ended, proven again, and kept from idling.

Pages that are open with a session that ends are emptied: `web/open_sockets.py` finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, false, update
from sqlmodel import Session, col, select

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.dates import full_moment
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.settings import settings
from ...models import LoginSession, Staff, table_of
from ..staff import audit
from .sessions import Kind, idle_since, key_hash, new_key

_login = table_of(LoginSession)
_PERSON = {"staff": _login.c.staff_id, "customer": _login.c.customer_id}


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its owner sees it; the moments are texts."""

    id: int = 0
    device: str = ""
    network: str = ""
    began_at: str = ""
    seen_at: str = ""
    is_this: bool = False


def fresh(session: Session, session_id: int, minutes: int | None = None) -> bool:
    """Whether its owner proved who they are within so many minutes, by default those of the setting."""
    within = timedelta(minutes=settings().staff_proof_minutes if minutes is None else minutes)
    proven_at = session.exec(select(LoginSession.proven_at).where(LoginSession.id == session_id)).first()
    return proven_at is not None and proven_at > now() - within


def prove_again(session: Session, by: Principal) -> str:
    """Note that they have just proven who they are; the session's new key, for the cookie alone.

    The key that it had before opens nothing any more. Sockets that are open belong to the session itself and
    go on.

    Errors  NotFound where the session has ended.
    """
    row = session.get(LoginSession, by.session_id)
    if row is None:
        raise NotFound(_("You are signed out. Sign in again."))
    key = new_key()
    row.token_hash, row.proven_at, row.last_seen_at = key_hash(key), now(), now()
    return key


def seen(session: Session, session_id: int) -> None:
    """Note that somebody works with it at this moment."""
    session.connection().execute(
        update(LoginSession).where(_login.c.id == session_id).values(last_seen_at=now())
    )


def of(session: Session, by: Principal) -> list[SessionView]:
    """One's own sessions, this one first, then the one that was used last."""
    open_now = _own(by) & (_login.c.expires_at > now())
    if by.kind == "staff":
        open_now &= _login.c.last_seen_at > idle_since()
    rows = session.exec(
        select(LoginSession).where(open_now).order_by(col(LoginSession.last_seen_at).desc())
    ).all()
    views = [
        SessionView(
            row.id or 0,
            row.device,
            row.network,
            full_moment(row.created_at),
            full_moment(row.last_seen_at),
            row.id == by.session_id,
        )
        for row in rows
    ]
    return sorted(views, key=lambda view: not view.is_this)


def end(session: Session, by: Principal, session_id: int) -> None:
    """End one of one's own sessions.

    Errors  NotFound where it isn't theirs, or has ended.
    """
    if not _end(session, (_login.c.id == session_id) & _own(by)):
        raise NotFound(_("That session has ended already."))
    if by.kind == "staff":
        audit.record(session, by.actor, "session_ended", "staff", by.email, staff_id=by.id)


def end_others(session: Session, by: Principal) -> int:
    """End all of one's own sessions but this one; how many those were."""
    ended = _end(session, _own(by) & (_login.c.id != by.session_id))
    if ended and by.kind == "staff":
        after = {"sessions": ended}
        audit.record(session, by.actor, "sessions_ended", "staff", by.email, after=after, staff_id=by.id)
    return ended


def end_all_of(session: Session, staff_id: int, by: Principal) -> int:
    """End all sessions of a member of staff; how many those were.

    Errors  Forbidden; NotFound.
    """
    by.need("staff.edit")
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(_("There is no such member of staff."))
    ended = forget(session, staff_id)
    after = {"sessions": ended}
    audit.record(session, by.actor, "sessions_ended", "staff", staff.email, after=after, staff_id=by.id)
    return ended


def forget(session: Session, person_id: int, but: int = 0, *, kind: Kind = "staff") -> int:
    """End the sessions of a person, except `but`, without a word in the audit; how many those were.

    For commands that have an entry of their own: a new password, an account that is closed.
    """
    return _end(session, (_PERSON[kind] == person_id) & (_login.c.id != but))


def _own(by: Principal) -> ColumnElement[bool]:
    """What one's own sessions have in common; nobody has any."""
    return _PERSON[by.kind] == by.id if by.kind in _PERSON else false()


def _end(session: Session, which: ColumnElement[bool]) -> int:
    return session.connection().execute(delete(LoginSession).where(which)).rowcount
