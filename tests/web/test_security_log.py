"""The security log: who and from where, and no flood."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from reflex_base.event import Event

from shop_app.core.access import security_log
from shop_app.web import guard


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    security_log.forget()
    yield
    security_log.forget()


def test_the_first_is_logged_and_a_flood_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "shop_app.core.access.security_log"):
        for _ in range(1000):
            security_log.note("limit", address="203.0.113.9", visitor="ab" * 32, detail="paying")
    assert [record.getMessage() for record in caplog.records] == [
        "Security: limit, from 203.0.113.9, visitor abababab, 1 time(s): paying"
    ]


def test_the_next_minute_says_how_many_were_not_shown(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(security_log.time, "monotonic", lambda: now)
    with caplog.at_level(logging.WARNING, "shop_app.core.access.security_log"):
        for _ in range(5):
            security_log.note("limit", address="203.0.113.9")
        now += security_log.WINDOW_SECONDS
        security_log.note("limit", address="203.0.113.9")
    assert [record.getMessage()[-10:] for record in caplog.records] == [
        "1 time(s)".rjust(10),
        "5 time(s)".rjust(10),
    ]


def test_what_is_counted_is_bounded() -> None:
    for number in range(security_log.MAX_KEPT + 50):
        security_log.note("limit", address=str(number))
    assert len(security_log._counted) == security_log.MAX_KEPT


def test_whoever_has_no_cookie_is_no_visitor(caplog: pytest.LogCaptureFixture) -> None:
    """The hash of no key would stand there as if everybody without a cookie were one visitor."""
    event = Event(name="state.refused", router_data={"ip": "203.0.113.9", "headers": {}})
    with caplog.at_level(logging.WARNING, "shop_app.core.access.security_log"):
        guard._note(event)
    assert [record.getMessage() for record in caplog.records] == [
        "Security: event refused, from 203.0.113.9, visitor none, 1 time(s): state.refused"
    ]
