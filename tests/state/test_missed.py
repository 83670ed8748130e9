"""After messages may have been missed, every open page of this process is brought up to date."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from shop_app.core import fact_cache
from shop_app.core.access.cookies import key_hash
from shop_app.realtime import rooms
from shop_app.realtime.bus import Push
from shop_app.state import live, missed, pushes
from shop_app.state.admin import pushes as admin_pushes
from shop_app.state.admin.records import RecordList
from shop_app.state.cart import Cart
from shop_app.state.checkout import Checkout
from shop_app.state.live import handler_name
from shop_app.state.missed import catch_up
from shop_app.state.order import Order
from shop_app.state.order_reviews import OrderReviews

from .conftest import VISITOR, Tab

NAMESPACE = "/_event"


@dataclass
class Server:
    """Stands for the socket server: which rooms have sockets, and what is sent to them."""

    names: tuple[str, ...] = ()
    sent: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def manager(self) -> Any:
        return SimpleNamespace(rooms={NAMESPACE: {None: {}} | {name: {"sid": "sid"} for name in self.names}})

    async def emit(self, _event: str, update: Any, *, room: str, skip_sid: Any, namespace: str) -> None:
        assert namespace == NAMESPACE
        self.sent.append((room, update))


def app_with(server: Server) -> Any:
    return SimpleNamespace(sio=server, event_namespace=SimpleNamespace(namespace=NAMESPACE))


async def caught_up(*names: str) -> dict[str, Push]:
    """What each of these rooms is sent."""
    sent: dict[str, Push] = {}

    async def emit(push: Push) -> None:
        assert push.room not in sent
        sent[push.room] = push

    sources = (pushes.of_rooms, admin_pushes.of_rooms)
    await catch_up(app_with(Server(names)), emit, sources)()
    return sent


async def test_every_room_gets_what_its_pages_need(open_tab: Tab, shop: None):
    tab = await open_tab(Cart, "/cart")
    await tab.add("FABLE-LAMP-MOSS", 1)
    mine, nobody = key_hash(VISITOR), key_hash("n" * 43)
    asked = {
        rooms.CART + mine: (Cart.load,),
        rooms.CHECKOUT + mine: (Checkout.refresh,),
        rooms.ORDER + "hash": (Order.load, OrderReviews.load),
        rooms.LIST + "orders": (RecordList.look,),
        rooms.STAFF + "1": (RecordList.look_at_jobs,),
    }
    sent = await caught_up(
        *asked, rooms.CART + nobody, rooms.STOREFRONT, "product:fable-lamp", "product:gone", "a-socket"
    )
    lamp = sent.pop("product:fable-lamp")
    assert {name: push.ask for name, push in sent.items()} == {
        name: tuple(map(handler_name, handlers)) for name, handlers in asked.items()
    }
    values = lamp.patch["now_fable-lamp"]
    assert values["variants"]["FABLE-LAMP-MOSS"]["max_quantity"] == 3
    assert values["at"] > 0
    assert not lamp.ask


async def test_what_is_kept_is_made_anew(engine: object):
    number = fact_cache.number()
    await caught_up()
    assert fact_cache.number() > number


async def test_many_pages_are_asked_a_few_at_a_time(engine: object, monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(missed, "asyncio", SimpleNamespace(sleep=sleep))
    sent = await caught_up(*(f"{rooms.ORDER}{number}" for number in range(500)))
    assert len(sent) == 500
    assert len(pauses) == 500 / missed.ASKS_AT_ONCE


async def test_an_older_patch_that_comes_later_is_dropped():
    server = Server()
    emit = live.emitter(app_with(server))

    def lamp(at: int, slug: str = "lamp") -> Push:
        return Push(f"product:{slug}", {f"now_{slug}": {"at": at}})

    for push in (
        lamp(100),
        lamp(99),
        lamp(99, "bowl"),
        lamp(100),
        lamp(101),
        Push("product:lamp", ask=("load",)),
    ):
        await emit(push)
    shown = [
        (
            room,
            [
                values["now_" + room.partition(":")[2] + "_rx_state_"]["at"]
                for values in update.delta.values()
            ],
        )
        for room, update in server.sent
    ]
    assert shown == [
        ("product:lamp", [100]),
        ("product:bowl", [99]),
        ("product:lamp", [100]),
        ("product:lamp", [101]),
        ("product:lamp", []),
    ]
