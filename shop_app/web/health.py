"""The health checks: GET /healthz, whether the server answers, and GET /readyz, whether it can work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shop_app.core.settings import settings
from shop_app.core.version import VERSION

log = logging.getLogger(__name__)

_NO_STORE = {"Cache-Control": "no-store"}


async def alive(_request: Request) -> JSONResponse:
    """The process answers, and of which release it is; nothing else is checked."""
    return JSONResponse({"status": "alive", "version": VERSION}, headers=_NO_STORE)


def _database() -> None:
    from sqlalchemy import text

    from shop_app.core import db

    with db.engine().connect() as connection:
        connection.execute(text("SELECT 1"))


def _migrations() -> None:
    from shop_app.core import db, migrate

    with db.engine().connect() as connection:
        if not migrate.suits(connection):
            raise RuntimeError("the schema isn't the newest")


def _redis() -> None:
    import redis

    client = redis.Redis.from_url(settings().redis_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    finally:
        client.close()


def checks() -> dict[str, Callable[[], None]]:
    """What has to work, by name; each raises where it doesn't."""
    checks_by_name = {"database": _database, "migrations": _migrations}
    return checks_by_name | ({"redis": _redis} if settings().redis_url else {})


async def ready(_request: Request) -> JSONResponse:
    """Every check, and 503 with the names of those that failed; the reasons are only logged."""
    results = {name: await asyncio.to_thread(_passes, name, check) for name, check in checks().items()}
    failed = [name for name, passed in results.items() if not passed]
    body = {
        "status": "not ready" if failed else "ready",
        "checks": {name: "ok" if passed else "failed" for name, passed in results.items()},
    } | ({"reason": f"{', '.join(failed)} failed"} if failed else {})
    return JSONResponse(body, 503 if failed else 200, headers=_NO_STORE)


def _passes(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:
        log.warning("Not ready: %s (%s)", name, type(error).__name__)
        return False
    return True


routes = [Route("/healthz", alive), Route("/readyz", ready)]
