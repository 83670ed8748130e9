"""A proxy in front that the settings know nothing of: said once, for every limit counts it as one visitor."""

from __future__ import annotations

import logging

from starlette.types import Scope

from shop_app.core.settings import settings

log = logging.getLogger(__name__)

_SIGNS = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"forwarded", b"x-real-ip"})
_said = False


def recognise(scope: Scope) -> None:
    """Look whether a request came through a proxy where SHOP_TRUSTED_PROXY_HOPS says that there is none."""
    global _said
    if _said or settings().trusted_proxy_hops:
        return
    signs = sorted({name.decode() for name, _value in scope["headers"] if name in _SIGNS})
    if signs:
        _said = True
        log.warning(
            "A request came with %s, as a proxy in front adds it, and SHOP_TRUSTED_PROXY_HOPS is 0: limits"
            " count all visitors behind that proxy as one. Set it to the number of proxies in front; without"
            " any, let it be.",
            " and ".join(signs),
        )


def forget() -> None:
    """Say it anew: for tests."""
    global _said
    _said = False
