"""The members of staff: who they are, which role they have, and ending what they may do.

Nobody changes somebody with more rights, and the shop never loses its last active owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, select, update
from sqlmodel import Session

from ...core import dates
from ...core.access import permissions
from ...core.access.permissions import OWNER
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...models import AuditEntry, LoginSession, OneTimeCodes, Passkey, Staff, StaffRole, table_of
from ..staff import audit, roles
from . import factors, open_sessions

PERMISSION = "staff.edit"
Values = Mapping[str, object]
_staff, _role = table_of(Staff), table_of(StaffRole)
_login, _entry = table_of(LoginSession), table_of(AuditEntry)
_codes, _passkey = table_of(OneTimeCodes), table_of(Passkey)
_other = table_of(Staff).alias("other")
_HAS_FACTOR = exists().where(_codes.c.staff_id == _staff.c.id, _codes.c.confirmed_at.is_not(None)) | (
    exists().where(_passkey.c.staff_id == _staff.c.id)
)
_OTHER_OWNER = exists().where(_other.c.role == OWNER, _other.c.active, _other.c.id != _staff.c.id)


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of staff as colleagues see them.

    state      "active", "no_factor" (active, with a password alone) or "disabled"
    last_seen  when their sessions were last used, in words; "" for never
    sessions   how many browsers they are signed in with
    may_edit   whether the reader may change them: others, who have no right that the reader lacks
    """

    id: int = 0
    email: str = ""
    name: str = ""
    role: str = ""
    role_label: str = ""
    state: str = "active"
    last_seen: str = ""
    sessions: int = 0
    is_self: bool = False
    may_edit: bool = False


def members(session: Session, by: Principal) -> list[MemberView]:
    """Every member of staff, those who are active first, by name.

    Errors  MissingRight.
    """
    by.need("staff.view")
    is_open = (_login.c.staff_id == _staff.c.id, _login.c.expires_at > now())
    count = select(func.count()).select_from(_login).where(*is_open).scalar_subquery()
    seen = select(func.max(_login.c.last_seen_at)).where(_login.c.staff_id == _staff.c.id).scalar_subquery()
    did = select(func.max(_entry.c.at)).where(_entry.c.staff_id == _staff.c.id).scalar_subquery()
    statement = (
        select(
            _staff,
            _role.c.label.label("role_label"),
            _role.c.permissions,
            count.label("sessions"),
            seen.label("seen_at"),
            did.label("did_at"),
            _HAS_FACTOR.label("has_factor"),
        )
        .join(_role, _role.c.code == _staff.c.role)
        .order_by(_staff.c.active.desc(), func.lower(_staff.c.name), _staff.c.id)
    )
    return [_view(row, by) for row in session.connection().execute(statement)]


def change_role(session: Session, staff_id: int, role: str, by: Principal) -> None:
    """Give them another role; it counts with their next event.

    Errors  MissingRight where they have, or would have, a right that `by` lacks; Conflict for oneself and for
            the last active owner; Invalid for a role that there isn't; NotFound.
    """
    member = _to_change(session, staff_id, by)
    roles.need_all_of(session, role, by)
    if member.role == role:
        return
    _unless_last_owner(session, staff_id, role=role)
    lacks = factors.second_factor_required(session, role) and not factors.has_any(session, staff_id)
    session.connection().execute(
        update(_login).where(_login.c.staff_id == staff_id).values(lacks_factor=lacks)
    )
    _note(session, member, "staff.role_changed", by, {"role": member.role}, {"role": role})


def disable(session: Session, staff_id: int, by: Principal) -> None:
    """Let them in no more: their sessions end at once. Twice is once.

    Errors  as for `change_role`.
    """
    member = _to_change(session, staff_id, by)
    if not member.active:
        return
    _unless_last_owner(session, staff_id, active=False)
    open_sessions.forget(session, staff_id)
    _note(session, member, "staff.disabled", by, {"active": True}, {"active": False})


def enable(session: Session, staff_id: int, by: Principal) -> None:
    """Let them in again, with the role and the password that they had.

    Errors  as for `change_role`.
    """
    member = _to_change(session, staff_id, by)
    if member.active:
        return
    session.connection().execute(update(_staff).where(_staff.c.id == staff_id).values(active=True))
    _note(session, member, "staff.enabled", by, {"active": False}, {"active": True})


def end_sessions(session: Session, staff_id: int, by: Principal) -> int:
    """End all of their sessions; how many there were.

    Errors  as for `change_role`.
    """
    member = _to_change(session, staff_id, by)
    ended = open_sessions.forget(session, staff_id)
    if ended:
        _note(session, member, "staff.sessions_ended", by, {"sessions": ended}, {"sessions": 0})
    return ended


def reset_factor(session: Session, staff_id: int, by: Principal) -> None:
    """Take their second factor away, for somebody who has lost it: their sessions end, a letter tells them.

    Errors  as for `change_role`; Conflict where they have none.
    """
    _to_change(session, staff_id, by)
    if not factors.has_any(session, staff_id):
        raise Conflict(_("They have no second factor."))
    factors.remove_all(session, staff_id, by.actor)


def require_factor(session: Session, role: str, required: bool, by: Principal) -> None:
    """Have everybody with this role need a second factor, or not any more; it counts at once.

    Errors  MissingRight, also where the role has a right that `by` lacks; Invalid for one that there isn't.
    """
    by.need(PERMISSION)
    roles.need_all_of(session, role, by)
    factors.require_second_factor(session, by, role, required)


def roles_with_factor(session: Session, by: Principal) -> list[str]:
    """The codes of the roles whose members need a second factor.

    Errors  MissingRight.
    """
    codes = [role.code for role in roles.all_roles(session, by)]
    return [code for code in codes if factors.second_factor_required(session, code)]


def _to_change(session: Session, staff_id: int, by: Principal) -> Row[Any]:
    """Their row, locked, with the permissions of their role."""
    by.need(PERMISSION)
    statement = (
        select(_staff, _role.c.permissions)
        .join(_role, _role.c.code == _staff.c.role)
        .where(_staff.c.id == staff_id)
    )
    member = session.connection().execute(statement).first()
    if member is None:
        raise NotFound(_("There is no such member of staff."))
    if staff_id == by.id:
        raise Conflict(_("Somebody else has to do this for you."))
    roles.need_all(permissions.of_role(member.role, member.permissions), by)
    return member


def _unless_last_owner(session: Session, staff_id: int, **values: object) -> None:
    """Write these values of a member of staff, unless the shop would be left without an active owner."""
    connection = session.connection()
    # Two owners who disable each other wait for each other here, and the second sees what the first did.
    connection.execute(select(_role.c.code).where(_role.c.code == OWNER).with_for_update())
    allowed: ColumnElement[bool] = (_staff.c.role != OWNER) | _staff.c.active.is_(False) | _OTHER_OWNER
    statement = update(_staff).where(_staff.c.id == staff_id, allowed).values(**values)
    if not connection.execute(statement).rowcount:
        raise Conflict(_("This is the last owner. Make somebody else an owner first."))


def _note(
    session: Session, member: Row[Any], action: str, by: Principal, before: Values, after: Values
) -> None:
    audit.record(session, by, action, "staff", member.email, before, after)


def _view(row: Row[Any], by: Principal) -> MemberView:
    rights = permissions.of_role(row.role, row.permissions)
    seen = max(filter(None, (row.seen_at, row.did_at)), default=None)
    return MemberView(
        id=row.id,
        email=row.email,
        name=row.name or row.email,
        role=row.role,
        role_label=row.role_label,
        state="disabled" if not row.active else "active" if row.has_factor else "no_factor",
        last_seen=dates.full_moment(seen) if seen else "",
        sessions=row.sessions if row.active else 0,
        is_self=row.id == by.id,
        may_edit=PERMISSION in by.permissions and row.id != by.id and rights <= by.permissions,
    )
