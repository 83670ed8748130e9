"""Facets and their values as addresses have them: the text itself, in small letters, with hyphens for spaces.

Different texts have different keys, because nothing is left out or transliterated: what is a separator in an
address or here is written as an escape. Older addresses had slugs, which `old_key` makes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from slugify import slugify

from ..catalog.identity import is_name, trimmed

MAX_LABEL = 60
"""Characters of a name or value that lists can be narrowed by; a longer one is a sentence."""
MAX_NAME, MAX_VALUE = 100, 255
"""Characters of their keys in the listing index."""
_ESCAPES = {"~": "~~", "-": "~-", ",": "~.", "_": "~_"}
_UNESCAPED = {escape: sign for sign, escape in _ESCAPES.items()} | {"-": " "}
_ESCAPED = re.compile("|".join(map(re.escape, sorted(_UNESCAPED, reverse=True))))
_ESCAPING = str.maketrans(_ESCAPES | {" ": "-"})


@lru_cache(maxsize=65536)
def key_of(label: str) -> str:
    """The key of a name or value. Spaces around and between words and upper case make no difference.

    >>> key_of("Dark  Navy"), key_of("½"), key_of("1/2"), key_of("1-2"), key_of("红")
    ('dark-navy', '½', '1/2', '1~-2', '红')
    """
    return trimmed(" ".join(trimmed(label).split()).lower()).translate(_ESCAPING)


def text_of(key: str) -> str:
    """The name or value in small letters that has this key.

    >>> text_of("dark-navy"), text_of("1~-2")
    ('dark navy', '1-2')
    """
    return _ESCAPED.sub(lambda match: _UNESCAPED[match[0]], key)


def read_key(typed: str, most: int = MAX_VALUE) -> str:
    """A key as an address has it, in any case; "" for what is none.

    >>> read_key("Dark Navy"), read_key("utm_source"), read_key("")
    ('dark-navy', '', '')
    """
    key = trimmed("-".join(trimmed(typed).split()).lower())
    is_escaped = text_of(key).translate(_ESCAPING) == key
    return key if is_escaped and is_name(key, most) else ""


@lru_cache(maxsize=65536)
def old_key(label: str) -> str:
    """The slug that a name or value had in older addresses; several may have had the same.

    >>> old_key("Größe, 50 × 90 cm")
    'grosse-50-x-90-cm'
    """
    return slugify(label, replacements=[("×", "x")], max_length=100) or "other"


@lru_cache(maxsize=4096)
def in_json(name: str) -> str:
    """A facet's name as a key of `ListingVariant.options`, in ASCII without quotes.

    Before 3.45 SQLite finds no other keys by their path.
    """
    return quote(name, safe="~")
