"""A proxy that the settings know nothing of: said once in the log, and by doctor where it can know."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from shop_app.cli.check_up import examine
from shop_app.core.settings import Settings
from shop_app.web import proxies
from tests.production import PRODUCTION
from tests.web.conftest import Probe
from tests.web.raw_http import Raw, ask

Configure = Callable[..., Settings]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    proxies.forget()
    yield
    proxies.forget()


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "forwarded", "x-real-ip"])
def test_a_proxys_header_is_warned_of_once(caplog: pytest.LogCaptureFixture, name: str) -> None:
    proxies.recognise({"headers": [(b"host", b"localhost")]})
    assert caplog.records == []
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            proxies.recognise({"headers": [(name.encode(), b"evil\nvalue")]})
    (record,) = caplog.records
    assert record.getMessage().startswith(f"A request came with {name}, as a proxy in front adds it")
    assert "evil" not in record.getMessage()


def test_a_proxy_that_is_known_is_nothing_to_warn_of(
    caplog: pytest.LogCaptureFixture, configure: Configure
) -> None:
    configure(SHOP_TRUSTED_PROXY_HOPS="1")
    proxies.recognise({"headers": [(b"x-forwarded-proto", b"https")]})
    assert caplog.records == []


def test_a_running_shop_warns_of_it(probe: Probe) -> None:
    for _ in range(3):
        ask(probe.url, Raw(b"/healthz", headers=((b"X-Forwarded-Proto", b"https"),)))
    assert probe.log.read_text().count("SHOP_TRUSTED_PROXY_HOPS is 0") == 1


@pytest.mark.parametrize(("hops", "fails"), [("0", True), ("1", False)])
def test_doctor_knows_of_the_proxy_that_https_needs(configure: Configure, hops: str, fails: bool) -> None:
    configure(**PRODUCTION, SHOP_TRUSTED_PROXY_HOPS=hops)
    failing = [
        finding.text for finding in examine() if finding.subject == "proxy" and finding.mark == "fails"
    ]
    assert bool(failing) is fails
