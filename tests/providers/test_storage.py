"""Storage: the same promises by a folder and by a bucket, and what a bucket that is away does to the shop."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlmodel import func, select
from starlette.applications import Starlette

from shop_app.cli import check_up, snapshot
from shop_app.core import db
from shop_app.core.access import cookies, policy
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ProviderDown
from shop_app.core.settings import settings
from shop_app.models import Picture
from shop_app.providers.storage import cache, draft, s3, storage
from shop_app.services.accounts import sessions
from shop_app.services.accounts.passwords import hash_password
from shop_app.services.catalog import pictures
from shop_app.web import media, uploads
from tests import s3_server
from tests.factories import sign_in


@pytest.fixture(scope="module")
def s3_running() -> Iterator[s3_server.Server]:
    with s3_server.server() as running:
        yield running


@pytest.fixture
def bucket(s3_running, configure, tmp_path, monkeypatch) -> Iterator[str]:
    """The name of a bucket that the shop's pictures are in."""
    # Its next question is asked at once: what is tested is the answer, not the pause.
    monkeypatch.setattr(s3, "PAUSE_SECONDS", 0)
    name = f"b{abs(hash(str(tmp_path))) % 10**12}"
    s3_running.gate.open()
    configure(**s3_running.settings(name))
    yield name
    s3_running.gate.open()


@pytest.fixture(params=["folder", "s3"])
def either(request: pytest.FixtureRequest) -> None:
    if request.param == "s3":
        request.getfixturevalue("bucket")


def forget_copies() -> None:
    """Be another machine: without a copy of what is in the bucket."""
    for path in (settings().data_dir / "media_cache").rglob("*.*"):
        path.unlink()


def png(colour: str = "#aabbcc") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (700, 500), colour).save(out, "PNG")
    return out.getvalue()


def put(name: str, content: bytes) -> Path:
    with draft(storage()) as path:
        path.write_bytes(content)
        return storage().put(name, path)


def test_what_was_put_is_found_fetched_and_named(either):
    assert storage().find("originals/a.jpg") is None
    assert storage().fetch("originals/a.jpg") is None
    path = put("originals/a.jpg", b"first")
    put("b/320.avif", b"second")
    assert path.read_bytes() == b"first"
    assert storage().find("originals/a.jpg") == path
    assert storage().fetch("originals/a.jpg") == path
    assert list(storage().names("originals")) == ["originals/a.jpg"]
    assert list(storage().names("nothing")) == []
    assert not list(settings().data_dir.rglob("*.part"))


def test_another_machine_fetches_what_this_one_put(bucket):
    put("originals/a.jpg", b"x" * 100_000)
    forget_copies()
    assert storage().find("originals/a.jpg") is None
    fetched = storage().fetch("originals/a.jpg")
    assert fetched
    assert fetched.read_bytes() == b"x" * 100_000
    assert fetched.stat().st_mode & 0o077 == 0
    assert storage().find("originals/a.jpg") == fetched


def test_copies_stay_within_their_bound_and_what_was_used_last_stays(tmp_path):
    kept = cache.Cache(tmp_path, 1600)

    def add(name: str) -> None:
        path = tmp_path / ".draft.part"
        path.write_bytes(b"x" * 400)
        kept.add(name, path)

    for number in range(4):
        add(f"a/{number}.jpg")
    modified = (tmp_path / "a" / "0.jpg").stat().st_mtime_ns
    assert kept.find("a/0.jpg")
    add("a/4.jpg")
    left = {path.name for path in tmp_path.rglob("*.jpg")}
    assert left == {"0.jpg", "2.jpg", "3.jpg", "4.jpg"}
    # Browsers and proxies recognise a file by it.
    assert (tmp_path / "a" / "0.jpg").stat().st_mtime_ns == modified


def test_a_wrong_key_is_refused_and_no_key_stands_in_the_log(s3_running, configure, bucket, caplog):
    configure(SHOP_MEDIA_SECRET_ACCESS_KEY="wrong" * 8)
    with caplog.at_level(logging.DEBUG), pytest.raises(ProviderDown):
        put("originals/a.jpg", b"first")
    assert "couldn't write originals/a.jpg" in caplog.text
    for secret in (s3_running.access_key_id, s3_running.secret_access_key, "wrongwrong"):
        assert secret not in caplog.text
    assert s3_running.names(bucket) == []


def test_doctor_says_whether_the_bucket_answers(s3_running, configure, bucket):
    def finding() -> check_up.Finding:
        return next(found for found in check_up.examine() if found.subject == "media")

    assert finding().mark == "ok"
    s3_running.gate.shut()
    assert finding().mark == "fails"


@pytest.fixture
async def client(engine, monkeypatch):
    async def who(session_hash: str) -> Principal:
        return await db.read(sessions.who, session_hash)

    monkeypatch.setattr(policy, "_look_up", who)
    transport = httpx.ASGITransport(app=Starlette(routes=[*media.routes, *uploads.routes]))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as opened:
        yield opened


def signed_in() -> dict[str, str]:
    with db.transaction() as session:
        sessions.create_staff(session, "m@example.com", hash_password("a long enough one"), role="manager")
    with db.transaction() as session:
        key, _who = sign_in(session, "m@example.com", "a long enough one", "staff")
    return {"cookie": f"{cookies.session_cookie()}={key}"}


async def test_a_picture_goes_to_the_bucket_and_comes_from_there(bucket, s3_running, client):
    answer = await client.post("/uploads/pictures", content=png(), headers=signed_in())
    assert answer.status_code == 201
    key = answer.json()["key"]
    first = await client.get(f"/media/{key}/320.webp")
    assert first.status_code == 200
    assert s3_running.names(bucket) == [f"shop/{key}/320.webp", f"shop/originals/{key}.jpg"]
    forget_copies()
    assert (await client.get(f"/media/{key}/320.webp")).content == first.content
    # From the original, which has to come from there too.
    forget_copies()
    assert Image.open(io.BytesIO((await client.get(f"/media/{key}/640.jpg")).content)).size == (640, 457)


async def test_a_size_beyond_the_picture_s_own_asks_the_bucket_once(bucket, s3_running, client):
    with db.transaction() as session:
        key = pictures.keep(session, pictures.take_in(png())).key
    first = await client.get(f"/media/{key}/1440.webp")
    assert Image.open(io.BytesIO(first.content)).width == 700
    s3_running.gate.shut()
    assert (await client.get(f"/media/{key}/1440.webp")).content == first.content
    assert s3_running.names(bucket) == [f"shop/{key}/960.webp", f"shop/originals/{key}.jpg"]


def test_a_backup_brings_a_bucket_s_pictures_to_a_machine_with_a_folder(
    engine, bucket, s3_running, configure, tmp_path
):
    with db.transaction() as session:
        key = pictures.keep(session, pictures.take_in(png())).key
    path = storage().fetch(pictures.original_name(key, "jpg"))
    assert path
    content = path.read_bytes()
    forget_copies()
    file = tmp_path / "shop.backup"
    s3_running.gate.shut()
    with pytest.raises(ProviderDown):
        snapshot.take(file)
    assert list(tmp_path.glob("*.backup*")) + list(tmp_path.glob(".*.part")) == []
    s3_running.gate.open()
    assert snapshot.take(file).pictures == 1
    db.engine().dispose()
    configure(SHOP_MEDIA_URL="", SHOP_DATA_DIR=str(tmp_path / "other"))
    assert snapshot.put_back(file, force=False).pictures == 1
    assert (settings().data_dir / "media" / f"originals/{key}.jpg").read_bytes() == content


async def test_while_the_bucket_is_away_pictures_say_so_and_then_come_back(bucket, s3_running, client):
    with db.transaction() as session:
        key = pictures.keep(session, pictures.take_in(png())).key
    assert (await client.get(f"/media/{key}/320.webp")).status_code == 200
    s3_running.gate.shut()
    # What this machine has a copy of is served.
    assert (await client.get(f"/media/{key}/320.webp")).status_code == 200
    forget_copies()
    answer = await client.get(f"/media/{key}/320.webp")
    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    assert "retry-after" in answer.headers
    # A shipped one needs no bucket, one that nobody knows is none.
    shipped = next(iter(pictures.shipped()))
    assert (await client.get(f"/media/{shipped}/640.avif")).status_code == 200
    assert (await client.get("/media/ffffffffffffffffffffffff/320.avif")).status_code == 404
    s3_running.gate.open()
    assert (await client.get(f"/media/{key}/320.webp")).status_code == 200


async def test_an_upload_while_the_bucket_is_away_is_refused_and_leaves_nothing(bucket, s3_running, client):
    headers = signed_in()
    s3_running.gate.shut()
    answer = await client.post("/uploads/pictures?name=lamp.png", content=png(), headers=headers)
    assert answer.status_code == 503
    assert answer.json() == {
        "error": "lamp.png: Pictures can't be stored or fetched just now. Try again in a while."
    }
    with db.reading() as session:
        assert session.exec(select(func.count()).select_from(Picture)).one() == 0
    assert not [path for path in (settings().data_dir / "media_cache").rglob("*") if path.is_file()]
    s3_running.gate.open()
    assert s3_running.names(bucket) == []


async def test_an_upload_onto_a_full_disk_is_refused_and_leaves_nothing(client, monkeypatch):
    headers = signed_in()

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pictures, "_encode_original", full)
    answer = await client.post("/uploads/pictures", content=png(), headers=headers)
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "The picture can't be stored just now. Try again in a while."},
    )
    assert not [path for path in (settings().data_dir / "media").rglob("*") if path.is_file()]


def test_after_a_failure_the_bucket_is_left_alone_for_a_while(bucket, s3_running, monkeypatch):
    monkeypatch.setattr(s3, "PAUSE_SECONDS", 600)
    put("originals/a.jpg", b"first")
    forget_copies()
    s3_running.gate.shut()
    with pytest.raises(ProviderDown):
        storage().fetch("originals/a.jpg")
    s3_running.gate.open()
    with pytest.raises(ProviderDown):
        storage().fetch("originals/a.jpg")
    monkeypatch.setattr(s3, "PAUSE_SECONDS", 0)
    assert storage().fetch("originals/a.jpg")
