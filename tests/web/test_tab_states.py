"""What the server remembers of tabs: for how long, of how many, and for whom."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

import pytest
import reflex as rx
from reflex.istate.manager.token import BaseStateToken

import shop_app.shop_app  # noqa: F401  (registers the States)
from shop_app.web import tab_states
from shop_app.web.tab_states import TabStates


@pytest.fixture
async def tabs() -> AsyncIterator[TabStates]:
    those = TabStates()
    yield those
    await those.close()


def token(key: str) -> BaseStateToken:
    return BaseStateToken(ident=key, cls=rx.State)


async def visit(tabs: TabStates, key: str, address: str = "1.1.1.1", *, leaves: bool = True) -> None:
    tabs.came(key, address)
    async with tabs.modify_state(token(key)):
        pass
    if leaves:
        tabs.left(key)


def later(tabs: TabStates, seconds: float) -> None:
    """As if so much time had passed."""
    for key, (ends_at, whose) in list(tabs._token_expires_at.items()):
        tabs._token_expires_at[key] = (ends_at - seconds, whose)
    tabs._purge_expired_tokens()


async def test_an_open_tab_keeps_its_state_and_a_closed_one_for_five_minutes(tabs: TabStates) -> None:
    await visit(tabs, "open", leaves=False)
    await visit(tabs, "closed")
    assert tabs._token_expires_at["open"][0] == math.inf
    later(tabs, tab_states.KEPT_SECONDS - 5)
    assert set(tabs.states) == {"open", "closed"}
    later(tabs, 10)
    assert set(tabs.states) == {"open"}
    tabs.left("open")
    later(tabs, tab_states.KEPT_SECONDS + 5)
    assert tabs.states == {}
    assert (tabs._states_locks, tabs._token_expires_at, tabs._left, tabs._open) == ({}, {}, {}, {})
    assert not tabs._left_of


async def test_a_tab_that_comes_back_finds_its_state(tabs: TabStates) -> None:
    await visit(tabs, "back")
    kept = tabs.states["back"]
    later(tabs, 200)
    await visit(tabs, "back", leaves=False)
    later(tabs, 10_000)
    assert tabs.states["back"] is kept
    assert not tabs._left


async def test_an_event_that_comes_late_keeps_nothing_for_ever(tabs: TabStates) -> None:
    """A handler that was at work when its tab left makes a new State; it goes like all others."""
    async with tabs.modify_state(token("gone")):
        pass
    later(tabs, tab_states.KEPT_SECONDS + 5)
    assert tabs.states == {}


async def test_one_address_pushes_out_its_own_oldest_and_no_other(
    tabs: TabStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab_states, "MAX_LEFT_PER_ADDRESS", 3)
    await visit(tabs, "other", "2.2.2.2")
    for number in range(10):
        await visit(tabs, f"own-{number}")
    assert set(tabs.states) == {"other", "own-7", "own-8", "own-9"}


async def test_all_that_left_are_bounded_and_the_oldest_goes(
    tabs: TabStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab_states, "MAX_LEFT", 5)
    await visit(tabs, "open", leaves=False)
    for number in range(20):
        await visit(tabs, f"tab-{number}", f"10.0.0.{number}")
    assert set(tabs.states) == {"open", *(f"tab-{number}" for number in range(15, 20))}
    assert len(tabs._states_locks) == 6


async def test_a_state_at_work_is_not_taken_away(tabs: TabStates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tab_states, "MAX_LEFT", 1)
    tabs.came("busy", "1.1.1.1")
    async with tabs.modify_state(token("busy")) as state:
        tabs.left("busy")
        await visit(tabs, "next", "2.2.2.2")
        assert tabs.states["busy"] is state
    # What it was sent is kept until it has been idle for a while again, within the same bound.
    await visit(tabs, "third", "3.3.3.3")
    assert "busy" not in tabs.states
    assert len(tabs._left) == 1


async def test_the_sweep_takes_them_without_a_further_event(
    tabs: TabStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab_states, "SWEEP_SECONDS", 0.01)
    tabs.token_expiration = 0
    await visit(tabs, "gone")
    for _ in range(200):
        if not tabs.states:
            break
        await asyncio.sleep(0.01)
    assert tabs.states == {}
