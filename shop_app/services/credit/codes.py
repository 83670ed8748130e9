"""The codes of gift cards and store credit: made, normalised and hashed.

A gift card's code is computed from the shop's secret and the key of the request that issued it. So a
repeated request and a letter can compute it again, and the database alone doesn't reveal it.
"""

from __future__ import annotations

import hashlib
import hmac

from ...core.settings import settings
from ...core.typed_text import code

ALPHABET = "23456789ACDEFGHJKMNPQRTVWXY"
"""27 signs, none of which is easily taken for another: no 0 and O, 1, I and L, S, Z, B and U."""
LENGTH = 20
"""Signs of a code, 4.75 bits each: 95 bits."""
GROUP = 4
_MISREAD = str.maketrans({"B": "8", "S": "5", "Z": "2", "U": "V"})


def make(request_key: str) -> str:
    """The code of the gift card that this request issues, in groups: "7KQ2-…"."""
    return grouped(_signs("gift card", request_key, LENGTH))


def of_account(account_id: int) -> str:
    """The code with which people spend store credit without signing in; only letters contain it."""
    return grouped(_signs("store credit", str(account_id), LENGTH) + _in_signs(account_id))


def account_of(code: str) -> int | None:
    """The store credit account of a code in its normal form, None where it is no such code."""
    tag, rest = code[:LENGTH], code[LENGTH:]
    if not (rest and len(rest) <= 13 and all(sign in ALPHABET for sign in rest)):
        return None
    number = 0
    for sign in rest:
        number = number * len(ALPHABET) + ALPHABET.index(sign)
    right = _signs("store credit", str(number), LENGTH)
    return number if hmac.compare_digest(tag.encode(), right.encode()) else None


def normal(typed: str) -> str:
    """The code as it is hashed: without spaces and dashes, in capitals, misread signs put right."""
    return "".join(sign for sign in code(typed).upper() if sign.isalnum()).translate(_MISREAD)


def hashed(code: str) -> str:
    """What the database keeps of a code: SHA-256, in hexadecimal digits."""
    return hashlib.sha256(normal(code).encode()).hexdigest()


def grouped(code: str) -> str:
    """The code in groups of four, as it is shown.

    >>> grouped("7KQ2M4XW9")
    '7KQ2-M4XW-9'
    """
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def _signs(purpose: str, text: str, count: int) -> str:
    digest = hmac.new(settings().signing_key.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).digest()
    number, signs = int.from_bytes(digest, "big"), []
    for _place in range(count):
        number, sign = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[sign])
    return "".join(signs)


def _in_signs(number: int) -> str:
    text = ""
    while number or not text:
        number, sign = divmod(number, len(ALPHABET))
        text = ALPHABET[sign] + text
    return text
