"""Accounts: who somebody is, what they may do, and how they sign in and out."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import bindparam, delete
from sqlmodel import Session, SQLModel, col, select

from ..clock import now
from ..errors import Conflict, Forbidden, Invalid, ShopError
from ..models import Customer, LoginSession, Role, Staff
from ..settings import settings
from ..words import _
from . import audit

if TYPE_CHECKING:
    from pwdlib import PasswordHash

MIN_PASSWORD, MAX_PASSWORD = 8, 200

_CLERK = frozenset(
    ["orders.view", "orders.fulfil", "products.view", "inventory.view", "inventory.adjust", "customers.view"]
)
_MANAGER = _CLERK | frozenset(
    [
        "orders.edit",
        "orders.refund",
        "products.edit",
        "customers.edit",
        "discounts.edit",
        "credit.edit",
        "analytics.view",
        "audit.view",
    ]
)
PERMISSIONS: dict[str, frozenset[str]] = {
    Role.CLERK: _CLERK,
    Role.MANAGER: _MANAGER,
    Role.OWNER: _MANAGER | frozenset(["staff.edit", "settings.edit"]),
}
"""What each role may do. A permission is a subject and an act."""

_login, _staff_row, _customer_row = (
    SQLModel.metadata.tables[name] for name in ("login_session", "staff", "customer")
)
# Asked on every event of whoever is signed in: one statement.
_WHO = (
    select(
        _login.c.expires_at, _login.c.staff_id, _login.c.customer_id,
        _staff_row.c.active.label("staff_active"), _staff_row.c.email.label("staff_email"),
        _staff_row.c.name.label("staff_name"), _staff_row.c.role.label("staff_role"),
        _customer_row.c.email.label("customer_email"), _customer_row.c.name.label("customer_name"),
    )
    .outerjoin(_staff_row, _staff_row.c.id == _login.c.staff_id)
    .outerjoin(_customer_row, _customer_row.c.id == _login.c.customer_id)
    .where(_login.c.token_hash == bindparam("token"))
)  # fmt: skip

# Each hash takes 64 MiB for a quarter of a second: more at once would be a way to fill the memory.
_hashing = threading.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody as the session behind their cookie says at this moment; NOBODY for everyone else."""

    kind: Literal["nobody", "customer", "staff"] = "nobody"
    id: int = 0
    email: str = ""
    name: str = ""
    role: str = ""
    permissions: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        """How ledgers and the audit name them."""
        return f"{self.kind}:{self.email}" if self.email else self.kind

    def need(self, permission: str) -> None:
        """Errors  Forbidden without that permission."""
        if permission not in self.permissions:
            raise Forbidden(_("You don't have the right to do that."))


NOBODY = Principal()


class WrongLogin(ShopError):
    """The address or the password is wrong; the sentence is the same for both."""

    code = "wrong_login"


def who(session: Session, token_hash: str) -> Principal:
    """Who the session with that key hash belongs to; NOBODY when it is unknown, over or its owner gone."""
    found = session.connection().execute(_WHO, {"token": token_hash}).first()
    if not found or found.expires_at <= now():
        return NOBODY
    if found.staff_id and found.staff_active:
        return Principal(
            "staff", found.staff_id, found.staff_email, found.staff_name, found.staff_role,
            PERMISSIONS[found.staff_role],
        )  # fmt: skip
    if found.customer_id:
        return Principal("customer", found.customer_id, found.customer_email, found.customer_name)
    return NOBODY


def sign_in(
    session: Session, email: str, password: str, *, kind: Literal["customer", "staff"]
) -> tuple[str, Principal]:
    """A new session: its key, for the cookie alone, and who it belongs to. Takes a quarter of a second.

    Errors  WrongLogin, whichever of the two is wrong, after the same work.
    """
    table = Staff if kind == "staff" else Customer
    person = session.exec(select(table).where(col(table.email) == email.strip().lower())).first()
    good, renewed = _verify(password, person.password_hash if person else None)
    if not person or not good or (isinstance(person, Staff) and not person.active):
        raise WrongLogin(_("The e-mail address or the password is wrong."))
    if renewed:
        person.password_hash = renewed
    key = secrets.token_urlsafe(32)
    staff = isinstance(person, Staff)
    lasts = (
        timedelta(hours=settings().staff_session_hours)
        if staff
        else timedelta(days=settings().customer_session_days)
    )
    session.add(
        LoginSession(
            token_hash=key_hash(key), expires_at=now() + lasts,
            staff_id=person.id if staff else None, customer_id=None if staff else person.id,
        )
    )  # fmt: skip
    session.flush()
    principal = _staff(person) if isinstance(person, Staff) else _customer(person)
    if staff:
        audit.record(session, principal.actor, "signed_in", "staff", principal.email, staff_id=person.id)
    return key, principal


def sign_out(session: Session, token_hash: str) -> None:
    """End that session; once or twice is the same."""
    session.connection().execute(delete(LoginSession).where(col(LoginSession.token_hash) == token_hash))


def create_staff(
    session: Session, email: str, password: str, role: str, *, name: str = "", actor: str = "system"
) -> Principal:
    """A new member of staff.

    Errors  Invalid for an address, role or password that can't be used; Conflict for a known address.
    """
    address = clean_email(email)
    if role not in PERMISSIONS:
        raise Invalid(_("Choose owner, manager or clerk as the role."), field="role")
    if session.exec(select(Staff).where(Staff.email == address)).first():
        raise Conflict(_("There is a member of staff with this e-mail address already."))
    staff = Staff(email=address, name=name.strip()[:200], role=role, password_hash=hash_password(password))
    session.add(staff)
    session.flush()
    audit.record(session, actor, "created", "staff", address, after={"role": role, "name": staff.name})
    return _staff(staff)


def create_customer(session: Session, email: str, password: str, *, name: str = "") -> Principal:
    """A new customer with a password.

    Errors  Invalid for an address or password that can't be used; Conflict for a known address.
    """
    address = clean_email(email)
    if session.exec(select(Customer).where(Customer.email == address)).first():
        raise Conflict(_("There is an account with this e-mail address already."))
    customer = Customer(email=address, name=name.strip()[:200], password_hash=hash_password(password))
    session.add(customer)
    session.flush()
    return _customer(customer)


def clean_email(text: str) -> str:
    """The address in lower case.

    Errors  Invalid where it isn't one.
    """
    try:
        return validate_email(
            text.strip(), check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError:
        raise Invalid(_("Enter an e-mail address like name@example.com."), field="email") from None


def hash_password(password: str) -> str:
    """Argon2id of the password; a quarter of a second and 64 MiB on the caller's thread.

    Errors  Invalid for one that is too short or too long.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(
            _("Choose a password of {least} to {most} characters.").format(
                least=MIN_PASSWORD, most=MAX_PASSWORD
            ),
            field="password",
        )
    with _hashing:
        return _hasher().hash(password)


def key_hash(key: str) -> str:
    """What the database keeps of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _verify(password: str, password_hash: str | None) -> tuple[bool, str | None]:
    # An unknown address costs the same time as a known one.
    with _hashing:
        good, renewed = _hasher().verify_and_update(password[:MAX_PASSWORD], password_hash or _decoy())
    return good and password_hash is not None, renewed


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def _staff(staff: Staff) -> Principal:
    assert staff.id
    return Principal("staff", staff.id, staff.email, staff.name, staff.role, PERMISSIONS[staff.role])


def _customer(customer: Customer) -> Principal:
    assert customer.id
    return Principal("customer", customer.id, customer.email, customer.name)
