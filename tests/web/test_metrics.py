"""The numbers for Prometheus: true, together for all processes, and for a private network alone."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.core.settings import ROOT
from shop_app.models import JobRun, Letter, ProviderEvent
from shop_app.web import metrics as web_metrics
from tests.production import PRODUCTION

PROXIED = ("x-forwarded-for", "x-forwarded-proto", "forwarded", "x-real-ip", "via")


def _page(_request: object) -> PlainTextResponse:
    return PlainTextResponse("A page.")


APP = web_metrics.Metered(Starlette(routes=[Route("/products", _page)]))


async def ask(path: str = "/metrics", *, peer: str = "127.0.0.1", host: str = "", **headers: str):
    transport = httpx.ASGITransport(app=APP, client=(peer, 40_000))
    given = headers | ({"host": host} if host else {})
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.5:3000") as client:
        return await client.get(path, headers=given)


async def numbers() -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    answer = await ask()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"].startswith("text/plain")
    return parsed(answer.text)


def parsed(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_kind_and_status(engine):
    def of(found: Any, kind: str, status: str) -> float:
        return found.get(("shop_request_seconds_count", kind, status), 0)

    before = await numbers()
    for path in ("/products", "/products", "/nothing", "/media/x/320.avif"):
        await ask(path)
    after = await numbers()
    grown = {
        key: of(after, *key) - of(before, *key)
        for key in (("page", "2xx"), ("page", "4xx"), ("media", "4xx"))
    }
    assert grown == {("page", "2xx"): 2, ("page", "4xx"): 1, ("media", "4xx"): 1}


async def test_a_made_up_address_makes_no_number_of_its_own(engine):
    await ask("/made-up-by-a-stranger")
    assert "made-up" not in (await ask()).text


async def test_a_handler_that_raises_counts_as_an_error(engine):
    async def broken(*_args: object) -> None:
        raise RuntimeError

    metered = web_metrics.Metered(broken)
    before = (await numbers()).get(("shop_request_seconds_count", "page", "5xx"), 0)
    with pytest.raises(RuntimeError):
        await metered({"type": "http", "path": "/", "method": "GET", "headers": ()}, None, None)  # pyright: ignore
    assert (await numbers())["shop_request_seconds_count", "page", "5xx"] == before + 1


@pytest.mark.both
async def test_what_waits_is_counted_in_the_database(engine):
    with db.transaction() as session:
        session.add(Letter(dedupe_key="a", kind="k", to_email="a@example.com"))
        session.add(Letter(dedupe_key="b", kind="k", to_email="a@example.com", sent_at=now()))
        session.add(Letter(dedupe_key="c", kind="k", to_email="a@example.com", attempts=30))
        later = now() + timedelta(days=1)
        session.add(Letter(dedupe_key="d", kind="k", to_email="a@example.com", next_try_at=later))
        arrived = now() - timedelta(minutes=10)
        session.add(
            ProviderEvent(provider="stripe", event_id="e", kind="k", payload="{}", received_at=arrived)
        )
        began = now() - timedelta(minutes=2)
        session.add(JobRun(name="sweep", started_at=began, took_ms=1500, problem="It failed."))
    found = await numbers()
    assert found["shop_database_up",] == 1
    assert found["shop_waiting", "letters"] == 1
    assert found["shop_waiting", "webhooks"] == 1
    assert found["shop_waiting", "bulk_jobs"] == 0
    assert 600 <= found["shop_waiting_oldest_seconds", "webhooks"] < 700
    assert 120 <= found["shop_job_last_run_age_seconds", "sweep"] < 220
    assert found["shop_job_last_run_seconds", "sweep"] == 1.5
    assert found["shop_job_failed", "sweep"] == 1


async def test_without_the_database_the_rest_is_still_said(configure, tmp_path: Path):
    configure(SHOP_DATABASE_URL=f"postgresql://shop@/shop?host={tmp_path}")
    found = await numbers()
    assert found["shop_database_up",] == 0
    assert ("shop_open_tabs",) in found
    assert ("shop_waiting", "letters") not in found


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "::ffff:172.16.0.1", "fd00::1"]
)
async def test_a_private_address_is_answered(engine, peer: str):
    assert (await ask(peer=peer)).status_code == 200


@pytest.mark.parametrize("peer", ["8.8.8.8", "2a00:1450::1", "::ffff:8.8.8.8", "testclient", ""])
async def test_a_public_address_is_not(engine, peer: str):
    assert (await ask(peer=peer)).status_code == 404


@pytest.mark.parametrize("name", PROXIED)
async def test_nobody_behind_a_proxy_is_answered(engine, name: str):
    answer = await ask(**{name: "127.0.0.1"})
    assert (answer.status_code, "shop_" in answer.text) == (404, False)


async def test_nobody_is_answered_under_the_public_name(engine, configure):
    configure(**PRODUCTION)
    assert (await ask(host="shop.example")).status_code == 404
    assert (await ask()).status_code == 200


WORKER = """
import os, sys
from shop_app.core import metrics
metrics.PUSHES.inc(2)
metrics.OPEN_TABS.inc(3)
print("counted", flush=True)
input()
"""
ANSWERS = """
import asyncio
from shop_app.core import metrics
from shop_app.web import metrics as web_metrics
metrics.PUSHES.inc(1)
metrics.OPEN_TABS.inc(1)
print(asyncio.run(web_metrics.answer()).body.decode())
"""


def test_any_process_answers_for_all_of_them(engine, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    def begun(source: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", source],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def answered() -> dict[tuple[str, ...], float]:
        said, _errors = begun(ANSWERS).communicate("")
        return parsed(said)

    worker = begun(WORKER)
    assert worker.stdout
    assert worker.stdout.readline() == "counted\n"
    together = answered()
    worker.kill()
    worker.communicate()
    afterwards = answered()
    assert (together["shop_pushes_total",], together["shop_open_tabs",]) == (3, 4)
    # What was counted stays, and open tabs go with their process.
    assert (afterwards["shop_pushes_total",], afterwards["shop_open_tabs",]) == (4, 1)
