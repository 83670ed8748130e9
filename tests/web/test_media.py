"""Pictures over HTTP: cached for ever, made once however many ask, and nothing else is served."""

from __future__ import annotations

import asyncio
import io

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.settings import settings
from shop_app.services.catalog import pictures
from shop_app.web import media


@pytest.fixture
async def client():
    transport = httpx.ASGITransport(app=Starlette(routes=media.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as opened:
        yield opened


@pytest.fixture
def key(engine) -> str:
    out = io.BytesIO()
    Image.new("RGB", (700, 500), "#aabbcc").save(out, "PNG")
    with db.transaction() as session:
        return pictures.keep(session, pictures.take_in(out.getvalue())).key


async def test_a_picture_is_made_on_the_first_request_and_may_be_kept_for_ever(client, key):
    answer = await client.get(f"/media/{key}/320.webp")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(answer.content)).size == (320, 229)


async def test_a_shipped_picture_is_served_as_it_is(client):
    key = next(iter(pictures.shipped()))
    answer = await client.get(f"/media/{key}/640.avif")
    assert answer.content == (pictures.SHIPPED / "media" / key / "640.avif").read_bytes()
    assert not (settings().data_dir / "media").exists()


async def test_twenty_callers_at_once_make_it_once(client, key, monkeypatch):
    rows_made = []
    real = pictures.encode

    def counted(*args, **kwargs):
        rows_made.append(args[2:])
        return real(*args, **kwargs)

    monkeypatch.setattr(pictures, "encode", counted)
    answers = await asyncio.gather(*(client.get(f"/media/{key}/640.jpg") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert rows_made == [(640, "jpg")]


@pytest.mark.parametrize(
    "path",
    [
        "/media/{key}/333.avif",
        "/media/{key}/320.svg",
        "/media/{key}/320",
        "/media/{key}/-1.jpg",
        "/media/ffffffffffffffffffffffff/320.avif",
        "/media/..%2f..%2fsecret_key/320.avif",
        "/media/{key}/320.AVIF",
        "/media/{key}/99999999999999999999.avif",
    ],
)
async def test_anything_else_is_not_found_and_not_kept(client, key, path):
    answer = await client.get(path.format(key=key))
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")
    assert not (settings().data_dir / "media" / key).exists()
