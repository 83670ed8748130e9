"""A Stripe-compatible server for demo mode and tests: API, hosted pay page, signed webhooks, faults.

Its objects are in a database file of its own: to the shop it is an outside server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ..core.settings import settings
from .local_access import from_this_machine

if TYPE_CHECKING:
    from .faults import Faults


@dataclass(frozen=True, slots=True)
class Wiring:
    """The sandbox's database and secrets, and the addresses of the sandbox and the shop."""

    database: Path
    key: str
    webhook_secret: str
    webhook_url: str
    public_url: str
    """Where browsers find it, /sandbox included."""

    @classmethod
    def from_settings(cls) -> Wiring:
        chosen = settings()
        # Under `make dev` the pages and the server have two ports; the API is at the server's.
        public = chosen.stripe_api_base.rstrip("/") or f"{chosen.public_url}/sandbox"
        return cls(
            database=chosen.data_dir / "sandbox.db",
            key=chosen.stripe_key,
            webhook_secret=chosen.webhook_secrets[0],
            webhook_url=chosen.stripe_base.removesuffix("/sandbox") + "/webhooks/stripe",
            public_url=public,
        )


class Sandbox:
    """The server: `app` is mounted at /sandbox, `running` delivers its webhooks."""

    def __init__(self, wiring: Wiring) -> None:
        from .api import Api
        from .deliveries import Deliveries
        from .pay_page import PayPage
        from .store import Store

        self.wiring = wiring
        self.store = Store(wiring.database)
        self.deliveries = Deliveries(self.store, url=wiring.webhook_url, secret=wiring.webhook_secret)
        api = Api(
            self.store, key=wiring.key, pay_url=f"{wiring.public_url}/pay", on_change=self.deliveries.wake
        )
        self.app = Starlette(
            routes=[
                Route("/v1/{path:path}", api.endpoint, methods=["GET", "POST", "DELETE"]),
                Route(
                    "/pay/{session}",
                    PayPage(self.store, api, public_url=wiring.public_url).endpoint,
                    methods=["GET", "POST"],
                ),
                Route("/_faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route("/_refunds/{id}", self._settle("refund"), methods=["POST"]),
                Route("/_debits/{id}", self._settle("debit"), methods=["POST"]),
            ]
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver webhooks for as long as this is entered: the server's lifespan."""
        task = asyncio.create_task(self.deliveries.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def alone(self) -> Starlette:
        """The application with its own lifespan, for a server that runs nothing else."""

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            async with self.running():
                yield

        return Starlette(routes=[Mount("/sandbox", self.app)], lifespan=lifespan)

    async def _faults(self, request: Request) -> Response:
        from pydantic import ValidationError

        from .faults import Faults

        if not from_this_machine(request, self.wiring.public_url):
            return JSONResponse({"error": "only from this machine"}, 403)
        new_faults = None
        if request.method != "GET":
            try:
                new_faults = Faults.model_validate_json(await request.body() or b"{}")
            except ValidationError as error:
                wrong = error.errors(include_url=False, include_context=False, include_input=False)
                return JSONResponse({"error": wrong}, 400)
        return JSONResponse(
            await run_in_threadpool(self._keep_faults, Faults() if request.method == "DELETE" else new_faults)
        )

    def _keep_faults(self, new_faults: Faults | None) -> dict[str, Any]:
        """The faults in force, after these have replaced them; None changes nothing."""
        from .faults import in_force, keep

        if new_faults is not None:
            with self.store.change() as tables:
                keep(tables, new_faults)
            self.deliveries.wake()
        with self.store.reading() as tables:
            return in_force(tables).model_dump()

    def _settle(self, what: str) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint that lets a pending refund or debit end now: `?status=succeeded` or `failed`."""
        from . import charges
        from .replies import Refused

        operation = charges.settle_refund if what == "refund" else charges.settle_debit

        async def endpoint(request: Request) -> Response:
            status = request.query_params.get("status", "")
            own = from_this_machine(request, self.wiring.public_url)
            if not own or status not in ("succeeded", "failed"):
                return JSONResponse({"error": "only from this machine, with status=succeeded or failed"}, 403)

            def settle() -> dict:
                with self.store.change() as tables:
                    return operation(tables, request.path_params["id"], status)

            try:
                outcome = await run_in_threadpool(settle)
            except Refused as refused:
                return JSONResponse(refused.body, refused.status)
            self.deliveries.wake()
            return JSONResponse(outcome)

        return endpoint


@cache
def built_in() -> Sandbox | None:
    """This process's sandbox, None where payments go to Stripe."""
    return Sandbox(Wiring.from_settings()) if settings().uses_sandbox else None
