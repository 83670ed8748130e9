"""The list of products of this tab: what the address asks for, and the pages of it that are loaded."""

from __future__ import annotations

from dataclasses import replace

import reflex as rx

from shop_app.core import shared_views
from shop_app.core.errors import NotFound
from shop_app.services.catalog.views import Listing, ListingQuery, ProductCard
from shop_app.services.search import listing, listing_address

from . import live
from .base import public
from .forms import Form
from .input_types import ShortText


class PriceForm(Form):
    price_min: ShortText = ""
    price_max: ShortText = ""


class Browse(rx.State):
    view: Listing = Listing()
    """Without its cards, which are kept below: of one page, or of several that follow each other."""
    cards: list[ProductCard] = []
    first_page: int = 1
    previous_href: str = ""
    text: str = ""
    current: str = ""
    """What of the navigation is shown: a category, "new", "sale", "all" or nothing of it."""
    loaded: bool = False
    missing: bool = False
    _base: str = ""
    """The address of the loaded list, without its page."""

    @rx.event
    @public
    async def load(self):
        query = _query(self)
        try:
            self._show(query, await shared_views.read(listing.browse, query))
        except NotFound:
            self.missing, self.loaded, self.cards, self.view = True, True, [], Listing()
        await live.watch(self, [card.slug for card in self.cards])

    def _show(self, query: ListingQuery, listed: Listing) -> None:
        base = listing_address.changed(query)
        follows = self.loaded and base == self._base and listed.page == self.view.page + 1
        back = self.loaded and base == self._base and self.first_page < listed.page == self.view.page
        if follows or back:
            shown = {card.slug for card in self.cards}
            self.cards = [*self.cards, *(card for card in listed.cards if card.slug not in shown)]
        else:
            self.cards, self.first_page, self.previous_href = listed.cards, listed.page, listed.previous_href
        self.view, self._base, self.text = replace(listed, cards=[]), base, query.text
        self.current, self.missing, self.loaded = listing_address.navigation_entry(query), False, True

    @rx.event
    @public
    async def sort_by(self, value: ShortText):
        address = listing_address.changed(
            _query(self), sort=listing_address.read_address({"sort": value}).sort
        )
        return rx.redirect(address)

    @rx.event
    @public
    async def limit_price(self, form: PriceForm):
        limits = listing_address.read_address(form.model_dump())
        low, high = limits.price_min_minor, limits.price_max_minor
        return rx.redirect(listing_address.changed(_query(self), price_min_minor=low, price_max_minor=high))


def _query(state: rx.State) -> ListingQuery:
    return listing_address.read_query(state.router.url.query)
