"""Passwords: which are taken; hashed and verified two at a time and never inside a transaction."""

from __future__ import annotations

import gzip
import hashlib
import re
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...core.errors import Invalid
from ...core.i18n import _
from ...core.settings import settings

if TYPE_CHECKING:
    from pwdlib import PasswordHash

MIN_PASSWORD, MAX_PASSWORD = 8, 200
_KNOWN = Path(__file__).with_name("known_passwords.txt.gz")
"""The passwords that attackers try first, in small letters and sorted, one a line."""
_OWN_WORDS = ("admin", "administrator", "backoffice", "checkout", "password", "passwort", "webshop")
"""Words of any shop, with which nobody's password is made by adding a number."""
_DEMO = ("demo-owner", "demo-clerk", "demo-shopper")
"""The passwords of the demo's logins, which its documentation names."""
_ADDED = re.compile(r"[\W\d_]+")

# Each hash takes 64 MiB for a quarter of a second: more at once could exhaust the memory.
_hashing = threading.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Hashed:
    """The Argon2id hash of a password. A type of its own, so that no plain password is stored as one."""

    text: str = field(repr=False)


def mark_of(password_hash: str) -> str:
    """What stands for a password in links and tickets: they don't work any more once there is another one."""
    return hashlib.sha256(b"mark of a password:" + password_hash.encode()).hexdigest()[:16]


def hash_password(password: str, *, about: Iterable[str] = ()) -> Hashed:
    """Takes 0.25 s and 64 MiB: call it on a thread, outside of a transaction.

    about  what an attacker knows of the person: name, e-mail address, the shop's name

    Errors  Invalid, with the reason as its code, for one that isn't taken.
    """
    if reason := reason_against(password, about):
        raise Invalid(sentence(reason), field="password", code=reason)
    with _hashing:
        return Hashed(_hasher().hash(password))


Reason = Literal["", "length", "known", "words"]


def reason_against(password: str, about: Iterable[str] = ()) -> Reason:
    """Why a new password isn't taken, "" where it is. Any characters may be in it."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return "length"
    if _is_known(password):
        return "known"
    return "words" if _is_made_of(password, about) else ""


def sentence(reason: str) -> str:
    """The reason as people read it."""
    sentences = {
        "length": _("Choose a password of {least} to {most} characters.").format(
            least=MIN_PASSWORD, most=MAX_PASSWORD
        ),
        "known": _("Many people have this password, and attackers try it first. Choose another one."),
        "words": _("This password is made of your name or the shop's words. Choose another one."),
    }
    return sentences.get(reason, "")


def _is_known(password: str) -> bool:
    text = password.casefold()
    if len(set(text)) < 3:
        return True
    return text in _known_passwords() or (text in _DEMO and settings().mode == "production")


def _is_made_of(password: str, about: Iterable[str]) -> bool:
    """Whether nothing but digits and signs was added to words that are known about the person or the shop."""
    words = {word for text in (*about, *_OWN_WORDS) for word in _ADDED.split(text.casefold()) if word}
    words |= {_ADDED.sub("", text.casefold()) for text in about}
    letters = rest = _ADDED.sub("", password.casefold())
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= 4:
            rest = rest.replace(word, "")
    # A passphrase may have such a word in it: a password is made of it where nothing else is left.
    return rest != letters and len(rest) < 3


def verify(password: str, hashed: Hashed | None) -> tuple[bool, Hashed | None]:
    """Whether it is the password, and a new hash where the old one is weaker than today's.

    Takes as long as `hash_password`, also without a hash: timing doesn't reveal whether there is an account.
    """
    fits = len(password) <= MAX_PASSWORD
    with _hashing:
        matches, renewed = _hasher().verify_and_update(
            password[:MAX_PASSWORD], hashed.text if hashed and fits else _decoy()
        )
    return matches and fits and hashed is not None, Hashed(renewed) if renewed else None


@lru_cache(maxsize=1)
def _known_passwords() -> frozenset[str]:
    return frozenset(gzip.decompress(_KNOWN.read_bytes()).decode().split("\n"))


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
