"""Calls to providers, on threads of their own: one that doesn't answer keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

AT_ONCE = 16

T = TypeVar("T")
_threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="outside")


async def call_provider(call: Callable[..., T], *given: Any, **named: Any) -> T:
    """What the provider answers; its refusals are raised here. Pages and the database have other threads."""
    run = partial(contextvars.copy_context().run, call, *given, **named)
    return await asyncio.get_running_loop().run_in_executor(_threads, run)
