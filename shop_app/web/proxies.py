"""A warning, once, about a proxy in front that the settings don't name: limits count it as one visitor."""

from __future__ import annotations

import logging

from starlette.types import Scope

from shop_app.core.settings import settings

log = logging.getLogger(__name__)

SIGNS = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"forwarded", b"x-real-ip"})
_said = False


def recognise(scope: Scope) -> None:
    """Warn where a request came through a proxy although SHOP_TRUSTED_PROXY_HOPS is 0."""
    global _said
    if _said or settings().trusted_proxy_hops:
        return
    signs = sorted({name.decode() for name, _value in scope["headers"] if name in SIGNS})
    if signs:
        _said = True
        log.warning(
            "A request came with %s, as a proxy in front adds it, and SHOP_TRUSTED_PROXY_HOPS is 0: limits"
            " count all visitors behind that proxy as one. Set it to the number of proxies in front; without"
            " any, let it be.",
            " and ".join(signs),
        )


def forget() -> None:
    """Warn again: for tests."""
    global _said
    _said = False
