"""Which hosts the shop answers to: its own, named once; no answer carries a name that a stranger chose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shop_app.core.settings import Settings
from shop_app.web import hosts
from tests.production import PRODUCTION
from tests.web.conftest import Probe
from tests.web.raw_http import Raw, ask

Configure = Callable[..., Settings]


def _scope(*named: str, path: str = "/", version: str = "1.1") -> dict[str, Any]:
    headers = [(b"host", name.encode("latin-1")) for name in named]
    return {"type": "http", "path": path, "http_version": version, "headers": headers}


def _status(*named: str, **more: str) -> int:
    refused = hosts.refusal(_scope(*named, **more))
    return refused.status_code if refused else 200


@pytest.fixture
def production(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLEX_ENV_MODE", "prod")
    configure(**(PRODUCTION | {"SHOP_BASE_URL": "https://Shop.Example"}))


@pytest.mark.parametrize("host", ["shop.example", "SHOP.example", "shop.example:443"])
def test_the_base_addresss_own_host_is_answered(production: None, host: str) -> None:
    assert _status(host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "shop.example.evil.test",
        "evilshop.example",
        "www.shop.example",
        "shop.example:80",
        "shop.example:3000",
        "localhost",
        "localhost:3000",
        "127.0.0.1:3000",
        "203.0.113.9",
        "user@shop.example",
        "shop.example/",
        "shop.example, evil.test",
        "shop.example:443:443",
        "\xff",
        "shop.example\t.evil.test",
    ],
)
def test_every_other_host_is_refused(production: None, host: str) -> None:
    assert _status(host) == 421


@pytest.mark.parametrize(
    "named", [(), ("",), ("shop.example", "shop.example"), ("shop.example", "evil.test")]
)
def test_a_request_names_exactly_one_host(production: None, named: tuple[str, ...]) -> None:
    assert _status(*named) == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_may_be_asked_by_address_and_by_old_balancers_without_one(production: None, path: str) -> None:
    assert _status("10.0.0.7:3000", path=path) == 200
    assert _status(path=path, version="1.0") == 200
    assert _status(path=path) == 400
    assert _status("a", "b", path=path) == 400
    assert _status("10.0.0.7:3000", path=path + "/") == 421


@pytest.mark.parametrize("host", ["localhost:4000", "127.0.0.1:4000", "[::1]:4000", "shop.test"])
def test_a_demo_answers_under_this_machines_names_too(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("REFLEX_ENV_MODE", "prod")
    configure(PORT="4000", SHOP_BASE_URL="http://shop.test")
    assert _status(host) == 200
    assert _status(host.replace(":4000", "") + ":4001") == 421
    # `make dev` serves pages and socket on two ports.
    monkeypatch.setenv("REFLEX_ENV_MODE", "dev")
    assert _status("localhost:8000") == 200
    assert _status("evil.test:8000") == 421


@pytest.fixture
def quiet(probe: Probe) -> Iterator[Probe]:
    # Other tests have this server fail on purpose.
    before = len(probe.log.read_text())
    yield probe
    assert "Traceback" not in probe.log.read_text()[before:]


@pytest.mark.parametrize(
    "path", [b"/", b"/ping", b"/ping/", b"/_event", b"/_event/", b"/sandbox", b"/sitemap.xml/", b"/products/"]
)
def test_no_answer_names_the_host_that_was_asked_for(quiet: Probe, path: bytes) -> None:
    answer = ask(quiet.url, Raw(path, hosts=(b"evil.test",)))
    assert (answer.status, answer.headers.get("location")) == (421, None)
    assert b"evil" not in answer.body
    assert "Security: foreign host" in quiet.log.read_text()
    for named in ((), (b"localhost", b"evil.test")):
        assert ask(quiet.url, Raw(path, hosts=named)).status == 400
    # Under the shop's own name: whatever is there, no redirect leaves the shop.
    forwarded = ((b"X-Forwarded-Host", b"evil.test"), (b"Forwarded", b"host=evil.test"))
    location = ask(quiet.url, Raw(path, headers=forwarded)).headers.get("location", "")
    assert location == "" or location.startswith(("/", quiet.url))


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"CONNECT", b"POST"])
@pytest.mark.parametrize("target", [b"evil.test:443", b"*"])
def test_a_target_that_is_no_path_is_refused_and_named_nowhere(
    quiet: Probe, method: bytes, target: bytes
) -> None:
    """Reflex's application once answered with a redirect to the Host that was sent, in front of the edge."""
    answer = ask(quiet.url, Raw(target, method, hosts=(b"evil.test:443",)))
    assert (answer.status, answer.headers.get("location")) == (400, None)
    assert b"evil" not in answer.body


@pytest.mark.parametrize("path", [b"/ping", b"/ping/", b"/_event", b"/_event/?EIO=4&transport=polling"])
def test_reflexs_own_doors_are_closed_over_http(quiet: Probe, path: bytes) -> None:
    assert ask(quiet.url, Raw(path)).status == 404


@pytest.mark.parametrize(("named", "status"), [(None, 101), ((b"evil.test",), 403), ((), 403)])
def test_a_socket_opens_under_the_shops_own_name_alone(
    quiet: Probe, named: tuple[bytes, ...] | None, status: int
) -> None:
    upgrade = (
        (b"Origin", quiet.url.encode()),
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Version", b"13"),
        (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    )
    request = Raw(b"/_event/?EIO=4&transport=websocket&token=t", headers=upgrade, hosts=named, close=False)
    assert ask(quiet.url, request).status == status
