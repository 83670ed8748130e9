"""Pictures over HTTP: GET /media/KEY/WIDTH.EXT, made on the first request, cached by browsers for ever."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.errors import NotFound, ProviderDown
from shop_app.core.failures import Unavailable
from shop_app.services.catalog import pictures

log = logging.getLogger(__name__)

WIDTHS = {str(width): width for width in pictures.WIDTHS}
"""By their text in an address: neither "0320" nor a number of 5,000 digits is one of them."""
TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
NO_STORE = {"Cache-Control": "no-store"}

# Most of them wait for the storage. Two at a time make a picture (`pictures`), so that pages are answered.
_makers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="media")
_own_widths: LRUCache[str, int] = LRUCache(10_000)
_under_way: dict[tuple[str, int, str], asyncio.Future[Path]] = {}


async def picture(request: Request) -> Response:
    """One size of one picture; 404 for anything that isn't there."""
    key, width, ext = (request.path_params[name] for name in ("key", "width", "ext"))
    try:
        path = await _file(key, WIDTHS.get(width, 0), ext)
    except NotFound:
        return PlainTextResponse("There is no such picture.", 404, NO_STORE)
    except (ProviderDown, Unavailable):
        return _not_now()
    except OSError:
        log.exception("A picture could not be made")
        return _not_now()
    return FileResponse(path, headers=FOR_EVER, media_type=TYPES[ext])


def _not_now() -> Response:
    return PlainTextResponse("The picture can't be made just now.", 503, {**NO_STORE, "Retry-After": "5"})


async def _file(key: str, width: int, ext: str) -> Path:
    if not pictures.KEY.fullmatch(key) or width not in pictures.WIDTHS or ext not in pictures.FORMATS:
        raise NotFound("There is no such picture.")
    if file := pictures.ready(key, width, ext):
        return file
    # Requests that come meanwhile share the work, and one that is cancelled doesn't cancel it.
    name = (key, width, ext)
    making = _under_way.get(name)
    if making is None:
        making = _under_way[name] = asyncio.ensure_future(_made(*name))
        making.add_done_callback(lambda _done: _under_way.pop(name, None))
    return await asyncio.shield(making)


async def _made(key: str, width: int, ext: str) -> Path:
    # Known first: keys that somebody makes up, and sizes that are never made, would be asked for.
    if key not in _own_widths:
        _own_widths[key] = await db.read(pictures.own_width, key)
    width = pictures.made_width(width, _own_widths[key])
    if file := pictures.ready(key, width, ext):
        return file
    return await asyncio.get_running_loop().run_in_executor(_makers, pictures.derivative, key, width, ext)


routes = [Route("/media/{key}/{width}.{ext}", picture, methods=["GET"], name="media")]
