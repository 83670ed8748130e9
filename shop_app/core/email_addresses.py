"""E-mail addresses: the form that the shop keeps, the one that mail servers take, the mailbox they lead to.

Kept and shown is the readable form, `info@müller.de`, however it was typed; there is one for each address, so
that equal addresses are equal texts. Mail servers get `info@xn--mller-kva.de` (IDNA 2008, UTS #46).
"""

from __future__ import annotations

from functools import lru_cache

import idna
from email_validator import EmailNotValidError, validate_email

from .typed_text import code, prose

MAX_LENGTH = 254
"""Characters, as sent (RFC 5321)."""
_SIGNS = str.maketrans(dict.fromkeys("＠﹫", "@") | dict.fromkeys("。．｡", "."))


@lru_cache(maxsize=256)
def normal_email(typed: str) -> str:
    """The address in the form in which the shop keeps it, or "" where it can't be one.

    Not taken are quoted names before the @, numbers in brackets after it, and hosts without a dot.

    >>> normal_email(" Info＠xn--mller-kva.de. "), normal_email("ada@localhost")
    ('info@müller.de', '')
    """
    if len(typed) > 4 * MAX_LENGTH:
        return ""
    name, _at, host = prose(typed).translate(_SIGNS).rpartition("@")
    # Only what has a plain form is folded further; hosts by IDNA alone, where digits of two scripts are two.
    name = plain if (plain := code(name)).isascii() else name.strip()
    host = host.strip().removesuffix(".")
    try:
        address = validate_email(f"{name}@{host}", check_deliverability=False, strict=True)
    except EmailNotValidError:
        return ""
    return address.normalized.lower()


def sent_form(address: str) -> str:
    """The kept address as mail servers take it: its host in ASCII; the name before the @ stays.

    >>> sent_form("info@müller.de")
    'info@xn--mller-kva.de'
    """
    name, at, host = address.rpartition("@")
    return f"{name}{at}{ascii_host(host)}"


def ascii_host(host: str) -> str:
    """The host as it is sent, or the text itself where it can be none."""
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return host


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
