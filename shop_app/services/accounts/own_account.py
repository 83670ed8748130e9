"""What a member of staff does with their own account: name, password, and what proves who they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import Invalid
from ...core.i18n import _, plural
from ...core.typed_text import prose
from ...models import OneTimeCodes, Staff
from ..staff import audit
from . import factors, notices, one_time_codes, open_sessions, passkeys, recovery_codes
from .open_sessions import SessionView
from .passkeys import PasskeyView
from .passwords import Hashed
from .sessions import Proven, WrongLogin

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class AccountView:
    """One's own account, without anything secret."""

    name: str = ""
    email: str = ""
    role: str = ""
    has_codes: bool = False
    has_factor: bool = False
    needs_factor: bool = False
    recovery_left: int = 0
    recovery_text: str = ""
    passkeys: list[PasskeyView] = field(default_factory=list)
    sessions: list[SessionView] = field(default_factory=list)


def view(session: Session, by: Principal) -> AccountView:
    """The account as its owner sees it."""
    codes, left = session.get(OneTimeCodes, by.id), recovery_codes.left(session, by.id)
    return AccountView(
        by.name,
        by.email,
        by.role,
        has_codes=bool(codes and codes.confirmed_at),
        has_factor=factors.has_any(session, by.id),
        needs_factor=factors.second_factor_required(session, by.role),
        recovery_left=left,
        recovery_text=plural("{count} code is left.", "{count} codes are left.", left),
        passkeys=passkeys.of(session, by.id),
        sessions=open_sessions.of(session, by),
    )


def rename(session: Session, by: Principal, name: str) -> None:
    """Change one's name, as colleagues see it."""
    staff = session.get_one(Staff, by.id)
    before, staff.name = staff.name, prose(name)[:MAX_NAME]
    session.flush()
    if before != staff.name:
        audit.record(
            session,
            by.actor,
            "renamed",
            "staff",
            by.email,
            {"name": before},
            {"name": staff.name},
            staff_id=by.id,
        )


def confirm_codes(session: Session, by: Principal, code: str) -> list[str]:
    """Take the one-time codes that are being set up; recovery codes made along with them, to be shown once.

    None are made where there are some, and for somebody whose rights begin with this factor: their page loads
    anew at once.

    Errors  Invalid for a wrong code, Conflict where nothing is being set up.
    """
    begins = factors.second_factor_required(session, by.role) and not factors.has_any(session, by.id)
    one_time_codes.confirm(session, by, code)
    return [] if begins or recovery_codes.left(session, by.id) else recovery_codes.make(session, by)


def change_password(session: Session, by: Principal, proven: Proven, password: Hashed) -> str:
    """A new password in place of the one that was proven; all other sessions end. This session's new key.

    Errors  WrongLogin where it isn't theirs any more; NotFound where the session has ended meanwhile.
    """
    staff = session.get_one(Staff, by.id)
    if proven.email != staff.email or not proven.hashed or proven.hashed.text != staff.password_hash:
        raise WrongLogin
    staff.password_hash = password.text
    open_sessions.forget(session, by.id, but=by.session_id)
    audit.record(session, by.actor, "password_changed", "staff", by.email, staff_id=by.id)
    notices.tell(session, by.email, "staff_password_changed", by="owner")
    return open_sessions.prove_again(session, by)


def prove_code(session: Session, staff_id: int, code: str) -> str:
    """Which kind of code that is; it is used up then.

    Errors  Invalid for one that is wrong or was used.
    """
    if one_time_codes.use(session, staff_id, code):
        return "one-time code"
    if recovery_codes.use(session, staff_id, code):
        staff = session.get_one(Staff, staff_id)
        notices.tell(session, staff.email, "staff_factor_changed", change="recovery_used")
        return "recovery code"
    raise Invalid(
        _("This code is wrong, or was used before. A new one comes every half minute."), field="code"
    )
