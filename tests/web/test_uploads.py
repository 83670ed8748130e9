"""Uploads: staff who may edit products send pictures; everybody else, and everything else, is refused."""

from __future__ import annotations

import asyncio
import io
import threading

import httpx
import pytest
from PIL import Image
from sqlmodel import func, select
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.access import cookies, policy
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.models import AuditEntry, Picture
from shop_app.services.accounts import sessions
from shop_app.services.accounts.passwords import hash_password
from shop_app.services.catalog import pictures, product_pictures
from shop_app.web import uploads
from tests.factories import make_customer, make_product, sign_in, stock_of

PASSWORD = "a long enough password"


@pytest.fixture
async def client(engine, monkeypatch):
    async def who(session_hash: str) -> Principal:
        return await db.read(sessions.who, session_hash)

    monkeypatch.setattr(policy, "_look_up", who)
    transport = httpx.ASGITransport(app=Starlette(routes=uploads.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as opened:
        yield opened


def signed_in(role: str) -> dict[str, str]:
    with db.transaction() as session:
        sessions.create_staff(session, f"{role}@example.com", hash_password(PASSWORD), role=role)
    with db.transaction() as session:
        key, _who = sign_in(session, f"{role}@example.com", PASSWORD, "staff")
    return {"cookie": f"{cookies.session_cookie()}={key}"}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#aabbcc").save(out, "PNG")
    return out.getvalue()


def forty_million_pixels(width: int = 8_000) -> bytes:
    """A few kilobytes that are 160 MB in memory, or more where they are wider."""
    out = io.BytesIO()
    Image.new("1", (width, 5_000), 1).save(out, "PNG", optimize=True)
    return out.getvalue()


def rows() -> tuple[int, int]:
    with db.reading() as session:
        pictures = session.exec(select(func.count()).select_from(Picture)).one()
        # A refused right is written down too, and changes nothing.
        entries = select(func.count()).select_from(AuditEntry).where(AuditEntry.action != "right.refused")
        return pictures, session.exec(entries).one()


async def test_a_manager_s_picture_is_kept_and_stands_in_the_audit(client):
    answer = await client.post("/uploads/pictures", content=png(), headers=signed_in("manager"))
    assert answer.status_code == 201
    with db.reading() as session:
        kept = session.exec(select(Picture)).one()
        entry = session.exec(select(AuditEntry).where(AuditEntry.object_kind == "picture")).one()
    assert answer.json() == {"key": kept.key, "width": 60, "height": 40, "colour": "#aabbcc"}
    assert (entry.actor, entry.action) == ("staff:manager@example.com", "picture.upload")
    assert entry.object_key == kept.key


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("nobody", "Sign in to do that."),
        ("a made-up session", "Sign in to do that."),
        ("clerk", "You don't have the right to do that: Change products."),
    ],
)
async def test_others_are_refused_and_nothing_is_kept(client, who, sentence):
    made_up = {"cookie": f"{cookies.session_cookie()}={'x' * 43}"}
    headers = {"nobody": {}, "a made-up session": made_up}.get(who) if who != "clerk" else signed_in(who)
    before = rows()
    answer = await client.post("/uploads/pictures", content=png(), headers=headers)
    assert (answer.status_code, answer.json()) == (403, {"error": sentence})
    assert rows() == before


@pytest.mark.parametrize("body", [b"", b"<svg><script>1</script></svg>", png()[:40], b"\x00" * 5000])
async def test_what_is_no_picture_is_refused_with_a_sentence(client, body):
    headers = signed_in("manager")
    before = rows()
    answer = await client.post("/uploads/pictures", content=body, headers=headers)
    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}
    assert rows() == before


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("logo.svg", b'<?xml version="1.0"?><svg><script>1</script></svg>', "An SVG file can carry scripts"),
        ("mug.jpg", b"<!doctype html><script>alert(1)</script>", "isn't a picture that the shop can read"),
        ("mug.png", b"%PDF-1.7 /JS", "isn't a picture that the shop can read"),
        ("mug.webp", b"PK\x03\x04" + b"\x00" * 100, "isn't a picture that the shop can read"),
        ("half.png", png()[:60], "is damaged"),
        ("bomb.png", forty_million_pixels(9_000), "more than 40 million pixels"),
    ],
)
async def test_a_refusal_names_the_file_and_says_why(client, name, body, sentence):
    headers = signed_in("manager")
    with db.transaction() as session:
        make_product(session, "Lamp")
    before = rows()
    where = f"/uploads/pictures?product=lamp&name={name}"
    answer = await client.post(where, content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{name}: ")
    assert sentence in answer.json()["error"]
    assert rows() == before


async def test_a_picture_is_put_behind_those_of_its_product(client):
    headers = signed_in("manager")
    with db.transaction() as session:
        make_product(session, "Lamp")
    answers = [
        await client.post(f"/uploads/pictures?product={slug}&name=mug.png", content=png(), headers=headers)
        for slug in ("lamp", "lamp", "no-such")
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[2].json() == {"error": "mug.png: There is no such product."}
    owner = Principal("staff", 0, "", "", "", BUILT_IN_ROLES["owner"])
    with db.reading() as session:
        items = product_pictures.of_product(session, "lamp", by=owner).pictures
    assert [(item.key, item.file) for item in items] == [(answers[0].json()["key"], "mug.png")]


async def test_a_file_of_counts_is_noted_and_nothing_is_booked(client):
    headers = signed_in("clerk")
    with db.transaction() as session:
        make_product(session, "Lamp", stock=10)
    answer = await client.post("/uploads/counts?name=c.csv", content=b"LAMP;8\nNOPE;1\n", headers=headers)
    assert (answer.status_code, answer.json()) == (201, {"taken": 1, "rows": 2})
    with db.reading() as session:
        assert stock_of(session, "LAMP") == (10, 0, 0)
    for body, sentence in ((b"LAMP;8\n" * 400_000, "2 MB at most"), (b"\x89PNG\x00", "isn't text")):
        answer = await client.post("/uploads/counts?name=c.csv", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"][:7]) == (422, "c.csv: ")
        assert sentence in answer.json()["error"]
    ten_megabytes = await client.post("/uploads/counts", content=b"x" * 10**7, headers=headers)
    assert (ten_megabytes.status_code, ten_megabytes.json()) == (
        413,
        {"error": "A file of counts may have 2 MB at most."},
    )


@pytest.mark.parametrize("who", ["nobody", "shopper"])
async def test_counts_are_refused_to_everybody_else(client, who):
    if who == "shopper":
        with db.transaction() as session:
            make_customer(session, "shopper@example.com")
    answer = await client.post("/uploads/counts", content=b"LAMP;8")
    assert (answer.status_code, answer.json()) == (403, {"error": "Sign in to do that."})


async def test_a_body_past_the_limit_is_refused(client, monkeypatch):
    monkeypatch.setattr(uploads, "BODY_BYTES", 1000)
    headers = signed_in("manager")
    before = rows()
    answer = await client.post("/uploads/pictures", content=b"x" * 1001, headers=headers)
    assert answer.status_code == 413
    assert rows() == before


async def test_a_picture_of_forty_million_pixels_keeps_nobody_waiting(client, monkeypatch):
    """The loop turns, and others write, while it is looked at: on a thread, outside of any transaction."""
    headers, body = signed_in("manager"), forty_million_pixels()
    assert len(body) < 20_000
    at_work, done, writing = threading.Event(), threading.Event(), []
    decode = pictures._decode

    def watched(data: bytes) -> Image.Image:
        at_work.set()
        image = decode(data)
        # An upload within the transaction would keep the other writer out until it is over.
        writing.append(done.wait(10))
        return image

    monkeypatch.setattr(pictures, "_decode", watched)
    upload = asyncio.create_task(client.post("/uploads/pictures", content=body, headers=headers))
    assert await asyncio.to_thread(at_work.wait, 10)
    assert not upload.done()
    await db.write(lambda session: make_customer(session))
    done.set()
    answer = await upload
    assert (answer.status_code, writing) == (201, [True])
    assert (answer.json()["width"], answer.json()["height"]) == (8_000, 5_000)


async def test_uploads_are_looked_at_one_after_another(client, monkeypatch):
    headers, inside, most = signed_in("manager"), 0, 0
    decode, second = pictures._decode, threading.Event()

    def counted(data: bytes) -> Image.Image:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if most > 1:
            second.set()
        # Long enough for a second to come, if one could.
        second.wait(0.05)
        image = decode(data)
        inside -= 1
        return image

    monkeypatch.setattr(pictures, "_decode", counted)
    posts = (client.post("/uploads/pictures", content=png(), headers=headers) for _ in range(6))
    answers = await asyncio.gather(*posts)
    assert ([answer.status_code for answer in answers], most) == ([201] * 6, 1)
    assert rows()[0] == 1
