"""Sign-ins that were refused, as sums in the audit: an entry for each account in some minutes.

What was typed as an address is kept only where it is one of a member of staff: else it may be a password.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from shop_app.core import db
from shop_app.core.email_addresses import normal_email
from shop_app.core.tasks import meanwhile
from shop_app.services.accounts import refusals
from shop_app.services.accounts.refusals import Tries

log = logging.getLogger(__name__)

EVERY_SECONDS = 300
MAX_ADDRESSES = 2_000
MAX_NETWORKS = 200


@dataclass(slots=True)
class _Sum:
    tries: int = 0
    networks: set[str] = field(default_factory=set)


_sums: dict[str, _Sum] = {}
"""By the e-mail address, "" for all beyond the first `MAX_ADDRESSES`."""


def note(email: str, network: str) -> None:
    """Count a sign-in that was refused."""
    address = normal_email(email)
    if address not in _sums and len(_sums) >= MAX_ADDRESSES:
        address = ""
    entry = _sums.setdefault(address, _Sum())
    entry.tries += 1
    if network and len(entry.networks) < MAX_NETWORKS:
        entry.networks.add(network)


async def write_down() -> None:
    """Write what was counted since the last time into the audit."""
    counted = [Tries(email, entry.tries, sorted(entry.networks)) for email, entry in _sums.items()]
    _sums.clear()
    if counted:
        await db.write(refusals.record, counted)


@asynccontextmanager
async def written_down() -> AsyncIterator[None]:
    """Write it down every few minutes for as long as this is entered, and at the end."""
    try:
        async with meanwhile(_repeat()):
            yield
    finally:
        with suppress(Exception):
            await write_down()


async def _repeat() -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await write_down()
        except Exception:
            log.exception("Refused sign-ins couldn't be written down")
