"""Files that staff send: pictures and counts of stock, in place of the framework's open upload route.

POST /uploads/pictures?name=FILE&product=SLUG takes one picture, and puts it among those of the product.
POST /uploads/counts takes a file of counts into the sender's stocktake. Both answer with JSON; a refusal is
{"error": sentence}, with the file's name in it where one was given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlmodel import Session
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.access import clients, policy, rates
from shop_app.core.access.permissions import MissingRight
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Forbidden, ProviderDown, ShopError
from shop_app.core.i18n import _
from shop_app.core.typed_text import prose
from shop_app.services.catalog import pictures, product_pictures
from shop_app.services.inventory import count_file, stocktake
from shop_app.services.staff import audit
from shop_app.workflows.note_refused_right import note_refused_right

from .bodies import BODY_BYTES

PERMISSION = "products.edit"
COUNTS = "inventory.adjust"
MAX_NAME = 200

Take = Callable[[Request, bytes, Principal], Awaitable[dict[str, Any]]]

# One picture at a time, on a thread of its own: pages are answered meanwhile.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="uploads")


async def picture(request: Request) -> Response:
    """Store the picture in the body; answers with what a page needs to show it.

    403 for everybody but staff who may edit products, 413 and 422 for what can't be stored, 503 while the
    storage doesn't answer, with a sentence.
    """
    return await _taken(request, PERMISSION, _("A picture may have 6 MB at most."), _picture)


async def counts(request: Request) -> Response:
    """Note the counts of a file in the sender's stocktake; answers with how many were taken.

    403 for everybody but staff who may adjust stock, 413 and 422 for what can't be read, with a sentence.
    """
    return await _taken(request, COUNTS, _("A file of counts may have 2 MB at most."), _counts)


async def _taken(request: Request, permission: str, too_large: str, take: Take) -> Response:
    by = await policy.who(request.headers.get("cookie", ""))
    name = prose(request.query_params.get("name", "")[: 2 * MAX_NAME])[:MAX_NAME]
    try:
        _need(by, permission)
        await rates.take(rates.UPLOAD, clients.of_scope(request.scope))
        body = await _body(request)
        if body is None:
            return _refusal(name, too_large, 413)
        stored = await take(request, body, by)
    except ClientDisconnect:
        return _refusal(name, _("The file didn't arrive whole."), 400)
    except MissingRight as refused:
        await note_refused_right(by, refused.permission, request.url.path)
        return _refusal("", refused.message, 403)
    except Forbidden as refused:
        return _refusal("", refused.message, 403)
    except ProviderDown as refused:
        return _refusal(name, refused.message, 503)
    except ShopError as refused:
        return _refusal(name, refused.message, 422)
    return JSONResponse(stored, 201)


def _need(by: Principal, permission: str) -> None:
    if by.kind != "staff":
        raise Forbidden(_("Sign in to do that."))
    by.need(permission)


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            return None
    return bytes(body)


async def _picture(request: Request, body: bytes, by: Principal) -> dict[str, Any]:
    query = request.query_params
    original = await _decoded(body)
    name = prose(query.get("name", "")[: 2 * MAX_NAME])[:MAX_NAME]
    return await db.write(_store, original, by, name, query.get("product", "")[:MAX_NAME])


async def _decoded(body: bytes) -> pictures.Original:
    """On a thread: a small file may be a picture of forty million pixels, and seconds of work."""
    return await asyncio.get_running_loop().run_in_executor(_thread, pictures.take_in, body)


def _store(
    session: Session, original: pictures.Original, by: Principal, name: str, product: str
) -> dict[str, str | int]:
    by.need(PERMISSION)
    row = pictures.keep(session, original, name)
    stored: dict[str, str | int] = {
        "key": row.key,
        "width": row.width,
        "height": row.height,
        "colour": row.colour,
    }
    audit.record(session, by.actor, "picture.upload", "picture", row.key, after=stored, staff_id=by.id)
    if product:
        product_pictures.attach(session, product, [row.key], by=by)
    return stored


async def _counts(_request: Request, body: bytes, by: Principal) -> dict[str, Any]:
    rows = await asyncio.to_thread(count_file.read, body)
    return {"taken": await db.write(stocktake.take_rows, rows, by=by), "rows": len(rows)}


def _refusal(name: str, sentence: str, status: int) -> Response:
    text = f"{name}: {sentence}" if name else sentence
    return JSONResponse({"error": text}, status, {"Cache-Control": "no-store"})


routes = [
    Route("/uploads/pictures", picture, methods=["POST"]),
    Route("/uploads/counts", counts, methods=["POST"]),
]
