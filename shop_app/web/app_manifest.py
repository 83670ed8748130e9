"""The web manifest: what the shop is called where somebody puts it on their home screen."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop_app.core.shop import shop

PAPER, GREEN = "#fbf9f4", "#1f4d3a"


def manifest() -> dict[str, Any]:
    this = shop()
    icon: dict[str, Any] = {"src": "/icon.svg", "type": "image/svg+xml", "sizes": "any"}
    if this.logo_key:
        icon = {"src": f"/media/{this.logo_key}/640.webp", "type": "image/webp", "sizes": "640x640"}
    return {
        "name": this.name,
        "short_name": this.name[:12].strip(),
        "description": this.lead,
        "lang": this.locale.replace("_", "-"),
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": PAPER,
        "theme_color": GREEN,
        "icons": [icon],
    }


async def answer(_request: Request) -> Response:
    return JSONResponse(
        manifest(), media_type="application/manifest+json", headers={"Cache-Control": "no-cache"}
    )


routes = [Route("/manifest.webmanifest", answer, methods=["GET"])]
