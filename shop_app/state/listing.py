"""The list of products of this tab: what the address asks for, and the pages of it that are loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import reflex as rx
from sqlmodel import Session

from shop_app.core.errors import NotFound
from shop_app.core.pages import Address, MovedTo
from shop_app.realtime import page_values
from shop_app.services.catalog.views import Listing, ListingQuery, ProductCard
from shop_app.services.search import listing, listing_address

from . import live
from .base import address_of, public, read_shared
from .forms import Form
from .input_types import ShortText


class PriceForm(Form):
    price_min: ShortText = ""
    price_max: ShortText = ""


@dataclass(frozen=True, slots=True)
class BrowseShown:
    """The vars of `Browse` that its page shows, and the fields that its forms keep without scripts."""

    view: Listing
    cards: list[ProductCard]
    previous_href: str
    text: str
    current: str
    without_sort: list[tuple[str, str]]
    without_price: list[tuple[str, str]]
    loaded: bool = True


def view(session: Session, address: Address) -> BrowseShown:
    """Errors  NotFound for a category that doesn't exist; MovedTo for one that goes by another slug, and from
    a page behind the last one to that.
    """
    query = listing_address.read_address(address.query)
    listed = listing.browse(session, query)
    if listed.page != query.page:
        # The list may become longer again, so that the address isn't gone for good.
        last = {"page": str(listed.page) if listed.page > 1 else "", "after": ""}
        raise MovedTo(listing_address.PATH, last, is_permanent=False)
    return shown(query, listed)


def shared(address: Address) -> Address:
    """The address as the shop itself writes it."""
    query = listing_address.read_address(address.query)
    values = listing_address.values(query)
    return Address({}, {name: (value,) for name, value in values.items()}, listing_address.is_free(query))


def shown(query: ListingQuery, listed: Listing) -> BrowseShown:
    return BrowseShown(
        view=replace(listed, cards=[]),
        cards=listed.cards,
        previous_href=listed.previous_href,
        text=query.text,
        current=listing_address.navigation_entry(query),
        without_sort=listing_address.fields(query, "sort"),
        without_price=listing_address.fields(query, "price_min", "price_max"),
    )


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
        try:
            read = partial(read_shared, view, shared(address_of(self, "/products")))
            self._show(_query(self), await live.read_watched(self, read, partial(_slugs, self.cards)))
        except MovedTo as moved:
            return rx.redirect(moved.location(self.rx_router_url.query), replace=True)
        except NotFound:
            self.missing, self.loaded, self.cards, self.view = True, True, [], Listing()
        await live.watch(self, [card.slug for card in self.cards])
        return None

    def _show(self, query: ListingQuery, shown: BrowseShown) -> None:
        base, page = listing_address.changed(query), shown.view.page
        # A page that was just opened shows what was served: it has no others to join.
        is_same = self.loaded and base == self._base and not page_values.is_opened.get()
        follows = is_same and page == self.view.page + 1
        back = is_same and self.first_page < page == self.view.page
        if follows or back:
            slugs = {card.slug for card in self.cards}
            self.cards = [*self.cards, *(card for card in shown.cards if card.slug not in slugs)]
        else:
            self.cards, self.first_page, self.previous_href = shown.cards, page, shown.previous_href
        self.view, self._base, self.text = shown.view, base, shown.text
        self.current, self.missing, self.loaded = shown.current, False, True

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
        if error := listing_address.price_error(limits):
            self.view = replace(self.view, price_error=error)
            return None
        low, high = limits.price_min_minor, limits.price_max_minor
        return rx.redirect(listing_address.changed(_query(self), price_min_minor=low, price_max_minor=high))


def _slugs(before: list[ProductCard], shown: BrowseShown) -> list[str]:
    return [card.slug for card in (*before, *shown.cards)]


def _query(state: rx.State) -> ListingQuery:
    return listing_address.read_query(state.router.url.query)
