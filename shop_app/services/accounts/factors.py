"""Second factors: who has one, and whose role needs one."""

from __future__ import annotations

from sqlalchemy import delete, exists, select
from sqlmodel import Session, col

from ...core.access.principal import Principal
from ...core.errors import Conflict
from ...core.i18n import _
from ...models import (
    LoginSession,
    OneTimeCodes,
    Passkey,
    RecoveryCode,
    SecondFactorRule,
    Staff,
    table_of,
)
from ..staff import audit
from . import notices

_codes, _passkey = table_of(OneTimeCodes), table_of(Passkey)
_recovery, _login = table_of(RecoveryCode), table_of(LoginSession)


def has_any(session: Session, staff_id: int) -> bool:
    """Whether they have one-time codes or a passkey; recovery codes alone are none."""
    codes = exists().where(_codes.c.staff_id == staff_id, _codes.c.confirmed_at.is_not(None))
    passkey = exists().where(_passkey.c.staff_id == staff_id)
    return bool(session.connection().execute(select(codes | passkey)).scalar_one())


def second_factor_required(session: Session, role: str) -> bool:
    """Whether members of that role have to have a second factor."""
    return session.get(SecondFactorRule, role) is not None


def require_second_factor(session: Session, by: Principal, role: str, required: bool) -> None:
    """Have members of a role need a second factor, or not any more.

    Whoever has none adds it after the next sign-in. Sessions that are open go on, but without rights from
    now on where their owner has none.

    Errors  Forbidden.
    """
    by.need("staff.edit")
    before = second_factor_required(session, role)
    if before == required:
        return
    if required:
        session.add(SecondFactorRule(role=role))
        session.flush()
    else:
        session.connection().execute(delete(SecondFactorRule).where(col(SecondFactorRule.role) == role))
    _mark_sessions(session, role, required)
    audit.record(
        session,
        by.actor,
        "second_factor_required",
        "role",
        role,
        {"required": before},
        {"required": required},
        staff_id=by.id,
    )


def _mark_sessions(session: Session, role: str, required: bool) -> None:
    members = select(Staff.id).where(col(Staff.role) == role)
    statement = _login.update().where(_login.c.staff_id.in_(members))
    if required:
        with_codes = select(_codes.c.staff_id).where(_codes.c.confirmed_at.is_not(None))
        with_passkey = select(_passkey.c.staff_id)
        statement = statement.where(
            _login.c.staff_id.not_in(with_codes), _login.c.staff_id.not_in(with_passkey)
        )
    session.connection().execute(statement.values(lacks_factor=required))


def added(session: Session, staff: Staff, what: str) -> None:
    """After a factor was added: sessions that lacked one get their rights, and a letter tells of it."""
    session.connection().execute(
        _login.update().where(_login.c.staff_id == staff.id).values(lacks_factor=False)
    )
    _note(session, staff, "factor_added", what)


def removed(session: Session, staff: Staff, what: str) -> None:
    """After a factor was taken away: with the last one the recovery codes go, and a letter tells of it.

    Errors  Conflict where the role needs a second factor and this was the last one.
    """
    assert staff.id
    if not has_any(session, staff.id):
        if second_factor_required(session, staff.role):
            raise Conflict(_("Your role needs a second factor. Add another one first."))
        session.connection().execute(delete(RecoveryCode).where(_recovery.c.staff_id == staff.id))
    _note(session, staff, "factor_removed", what)


def remove_all(session: Session, staff_id: int, actor: str) -> None:
    """Take every factor from a member of staff who has lost them; their sessions end.

    `actor` stands in the audit: the caller has shown that it may be done.
    """
    staff = session.get_one(Staff, staff_id)
    connection = session.connection()
    for table in (OneTimeCodes, Passkey, RecoveryCode, LoginSession):
        connection.execute(delete(table).where(table_of(table).c.staff_id == staff_id))
    audit.record(session, actor, "factors_removed", "staff", staff.email)
    notices.tell(session, staff.email, "staff_factor_changed", change="all_removed")


def _note(session: Session, staff: Staff, action: str, what: str) -> None:
    audit.record(
        session,
        f"staff:{staff.email}",
        action,
        "staff",
        staff.email,
        after={"factor": what},
        staff_id=staff.id,
    )
    notices.tell(session, staff.email, "staff_factor_changed", change=action, factor=what)
