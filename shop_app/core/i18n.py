"""Every visible text goes through `_`, in the language of `SHOP_LOCALE`."""

from __future__ import annotations

import gettext
from functools import lru_cache

from .settings import ROOT, settings


@lru_cache(maxsize=1)
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("shop", ROOT / "locales", languages=[settings().locale], fallback=True)


def _(text: str) -> str:
    """`text` in the shop's language; unchanged where it has no translation."""
    return _catalogue().gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """The form that fits `count`, with `{count}` filled in.

    >>> plural("{count} product", "{count} products", 1)
    '1 product'
    """
    return _catalogue().ngettext(one, many, count).format(count=count)
