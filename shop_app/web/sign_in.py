"""Passwords at the edge: checked and hashed on threads of their own, between short transactions.

Few wait at the same time: who comes beyond them is refused, so that a flood of guesses never delays a page.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import TooMany
from shop_app.core.i18n import _
from shop_app.services.accounts import sessions
from shop_app.services.accounts.browsers import UNKNOWN, Browser, Kind
from shop_app.services.accounts.sessions import Proven

P = ParamSpec("P")
T = TypeVar("T")

MAX_AT_ONCE = 24
"""Passwords at work and in line: a quarter of a second each, two at a time."""
_NICE = 5


def _step_back() -> None:
    """Let the threads that answer pages run first. Where a system gives no thread a rank, nothing changes."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)


_threads = ThreadPoolExecutor(2, thread_name_prefix="passwords", initializer=_step_back)
_at_once = 0


async def on_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work`, which hashes or verifies a password, returns.

    Errors  TooMany where `MAX_AT_ONCE` are at work or in line; what `work` raises.
    """
    global _at_once
    if _at_once >= MAX_AT_ONCE:
        raise TooMany(_("Too many people sign in at this moment. Try again in a minute."))
    _at_once += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, lambda: work(*args, **kwargs))
    finally:
        _at_once -= 1


async def prove(email: str, password: str, *, kind: Kind) -> Proven:
    """The login whose password that is.

    Errors  WrongLogin where e-mail or password is wrong, after the same time for both; TooMany.
    """
    login = await db.read(sessions.login_of, email, kind=kind)
    return await on_thread(sessions.prove, login, password)


async def sign_in(
    email: str, password: str, *, kind: Kind, browser: Browser = UNKNOWN
) -> tuple[str, Principal]:
    """A new session: its key, for the cookie alone, and who it belongs to.

    Errors  as `prove`; FactorNeeded where the account has a second factor.
    """
    proven = await prove(email, password, kind=kind)
    return await db.write(sessions.sign_in, proven, browser)
