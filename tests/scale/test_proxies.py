"""Behind nginx and Caddy, as docs/operations.md configures them: several workers, and a second release."""

from __future__ import annotations

import asyncio
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from shop_app.core.settings import ROOT
from shop_app.web import kept_builds
from tests import releases
from tests.conftest import skip_or_fail
from tests.journeys.conftest import opened_browser
from tests.journeys.shopper import DESKTOP, Shopper
from tests.scale.proxies import KINDS, NoProxy, Ports, proxy
from tests.scale.servers import Redis, scaled_shop
from tests.shop import Shop, free_port
from tests.socket_client import Tab

pytestmark = pytest.mark.timeout(600)
DATABASE = f"shop_{secrets.token_hex(6)}"
SILENT_SECONDS = 60
"""Longer than any time-out of the proxies but the one for sockets."""


@pytest.fixture(scope="module")
def ports() -> Ports:
    """The proxies take turns at the same address, which is the shop's."""
    return Ports(free_port(), free_port(), (free_port(), free_port()))


@pytest.fixture(scope="module")
def settings(ports: Ports) -> dict[str, str]:
    return {"SHOP_BASE_URL": f"https://localhost:{ports.secure}", "SHOP_TRUSTED_PROXY_HOPS": "1"}


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: str,
    redis: Redis,
    ports: Ports,
    settings: dict[str, str],
) -> Iterator[Shop]:
    """Three workers at the first of the two ports; at the second is nobody, as between two upgrades."""
    folder = tmp_path_factory.mktemp("first")
    settings = settings | {"PORT": str(ports.servers[0])}
    with scaled_shop(folder, postgres_server, redis.url, name=DATABASE, **settings) as started:
        yield started


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ports: Ports, shop: Shop):
    """The shop's public address, with one of the proxies behind it."""
    kind = request.param
    try:
        with proxy(kind, tmp_path_factory.mktemp(kind), ports):
            yield f"https://localhost:{ports.secure}"
    except NoProxy as error:
        skip_or_fail("proxies", f"PROXY TESTS SKIPPED: {kind}: {error}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed after this file: other tests of the process need its event loop."""
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    """Whoever speaks to the proxy, without knowing its certificate."""
    with httpx.Client(base_url=url, verify=False, timeout=30) as opened:
        yield opened


@pytest.fixture
def shopper(url: str, browser: Browser) -> Iterator[Shopper]:
    context = browser.new_context(
        base_url=url,
        viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
        locale="en-GB",
        reduced_motion="reduce",
        ignore_https_errors=True,
    )
    context.set_default_timeout(30_000)
    shopper = Shopper(context, url)
    yield shopper
    context.close()
    assert shopper.troubles == []


def test_pages_come_compressed_and_http_leads_to_https(client: httpx.Client, ports: Ports):
    page = client.get("/products/dune-mug", headers={"accept-encoding": "br, gzip"})
    assert (page.status_code, page.headers["content-encoding"]) == (200, "br")
    assert "dune-mug" in page.text
    again = client.get(
        "/products/dune-mug", headers={"accept-encoding": "br, gzip", "if-none-match": page.headers["etag"]}
    )
    assert again.status_code == 304
    plain = httpx.get(f"http://localhost:{ports.plain}/products?q=mug")
    assert plain.status_code in (301, 308)
    assert re.fullmatch(r"https://localhost(:\d+)?/products\?q=mug", plain.headers["location"])


def test_health_is_answered(client: httpx.Client):
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)


def test_another_host_is_not_served(client: httpx.Client):
    """Caddy answers with an empty page for a host that it doesn't know, the shop refuses."""
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code >= 400 or not answer.content


def picture(width: int) -> bytes:
    """A picture whose bytes are as many as its points, three times."""
    out = io.BytesIO()
    Image.frombytes("RGB", (width, width), os.urandom(3 * width * width)).save(out, "PNG", compress_level=0)
    return out.getvalue()


def test_an_upload_goes_through_and_a_larger_one_is_refused(client: httpx.Client, url: str):
    own = {"origin": url}
    signed_in = client.post(
        "/admin/login", data={"email": "owner@example.com", "password": "demo-owner"}, headers=own
    )
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/admin")
    large = picture(1_350)
    assert 5 * 2**20 < len(large) < 6 * 2**20
    answer = client.post("/uploads/pictures?name=large.png", content=large, headers=own)
    assert answer.status_code == 201, answer.text
    too_large = picture(1_500)
    assert len(too_large) > 6 * 2**20
    assert client.post("/uploads/pictures", content=too_large, headers=own).status_code == 413


def test_the_shop_sees_the_address_that_the_proxy_sees(client: httpx.Client, shop: Shop):
    """What a visitor says of where they come from counts for nothing."""
    for said in ("203.0.113.7", "203.0.113.7, 203.0.113.8"):
        answer = client.get("/?" + "&" * 200, headers={"x-forwarded-for": said})
        assert answer.status_code == 400
    until = time.monotonic() + 30
    while "address refused, from 127.0.0.1" not in shop.printed():
        assert time.monotonic() < until, shop.printed()[-2000:]
        time.sleep(0.1)
    assert "203.0.113" not in shop.printed()


def test_a_shopper_buys(shopper: Shopper):
    shopper.buy("dune-mug")


@pytest.mark.skipif(os.environ.get("SHOP_TESTS_LONG") != "1", reason="takes a minute of silence")
def test_a_silent_socket_stays_open(url: str):
    async def be_silent() -> None:
        async with Tab(url) as tab:
            until = time.monotonic() + SILENT_SECONDS
            while time.monotonic() < until:
                # Pings of the server are answered; nothing else is sent.
                try:
                    await tab.answer(seconds=1)
                except TimeoutError:
                    continue
            await tab.send("reflex___state____state.hydrate_and_load")
            assert await tab.answer(seconds=30)

    # The browser's driver has this thread's loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, be_silent()).result()


def test_a_second_release_takes_over_beside_the_first(
    shopper: Shopper,
    url: str,
    client: httpx.Client,
    tmp_path: Path,
    postgres_server: str,
    redis: Redis,
    shop: Shop,
    ports: Ports,
    settings: dict[str, str],
):
    """Each server has the files of its own release alone, as on two machines; a tab may ask either."""
    beside = settings | {"PORT": str(ports.servers[1]), "SHOP_DATA_DIR": str(shop.data)}
    second = releases.another(tmp_path, "s_", changes_states=False)
    shopper.fill_cart("dune-mug")
    both = {
        next(name for name in sorted(releases.chunks(root)) if name.startswith("_about_"))
        for root in (ROOT, second)
    }
    assert len(both) == 2
    with scaled_shop(tmp_path, postgres_server, redis.url, workers=1, name=DATABASE, root=second, **beside):
        # What they would share on one machine.
        shutil.rmtree(shop.data / kept_builds.FOLDER)
        # A proxy that looks whether servers are there finds the new one within some seconds.
        until = time.monotonic() + 30
        while any(client.get(f"/assets/{name}").status_code != 200 for name in both):
            assert time.monotonic() < until
            time.sleep(0.2)
        for _time in range(4):
            for name in both:
                assert client.get(f"/assets/{name}").status_code == 200
        # Another tab of this visitor, whichever release it is of: all that it needs is there.
        for _time in range(3):
            tab = shopper.tab()
            shopper.open("/products/dune-mug", tab)
            tab.keyboard.press("Escape")
            tab.locator("footer a[href='/about']").first.click()
            shopper.ready(tab)
            expect(shopper.see("cart-count", tab).first).to_have_text("1")
            tab.close()
