"""A page loads in one event with one answer, whatever its handlers do."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import reflex as rx
from reflex.state import OnLoadInternalState, StateUpdate
from reflex_base.event import Event
from reflex_base.event.context import EventContext

from shop_app.core.access import policy
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.policy import internal, personal, public, staff
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import ShopError
from shop_app.realtime import page_values
from shop_app.state.base import asked_by, failure_delta, notice_delta
from shop_app.web.guard import Guard
from shop_app.web.page_load import PageLoad

ROOT = rx.State.get_full_name()
CONNECTS, GOES_ON = f"{ROOT}.hydrate_and_load", f"{OnLoadInternalState.get_full_name()}.on_load_internal"
ran: list[str] = []


@personal
class Loaded(rx.State):
    """A page's State, one handler for each thing that may happen."""

    first: str = ""
    second: str = ""

    @rx.event
    @public
    async def load(self):
        ran.append("load")
        self.first = "one"

    @rx.event
    @public
    async def load_more(self):
        ran.append("load_more")
        self.first, self.second = self.first + " more", "two"

    @rx.event
    @public
    async def go(self):
        ran.append("go")
        return rx.redirect("/elsewhere")

    @rx.event
    @public
    async def fail(self):
        self.second = "half"
        raise ValueError("CANARY")

    @rx.event
    @public
    async def refuse(self):
        raise ShopError("That order isn't there.")

    @rx.event
    @staff("orders.refund")
    async def for_staff(self):
        ran.append("for_staff")

    @rx.event
    @public
    async def who(self):
        ran.append((await asked_by(self)).email)

    @rx.event
    @public
    async def in_steps(self):
        ran.append("in_steps")
        yield

    @rx.event(background=True)
    @internal
    async def meanwhile(self):
        ran.append("meanwhile")

    @rx.event
    @public
    def at_once(self):
        ran.append("at_once")


NAME = Loaded.get_full_name()


@pytest.fixture(autouse=True)
def an_event() -> Iterator[None]:
    """The event that all of this happens in."""
    ran.clear()
    token = EventContext.set(
        EventContext(token="a-tab", txid="", parent_txid=None, state_manager=None, enqueue_impl=None)  # pyright: ignore
    )
    yield
    EventContext.reset(token)


async def opened(*handlers: Any, event: str = CONNECTS, root: Any = None, **payload: Any) -> StateUpdate:
    """The answer to a page that loads with these handlers."""
    guard = Guard(notice_delta)
    app = SimpleNamespace(get_load_events=lambda _path: list(handlers))
    answer = await PageLoad(guard, failure_delta).preprocess(
        app, root or rx.State(_reflex_internal_init=True), Event(name=event, payload=payload)
    )
    assert answer is not None
    return answer


def notice(update: StateUpdate) -> str:
    return next(
        (values["text_rx_state_"] for state, values in update.delta.items() if state.endswith("____notice")),
        "",
    )


async def test_handlers_run_in_their_order_and_one_answer_has_what_they_changed():
    update = await opened(Loaded.load, Loaded.load_more, hashes=await page_values.built_hashes())
    assert ran == ["load", "load_more"]
    assert update.delta == {
        ROOT: {"is_hydrated_rx_state_": True},
        NAME: {"first_rx_state_": "one more", "second_rx_state_": "two"},
    }
    assert update.events == []


async def test_a_tab_that_goes_on_is_sent_what_changed():
    root = rx.State(_reflex_internal_init=True)
    await opened(Loaded.load, root=root, hashes=await page_values.built_hashes())
    update = await opened(Loaded.load_more, event=GOES_ON, root=root)
    assert update.delta == {
        ROOT: {"is_hydrated_rx_state_": True},
        NAME: {"first_rx_state_": "one more", "second_rx_state_": "two"},
    }


async def test_a_page_without_handlers_is_loaded_at_once():
    update = await opened(hashes=await page_values.built_hashes())
    assert update == StateUpdate(delta={ROOT: {"is_hydrated_rx_state_": True}})


async def test_where_a_handler_sends_the_tab_comes_after_what_it_is_shown():
    update = await opened(Loaded.go, Loaded.load)
    assert ran == ["go", "load"]
    assert [(event.name, event.payload["path"]) for event in update.events] == [("_redirect", "/elsewhere")]


@pytest.mark.parametrize("hashes", [True, False], ids=["first", "again"])
async def test_a_handler_that_fails_says_so_and_the_others_go_on(hashes: bool, caplog: Any):
    said = await page_values.built_hashes() if hashes else []
    update = await opened(Loaded.load, Loaded.fail, Loaded.load_more, hashes=said)
    assert ran == ["load", "load_more"]
    assert update.delta[NAME] == {"first_rx_state_": "one more", "second_rx_state_": "two"}
    assert update.delta[ROOT]["is_hydrated_rx_state_"] is True
    assert "nothing was changed. The reference is" in notice(update)
    assert "CANARY" in caplog.text
    assert "CANARY" not in str(update)


async def test_a_refusal_is_shown_in_its_own_words():
    assert notice(await opened(Loaded.refuse)) == "That order isn't there."


async def test_a_handler_that_the_visitor_may_not_call_does_not_run():
    update = await opened(Loaded.for_staff, Loaded.load)
    assert ran == ["load"]
    assert notice(update) == "Sign in to do that."


@pytest.mark.parametrize("other", [Loaded.in_steps, Loaded.meanwhile, Loaded.at_once])
async def test_what_cannot_run_inside_of_the_event_follows_it_with_all_behind_it(other: Any):
    update = await opened(Loaded.load, other, Loaded.load_more, hashes=await page_values.built_hashes())
    assert ran == ["load"]
    assert update.delta == {NAME: {"first_rx_state_": "one"}}
    names = [event.name.rpartition(".")[2] for event in update.events]
    assert names == [other.fn.__name__, "load_more", "set_is_hydrated"]
    assert update.events[-1].payload == {"value": True}


async def test_other_events_are_not_answered_here():
    page_load = PageLoad(Guard(notice_delta), failure_delta)
    for name in (f"{NAME}.load", f"{ROOT}.hydrate", f"{ROOT}.set_is_hydrated"):
        answer = await page_load.preprocess(None, rx.State(_reflex_internal_init=True), Event(name=name))
        assert answer is None


async def test_who_loads_a_page_is_looked_up_once_and_again_with_the_next_event(monkeypatch: Any):
    people = {"s" * 43: Principal("customer", 7, "ida@example.com", session_id=1)}
    looks: list[str] = []

    async def look_up(session_hash: str) -> Principal:
        looks.append(session_hash)
        return next((who for key, who in people.items() if key_hash(key) == session_hash), NOBODY)

    monkeypatch.setattr(policy, "_look_up", look_up)
    root, guard = rx.State(_reflex_internal_init=True), Guard(notice_delta)
    cookie = f"shop_visitor={'v' * 43}; shop_session={'s' * 43}"
    app = SimpleNamespace(get_load_events=lambda _path: [Loaded.load, Loaded.who, Loaded.who])

    async def load() -> None:
        event = Event(name=CONNECTS, router_data={"headers": {"cookie": cookie}, "token": "a-tab"})
        assert await guard.preprocess(None, root, event) is None
        await PageLoad(guard, failure_delta).preprocess(app, root, event)

    await load()
    assert (ran, looks) == (["load", "ida@example.com", "ida@example.com"], [key_hash("s" * 43)])

    # The session ends: the next event is nobody's, and finds what is personal empty.
    loaded = await root.get_state(Loaded)
    people.clear()
    event = Event(name=f"{NAME}.refuse", router_data={"headers": {"cookie": cookie}, "token": "a-tab"})
    assert loaded.first == "one"
    assert await guard.preprocess(None, root, event) is None
    assert (loaded.first, len(looks), policy.current_principal()) == ("", 2, NOBODY)


@pytest.mark.parametrize(
    "person", [NOBODY, Principal("customer", 7, session_id=1), Principal("staff", 7, session_id=1)]
)
async def test_what_a_handler_chains_runs_whoever_is_signed_in(person: Principal):
    """Such as the notice that something was saved; the same from a browser is refused."""
    root, guard = rx.State(_reflex_internal_init=True), Guard(notice_delta)
    chained = Event(name=f"{NAME}.meanwhile")
    assert await guard.refusal(root, chained, person) is None
    from_browser = Event(name=f"{NAME}.meanwhile", router_data={"headers": {}, "token": "a-tab"})
    assert await guard.refusal(root, from_browser, person) == {}
