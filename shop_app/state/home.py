"""The home page of this tab."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.services.catalog import storefront
from shop_app.services.catalog.catalog import HomeView

from . import live
from .base import public

NOTHING = HomeView(hero=[], hero_items=[], categories=[], featured=[], sale=[], sale_count=0, new=[])


class Home(rx.State):
    view: HomeView = NOTHING
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        self.view = await db.read(storefront.home)
        self.loaded = True
        cards = (*self.view.featured, *self.view.sale, *self.view.new)
        await live.watch(self, [card.slug for card in cards])
