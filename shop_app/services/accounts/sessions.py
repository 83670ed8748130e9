"""Accounts: who someone is, what they may do, and how they sign in and out.

Only a password or a passkey opens a session; where the account has a second factor, a password alone doesn't.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
from . import browsers, factors, notices
from .browsers import UNKNOWN, Browser, Kind
from .passwords import Hashed, mark_of, verify

_login_table, _staff_table, _customer_table = table_of(LoginSession), table_of(Staff), table_of(Customer)
_role_table = table_of(StaffRole)
_SIGNED_IN = (
    select(
        _login_table.c.id,
        _login_table.c.expires_at,
        _login_table.c.last_seen_at,
        _login_table.c.lacks_factor,
        _login_table.c.staff_id,
        _login_table.c.customer_id,
        _staff_table.c.active.label("staff_active"),
        _staff_table.c.email.label("staff_email"),
        _staff_table.c.name.label("staff_name"),
        _staff_table.c.role.label("staff_role"),
        _role_table.c.permissions.label("staff_permissions"),
        _customer_table.c.email.label("customer_email"),
        _customer_table.c.name.label("customer_name"),
        _customer_table.c.blocked_at.label("customer_blocked_at"),
    )
    .outerjoin(_staff_table, _staff_table.c.id == _login_table.c.staff_id)
    .outerjoin(_role_table, _role_table.c.code == _staff_table.c.role)
    .outerjoin(_customer_table, _customer_table.c.id == _login_table.c.customer_id)
)
# Runs on every event of a signed-in browser: one statement.
_WHO = _SIGNED_IN.where(_login_table.c.token_hash == bindparam("token"))
_WHO_OF = _SIGNED_IN.where(_login_table.c.id.in_(bindparam("ids", expanding=True)))


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


class FactorNeeded(ShopError):
    """The password was right, and the account has a second factor, which has to be proven too."""

    code = "factor_needed"

    def __init__(self, staff: Staff) -> None:
        super().__init__(_("Confirm that it is you with your second factor."))
        self.staff_id, self.email, self.mark = staff.id or 0, staff.email, mark_of(staff.password_hash)


def who(session: Session, token_hash: str) -> Principal:
    """The principal of a session; NOBODY where it doesn't exist, has ended or its owner is gone."""
    row = session.connection().execute(_WHO, {"token": token_hash}).first()
    return _principal_of(row) if row else NOBODY


def who_of(session: Session, session_ids: Collection[int]) -> dict[int, Principal]:
    """The principal of each of these sessions; those that have ended are left out."""
    rows = session.connection().execute(_WHO_OF, {"ids": list(session_ids)})
    principals = {row.id: _principal_of(row) for row in rows}
    return {session_id: principal for session_id, principal in principals.items() if principal != NOBODY}


def _principal_of(row: Any) -> Principal:
    if row.expires_at <= now():
        return NOBODY
    if row.staff_id and row.staff_active and row.last_seen_at > idle_since():
        rights = (
            frozenset[str]()
            if row.lacks_factor
            else permissions.of_role(row.staff_role, row.staff_permissions)
        )
        return Principal(
            "staff", row.staff_id, row.staff_email, row.staff_name, row.staff_role, rights, row.id
        )
    if row.customer_id and row.customer_blocked_at is None:
        return Principal(
            "customer", row.customer_id, row.customer_email, row.customer_name, session_id=row.id
        )
    return NOBODY


def idle_since() -> datetime:
    """A member of staff who was seen last at this moment or before it isn't signed in any more."""
    return now() - timedelta(minutes=settings().staff_idle_minutes)


def login_of(session: Session, email: str, *, kind: Kind) -> Login:
    """The login of an address; one without a hash where there is no account."""
    address = normal_email(email)
    person, is_open = (
        (_staff_table, _staff_table.c.active)
        if kind == "staff"
        else (_customer_table, _customer_table.c.blocked_at.is_(None))
    )
    # One column, which takes as long for nobody: a whole row would be made into an object.
    statement = select(person.c.password_hash).where(person.c.email == address, is_open)
    found = session.connection().execute(statement).scalar()
    return Login(kind, address, Hashed(found) if found else None)


def prove(login: Login, password: str) -> Proven:
    """Verify the password. Takes 0.25 s: call it on a thread, outside of a transaction.

    Errors  WrongLogin, after the same time whatever is wrong.
    """
    matches, renewed = verify(password, login.hashed)
    if not matches:
        raise WrongLogin
    return Proven(login.kind, login.email, login.hashed, renewed)


def sign_in(session: Session, login: Proven, browser: Browser = UNKNOWN) -> tuple[str, Principal]:
    """A new session: its key, for the cookie alone, and its principal.

    Errors  WrongLogin where the account was closed, or its password changed, since it was verified;
            FactorNeeded where that account has a second factor.
    """
    person = _person(session, login.kind, login.email)
    if person:
        # Whoever changes the password meanwhile isn't overwritten by the renewed hash of the old one.
        session.refresh(person, with_for_update=True)
    if not person or not login.hashed or person.password_hash != login.hashed.text:
        raise WrongLogin
    if login.renewed:
        person.password_hash = login.renewed.text
        session.flush()
    if isinstance(person, Customer):
        return open_for_customer(session, person, browser)
    assert person.id
    if factors.has_any(session, person.id):
        raise FactorNeeded(person)
    return _open_for_staff(session, person, browser, by="password")


def open_for_customer(session: Session, customer: Customer, browser: Browser) -> tuple[str, Principal]:
    """The same for a customer who has proven who they are; its caller looks whether they are blocked.

    Errors  WrongLogin where the way in that they proved was taken away meanwhile.
    """
    assert customer.id
    proven = _ways_in(customer)
    session.refresh(customer, with_for_update=True)
    if _ways_in(customer) != proven:
        raise WrongLogin
    lasts = timedelta(days=settings().customer_session_days)
    key, row = _open(session, browser, lasts, customer=customer)
    principal = _customer(customer, row)
    if browsers.remember(session, principal, browser):
        notices.tell(session, customer.email, "customer_new_browser", device=row.device, network=row.network)
    return key, principal


def _ways_in(customer: Customer) -> tuple[object, ...]:
    """What changes when one can't get in any more as before."""
    return customer.verified_at, customer.password_hash, customer.blocked_at


def sign_in_by_factor(session: Session, staff_id: int, browser: Browser, by: str) -> tuple[str, Principal]:
    """The same for a member of staff who has proven a second factor after the password, or a passkey.

    by  what was proven, for the audit

    Errors  WrongLogin where the account was closed meanwhile.
    """
    person = session.get(Staff, staff_id)
    if not person or not person.active:
        raise WrongLogin
    return _open_for_staff(session, person, browser, by)


def _open_for_staff(session: Session, staff: Staff, browser: Browser, by: str) -> tuple[str, Principal]:
    assert staff.id
    lacks = factors.second_factor_required(session, staff.role) and not factors.has_any(session, staff.id)
    lasts = timedelta(hours=settings().staff_session_hours)
    key, row = _open(session, browser, lasts, staff=staff, lacks_factor=lacks)
    principal = _staff(session, staff, row)
    if browsers.remember(session, principal, browser):
        notices.tell(session, staff.email, "staff_new_browser", device=row.device, network=row.network)
    proven = {"by": by, "device": row.device, "network": row.network}
    audit.record(session, principal.actor, "signed_in", "staff", staff.email, after=proven, staff_id=staff.id)
    return key, principal


def _open(
    session: Session,
    browser: Browser,
    lasts: timedelta,
    *,
    staff: Staff | None = None,
    customer: Customer | None = None,
    lacks_factor: bool = False,
) -> tuple[str, LoginSession]:
    """A new session with a new key; the one that this browser had before has ended."""
    if browser.session_hash:
        sign_out(session, browser.session_hash)
    key = new_key()
    row = LoginSession(
        token_hash=key_hash(key),
        expires_at=now() + lasts,
        staff_id=staff.id if staff else None,
        customer_id=customer.id if customer else None,
        lacks_factor=lacks_factor,
        device=browser.device[:100],
        network=browser.network[:64],
    )
    session.add(row)
    session.flush()
    return key, row


def _person(session: Session, kind: Kind, address: str) -> Staff | Customer | None:
    """The account with that address; None for staff who are inactive, and for customers who are blocked."""
    table = Staff if kind == "staff" else Customer
    person = session.exec(select(table).where(col(table.email) == address)).first()
    closed = person and (not person.active if isinstance(person, Staff) else person.blocked_at is not None)
    return None if closed else person


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


def new_key() -> str:
    """A fresh key of a session: 256 random bits."""
    return secrets.token_urlsafe(32)


def key_hash(key: str) -> str:
    """What the database keeps of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def staff_principal(session: Session, staff_id: int | None) -> Principal:
    """A member of staff with the rights that they have now, for work that they began earlier.

    NOBODY where their account was closed meanwhile.
    """
    staff = session.get(Staff, staff_id) if staff_id else None
    return _staff(session, staff) if staff and staff.active else NOBODY


def _staff(session: Session, staff: Staff, row: LoginSession | None = None) -> Principal:
    assert staff.id
    role = session.get_one(StaffRole, staff.role)
    lacks = row is not None and row.lacks_factor
    rights = frozenset[str]() if lacks else permissions.of_role(role.code, role.permissions)
    session_id = row.id if row and row.id else 0
    return Principal("staff", staff.id, staff.email, staff.name, staff.role, rights, session_id)


def _customer(customer: Customer, row: LoginSession | None = None) -> Principal:
    assert customer.id
    session_id = row.id if row and row.id else 0
    return Principal("customer", customer.id, customer.email, customer.name, session_id=session_id)
