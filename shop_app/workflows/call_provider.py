"""Calls to providers on a thread pool of their own, so that a slow one blocks neither pages nor database."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

AT_ONCE = 16

T = TypeVar("T")
_threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="provider")


async def call_provider(call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run `call` on a thread of the pool; returns what it returns and raises what it raises."""
    run = partial(contextvars.copy_context().run, call, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads, run)
