"""Pictures that staff send: POST /uploads/pictures, in place of the framework's open upload route."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import Session
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, policy, rates
from shop_app.core.access.permissions import MissingRight
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Forbidden, ShopError
from shop_app.core.i18n import _
from shop_app.services.catalog import pictures
from shop_app.services.staff import audit
from shop_app.workflows.note_refused_right import note_refused_right

from .bodies import BODY_BYTES

PERMISSION = "products.edit"

# One picture at a time, on a thread of its own: pages are answered meanwhile.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="uploads")


async def picture(request: Request) -> Response:
    """Store the picture in the body; answers with what a page needs to show it.

    403 for everybody but staff who may edit products, 413 and 422 for what can't be stored, with a sentence.
    """
    by = await policy.who(request.headers.get("cookie", ""))
    try:
        _need(by)
        await rates.take(rates.UPLOAD, clients.of_scope(request.scope))
        body = await _body(request)
        if body is None:
            return _refusal(_("A picture may have 6 MB at most."), 413)
        stored = await db.write(_store, await _decoded(body), by)
    except ClientDisconnect:
        return _refusal(_("The picture didn't arrive whole."), 400)
    except MissingRight as refused:
        await note_refused_right(by, refused.permission, request.url.path)
        return _refusal(refused.message, 403)
    except Forbidden as refused:
        return _refusal(refused.message, 403)
    except ShopError as refused:
        return _refusal(refused.message, 422)
    return JSONResponse(stored, 201)


def _need(by: Principal) -> None:
    if by.kind != "staff":
        raise Forbidden(_("Sign in to do that."))
    by.need(PERMISSION)


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            return None
    return bytes(body)


async def _decoded(body: bytes) -> pictures.Original:
    """On a thread: a small file may be a picture of forty million pixels, and seconds of work."""
    return await asyncio.get_running_loop().run_in_executor(_thread, pictures.take_in, body)


def _store(session: Session, original: pictures.Original, by: Principal) -> dict[str, str | int]:
    by.need(PERMISSION)
    row = pictures.keep(session, original)
    stored: dict[str, str | int] = {
        "key": row.key,
        "width": row.width,
        "height": row.height,
        "colour": row.colour,
    }
    audit.record(session, by.actor, "picture.upload", "picture", row.key, after=stored, staff_id=by.id)
    return stored


def _refusal(sentence: str, status: int) -> Response:
    return JSONResponse({"error": sentence}, status, {"Cache-Control": "no-store"})


routes = [Route("/uploads/pictures", picture, methods=["POST"])]
