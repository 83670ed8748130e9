"""The files of customers' own data: each for its owner alone, while they are signed in, for a day."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from shop_app.core import clock, db
from shop_app.core.access import clients, policy
from shop_app.core.errors import NotFound
from shop_app.core.i18n import _
from shop_app.services.personal import archive, exports

PAGE = "/account/data"
_PRIVATE = {"Cache-Control": "no-store"}


async def file(request: Request) -> Response:
    """A customer's own file; 404 for another's, one whose day is over, and one that this machine hasn't."""
    by = await policy.who(clients.header(request.scope, b"cookie"))
    if by.kind != "customer":
        return RedirectResponse(f"/account/login?next={PAGE}", 303, _PRIVATE)
    try:
        token = await db.read(exports.file_of, by, request.path_params["token"])
    except NotFound as refused:
        return PlainTextResponse(refused.message, 404, _PRIVATE)
    path = archive.path_of(token)
    if not path.exists():
        return PlainTextResponse(_("This file isn't here. Ask for it again."), 404, _PRIVATE)
    name = f"my-data-{clock.today().isoformat()}.zip"
    return FileResponse(path, media_type="application/zip", filename=name, headers=_PRIVATE)


routes = [Route(PAGE + "/{token:str}.zip", file)]
