"""The home page of this tab."""

from __future__ import annotations

import reflex as rx

from shop_app.core import shared_views
from shop_app.services.catalog.views import HomeView
from shop_app.services.storefront import home as storefront

from . import live
from .base import public


class Home(rx.State):
    view: HomeView = HomeView()
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        self.view = await shared_views.read(storefront.home)
        self.loaded = True
        cards = (*self.view.featured, *self.view.sale, *self.view.new)
        await live.watch(self, [card.slug for card in cards])
