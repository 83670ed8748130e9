"""What a first visit weighs, measured on what really came over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import WebSocket

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE

KB = 1024
LIMITS = {"script": 200 * KB, "stylesheet": 20 * KB, "font": 60 * KB}
PICTURES_OF_THE_FIRST_VIEW = 200 * KB


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "path", ["/", "/products", "/products?category=lighting", "/products/dune-mug", "/cart", "/checkout"]
)
def test_a_first_visit_is_light(new_shopper: NewShopper, path: str, size: tuple[int, int]):
    shopper = new_shopper(size=size)
    shopper.open(path)
    shopper.page.wait_for_load_state("networkidle")
    weights: dict[str, int] = {}
    for request in list(shopper.requests):
        kind = request.resource_type
        if kind in LIMITS and request.response() is not None:
            weights[kind] = weights.get(kind, 0) + request.sizes()["responseBodySize"]
    over = {kind: size for kind, size in weights.items() if size > LIMITS[kind]}
    assert over == {}
    assert weights["script"] > 0, "nothing was measured"


@pytest.mark.parametrize("path", ["/", "/products", "/products?q=mug", "/products/dune-mug", "/about"])
def test_the_socket_brings_what_the_document_did_not(new_shopper: NewShopper, path: str):
    shopper = new_shopper()
    frames: list[str] = []

    def opened(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: frames.append(str(data)))

    shopper.page.on("websocket", opened)
    shopper.open(path)
    shopper.ready()
    updates = [frame for frame in frames if '"delta"' in frame]
    assert 0 < sum(map(len, frames)) < 2 * KB
    assert len(updates) == 1
    assert '"is_hydrated_rx_state_":true' in updates[0]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/products", "/products/dune-mug"])
def test_the_pictures_of_the_first_view_are_light(new_shopper: NewShopper, path: str, size: tuple[int, int]):
    shopper = new_shopper(size=size)
    shopper.open(path)
    shopper.page.wait_for_load_state("networkidle")
    shown: list[dict[str, Any]] = shopper.page.evaluate(
        """() => [...document.images]
            .filter((img) => {
                const box = img.getBoundingClientRect()
                return box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.width > 0
                    && img.checkVisibility({opacityProperty: true, visibilityProperty: true})
            })
            .map((img) => ({url: img.currentSrc}))"""
    )
    urls = {picture["url"] for picture in shown}
    assert urls, "no picture is in the first view"
    weight = sum(
        request.sizes()["responseBodySize"]
        for request in list(shopper.requests)
        if request.url in urls and request.response() is not None
    )
    assert weight <= PICTURES_OF_THE_FIRST_VIEW


def test_pictures_come_in_a_modern_format_and_may_be_kept(new_shopper: NewShopper):
    shopper = new_shopper()
    shopper.open("/")
    pictures = [r for r in shopper.requests if "/media/" in r.url and r.response() is not None]
    assert pictures
    for request in pictures:
        response = request.response()
        assert response is not None
        assert response.headers["content-type"] == "image/avif"
        assert "immutable" in response.headers["cache-control"]
