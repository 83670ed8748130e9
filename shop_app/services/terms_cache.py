"""What every cart needs and hardly ever changes, kept in this process for a few seconds per database.

Tax rates, shipping methods and automatic promotions are read for each view of a cart. Whoever edits
them publishes `events.TermsChanged`, which empties the memory of this process at once; other processes
follow within `SECONDS`. What money depends on, placing an order, reads past it (`fresh`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Generic, TypeVar

from cachetools import TTLCache
from sqlalchemy import Engine
from sqlmodel import Session

from ..core import events

T = TypeVar("T")

SECONDS = 5.0
MAX_DATABASES = 4

_all: list[TermsCache] = []


class TermsCache(Generic[T]):
    """A question to the database whose answer is kept for `SECONDS`."""

    def __init__(self, ask: Callable[[Session], T]) -> None:
        self._ask = ask
        self._kept: TTLCache[Engine, T] = TTLCache(MAX_DATABASES, SECONDS, timer=lambda: monotonic())
        self._turn = threading.Lock()
        _all.append(self)

    def get(self, session: Session, *, fresh: bool = False) -> T:
        engine = session.get_bind().engine
        with self._turn, suppress(KeyError):
            if not fresh:
                return self._kept[engine]
        answer = self._ask(session)
        with self._turn:
            self._kept[engine] = answer
        return answer

    def forget(self) -> None:
        with self._turn:
            self._kept.clear()


def forget_all(_event: object = None) -> None:
    for remembered in _all:
        remembered.forget()


events.subscribe(events.TermsChanged, forget_all)
