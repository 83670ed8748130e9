"""Signing in: the password is checked against its hash on a thread, between two short transactions."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.services.accounts import sessions

# Threads of their own: many sign-ins at once delay each other, and no pages.
threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")


async def sign_in(email: str, password: str, *, kind: Literal["customer", "staff"]) -> tuple[str, Principal]:
    """A new session: its key, for the cookie alone, and who it belongs to.

    Errors  WrongLogin where e-mail or password is wrong, after the same time for both.
    """
    login = await db.read(sessions.login_of, email, kind=kind)
    loop = asyncio.get_running_loop()
    proven = await loop.run_in_executor(threads, sessions.prove, login, password)
    return await db.write(sessions.sign_in, proven)
