"""What a process has still to send to the others: each room once, however often it was pushed to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .bus import Push

MOST_ROOMS = 5_000
MOST_NEWS = 2_000
PUSHES_AT_ONCE = 100
"""In one message."""


class Unsent:
    """Pushes by room and news in order. What is too much is dropped, and said so instead."""

    def __init__(self) -> None:
        self._pushes: dict[str, Push] = {}
        self._news: list[tuple[str, Any]] = []
        self._is_incomplete = False

    def push(self, push: Push) -> None:
        before = self._pushes.pop(push.room, Push(push.room))
        ask = tuple(dict.fromkeys((*before.ask, *push.ask)))
        # No other process has the socket that is skipped.
        self._pushes[push.room] = Push(push.room, {**before.patch, **push.patch}, ask)
        self._bound()

    def tell(self, topic: str, news: Any) -> None:
        self._news.append((topic, news))
        self._bound()

    def take(self) -> list[dict[str, Any]]:
        """All of it as the bodies of messages, in their order; empty from then on."""
        bodies = [{"news": self._news}] if self._news else []
        bodies += [{"pushes": part} for part in _parts([*self._pushes.values()])]
        bodies += [{"incomplete": True}] if self._is_incomplete else []
        self._forget()
        return bodies

    def put_back(self, bodies: list[dict[str, Any]]) -> None:
        """Take these again, before what came meanwhile."""
        pushes, news = self._pushes, self._news
        self._pushes, self._news = {}, []
        for body in bodies:
            self._is_incomplete |= body.get("incomplete", False)
            self._news += body.get("news", ())
            for room, patch, ask in body.get("pushes", ()):
                self.push(Push(room, patch, ask))
        self._news += news
        for push in pushes.values():
            self.push(push)
        self._bound()

    def _bound(self) -> None:
        if len(self._pushes) > MOST_ROOMS or len(self._news) > MOST_NEWS:
            self._forget()
            self._is_incomplete = True

    def _forget(self) -> None:
        self._pushes, self._news, self._is_incomplete = {}, [], False


def _parts(pushes: list[Push]) -> Iterator[list[tuple[str, Any, tuple[str, ...]]]]:
    for start in range(0, len(pushes), PUSHES_AT_ONCE):
        yield [(push.room, push.patch, push.ask) for push in pushes[start : start + PUSHES_AT_ONCE]]
