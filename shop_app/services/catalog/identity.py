"""What a product and its variants are known by: handle, slug and SKU, and what a text must be for each.

A handle is the product's identity in files and is compared as it is written. A slug is its address: it is
made of the handle once, gets a number where another product has it, and stays. A SKU is compared exactly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from slugify import slugify
from sqlalchemy import text
from sqlmodel import Session, col, select

from ...models import MAX_HANDLE as MAX_HANDLE
from ...models import MAX_SKU, MAX_SLUG, Product, SlugRedirect

SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
NAMELESS = "product"
"""The slug of a handle without a letter or digit that can be written in ASCII."""
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show nothing: fillers of Hangul, the empty Braille pattern."""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('catalogue', 0))")


def trimmed(value: str) -> str:
    """The text as names are compared: in Unicode's composed form (NFC), without spaces around it.

    >>> trimmed(" Cafe\\u0301 ") == "Café"
    True
    """
    return unicodedata.normalize("NFC", value).strip()


def handle_of(written: str) -> str:
    """A handle as it is stored and compared: trimmed, in small letters, and otherwise as it is written.

    >>> handle_of(" Flute-Vase "), handle_of("是"), handle_of("STRASSE") == handle_of("straße")
    ('flute-vase', '是', False)
    """
    return trimmed(trimmed(written).lower())


def is_name(value: str, most: int) -> bool:
    """Whether the text can be a handle or a SKU: 1 to `most` characters, one of them visible, no controls.

    >>> is_name('PIPE-1/2"', 255), is_name("👩\u200d🚀", 255), is_name("a\\tb", 255), is_name("\\u200b", 255)
    (True, True, False, False)
    """
    kinds = {sign: unicodedata.category(sign) for sign in value}
    return (
        0 < len(value) <= most
        and not {"Cc", "Cs", "Zl", "Zp"} & set(kinds.values())
        and any(kind[0] in "LNPS" and sign not in _UNSEEN for sign, kind in kinds.items())
    )


def is_sku(value: str) -> bool:
    """Whether the text can be a SKU as it stands: trimmed, 1 to 255 characters, no controls."""
    return value == trimmed(value) and is_name(value, MAX_SKU)


def differ_in_case(skus: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of different SKUs that are one where case doesn't count: allowed, and easily mistaken.

    >>> differ_in_case(["mug-1", "MUG-1", "MUG-2"])
    [('mug-1', 'MUG-1')]
    """
    first: dict[str, str] = {}
    return [
        (first[sku.casefold()], sku)
        for sku in dict.fromkeys(skus)
        if first.setdefault(sku.casefold(), sku) != sku
    ]


def hold_names(session: Session) -> None:
    """Let no other transaction give out handles, slugs, SKUs or tags until this one ends.

    On SQLite there is one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_LOCK)


def free_slug(session: Session, handle: str) -> str:
    """A slug made of the handle that no product has or had; with the lowest free number where one is needed.

    Two handles may be written alike in ASCII: 是 becomes shi, and 事 after it shi-2.
    """
    base = handle if SLUG.fullmatch(handle) else slugify(handle, max_length=MAX_SLUG) or NAMELESS
    return _free(session, base, (col(Product.slug), col(SlugRedirect.slug)))


def free_handle(session: Session, slug: str) -> str:
    """The handle of a product that has only an address yet: the same, or with a number."""
    return _free(session, slug, (col(Product.handle),))


def _free(session: Session, base: str, columns: Iterable) -> str:
    first, count = 1, 8
    while True:
        names = [_numbered(base, number) for number in range(first, first + count)]
        taken = {name for column in columns for name in session.exec(select(column).where(column.in_(names)))}
        if free := next((name for name in names if name not in taken), None):
            return free
        # Ever more at once: thousands of handles may be written alike.
        first, count = first + count, min(2 * count, 4096)


def _numbered(base: str, number: int) -> str:
    if number == 1:
        return base
    tail = f"-{number}"
    return base[: MAX_SLUG - len(tail)].rstrip("-_") + tail
