"""E-mail addresses: their normal form, and the mailbox that they lead to."""

from __future__ import annotations

from functools import lru_cache

from email_validator import EmailNotValidError, validate_email


@lru_cache(maxsize=256)
def normal_email(typed: str) -> str:
    """The address in the form in which the shop keeps it, or "" where it can't be one."""
    if len(typed) > 254:
        return ""
    try:
        return validate_email(typed.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return ""


def mailbox(typed: str) -> str:
    """The mailbox that an e-mail address leads to, for counting; "" where it can't be one.

    >>> mailbox("Ada+shop@example.com"), mailbox("a.d.a@googlemail.com")
    ('ada@example.com', 'ada@gmail.com')
    """
    name, _at, host = normal_email(typed).rpartition("@")
    name = name.partition("+")[0]
    if host in ("gmail.com", "googlemail.com"):
        name, host = name.replace(".", ""), "gmail.com"
    return f"{name}@{host}" if host else ""
