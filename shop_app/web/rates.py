"""How often one address may do what is worth guarding: signing in, looking up orders, paying.

Counted in this process, or in Redis where the settings name one, so that the workers count together.
"""

from __future__ import annotations

from functools import lru_cache

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

from shop_app.errors import TooMany
from shop_app.settings import settings
from shop_app.words import _

from .asking import client_address, load_test


@lru_cache(maxsize=1)
def _limiter() -> SlidingWindowCounterRateLimiter:
    url = settings().redis_url
    storage = RedisStorage(f"async+{url}", implementation="redispy") if url else MemoryStorage()
    return SlidingWindowCounterRateLimiter(storage)


@lru_cache(maxsize=64)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)


async def within(rate: str, *who: str) -> bool:
    """Whether `who` may do it once more; counts this time. `rate` reads like "5/15 minutes"."""
    return load_test() or await _limiter().hit(_item(rate), *who)


async def refuse_above(rate: str, what: str, scope: Scope, *more: str) -> None:
    """Count one `what` of a request's address (and of `more`, an account's name for instance).

    Errors  TooMany where the rate is used up.
    """
    if not await within(rate, what, client_address(scope), *more):
        raise TooMany(_("That was too often in a short time. Wait a few minutes and try again."))
