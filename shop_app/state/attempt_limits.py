"""Events that name a secret (a number with its e-mail address, a code, a link): counted, and logged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import reflex as rx

from shop_app.core.access import clients, rates, security_log
from shop_app.core.access.rates import Limit
from shop_app.core.errors import NotFound


@asynccontextmanager
async def counted(state: rx.State, limit: Limit, *, email: str = "") -> AsyncIterator[None]:
    """Count one try before what is inside is done; `email` is the address that it names, if any.

    Errors  TooMany, and nothing inside is done; what is inside refuses, NotFound after it is logged.
    """
    client = clients.of_state(state)
    await rates.take(limit, client, email=email)
    try:
        yield
    except NotFound:
        security_log.note("look-up failed", address=client.address, visitor=client.visitor, detail=limit.name)
        raise
