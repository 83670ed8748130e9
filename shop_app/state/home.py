"""The home page of this tab."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.pages import Address
from shop_app.services.catalog.views import HomeView
from shop_app.services.storefront import home as storefront

from . import live
from .base import address_of, public


@dataclass(frozen=True, slots=True)
class HomeShown:
    """The vars of `Home` that the page shows."""

    view: HomeView
    loaded: bool = True


def view(session: Session, _address: Address) -> HomeShown:
    return HomeShown(storefront.home(session))


class Home(rx.State):
    view: HomeView = HomeView()
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        shown = await db.read(view, address_of(self, "/"))
        self.view, self.loaded = shown.view, True
        cards = (*self.view.featured, *self.view.sale, *self.view.new)
        await live.watch(self, [card.slug for card in cards])
