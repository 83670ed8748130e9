"""Files of former releases: kept by each server that starts, of a bounded number of them."""

from __future__ import annotations

import os
from pathlib import Path

import brotli
import httpx
import pytest
from starlette.applications import Starlette

from shop_app.web import kept_builds
from shop_app.web.documents import Documents
from shop_app.web.shells import read_build

SHELL = '<html><head><meta charset="utf-8"></head><body></body></html>'


@pytest.fixture
def kept_in(tmp_path: Path) -> Path:
    return tmp_path / "data" / kept_builds.FOLDER


def build(tmp_path: Path, number: int) -> Path:
    """A build whose only chunk has this number in its name."""
    client = tmp_path / f"build-{number}"
    (client / "assets").mkdir(parents=True, exist_ok=True)
    (client / "__spa-fallback.html").write_text(SHELL)
    (client / "assets" / f"cart-{number}.js").write_text(f"export default {number}")
    (client / "assets" / f"cart-{number}.js.br").write_bytes(brotli.compress(b"smaller"))
    return client


def start(tmp_path: Path, kept_in: Path, number: int) -> None:
    """What a server of that release does, some time after the one before."""
    for later, folder in enumerate(kept_builds._newest_first(kept_in)):
        os.utime(folder, (1_000_000 - later, 1_000_000 - later))
    kept_builds.keep(build(tmp_path, number), kept_in)


def numbers(kept_in: Path) -> list[int]:
    """The releases that are kept, by their chunks."""
    return sorted(int(path.stem.partition("-")[2]) for path in kept_in.glob("*/*.js"))


def test_two_releases_before_the_newest_are_kept(tmp_path: Path, kept_in: Path):
    for number in range(1, 6):
        start(tmp_path, kept_in, number)
    assert numbers(kept_in) == [3, 4, 5]


def test_one_that_is_started_again_is_kept_once_and_as_the_newest(tmp_path: Path, kept_in: Path):
    for number in (1, 2, 3, 1, 1, 4):
        start(tmp_path, kept_in, number)
    assert numbers(kept_in) == [1, 3, 4]


def test_what_a_crash_left_half_copied_is_no_release(tmp_path: Path, kept_in: Path):
    half = kept_in / ".unfinished"
    half.mkdir(parents=True)
    (half / "cart-9.js").write_text("")
    assert kept_builds.find(kept_in, "/assets/cart-9.js") is None
    start(tmp_path, kept_in, 1)
    assert not half.exists()


async def ask(build_folder: Path, kept_in: Path, path: str, coding: str = "identity") -> httpx.Response:
    front_end = read_build(build_folder)
    assert front_end
    app = Documents(Starlette(), build=front_end, routes=(), kept_builds_in=kept_in)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        return await client.get(path, headers={"accept-encoding": coding, "sec-fetch-dest": "script"})


async def test_a_server_answers_for_the_releases_before_and_after_it(tmp_path: Path, kept_in: Path):
    for number in (1, 2, 3):
        start(tmp_path, kept_in, number)
    for number in (1, 2, 3):
        answer = await ask(build(tmp_path, 2), kept_in, f"/assets/cart-{number}.js")
        assert (answer.status_code, answer.text) == (200, f"export default {number}")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"].endswith("immutable")


async def test_a_former_file_comes_compressed_as_the_build_made_it(tmp_path: Path, kept_in: Path):
    start(tmp_path, kept_in, 1)
    answer = await ask(build(tmp_path, 2), kept_in, "/assets/cart-1.js", "br")
    assert (answer.headers["content-encoding"], answer.text) == ("br", "smaller")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../.lock",
        "/assets/.lock",
        "/assets/%2e%2e/.lock",
        "/assets/",
        "/assets/cart-0.js",
        "/x",
        f"/assets/{'x' * 300}.js",
    ],
)
async def test_nothing_else_of_the_folder_is_reached(tmp_path: Path, kept_in: Path, path: str):
    start(tmp_path, kept_in, 1)
    assert (await ask(build(tmp_path, 2), kept_in, path)).status_code == 404
