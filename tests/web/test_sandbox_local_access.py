"""The sandbox's tools over a real socket: a page of another site opens none of them."""

from __future__ import annotations

import httpx
import pytest

from tests.web.conftest import Probe

CALM = {"duplicates": 0, "shuffle": False, "delay_seconds": 0, "drop": 0, "forge": False, "paused": False}
ADDRESSES = (
    ("POST", "/sandbox/_faults"),
    ("DELETE", "/sandbox/_faults"),
    ("POST", "/sandbox/_refunds/re_1?status=failed"),
    ("POST", "/sandbox/_debits/pi_1?status=failed"),
    ("POST", "/sandbox/pay/cs_test_1"),
)


def foreign(probe: Probe) -> list[list[tuple[str, str]]]:
    """What a browser says of itself where another site's page sends the request."""
    port = probe.url.rsplit(":", 1)[-1]
    return [
        [("Origin", "https://evil.example")],
        [("Origin", "null")],
        [("Origin", probe.url + ".evil.example")],
        [("Origin", "http://localhost:1")],
        [("Origin", probe.url), ("Origin", "https://evil.example")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site"), ("Origin", probe.url)],
        # A name of theirs that suddenly stands for this machine: to the browser it is one site.
        [("Host", f"evil.example:{port}"), ("Origin", f"http://evil.example:{port}")],
    ]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_a_foreign_page_opens_no_door_of_the_sandbox(probe: Probe, method: str, path: str):
    for headers in foreign(probe):
        answer = httpx.request(
            method,
            probe.url + path,
            headers=[*headers, ("Content-Type", "text/plain")],
            content=b'{"webhooks": {"paused": true}, "api": [{"do": "500", "times": 1000000}]}',
        )
        # With another name as its host, the edge may have refused it before.
        assert answer.status_code in ((403, 400, 421) if headers[0][0] == "Host" else (403,)), headers
    now = httpx.get(f"{probe.url}/sandbox/_faults").json()
    assert (now["api"], now["webhooks"] | CALM) == ([], now["webhooks"])


def test_a_name_that_was_turned_to_this_machine_opens_no_door_even_without_an_origin(probe: Probe):
    answer = httpx.post(
        f"{probe.url}/sandbox/_faults", headers={"Host": "evil.example"}, json={"webhooks": {"paused": True}}
    )
    assert answer.status_code >= 400
    assert httpx.get(f"{probe.url}/sandbox/_faults").json()["webhooks"]["paused"] is False


def test_tools_on_this_machine_and_the_own_page_are_let_in(probe: Probe):
    for headers in ({}, {"Origin": probe.url, "Sec-Fetch-Site": "same-origin"}):
        answer = httpx.post(
            f"{probe.url}/sandbox/_faults", json={"webhooks": {"duplicates": 1}}, headers=headers
        )
        assert (answer.status_code, answer.json()["webhooks"]["duplicates"]) == (200, 1)
        assert (
            httpx.delete(f"{probe.url}/sandbox/_faults", headers=headers).json()["webhooks"]["duplicates"]
            == 0
        )
        # It is let in, and finds no such page.
        answer = httpx.post(f"{probe.url}/sandbox/pay/cs_test_1", data={"card": "4242"}, headers=headers)
        assert answer.status_code == 404
