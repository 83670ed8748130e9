"""The bus of several processes, over Redis pub/sub: each sends to its own pages first, then to all others.

Redis keeps nothing of it, so whoever had no connection may have missed something, and catches up by the
database once it has one. What couldn't be sent meanwhile waits, each room once. A process that hears nothing,
not even the answers to its pings, for some seconds counts as having no connection.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis.asyncio.client import PubSub

from shop_app.core import shared_redis
from shop_app.core.access.token_buckets import TokenBucket
from shop_app.core.failures import Unavailable

from . import rooms
from .bus import CatchUp, Emit, Hear, LocalBus, Push
from .unsent import Unsent

log = logging.getLogger(__name__)

PING_SECONDS = 1.0
SILENT_SECONDS = 4.0
"""So long without any answer, and the connection counts as lost."""
PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8)
"""Between two tries to reach Redis; the last one again and again."""
GOODBYE_SECONDS = 1.0
"""So long the last messages of a process that ends may take."""


class Message(BaseModel):
    """What one process sends the others."""

    model_config = ConfigDict(strict=True, extra="forbid")

    origin: str = Field(min_length=1, max_length=64)
    pushes: list[tuple[str, dict[str, Any], list[str]]] = []
    """Room, patch and ask of each."""
    news: list[tuple[str, Any]] = []
    """Topic and what is told."""
    incomplete: bool = False
    """Whether the sender had to drop some."""


class RedisBus(LocalBus):
    def __init__(self) -> None:
        super().__init__()
        self._listeners: defaultdict[str, list[Hear]] = defaultdict(list)
        self._unsent = Unsent()
        self._channel = ""
        self._is_heard = self._is_sending = False
        self._said_malformed = TokenBucket(1 / 60, 1)

    @property
    def is_cut_off(self) -> bool:
        return not (self._is_heard and self._is_sending)

    def publish(self, push: Push) -> None:
        self._call(lambda: self._waiting.put_nowait((push, self._emit_and_pass_on)))

    def tell(self, topic: str, news: Any) -> None:
        self._call(lambda: self._tell(topic, news))

    def hear(self, topic: str, listener: Hear) -> Callable[[], None]:
        self._listeners[topic].append(listener)
        return lambda: self._listeners[topic].remove(listener)

    def start(self, emit: Emit, catch_up: CatchUp) -> None:
        self._origin = secrets.token_hex(8)
        self._unsent, self._is_heard, self._is_sending = Unsent(), False, True
        self._has_unsent, self._has_missed = asyncio.Event(), asyncio.Event()
        self._client = shared_redis.client()
        super().start(emit, catch_up)
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(work) for work in (self._send_on(), self._receive(), self._catch_up(catch_up))
        ]

    async def stop(self) -> None:
        if self._loop is None:
            return
        await super().stop()
        await _cancel(self._tasks)
        with suppress(*shared_redis.FAILURES, Unavailable):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._send_unsent()
        await self._client.aclose()

    # --- To the others ----------------------------------------------------------------------------

    async def _emit_and_pass_on(self, push: Push) -> None:
        try:
            await self._emit(push)
        finally:
            if not push.room.startswith(rooms.OF_EACH_PROCESS):
                self._unsent.push(push)
                self._has_unsent.set()

    def _tell(self, topic: str, news: Any) -> None:
        self._unsent.tell(topic, news)
        self._has_unsent.set()

    async def _send_on(self) -> None:
        tries = 0
        while True:
            await self._has_unsent.wait()
            self._has_unsent.clear()
            try:
                await self._send_unsent()
                self._is_sending, tries = True, 0
            except (*shared_redis.FAILURES, Unavailable) as error:
                if self._is_sending:
                    log.warning("Redis takes no pushes (%s): they wait", type(error).__name__)
                self._is_sending = False
                self._has_unsent.set()
                await _pause(tries)
                tries += 1
            except Exception:
                # They can't be written as JSON, and never will.
                log.exception("Pushes for other processes were dropped")

    async def _send_unsent(self) -> None:
        """Send all that waits.

        Errors  those of Redis and of the database; then all of it waits on, and may be sent twice.
        """
        channel = await self._name()
        bodies = self._unsent.take()
        messages = [json.dumps({"origin": self._origin, **body}, separators=(",", ":")) for body in bodies]
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for message in messages:
                    pipeline.publish(channel, message)
                await pipeline.execute()
        except BaseException:
            self._unsent.put_back(bodies)
            raise

    async def _name(self) -> str:
        """The channel of this shop."""
        self._channel = self._channel or f"{await shared_redis.prefix()}:bus"
        return self._channel

    # --- From the others --------------------------------------------------------------------------

    async def _receive(self) -> None:
        tries = 0
        while True:
            try:
                async with self._client.pubsub() as pubsub:
                    await pubsub.subscribe(await self._name())
                    async for data in _messages(pubsub):
                        if tries:
                            log.warning("Redis brings pushes again")
                        tries = 0
                        self._take_in(data)
            except (*shared_redis.FAILURES, Unavailable) as error:
                if not tries:
                    log.warning("Redis brings no pushes (%s); it is tried again", type(error).__name__)
            except Exception:
                log.exception("Pushes of other processes can't be received; it is tried again")
            self._is_heard = False
            await _pause(tries)
            tries += 1

    def _take_in(self, data: bytes | None) -> None:
        if data is None:
            # Subscribed, for the first time or again: nobody keeps what was sent before.
            self._is_heard = True
            self._has_missed.set()
            return
        try:
            message = Message.model_validate_json(data)
        except ValidationError as error:
            self._ignore(f"it isn't of this shop's format ({error.error_count()} errors)")
            return
        if message.origin == self._origin:
            return
        if message.incomplete:
            self._has_missed.set()
        for topic, news in message.news:
            self._tell_here(topic, message.origin, news)
        for room, patch, ask in message.pushes:
            self._waiting.put_nowait((Push(room, patch, tuple(ask)), self._emit))

    def _tell_here(self, topic: str, origin: str, news: Any) -> None:
        for listener in tuple(self._listeners.get(topic, ())):
            try:
                listener(origin, news)
            except ValidationError:
                self._ignore(f"its news of {topic[:40]!r} aren't of this shop's format")
            except Exception:
                log.exception("News of another process couldn't be taken in")

    def _ignore(self, why: str) -> None:
        if self._said_malformed.take():
            log.warning("A message on Redis is ignored, and others for a minute without a word: %s", why)

    async def _catch_up(self, catch_up: CatchUp) -> None:
        """One at a time; what is missed meanwhile is caught up with after it."""
        while True:
            await self._has_missed.wait()
            self._has_missed.clear()
            try:
                await catch_up()
            except Exception as error:
                # The database says by itself when it is away.
                if not isinstance(error, Unavailable):
                    log.exception("What was missed couldn't be caught up with; it is tried again")
                self._has_missed.set()
                await _pause(len(PAUSES_SECONDS))


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """End them. Asked again and again: redis-py 7.4 takes a cancel for its own while it connects."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _done, left = await asyncio.wait(left, timeout=PAUSES_SECONDS[0])


async def _pause(tries: int) -> None:
    await asyncio.sleep(PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS) - 1)])


async def _messages(pubsub: PubSub) -> AsyncIterator[bytes | None]:
    """What comes in on a subscription, and None each time that it has begun.

    Errors  those of Redis; TimeoutError where pings aren't answered either.
    """
    heard_at = pinged_at = time.monotonic()
    while True:
        message = await pubsub.get_message(timeout=PING_SECONDS)
        now = time.monotonic()
        if message is not None:
            heard_at = now
            if message["type"] == "subscribe":
                yield None
            elif message["type"] == "message":
                yield message["data"]
        elif now - heard_at > SILENT_SECONDS:
            raise TimeoutError
        if now - pinged_at >= PING_SECONDS:
            pinged_at = now
            await pubsub.ping()
