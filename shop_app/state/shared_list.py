"""A wish list as its link shows it, for as long as its owner shares it."""

from __future__ import annotations

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.access.cookies import key_hash
from shop_app.core.errors import NotFound
from shop_app.core.pages import Address
from shop_app.services.wishlists import queries as wishlist_queries
from shop_app.services.wishlists.queries import SharedView

from . import attempt_limits, live
from .base import address_of, public

ROUTE = "/lists/[token]"


def exists(session: Session, address: Address) -> None:
    """Errors  NotFound for a token that shows no list."""
    wishlist_queries.shared(session, address.parameter("token"), 1)


class SharedList(rx.State):
    view: SharedView = SharedView()
    missing: bool = False
    _most: int = wishlist_queries.PER_PAGE

    @rx.event
    @public
    async def load(self):
        token = address_of(self, ROUTE).parameter("token")
        await live.join_wish_list(self, key_hash(token) if token else "")
        if token:
            await self._show(token)

    async def _show(self, token: str) -> None:
        async def read() -> SharedView:
            return await db.read(wishlist_queries.shared, token, self._most)

        try:
            async with attempt_limits.counted(self, rates.LIST_LINK):
                self.view = await live.read_watched(self, read, _slugs)
        except NotFound:
            self.view = SharedView()
        self.missing = self.view.name == ""

    @rx.event
    @public
    async def show_more(self):
        self._most = min(self._most, len(self.view.things)) + wishlist_queries.PER_PAGE
        await self._show(address_of(self, ROUTE).parameter("token"))


def _slugs(view: SharedView) -> list[str]:
    return [thing.slug for thing in view.things]
