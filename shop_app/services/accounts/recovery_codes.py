"""Recovery codes: each takes the place of the second factor once, for whoever has lost the phone."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict
from ...core.i18n import _
from ...models import RecoveryCode, table_of
from ..staff import audit
from . import factors

COUNT = 8
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike."""
LENGTH = 24
"""119 random bits, so that a plain hash can't be reversed."""
GROUP = 6

_code = table_of(RecoveryCode)


def make(session: Session, by: Principal) -> list[str]:
    """New codes in place of all former ones, to be shown once.

    Errors  Conflict where there is no second factor yet.
    """
    if not factors.has_any(session, by.id):
        raise Conflict(_("Add one-time codes or a passkey first."))
    codes = ["".join(secrets.choice(LETTERS) for _place in range(LENGTH)) for _number in range(COUNT)]
    session.connection().execute(delete(RecoveryCode).where(_code.c.staff_id == by.id))
    session.add_all(RecoveryCode(staff_id=by.id, code_hash=_hash(code)) for code in codes)
    session.flush()
    audit.record(session, by.actor, "recovery_codes_made", "staff", by.email, staff_id=by.id)
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in codes]


def use(session: Session, staff_id: int, code: str) -> bool:
    """Whether it is an unused code of theirs, whatever signs are between; it is used up then."""
    text = "".join(letter for letter in code.casefold() if letter.isalnum())
    if len(text) != LENGTH:
        return False
    statement = (
        update(RecoveryCode)
        .where(
            _code.c.staff_id == staff_id,
            _code.c.code_hash == _hash(text),
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=now())
    )
    return session.connection().execute(statement).rowcount == 1


def left(session: Session, staff_id: int) -> int:
    """How many can still be used."""
    unused = select(func.count()).where(_code.c.staff_id == staff_id, _code.c.used_at.is_(None))
    return session.connection().execute(unused.select_from(_code)).scalar_one()


def _hash(code: str) -> str:
    return hashlib.sha256(b"recovery code:" + code.encode()).hexdigest()
