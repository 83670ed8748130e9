"""The counts of limits that all processes share, in Redis; while that is away each counts by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from limits.aio.storage import RedisStorage

from .. import shared_redis
from ..failures import Unavailable
from .counts import BoundedStorage

T = TypeVar("T")


class SharedStorage(BoundedStorage):
    """Redis for `SlidingWindowCounterRateLimiter`, with this process's memory behind it.

    What was counted in Redis isn't known here while it is away, and the other way round.
    """

    def __init__(self) -> None:
        super().__init__()
        self._circuit = shared_redis.Circuit("limits are counted by this process")
        self._client = shared_redis.client()
        self._shared: RedisStorage | None = None

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` hits where they fit below `limit`; True where they did."""
        try:
            return await self._call(
                lambda shared: shared.acquire_sliding_window_entry(key, limit, expiry, amount)
            )
        except shared_redis.Away:
            return await super().acquire_sliding_window_entry(key, limit, expiry, amount)

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Hits of the window before and its seconds that count, of this one and its seconds."""
        try:
            return await self._call(lambda shared: shared.get_sliding_window(key, expiry))
        except shared_redis.Away:
            return await super().get_sliding_window(key, expiry)

    async def _call(self, command: Callable[[RedisStorage], Awaitable[T]]) -> T:
        shared = self._shared or await self._connected()
        return await self._circuit.call(lambda: command(shared))

    async def _connected(self) -> RedisStorage:
        """The storage under the shop's own names, which its database tells."""
        try:
            prefix = await shared_redis.prefix()
        except Unavailable as error:
            raise shared_redis.Away from error
        self._shared = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=f"{prefix}:limits",
            connection_pool=self._client.connection_pool,  # pyright: ignore[reportArgumentType]
        )
        return self._shared
