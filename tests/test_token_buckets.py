"""Token buckets: a burst at once, then so much a second, for a bounded number of names."""

from __future__ import annotations

import pytest

from shop_app.core.access import token_buckets
from shop_app.core.access.token_buckets import TokenBucket, TokenBuckets


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [100.0]
    monkeypatch.setattr(token_buckets.time, "monotonic", lambda: at[0])
    return at


def test_a_bucket_fills_again_with_time(moment: list[float]) -> None:
    bucket = TokenBucket(rate=2, burst=3)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    moment[0] += 1
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    moment[0] += 3600
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_who_reserves_beyond_it_waits_in_turn_and_may_give_back(moment: list[float]) -> None:
    bucket = TokenBucket(rate=2, burst=1)
    assert [bucket.reserve() for _ in range(4)] == [0.0, 0.5, 1.0, 1.5]
    bucket.give_back()
    assert bucket.reserve() == 1.5
    moment[0] += 2
    assert bucket.reserve() == 0


def test_names_are_bounded_and_the_longest_silent_goes_first(
    monkeypatch: pytest.MonkeyPatch, moment: list[float]
) -> None:
    monkeypatch.setattr(token_buckets, "MAX_BUCKETS", 3)
    buckets = TokenBuckets(rate=1, burst=1)
    for name in "abc":
        assert buckets[name].take()
    assert not buckets["a"].take()
    assert buckets["d"].take()
    assert len(buckets) == 3
    # "a" was asked for lately and is still empty; "b" was forgotten, and "c" is forgotten for it.
    assert not buckets["a"].take()
    assert buckets["b"].take()
    assert set(buckets) == {"a", "b", "d"}
