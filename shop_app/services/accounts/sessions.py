"""Accounts: who someone is, what they may do, and how they sign in and out."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import bindparam, delete
from sqlmodel import Session, col, select

from ...core.access import permissions
from ...core.access.principal import NOBODY, Principal
from ...core.clock import now
from ...core.email_addresses import normal_email
from ...core.errors import Conflict, Invalid, ShopError
from ...core.i18n import _
from ...core.settings import settings
from ...core.typed_text import prose
from ...models import Customer, LoginSession, Staff, StaffRole, table_of
from ..staff import audit
from .passwords import Hashed, verify

_login_table, _staff_table, _customer_table = table_of(LoginSession), table_of(Staff), table_of(Customer)
_role_table = table_of(StaffRole)
# Runs on every event of a signed-in browser: one statement.
_WHO = (
    select(
        _login_table.c.expires_at,
        _login_table.c.staff_id,
        _login_table.c.customer_id,
        _staff_table.c.active.label("staff_active"),
        _staff_table.c.email.label("staff_email"),
        _staff_table.c.name.label("staff_name"),
        _staff_table.c.role.label("staff_role"),
        _role_table.c.permissions.label("staff_permissions"),
        _customer_table.c.email.label("customer_email"),
        _customer_table.c.name.label("customer_name"),
    )
    .outerjoin(_staff_table, _staff_table.c.id == _login_table.c.staff_id)
    .outerjoin(_role_table, _role_table.c.code == _staff_table.c.role)
    .outerjoin(_customer_table, _customer_table.c.id == _login_table.c.customer_id)
    .where(_login_table.c.token_hash == bindparam("token"))
)


Kind = Literal["customer", "staff"]


@dataclass(frozen=True, slots=True)
class Login:
    """An address and its password hash, None where nobody can sign in with it."""

    kind: Kind
    email: str
    hashed: Hashed | None
    renewed: Hashed | None = None
    """The new hash that replaces a weak one after the password was verified."""


class Proven(Login):
    """A login whose password was right."""


class WrongLogin(ShopError):
    """The address or the password is wrong; the sentence is the same for both."""

    code = "wrong_login"

    def __init__(self) -> None:
        super().__init__(_("The e-mail address or the password is wrong."))


def who(session: Session, token_hash: str) -> Principal:
    """The principal of a session; NOBODY where it doesn't exist, has expired or its owner is gone."""
    row = session.connection().execute(_WHO, {"token": token_hash}).first()
    if not row or row.expires_at <= now():
        return NOBODY
    if row.staff_id and row.staff_active:
        return Principal(
            "staff",
            row.staff_id,
            row.staff_email,
            row.staff_name,
            row.staff_role,
            permissions.of_role(row.staff_role, row.staff_permissions),
        )
    if row.customer_id:
        return Principal("customer", row.customer_id, row.customer_email, row.customer_name)
    return NOBODY


def login_of(session: Session, email: str, *, kind: Kind) -> Login:
    """The login of an address; one without a hash where there is no account."""
    address = normal_email(email)
    person = _person(session, kind, address)
    return Login(kind, address, Hashed(person.password_hash) if person and person.password_hash else None)


def prove(login: Login, password: str) -> Proven:
    """Verify the password. Takes 0.25 s: call it on a thread, outside of a transaction.

    Errors  WrongLogin, after the same time whatever is wrong.
    """
    matches, renewed = verify(password, login.hashed)
    if not matches:
        raise WrongLogin
    return Proven(login.kind, login.email, login.hashed, renewed)


def sign_in(session: Session, login: Proven) -> tuple[str, Principal]:
    """A new session: its key, for the cookie alone, and its principal.

    Errors  WrongLogin where the account was closed, or its password changed, since it was verified.
    """
    person = _person(session, login.kind, login.email)
    if not person or not login.hashed or person.password_hash != login.hashed.text:
        raise WrongLogin
    if login.renewed:
        person.password_hash = login.renewed.text
    key = secrets.token_urlsafe(32)
    staff = isinstance(person, Staff)
    lasts = (
        timedelta(hours=settings().staff_session_hours)
        if staff
        else timedelta(days=settings().customer_session_days)
    )
    session.add(
        LoginSession(
            token_hash=key_hash(key),
            expires_at=now() + lasts,
            staff_id=person.id if staff else None,
            customer_id=None if staff else person.id,
        )
    )
    session.flush()
    principal = _staff(session, person) if isinstance(person, Staff) else _customer(person)
    if staff:
        audit.record(session, principal.actor, "signed_in", "staff", principal.email, staff_id=person.id)
    return key, principal


def _person(session: Session, kind: Kind, address: str) -> Staff | Customer | None:
    """The account with that address; None for staff who are inactive."""
    table = Staff if kind == "staff" else Customer
    person = session.exec(select(table).where(col(table.email) == address)).first()
    return None if isinstance(person, Staff) and not person.active else person


def sign_out(session: Session, token_hash: str) -> None:
    """End the session; doing it twice is harmless."""
    session.connection().execute(delete(LoginSession).where(col(LoginSession.token_hash) == token_hash))


def create_staff(
    session: Session, email: str, password: Hashed, role: str, *, name: str = "", actor: str = "system"
) -> Principal:
    """A new member of staff.

    Errors  Invalid for an address or role that can't be used; Conflict for an address that is taken.
    """
    address = clean_email(email)
    if session.get(StaffRole, role) is None:
        raise Invalid(_("There is no such role."), field="role")
    if session.exec(select(Staff).where(Staff.email == address)).first():
        raise Conflict(_("There is a member of staff with this e-mail address already."))
    staff = Staff(email=address, name=prose(name)[:200], role=role, password_hash=password.text)
    session.add(staff)
    session.flush()
    audit.record(session, actor, "created", "staff", address, after={"role": role, "name": staff.name})
    return _staff(session, staff)


def create_customer(session: Session, email: str, password: Hashed, *, name: str = "") -> Principal:
    """A new customer with a password.

    Errors  Invalid for an address that can't be used; Conflict for an address that is taken.
    """
    address = clean_email(email)
    if session.exec(select(Customer).where(Customer.email == address)).first():
        raise Conflict(_("There is an account with this e-mail address already."))
    customer = Customer(email=address, name=prose(name)[:200], password_hash=password.text)
    session.add(customer)
    session.flush()
    return _customer(customer)


def clean_email(text: str) -> str:
    """The address in its normal form.

    Errors  Invalid where it isn't one.
    """
    if address := normal_email(text):
        return address
    raise Invalid(_("Enter an e-mail address like name@example.com."), field="email")


def key_hash(key: str) -> str:
    """What the database keeps of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _staff(session: Session, staff: Staff) -> Principal:
    assert staff.id
    role = session.get_one(StaffRole, staff.role)
    rights = permissions.of_role(role.code, role.permissions)
    return Principal("staff", staff.id, staff.email, staff.name, staff.role, rights)


def _customer(customer: Customer) -> Principal:
    assert customer.id
    return Principal("customer", customer.id, customer.email, customer.name)
