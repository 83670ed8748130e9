"""The one-time token that opens a shop without staff: printed into the log, its hash in the database."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, insert, select
from sqlmodel import Session

from ...core.access import cookies
from ...core.clock import now
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.settings import settings
from ...core.typed_text import code
from ...models import SetUpToken, Staff, table_of

VALID_FOR = timedelta(hours=24)
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
GROUPS, LENGTH = 5, 5
"""25 signs of 32: 125 random bits."""

_token = table_of(SetUpToken)
_staff = table_of(Staff)
_ANY_STAFF = select(exists().where(_staff.c.id.is_not(None)))


def is_open(session: Session) -> bool:
    """Whether the shop has staff; in demo mode it always counts as open."""
    return settings().mode == "demo" or bool(session.connection().execute(_ANY_STAFF).scalar_one())


def renew(session: Session) -> str | None:
    """A new token, in groups with hyphens between, for `VALID_FOR`; None where the shop is open.

    The one before it counts no more.
    """
    connection = session.connection()
    connection.execute(delete(_token))
    if is_open(session):
        return None
    signs = [secrets.choice(ALPHABET) for _sign in range(GROUPS * LENGTH)]
    connection.execute(
        insert(_token).values(id=1, token_hash=_hash("".join(signs)), expires_at=now() + VALID_FOR)
    )
    return "-".join("".join(signs[start : start + LENGTH]) for start in range(0, len(signs), LENGTH))


def check(session: Session, typed: str) -> None:
    """Errors  Invalid where it isn't the newest token, or is too old; Conflict where the shop is open."""
    row = session.connection().execute(select(_token.c.token_hash, _token.c.expires_at)).first()
    if is_open(session):
        raise Conflict(_("The shop has been opened already. Sign in instead."))
    if not row or not secrets.compare_digest(row.token_hash, _hash(typed)):
        raise Invalid(_("This isn't the token. The newest one is in the server's log."), field="token")
    _refuse_old(row.expires_at)


def use_up(session: Session, typed: str) -> None:
    """Check the token and delete it: of two who come at once, one succeeds. Errors as `check`."""
    check(session, typed)
    result = session.connection().execute(delete(_token).where(_token.c.token_hash == _hash(typed)))
    if result.rowcount != 1:
        raise Conflict(_("The shop has been opened already. Sign in instead."))


def _refuse_old(expires_at: datetime) -> None:
    if expires_at <= now():
        raise Invalid(
            _("This token is older than 24 hours. Restart the server: its log has a new one then."),
            field="token",
        )


def _hash(typed: str) -> str:
    signs = "".join(char for char in code(typed[:200]).upper() if char.isalnum())
    return cookies.key_hash(signs)
