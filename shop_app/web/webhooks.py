"""Webhooks of payment providers: verified, stored, answered, and only then applied."""

from __future__ import annotations

import logging

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import security_log
from shop_app.core.access.clients import client_address
from shop_app.core.errors import NotFound, ProviderDown
from shop_app.providers.payments import registry
from shop_app.providers.payments.base import Forged
from shop_app.services.payments import inbox as payment_inbox
from shop_app.workflows import sync_payment

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024


async def receive(request: Request) -> Response:
    """400 for what the provider didn't sign, 500 while it can't be stored, 200 once it is in the inbox."""
    try:
        payment_provider = registry.provider(request.path_params["provider"])
        body = await _body(request)
    except NotFound:
        return PlainTextResponse("unknown", 404)
    except ClientDisconnect:
        return PlainTextResponse("incomplete", 400)
    if body is None:
        return PlainTextResponse("too large", 413)
    try:
        notice = await run_in_threadpool(payment_provider.read_notice, body, request.headers)
    except Forged as forged:
        security_log.note("webhook refused", address=client_address(request.scope), detail=forged.message)
        return PlainTextResponse("refused", 400)
    try:
        inbox_id = await db.write(payment_inbox.receive, notice, durable=True) if notice else None
    except Exception:
        # The provider sends it again after a 500.
        log.exception("A webhook couldn't be stored")
        return PlainTextResponse("try again", 500)
    later = BackgroundTask(_apply, inbox_id) if inbox_id else None
    return PlainTextResponse("ok", background=later)


async def _body(request: Request) -> bytes | None:
    """The raw body, None where it is larger than `MAX_BODY`."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return body


async def _apply(inbox_id: int) -> None:
    """Apply an entry of the inbox; one that fails stays unapplied, and the `sweep` job tries it again."""
    try:
        await sync_payment.apply_notice(inbox_id)
    except ProviderDown:
        log.warning("Event %s of the inbox has to wait: the payment provider doesn't answer", inbox_id)
    except Exception:
        log.exception("Event %s of the inbox couldn't be applied", inbox_id)


routes = [Route("/webhooks/{provider}", receive, methods=["POST"])]
