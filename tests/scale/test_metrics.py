"""The numbers of a shop of three workers, which any of them gives for all."""

from __future__ import annotations

import http.client

from prometheus_client.parser import text_string_to_metric_families

from tests.shop import Shop

ASKED = 30


def ask(shop: Shop, path: str) -> tuple[int, str]:
    """The answer on a connection of its own, which may be any worker's."""
    connection = http.client.HTTPConnection("127.0.0.1", int(shop.url.rpartition(":")[2]), timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def pages(shop: Shop) -> float:
    status, text = ask(shop, "/metrics")
    assert status == 200
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "shop_request_seconds_count" and sample.labels["kind"] == "page"
    )


def test_every_worker_tells_what_all_of_them_have_answered(shop: Shop):
    before = pages(shop)
    for _ in range(ASKED):
        assert ask(shop, "/robots.txt")[0] == 200
    told = {pages(shop) for _ in range(ASKED)}
    assert told == {before + ASKED}
