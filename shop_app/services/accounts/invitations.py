"""Invitations: somebody becomes staff by the link in a letter, with a password of their own choosing.

The link holds a token that is made of a secret of the shop and a word in the letter's row; the database keeps
only its hash. So whoever reads the database can't accept in somebody's place.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlmodel import Session

from ...core import dates
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.settings import settings
from ...core.typed_text import prose
from ...models import Staff, StaffInvitation, StaffRole, table_of
from .. import outbox
from ..staff import audit, roles
from .passwords import Hashed
from .sessions import clean_email, key_hash

PERMISSION = "staff.edit"
LASTS = timedelta(hours=72)
LETTER = "staff_invited"
MAX_NAME = 200
_invitation, _role, _staff = table_of(StaffInvitation), table_of(StaffRole), table_of(Staff)


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation as staff see it; `expires` is a moment in words."""

    id: int = 0
    email: str = ""
    role_label: str = ""
    expires: str = ""
    is_over: bool = False
    may_edit: bool = False


@dataclass(frozen=True, slots=True)
class Welcome:
    """What somebody who was invited sees before they accept."""

    email: str = ""
    role_label: str = ""
    expires: str = ""


def pending(session: Session, by: Principal) -> list[InvitationView]:
    """Every invitation that was neither accepted nor withdrawn, the newest first.

    Errors  MissingRight.
    """
    by.need("staff.view")
    may_give = {code for code, _label in roles.grantable(session, by)}
    statement = (
        select(_invitation, _role.c.label)
        .join(_role, _role.c.code == _invitation.c.role)
        .order_by(_invitation.c.id.desc())
    )
    return [
        InvitationView(
            row.id,
            row.email,
            row.label,
            dates.full_moment(row.expires_at),
            row.expires_at <= now(),
            row.role in may_give,
        )
        for row in session.connection().execute(statement)
    ]


def invite(session: Session, email: str, role: str, by: Principal) -> None:
    """Invite somebody by letter; the link in it holds for 72 hours.

    Errors  MissingRight, also for a role with a right that `by` lacks; Invalid for an address or a role that
            can't be used; Conflict for somebody who is staff already or was invited.
    """
    by.need(PERMISSION)
    address = clean_email(email)
    roles.need_all_of(session, role, by)
    _refuse_if_there(session, address)
    row = StaffInvitation(
        email=address, role=role, invited_by_id=by.id or None, token_hash="", expires_at=now() + LASTS
    )
    _send(session, row, by)
    after = {"role": role, "expires_at": row.expires_at.isoformat()}
    audit.record(session, by, "staff.invited", "staff", address, {}, after)


def send_again(session: Session, invitation_id: int, by: Principal) -> None:
    """Send another letter; its link holds for 72 hours, and the one before opens nothing any more.

    Errors  as for `invite`; NotFound.
    """
    row = _to_change(session, invitation_id, by)
    before = {"expires_at": row.expires_at.isoformat()}
    row.expires_at = now() + LASTS
    _send(session, row, by)
    after = {"expires_at": row.expires_at.isoformat()}
    audit.record(session, by, "staff.invited_again", "staff", row.email, before, after)


def withdraw(session: Session, invitation_id: int, by: Principal) -> None:
    """Take an invitation back: its link opens nothing any more.

    Errors  as for `send_again`.
    """
    row = _to_change(session, invitation_id, by)
    before = {"role": row.role, "expires_at": row.expires_at.isoformat()}
    audit.record(session, by, "staff.invitation_withdrawn", "staff", row.email, before, {})
    session.delete(row)
    session.flush()


def welcome(session: Session, token: str) -> Welcome:
    """The invitation that a link belongs to.

    Errors  NotFound where it was used, withdrawn, replaced by another letter's, or is over.
    """
    statement = (
        select(_invitation, _role.c.label)
        .join(_role, _role.c.code == _invitation.c.role)
        .where(_invitation.c.token_hash == key_hash(token), _invitation.c.expires_at > now())
    )
    row = session.connection().execute(statement).first()
    if row is None:
        raise _nothing()
    return Welcome(row.email, row.label, dates.full_moment(row.expires_at))


def accept(session: Session, token: str, name: str, password: Hashed) -> str:
    """Become staff; the e-mail address to sign in with. The link is used up.

    Errors  NotFound as for `welcome`; Invalid without a name; Conflict where they are staff already.
    """
    shown = prose(name)
    if not shown or len(shown) > MAX_NAME:
        raise Invalid(_("Enter your name."), field="name")
    # Deleted first: of two that come at once, one finds nothing.
    taken = delete(_invitation).where(
        _invitation.c.token_hash == key_hash(token), _invitation.c.expires_at > now()
    )
    row = session.connection().execute(taken.returning(_invitation.c.email, _invitation.c.role)).first()
    if row is None:
        raise _nothing()
    if session.connection().execute(select(_staff.c.id).where(_staff.c.email == row.email)).first():
        raise Conflict(_("There is a member of staff with this e-mail address already."))
    staff = Staff(email=row.email, name=shown, role=row.role, password_hash=password.text)
    session.add(staff)
    session.flush()
    actor, after = f"staff:{row.email}", {"role": row.role, "name": shown}
    audit.record(session, actor, "staff.joined", "staff", row.email, {}, after, staff_id=staff.id)
    return row.email


def token_of(word: str) -> str:
    """The token of the link in a letter, made of the word that the letter's row has."""
    key = settings().signing_key.encode()
    digest = hmac.digest(key, b"invitation:" + word.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _nothing() -> NotFound:
    return NotFound(_("This invitation can't be used any more. Ask whoever invited you for another one."))


def _to_change(session: Session, invitation_id: int, by: Principal) -> StaffInvitation:
    by.need(PERMISSION)
    row = session.get(StaffInvitation, invitation_id, with_for_update=True)
    if row is None:
        raise NotFound(_("There is no such invitation any more."))
    roles.need_all_of(session, row.role, by)
    return row


def _refuse_if_there(session: Session, address: str) -> None:
    connection = session.connection()
    if connection.execute(select(_staff.c.id).where(_staff.c.email == address)).first():
        raise Conflict(_("There is a member of staff with this e-mail address already."))
    if connection.execute(select(_invitation.c.id).where(_invitation.c.email == address)).first():
        raise Conflict(_("There is an invitation for this e-mail address already. Send it again."))


def _send(session: Session, row: StaffInvitation, by: Principal) -> None:
    """Store a new token's hash, and write the letter with what the token is made of."""
    word = secrets.token_urlsafe(24)
    row.token_hash = key_hash(token_of(word))
    session.add(row)
    session.flush()
    label = session.get_one(StaffRole, row.role).label
    data = {"word": word, "role": label, "by": by.name or by.email}
    outbox.write(session, LETTER, row.email, f"{LETTER}:{row.id}:{row.token_hash[:16]}", data)
