"""Roles, invitations of staff, and what lets an audit entry be erased."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from .base import check, json, key, moment, refers


class StaffRole(SQLModel, table=True):
    """What staff with this role may do. Owners may do everything, so nothing is stored for them."""

    __tablename__ = "staff_role"

    code: str = Field(primary_key=True, max_length=32)
    label: str = Field(max_length=60, unique=True)
    permissions: list = json(list)
    built_in: bool = False
    """Can't be removed."""
    created_at: datetime = moment()
    version: int = 1


class StaffInvitation(SQLModel, table=True):
    """Someone who may become staff by the link in a letter; gone once they are, or it is withdrawn."""

    __tablename__ = "staff_invitation"
    __table_args__ = (check("email = lower(email)", "email_lower"),)

    id: int | None = key()
    email: str = Field(max_length=254, unique=True)
    role: str = Field(foreign_key="staff_role.code", max_length=32)
    token_hash: str = Field(max_length=64, unique=True)
    invited_by_id: int | None = refers("staff.id", index=False, default=None)
    created_at: datetime = moment()
    expires_at: datetime


class AuditErasure(SQLModel, table=True):
    """A row stands here only inside a transaction that erases: meanwhile audit entries can be changed."""

    __tablename__ = "audit_erasure"

    id: int | None = key()
    reason: str = Field(max_length=100)
