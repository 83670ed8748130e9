"""A tab without a browser: a State with the cookie, the address and the forms of a visitor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access import cookies
from shop_app.services.search import listing_index
from shop_app.web import guard
from tests import factories

S = TypeVar("S", bound=rx.State)
Tab = Callable[..., Awaitable[Any]]

VISITOR = "v" * 43
"""A visitor's key, of the shape that the edge hands out."""


@pytest.fixture
def open_tab(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Tab:
    """`await open_tab(Cart, "/cart")`: that State of a new tab, at that address, with a visitor's cookie."""

    async def no_socket(*_args: Any, **_more: Any) -> None:
        return None

    monkeypatch.setattr("shop_app.state.live._join", no_socket)
    monkeypatch.setattr("shop_app.state.live.watch_more", no_socket)

    async def open_one(
        kind: type[S],
        path: str = "/",
        *,
        visitor: str = VISITOR,
        address: str = "127.0.0.1",
        socket: str = "",
    ) -> S:
        root = rx.State(_reflex_internal_init=True)
        cookie = f"{cookies.visitor_cookie()}={visitor}" if visitor else ""
        data = {
            "pathname": path.split("?")[0],
            "asPath": path,
            "origin": "http://localhost:3000",
            "headers": {"cookie": cookie, "origin": "http://localhost:3000"},
            "ip": address,
            "token": "a-tab",
            "sid": socket,
        }
        root._update_router_vars(data, {})
        return await root.get_state(kind)

    return open_one


async def send(tab: rx.State, handler: str, **payload: Any) -> Any:
    """Send an event as a browser does: what it brings is checked by the guard first."""
    values = guard.rule_of(type(tab).event_handlers[handler].fn).checked(payload)
    return await getattr(tab, handler)(**values)


async def submit(tab: rx.State, handler: str, form: dict[str, str]) -> Any:
    """Send a form to a handler as a browser does: checked by the guard, its errors shown by the State."""
    rule = guard.rule_of(type(tab).event_handlers[handler].fn)
    try:
        values = rule.checked({"form": form})
    except guard.FormRejected as rejected:
        tab._reject(rejected.error)
        return None
    return await getattr(tab, handler)(**values)


@pytest.fixture
def shop(engine: Any) -> None:
    """A lamp at €49.00 with 3 units in Moss and none in Clay, and a bowl at €20.00."""
    with db.transaction() as session:
        factories.make_basics(session)
        lamp = factories.make_product(session, "Fable Lamp", options={"Colour": ["Moss", "Clay"]}, stock=3)
        bowl = factories.make_product(session, "Shoal Bowl", price_minor=2000, stock=50)
        listing_index.refresh(session, [lamp.id or 0, bowl.id or 0])
        set_stock(session, "FABLE-LAMP-CLAY", 0)


def set_stock(session: Session, sku: str, on_hand: int) -> None:
    """Make it that many units, as a count in the store room would."""
    level = session.get_one(factories.StockLevel, factories.variant_with(session, sku).id)
    level.on_hand = on_hand
    session.add(level)
    session.flush()
    listing_index.refresh_availability(session, (level.variant_id,))
