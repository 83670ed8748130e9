"""The home page of this tab."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx
from sqlmodel import Session

from shop_app.core.pages import Address, only
from shop_app.services.catalog.views import HomeView
from shop_app.services.shop.shown import HomeWords, home_words
from shop_app.services.storefront import home as storefront

from . import live
from .base import address_of, public, read_shared


@dataclass(frozen=True, slots=True)
class HomeShown:
    """The vars of `Home` that the page shows."""

    view: HomeView
    words: HomeWords
    loaded: bool = True


def view(session: Session, _address: Address) -> HomeShown:
    return HomeShown(storefront.home(session), home_words())


shared = only()


class Home(rx.State):
    view: HomeView = HomeView()
    words: HomeWords = HomeWords()
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        read = partial(read_shared, view, shared(address_of(self, "/")))
        shown = await live.read_watched(self, read, _slugs)
        self.view, self.words, self.loaded = shown.view, shown.words, True


def _slugs(shown: HomeShown) -> list[str]:
    return [card.slug for card in (*shown.view.featured, *shown.view.sale, *shown.view.new)]
