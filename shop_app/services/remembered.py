"""What every cart needs and hardly ever changes, kept in this process for a few seconds per database.

Tax rates, shipping methods and automatic promotions are read for each view of a cart. Whoever edits
them announces `facts.TermsChanged`, which empties the memory of this process at once; other processes
follow within `SECONDS`. What money depends on, placing an order, reads past it (`fresh`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session

from ..core import events
from ..core.clock import now

T = TypeVar("T")

SECONDS = 5.0

_all: list[Remembered] = []


class Remembered(Generic[T]):
    """A question to the database whose answer is kept for `SECONDS`."""

    def __init__(self, ask: Callable[[Session], T]) -> None:
        self._ask = ask
        self._kept: weakref.WeakKeyDictionary[Engine, tuple[float, T]] = weakref.WeakKeyDictionary()
        _all.append(self)

    def get(self, session: Session, *, fresh: bool = False) -> T:
        engine = session.get_bind().engine
        kept = self._kept.get(engine)
        moment = now().timestamp()
        if kept and not fresh and 0 <= moment - kept[0] < SECONDS:
            return kept[1]
        answer = self._ask(session)
        self._kept[engine] = (moment, answer)
        return answer

    def forget(self) -> None:
        self._kept.clear()


def forget_all(_fact: object = None) -> None:
    for remembered in _all:
        remembered.forget()


events.listen(events.TermsChanged, forget_all)
