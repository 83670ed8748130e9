"""Links that show a product before it is for sale: signed, for whoever gets one, until they are over."""

from __future__ import annotations

import hashlib
import hmac

from ...core.clock import now
from ...core.settings import settings

SECONDS = 7 * 24 * 3600


def address(slug: str, product_id: int) -> str:
    """The page of the product with a token that is valid for a week."""
    return f"/products/{slug}?preview={_token(product_id, int(now().timestamp()) // 3600 * 3600 + SECONDS)}"


def is_valid(token: str, product_id: int) -> bool:
    """Whether the token is one of ours for this product, and not over yet."""
    ends, _dot, _signs = token.partition(".")
    if not (ends.isascii() and ends.isdigit() and len(ends) <= 12):
        return False
    return hmac.compare_digest(_token(product_id, int(ends)), token) and int(ends) > now().timestamp()


def _token(product_id: int, ends: int) -> str:
    text = f"preview of a product:{product_id}:{ends}".encode()
    signs = hmac.digest(settings().signing_key.encode(), text, hashlib.sha256).hex()
    return f"{ends}.{signs[:32]}"
