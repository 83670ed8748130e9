"""Uploads: staff who may edit products send pictures; everybody else, and everything else, is refused."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image
from sqlmodel import func, select
from starlette.applications import Starlette

from shop_app import db
from shop_app.models import AuditEntry, Picture
from shop_app.services import accounts
from shop_app.web import cookies, policy, uploads

PASSWORD = "a long enough password"


@pytest.fixture
async def client(engine, monkeypatch):
    async def who(session_hash: str) -> accounts.Principal:
        return await db.in_reading(accounts.who, session_hash)

    monkeypatch.setattr(policy, "_look_up", who)
    transport = httpx.ASGITransport(app=Starlette(routes=uploads.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as opened:
        yield opened


def signed_in(role: str) -> dict[str, str]:
    with db.transaction() as session:
        accounts.create_staff(session, f"{role}@example.com", PASSWORD, role=role)
    with db.transaction() as session:
        key, _who = accounts.sign_in(session, f"{role}@example.com", PASSWORD, kind="staff")
    return {"cookie": f"{cookies.session_cookie()}={key}"}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#aabbcc").save(out, "PNG")
    return out.getvalue()


def rows() -> tuple[int, int]:
    with db.reading() as session:
        pictures = session.exec(select(func.count()).select_from(Picture)).one()
        return pictures, session.exec(select(func.count()).select_from(AuditEntry)).one()


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
        ("clerk", "You don't have the right to do that."),
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


async def test_a_body_past_the_limit_is_refused(client, monkeypatch):
    monkeypatch.setattr(uploads, "BODY_BYTES", 1000)
    headers = signed_in("manager")
    before = rows()
    answer = await client.post("/uploads/pictures", content=b"x" * 1001, headers=headers)
    assert answer.status_code == 413
    assert rows() == before
