"""Passwords: hashed and verified, two at a time and never inside a transaction."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ...core.errors import Invalid
from ...core.i18n import _

if TYPE_CHECKING:
    from pwdlib import PasswordHash

MIN_PASSWORD, MAX_PASSWORD = 8, 200

# Each hash takes 64 MiB for a quarter of a second: more at once could exhaust the memory.
_hashing = threading.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Hashed:
    """The Argon2id hash of a password. A type of its own, so that no plain password is stored as one."""

    text: str = field(repr=False)


def hash_password(password: str) -> Hashed:
    """Takes 0.25 s and 64 MiB: call it on a thread, outside of a transaction.

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
        return Hashed(_hasher().hash(password))


def verify(password: str, hashed: Hashed | None) -> tuple[bool, Hashed | None]:
    """Whether it is the password, and a new hash where the old one is weaker than today's.

    Takes as long as `hash_password`, also without a hash: timing doesn't reveal whether there is an account.
    """
    with _hashing:
        matches, renewed = _hasher().verify_and_update(
            password[:MAX_PASSWORD], hashed.text if hashed else _decoy()
        )
    return matches and hashed is not None, Hashed(renewed) if renewed else None


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
