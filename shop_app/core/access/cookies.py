"""The cookies: who this browser is (the visitor), who is signed in (the session), and a step of a sign-in.

All are HttpOnly. Visitor and session are random keys of 256 bits, of which the database keeps only hashes;
the step is a signed ticket between the password and the second factor (services/accounts/tickets.py).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from functools import lru_cache
from http.cookies import SimpleCookie

from ..settings import settings

VISITOR = "shop_visitor"
SESSION = "shop_session"
STEP = "shop_step"

_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@lru_cache(maxsize=1)
def _prefix() -> str:
    # Browsers take a __Host- cookie over https only, and from no other host or path.
    return "__Host-" if settings().public_url.startswith("https://") else ""


def visitor_cookie() -> str:
    """The full name of the visitor's cookie."""
    return _prefix() + VISITOR


def visitor_seconds() -> int:
    """How long a browser keeps the visitor's cookie."""
    return settings().visitor_days * 24 * 3600


def session_cookie() -> str:
    """The full name of the session's cookie."""
    return _prefix() + SESSION


def step_cookie() -> str:
    """The full name of the cookie that a sign-in has between its steps."""
    return _prefix() + STEP


def read(cookie_header: str, name: str) -> str:
    """The value of the first cookie of that name in a Cookie header, "" where there is none.

    Not by `SimpleCookie`, which stops at the first that it can't read, such as someone else's
    `a={"b":1}`, and which takes the last of two with one name.
    """
    prefix = name + "="
    for part in cookie_header.split(";"):
        part = part.strip()
        if part.startswith(prefix):
            return part[len(prefix) :].strip('"')
    return ""


def _key(cookie_header: str, name: str) -> str | None:
    value = read(cookie_header, name)
    return value if _KEY.fullmatch(value) else None


def visitor_key(cookie_header: str) -> str | None:
    """The visitor's key, or None where it is missing or has another shape than ours."""
    return _key(cookie_header, visitor_cookie())


def session_key(cookie_header: str) -> str | None:
    """The key of the signed-in session, or None where it is missing or has another shape than ours."""
    return _key(cookie_header, session_cookie())


def new_key() -> str:
    """A fresh key: 256 random bits in 43 characters."""
    return secrets.token_urlsafe(32)


@lru_cache(maxsize=4096)
def key_hash(key: str) -> str:
    """What the database keeps of a key: its SHA-256 as 64 hex digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def set_cookie(name: str, value: str, *, max_age: int) -> str:
    """The value of a Set-Cookie header for one of our cookies; `max_age` is in seconds, 0 deletes it."""
    cookie = SimpleCookie({name: value})[name]
    cookie.update({"path": "/", "max-age": max_age, "httponly": True, "samesite": "Lax"})
    cookie["secure"] = bool(_prefix())
    return cookie.OutputString()
