"""Deterministic interleavings: a rival acts right before, or right after, one chosen step of another's work.

A step is a call that has a name (`around`), or any line of a function (`before_line`).

Where that step holds a lock that the rival needs, the rival waits for it, as it would in life, and acts
as soon as it can: the work never waits for its rival.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

WAIT_SECONDS = 0.15
"""So long a rival has the field for itself; one that is still waiting for a lock then acts later."""


@dataclass(frozen=True, slots=True)
class Step:
    """A function that the work calls by `owner.name`."""

    label: str
    owner: Any
    name: str


class Rival:
    """Acts once, on a thread; what it raises stands in `problem`."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._thread: threading.Thread | None = None
        self.problem: BaseException | None = None

    def strike(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
            self._thread.join(WAIT_SECONDS)

    def _run(self) -> None:
        try:
            self._act()
        except Exception as problem:
            self.problem = problem

    @property
    def struck(self) -> bool:
        return self._thread is not None

    def finish(self) -> None:
        if self._thread:
            self._thread.join(30)
            assert not self._thread.is_alive(), "The rival never came to an end: a deadlock"


@contextmanager
def around(step: Step, when: str, rival: Rival) -> Iterator[None]:
    """Let the rival act before or after the first call of the step."""
    original = getattr(step.owner, step.name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            rival.strike()
        try:
            return original(*args, **kwargs)
        finally:
            if when == "after":
                rival.strike()

    setattr(step.owner, step.name, wrapped)
    try:
        yield
    finally:
        setattr(step.owner, step.name, original)
        rival.finish()


@contextmanager
def before_line(code: CodeType, number: int, rival: Rival) -> Iterator[None]:
    """Let the rival act before the `number`th line (from 0) that this thread runs in `code`.

    Where so many lines aren't run, `rival.struck` says that it never came to it.
    """
    left = number

    def trace(frame: FrameType, what: str, _detail: object) -> Any:
        nonlocal left
        if frame.f_code is not code:
            return None
        if what == "line":
            if left == 0:
                rival.strike()
            left -= 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
        rival.finish()
