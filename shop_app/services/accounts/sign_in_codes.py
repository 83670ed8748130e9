"""Codes by mail: six digits sign a customer in, once, within ten minutes, in the browser that asked for them.

There is one living code for an address and a browser. The letter has a link as well, which shows the digits,
and finishes by a button in the browser that asked; opening it changes nothing. Both are made from the row's
seed when the letter is sent, with a key that isn't in the database.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session

from ...core.clock import now
from ...core.settings import settings
from ...core.upsert import Insert, upsert
from ...models import Customer, SignInCode, table_of
from . import notices

MINUTES, TRIES, DIGITS = 10, 5, 6
LINK_PATH = "/account/login/link"
LETTER = "sign_in_code"
_SEED_BYTES = 16
_MARK_CHARS = 32
_TOKEN = re.compile(r"([0-9a-f]{32})([0-9a-f]{32})", re.ASCII)

_code = table_of(SignInCode)
_customer = table_of(Customer)


@dataclass(frozen=True, slots=True)
class LivingCode:
    """What a link leads to while its code lives; `visitor_hash` is of the browser that asked."""

    email: str
    digits: str
    visitor_hash: str


def ask(session: Session, email: str, visitor_hash: str) -> None:
    """Write the letter with a new code for that address and browser; a former one doesn't work any more.

    email  in its normal form. Known or not makes no difference, only a blocked account gets no letter.
    """
    row = {
        "email": email,
        "visitor_hash": visitor_hash,
        "seed": secrets.token_hex(_SEED_BYTES),
        "tries_left": TRIES,
        "expires_at": now() + timedelta(minutes=MINUTES),
    }
    session.connection().execute(_put(session), row)
    if not _is_blocked(session, email):
        notices.tell(session, email, LETTER, seed=row["seed"])


@upsert(_code)
def _put(insert: Insert) -> Any:
    return insert.on_conflict_do_update(
        index_elements=[_code.c.email, _code.c.visitor_hash],
        set_={name: insert.excluded[name] for name in ("seed", "tries_left", "expires_at")},
    )


def _is_blocked(session: Session, email: str) -> bool:
    blocked = select(_customer.c.id).where(_customer.c.email == email, _customer.c.blocked_at.is_not(None))
    return session.connection().execute(blocked).first() is not None


def use(session: Session, email: str, visitor_hash: str, typed: str) -> bool:
    """Whether that is the code; it is used up then. A wrong one costs a try, so the caller has to commit."""
    living = (_code.c.tries_left > 0) & (_code.c.expires_at > now())
    statement = (
        update(SignInCode)
        .where(_code.c.email == email, _code.c.visitor_hash == visitor_hash, living)
        .values(tries_left=_code.c.tries_left - 1)
        .returning(_code.c.seed)
    )
    # Two who bring codes at once wait for each other here: five tries are five, and one use is one.
    seed = session.connection().execute(statement).scalar()
    right = hmac.compare_digest(digits_of(seed or "", email).encode(), _plain(typed).encode())
    if seed is None or not right:
        return False
    return _spend(session, seed)


def _plain(typed: str) -> str:
    """What was typed without blanks and hyphens, as people copy codes."""
    return "".join(char for char in typed[:40] if not char.isspace() and char != "-")


def by_link(session: Session, token: str) -> LivingCode | None:
    """The code that a letter's link is about, while it lives; this uses nothing up."""
    match = _TOKEN.fullmatch(token)
    if not match or not hmac.compare_digest(token, token_of(match[1])):
        return None
    statement = select(_code.c.email, _code.c.visitor_hash).where(
        _code.c.seed == match[1], _code.c.tries_left > 0, _code.c.expires_at > now()
    )
    row = session.connection().execute(statement).first()
    return LivingCode(row.email, digits_of(match[1], row.email), row.visitor_hash) if row else None


def use_link(session: Session, token: str, visitor_hash: str) -> str:
    """The address whose code that is, which is used up; "" where it doesn't live, or for another browser."""
    living = by_link(session, token)
    if living is None or not visitor_hash or living.visitor_hash != visitor_hash:
        return ""
    return living.email if _spend(session, token[: 2 * _SEED_BYTES]) else ""


def _spend(session: Session, seed: str) -> bool:
    return session.connection().execute(delete(SignInCode).where(_code.c.seed == seed)).rowcount == 1


def forget(session: Session, email: str) -> None:
    """Take back every code for that address, whoever asked for it."""
    session.connection().execute(delete(SignInCode).where(_code.c.email == email))


def digits_of(seed: str, email: str) -> str:
    """The six digits."""
    number = int.from_bytes(_mac("code", f"{seed}:{email}")[:8]) % 10**DIGITS
    return f"{number:0{DIGITS}}"


def token_of(seed: str) -> str:
    """What the link in the letter has: the seed, and the shop's mark on it."""
    return seed + _mac("link", seed).hex()[:_MARK_CHARS]


def link_of(seed: str) -> str:
    """The address in the letter."""
    return f"{settings().public_url}{LINK_PATH}/{token_of(seed)}"


def _mac(purpose: str, text: str) -> bytes:
    return hmac.digest(settings().signing_key.encode(), f"sign-in {purpose}:{text}".encode(), "sha256")
