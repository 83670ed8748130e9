"""Logs which command or query has held the event loop for too long: all sockets wait meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .log_limit import LogLimit

log = logging.getLogger(__name__)

LIMIT_SECONDS = 0.05

_lines = LogLimit()


@contextmanager
def watching(function: Callable[..., Any]) -> Iterator[None]:
    """Log a warning that names `function` if it runs inside, on an event loop, for over LIMIT_SECONDS."""
    began = time.perf_counter()
    try:
        yield
    finally:
        held_seconds = time.perf_counter() - began
        if held_seconds > LIMIT_SECONDS and _is_on_loop():
            _warn(function, held_seconds)


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _warn(function: Callable[..., Any], held_seconds: float) -> None:
    name = f"{function.__module__}.{getattr(function, '__qualname__', function)}"
    if count := _lines.count_if_due(name):
        log.warning(
            "%s held the event loop for %d ms (%d times since the last line): mark it @db.long_running",
            name, held_seconds * 1000, count,
        )  # fmt: skip


def forget() -> None:
    """Start counting anew: for tests."""
    _lines.forget()
