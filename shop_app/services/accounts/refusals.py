"""Sign-ins that were refused, as they stand in the audit: sums for each account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from ...models import Staff
from ..staff import audit

MAX_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a sign-in with that address was refused, and from which networks."""

    email: str
    tries: int
    networks: Sequence[str]


def record(session: Session, counted: Sequence[Tries]) -> None:
    """Write an entry for each member of staff, and one for all other addresses together."""
    typed = [one.email for one in counted]
    known = set(session.exec(select(Staff.email).where(col(Staff.email).in_(typed))).all())
    others = [one for one in counted if one.email not in known]
    for one in counted:
        if one.email in known:
            _write(session, one.email, one.tries, one.networks)
    if others:
        networks = sorted({network for one in others for network in one.networks})
        _write(session, "", sum(one.tries for one in others), networks, addresses=len(others))


def _write(session: Session, email: str, tries: int, networks: Sequence[str], **more: int) -> None:
    after = {"tries": tries, "networks": len(networks), "from": list(networks[:MAX_SHOWN]), **more}
    audit.record(session, "nobody", "sign_in_refused", "staff", email, after=after)
