"""The second step of a sign-in: after the password, a code of the account's second factor."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from ...core.access.principal import Principal
from ...models import Staff
from . import own_account, sessions, tickets
from .browsers import Browser
from .passwords import mark_of
from .sessions import FactorNeeded

STEP = "second-step"
MINUTES = 10


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in whose password was right. `target` is where it leads."""

    staff_id: int
    email: str
    mark: str
    target: str


def begin(needed: FactorNeeded, visitor_hash: str, target: str) -> str:
    """The ticket for the browser's cookie.

    Errors  Expired for a browser without cookies.
    """
    values = {"s": needed.staff_id, "e": needed.email, "p": needed.mark, "t": target}
    return tickets.for_minutes(STEP, visitor_hash, MINUTES, **values)


def read(ticket: str, visitor_hash: str) -> Begun:
    """What was begun.

    Errors  Expired.
    """
    values = tickets.read(STEP, ticket, visitor_hash)
    return Begun(values["s"], values["e"], values["p"], values["t"])


def finish(session: Session, begun: Begun, code: str, browser: Browser) -> tuple[str, Principal]:
    """A new session: its key, for the cookie alone, and its principal.

    Errors  Expired where the account was closed or its password changed meanwhile; Invalid for a wrong code.
    """
    staff = session.get(Staff, begun.staff_id)
    if staff is None or not staff.active or mark_of(staff.password_hash) != begun.mark:
        raise tickets.Expired
    kind = own_account.prove_code(session, begun.staff_id, code)
    return sessions.sign_in_by_factor(session, begun.staff_id, browser, f"password and {kind}")
