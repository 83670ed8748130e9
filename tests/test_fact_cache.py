"""The fact cache: made once, emptied by what it depends on, and never from before a fact."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from shop_app.core import events, fact_cache
from shop_app.core.events import ShownChanged, TermsChanged
from shop_app.core.fact_cache import FactCache, depends


def cache_of(most: int = 1000) -> FactCache[str]:
    return FactCache(most, len)


def made(value: str, *tags: str) -> Callable[[], str]:
    def make() -> str:
        depends(*tags)
        return value

    return make


def never() -> str:
    pytest.fail("it was made again")


def test_what_is_kept_isnt_made_again():
    cache = cache_of()
    assert cache.find("a") is None
    assert cache.get("a", made("1")) == "1"
    assert cache.get("a", never) == "1"
    assert (cache.find("a"), cache.find("b")) == ("1", None)


def test_a_fact_empties_what_depends_on_it_and_nothing_else():
    cache = cache_of()
    cache.get("lamp", made("1", "product:1"))
    cache.get("list", made("2", "listing", "product:1", "product:2"))
    cache.get("bowl", made("3", "product:2"))
    fact_cache.deliver(["product:1"])
    assert (cache.find("lamp"), cache.find("list"), cache.find("bowl")) == (None, None, "3")
    assert (len(cache), cache.size, dict(cache._keys)) == (1, 1, {"product:2": {"bowl"}})


@pytest.mark.parametrize(("event", "left"), [(ShownChanged(("a",)), None), (TermsChanged(), "1")])
def test_events_are_facts_before_their_listeners_are_called(event: events.Event, left: str | None):
    cache, seen = cache_of(), []
    cache.get("key", made("1", "a"))
    events.subscribe(type(event), lambda _event: seen.append(cache.find("key")))
    events.deliver([event])
    assert seen == [left]


def test_nobody_knows_what_changed_so_everything_goes():
    cache = cache_of()
    cache.get("key", made("1"))
    fact_cache.deliver_unknown()
    assert (cache.find("key"), cache.size) == (None, 0)


def test_more_tags_than_it_pays_to_look_at_empty_everything():
    cache = cache_of()
    cache.get("key", made("1"))
    fact_cache.deliver([str(number) for number in range(fact_cache.MOST_TAGS + 1)])
    assert cache.find("key") is None


def test_what_began_before_a_fact_that_it_depends_on_isnt_kept():
    cache = cache_of()

    def make() -> str:
        # Read, and only then does somebody change it.
        fact_cache.deliver(["a"])
        depends("a")
        return "old"

    assert cache.get("key", make) == "old"
    assert cache.find("key") is None
    assert cache.get("key", made("new", "a")) == "new"


@pytest.mark.parametrize("remembered", [1, 50_000])
def test_a_fact_that_is_forgotten_counts_as_one_of_any_tag(monkeypatch, remembered: int):
    monkeypatch.setattr(fact_cache, "REMEMBERED", remembered)
    cache = cache_of()

    def make() -> str:
        for tag in ("a", "b", "c"):
            fact_cache.deliver([tag])
        depends("d")
        return "made"

    cache.get("key", make)
    assert cache.find("key") == (None if remembered == 1 else "made")


def test_a_fact_about_something_else_leaves_what_is_being_made():
    cache = cache_of()

    def make() -> str:
        fact_cache.deliver(["b"])
        depends("a")
        return "made"

    cache.get("key", make)
    assert cache.find("key") == "made"


def test_who_asks_meanwhile_waits_for_it():
    cache, began, go_on, calls = cache_of(), threading.Event(), threading.Event(), []

    def make() -> str:
        calls.append(1)
        began.set()
        assert go_on.wait(10)
        return "made"

    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(cache.get, "key", make)
        assert began.wait(10)
        others = [pool.submit(cache.get, "key", make) for _ in range(4)]
        go_on.set()
        assert [future.result(10) for future in (first, *others)] == ["made"] * 5
    assert calls == [1]


def test_who_asks_after_a_fact_isnt_given_what_began_before_it():
    cache, began, go_on = cache_of(), threading.Event(), threading.Event()

    def from_before() -> str:
        depends("a")
        began.set()
        assert go_on.wait(10)
        return "old"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "key", from_before)
        assert began.wait(10)
        fact_cache.deliver(["a"])
        second = pool.submit(cache.get, "key", made("new", "a"))
        go_on.set()
        assert (first.result(10), second.result(10)) == ("old", "new")
    assert cache.find("key") == "new"


def test_what_fails_is_made_by_the_next_who_waits():
    cache, began, go_on = cache_of(), threading.Event(), threading.Event()

    def fails() -> str:
        began.set()
        assert go_on.wait(10)
        raise LookupError("gone")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "key", fails)
        assert began.wait(10)
        second = pool.submit(cache.get, "key", made("made"))
        go_on.set()
        with pytest.raises(LookupError):
            first.result(10)
        assert second.result(10) == "made"
    assert cache._makings == {}


def test_facts_that_never_end_keep_nobody_waiting():
    cache = cache_of()

    def make() -> str:
        fact_cache.deliver(["a"])
        depends("a")
        return "made"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _number: cache.get("key", make), range(200))) == {"made"}
    assert cache._makings == {}


def test_what_is_made_of_a_kept_value_depends_on_what_that_does():
    inner, outer = cache_of(), cache_of()

    def make() -> str:
        return inner.get("view", made("1", "a")) + "!"

    for _turn in range(2):
        # Made along with it first, found there then.
        assert outer.get("page", make) == "1!"
        outer._clear()
    outer.get("page", make)
    fact_cache.deliver(["a"])
    assert (inner.find("view"), outer.find("page")) == (None, None)


def test_what_isnt_kept_isnt_kept_in_what_is_made_of_it():
    inner, outer = cache_of(), cache_of()

    def make() -> str:
        fact_cache.dont_keep()
        return "1"

    assert outer.get("page", lambda: inner.get("view", make)) == "1"
    assert (len(inner), len(outer)) == (0, 0)


def test_outside_of_a_making_nothing_is_recorded():
    depends("a")
    fact_cache.until(dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
    fact_cache.dont_keep()
    assert fact_cache._current.get() is None


def test_the_clock_ends_it(clock: time_machine.Coordinates):
    inner, outer = cache_of(), cache_of()

    def make() -> str:
        fact_cache.until(dt.datetime(2026, 11, 20, 10, 0, 5, tzinfo=dt.UTC))
        return "1"

    outer.get("page", lambda: inner.get("view", make))
    clock.shift(4.9)
    assert (inner.find("view"), outer.find("page")) == ("1", "1")
    clock.shift(0.1)
    assert (inner.find("view"), outer.find("page")) == (None, None)
    assert outer.size == 0


def test_nothing_is_kept_longer_than_a_minute(clock: time_machine.Coordinates):
    cache = cache_of()
    cache.get("key", made("1"))
    clock.shift(fact_cache.LONGEST_SECONDS - 1)
    assert cache.find("key") == "1"
    clock.shift(1)
    assert cache.find("key") is None


def test_what_nobody_asks_for_makes_room():
    cache = cache_of(10)
    for key in ("a", "b"):
        cache.get(key, made("12345"))
    cache.find("a")
    cache.get("c", made("12345"))
    assert (cache.find("a"), cache.find("b"), cache.find("c")) == ("12345", None, "12345")
    assert cache.size == 10
    cache.get("d", made("12345678901"))
    assert (cache.find("d"), len(cache)) == (None, 2)
