"""How values are written for pages: as Reflex writes them, and what many tabs are sent once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from reflex.state import StateUpdate
from reflex_base.event import Event
from reflex_base.utils.format import json_dumps

from shop_app.realtime import wire


@dataclass(frozen=True, slots=True)
class Card:
    title: str = "</script> “Möbel” \u2028"
    price_minor: int = 4900


@dataclass(frozen=True, slots=True)
class Shown:
    cards: list[Card] = field(default_factory=lambda: [Card(), Card("Mug", 1900)])
    text: str = "lamps"
    total: int = 2


UPDATES = {
    "nothing": StateUpdate(),
    "values": StateUpdate(delta={"state.a": {"x": 1, "y": [Card()], "é": None}, "state.b": {}}),
    "events": StateUpdate(events=[Event(name="_redirect", payload={"path": "/a b", "number": 1.5})]),
    "both": StateUpdate(delta={"state": {"on": True}}, events=[Event(name="state.load")]),
    "no finite number": StateUpdate(delta={"state": {"n": float("inf")}}),
}


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)
def test_an_update_is_written_as_reflex_writes_it(update: StateUpdate):
    packet = ["event", update]
    assert wire.dumps(packet, separators=(",", ":")) == json_dumps(packet, (",", ":"))


@pytest.mark.parametrize("packet", ["x", ["ping", "pong"], {"sid": "a"}, ["event"], None])
def test_other_packets_stay_as_they_are(packet: Any):
    assert wire.dumps(packet, separators=(",", ":")) == json_dumps(packet, (",", ":"))


def test_what_is_shared_is_made_json_once_and_all_else_each_time():
    shared, own = Shown(), Shown()
    wire.share(shared)
    before = [wire.text(value) for value in (shared.cards, shared, own.cards)]
    assert json.loads(before[0])[1] == {"title": "Mug", "price_minor": 1900}
    # Nobody does this to a shared view; it shows here which JSON is made anew.
    for view in (shared, own):
        view.cards.append(Card("Bowl", 2000))
    after = [wire.text(value) for value in (shared.cards, shared, own.cards)]
    assert after[:2] == before[:2]
    assert len(json.loads(after[2])) == 3


def test_equal_json_has_one_digest_whoever_made_it():
    one, other = Shown(), Shown()
    wire.share(one)
    assert wire.digest(one.cards) == wire.digest(other.cards) == wire.write(other.cards).digest
    assert len({wire.digest(value) for value in ([Card()], [Card("Mug")], 1, True, "1", 1.0)}) == 6


def test_what_is_kept_is_bounded_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "MAX_CHARS", 20_000)
    kept = wire._Kept()
    views = [Shown([Card("x" * 2_000)]) for _ in range(50)]
    for view in views:
        kept.add(view)
        assert kept.find(view) is not None
        # Asked for again, so it isn't the oldest.
        kept.add(views[0])
        assert 0 < kept.chars <= 20_000
    assert [kept.find(view) is not None for view in views] == [True] + [False] * 42 + [True] * 7
