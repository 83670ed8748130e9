"""Members of staff for tests, each with exactly the permissions that a test is about."""

from __future__ import annotations

from sqlmodel import Session

from shop_app.core.access.principal import Principal
from shop_app.models import Staff, StaffRole
from tests.factories import add


def add_staff(session: Session, email: str, *permissions: str) -> Principal:
    """A member of staff whose role, made for them alone, has these permissions."""
    code = email.partition("@")[0]
    add(session, StaffRole(code=code, label=code, permissions=sorted(permissions)))
    row = add(session, Staff(email=email, name=code.title(), role=code, password_hash="x"))
    return Principal("staff", row.id or 0, email, row.name, code, frozenset(permissions))
