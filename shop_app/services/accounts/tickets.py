"""Tickets: signed values that a browser brings back in the next step of a sign-in.

Each is for one step, one browser and some minutes. Nothing is stored for them.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from ...core.clock import now
from ...core.errors import ShopError
from ...core.i18n import _
from ...core.settings import settings

MAX_CHARS = 2_000
ANY_BROWSER = "*"


class Expired(ShopError):
    """The step can't be done any more: too late, in another browser, or for a second time."""

    code = "expired"

    def __init__(self) -> None:
        super().__init__(_("That took too long, or was begun in another browser. Begin again."))


def issue(step: str, visitor_hash: str, until: datetime, **data: Any) -> str:
    """A ticket for `step` with plain values that its owner may read, for the browser of that visitor.

    Errors  Expired where there is no visitor: a browser without cookies brings nothing back.
    """
    if not visitor_hash:
        raise Expired
    return _signer(step).dumps({"v": visitor_hash, "u": int(until.timestamp()), **data})


def for_minutes(step: str, visitor_hash: str, minutes: int, **data: Any) -> str:
    """A ticket that runs out in so many minutes."""
    return issue(step, visitor_hash, now() + timedelta(minutes=minutes), **data)


def read(step: str, text: str, visitor_hash: str) -> dict[str, Any]:
    """What was put into the ticket.

    Errors  Expired for one that is too old, of another step or browser, or not the shop's.
    """
    try:
        data = _signer(step).loads(text[:MAX_CHARS])
    except BadData:
        raise Expired from None
    if data["u"] <= now().timestamp() or data["v"] not in (ANY_BROWSER, visitor_hash):
        raise Expired
    return data


def _signer(step: str) -> URLSafeSerializer:
    compact = {"separators": (",", ":")}
    return URLSafeSerializer(
        settings().signing_key, salt=f"sign-in:{step}", serializer=json, serializer_kwargs=compact
    )
