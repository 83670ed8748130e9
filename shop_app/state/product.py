"""The product page of this tab: the product, the chosen variant, its reviews, what was looked at before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal

import reflex as rx
from pydantic import Field
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.errors import NotFound
from shop_app.core.pages import Address, MovedTo, only
from shop_app.services.cart import holds as cart_holds
from shop_app.services.catalog import reviews
from shop_app.services.catalog.identity import MAX_SLUG
from shop_app.services.catalog.views import (
    LiveAvailability,
    Moved,
    ProductCard,
    ProductPage,
    ReviewView,
    VariantAvailability,
    VariantView,
)
from shop_app.services.storefront import home as storefront
from shop_app.services.storefront import product_page

from . import live
from .base import address_of, public, read_shared, shopper_key
from .input_types import Sku, Slug
from .stock_line import StockLine

ROUTE = "/products/[slug]"
shared = only("variant", "preview")
Slugs = Annotated[list[Slug], Field(max_length=12)]
ReviewOrder = Literal["", "best", "worst"]
Stars = Annotated[int, Field(strict=True, ge=0, le=5)]


@dataclass(frozen=True, slots=True)
class ProductShown:
    """The vars of `Product` that the page shows."""

    page: ProductPage
    chosen: VariantView
    availability: LiveAvailability
    reviews: list[ReviewView]
    reviews_left: int
    json_ld: str
    meta_description: str


def view(session: Session, address: Address) -> ProductShown:
    """Errors  NotFound for a product that doesn't exist, MovedTo for one with another address now."""
    try:
        slug = address.parameter("slug", MAX_SLUG)
        page = product_page.product(session, slug, address.first("variant"), address.first("preview"))
    except Moved as moved:
        raise MovedTo(f"/products/{moved.slug}") from moved
    return ProductShown(
        page=replace(page, variants=[], reviews=[], meta_description="", json_ld=""),
        chosen=_chosen(page),
        availability=_availability(page),
        reviews=page.reviews,
        reviews_left=page.more_reviews,
        json_ld=page.json_ld,
        meta_description=page.meta_description,
    )


def _chosen(page: ProductPage) -> VariantView:
    return next((variant for variant in page.variants if variant.sku == page.chosen_sku), VariantView())


def _availability(page: ProductPage) -> LiveAvailability:
    return LiveAvailability(page.as_of_ms, {variant.sku: _live(variant) for variant in page.variants})


LEFT_OFF_MOST = 10


@dataclass(frozen=True, slots=True)
class LeftOff:
    """How far the reviews of a product were read: their filter, their order, and how many were shown."""

    stars: int
    sort: ReviewOrder
    count: int


class Product(rx.State):
    page: ProductPage = ProductPage()
    """Without its variants and reviews, which are kept below."""
    chosen: VariantView = VariantView()
    availability: LiveAvailability = LiveAvailability()
    kept: str = ""
    """What is kept of the chosen variant for this visitor, where few are left: "2 of these are kept …"."""
    missing: bool = False
    reviews: list[ReviewView] = []
    reviews_left: int = 0
    stars: int = 0
    """Only reviews of that many stars are shown; 0 shows all."""
    sort: ReviewOrder = ""
    """How reviews are sorted; "" is the newest first."""
    recent: list[ProductCard] = []
    _left_off: dict[str, LeftOff] = {}
    """Where the reviews of the last products stood when another page was opened, by slug."""

    @rx.event
    @public
    async def load(self):
        address = address_of(self, ROUTE)
        self._leave_off()
        try:
            read = partial(read_shared, view, shared(address))
            self._show(await live.read_watched(self, read, _slugs))
            await self._go_on_with_reviews()
            await self._read_own_holds()
            return self._show_line()
        except MovedTo as moved:
            return rx.redirect(moved.location(self.rx_router_url.query), replace=True)
        except NotFound:
            self.missing, self.page, self.recent = True, ProductPage(), []
            await live.watch(self, [address.parameter("slug", MAX_SLUG)])
        return None

    def _show(self, shown: ProductShown) -> None:
        self.missing, self.stars, self.sort, self.recent = False, 0, "", []
        self.page, self.reviews, self.reviews_left = shown.page, shown.reviews, shown.reviews_left
        self.chosen, self.availability = shown.chosen, shown.availability

    @rx.event
    @public
    async def choose(self, sku: Sku):
        """Read afresh: what this tab was sent earlier may have been overtaken."""
        address = Address({"slug": self.page.slug}, {"variant": (sku,)})
        shown = await read_shared(view, shared(address))
        self.chosen, self.availability = shown.chosen, shown.availability
        await self._read_own_holds()
        return self._show_line()

    def _show_line(self):
        """Where few or none are left, somebody may wait for it, or have one kept."""
        return StockLine.show(self.chosen.sku) if self.chosen.availability in ("low", "out") else None

    async def _read_own_holds(self) -> None:
        """Others' holds and the visitor's own look the same in the numbers: say which are theirs."""
        scarce = self.chosen.availability in ("low", "out")
        key_hash = await shopper_key(self) if scarce else ""
        self.kept = await db.read(cart_holds.held_for, key_hash, self.chosen.sku) if key_hash else ""

    @rx.event
    @public
    async def filter_reviews(self, stars: Stars):
        self.stars = 0 if stars == self.stars else stars
        await self._read_reviews()

    @rx.event
    @public
    async def sort_reviews(self, sort: ReviewOrder):
        self.sort = sort
        await self._read_reviews()

    def _leave_off(self) -> None:
        if self.page.slug:
            others = {slug: left for slug, left in self._left_off.items() if slug != self.page.slug}
            newest = dict(list(others.items())[1 - LEFT_OFF_MOST :])
            self._left_off = newest | {self.page.slug: LeftOff(self.stars, self.sort, len(self.reviews))}

    async def _go_on_with_reviews(self) -> None:
        """Show as many reviews as this tab showed of the product before, filtered and sorted as then."""
        left = self._left_off.get(self.page.slug)
        if left is None or left == LeftOff(self.stars, self.sort, len(self.reviews)):
            return
        self.stars, self.sort = left.stars, left.sort
        await self._read_reviews()
        while len(self.reviews) < left.count and self.reviews_left > 0:
            await self._read_more_reviews()

    async def _read_reviews(self) -> None:
        self.reviews = await db.read(reviews.more_reviews, self.page.slug, 0, self.stars, self.sort)
        self.reviews_left = self._reviews_in_all() - len(self.reviews)

    @rx.event
    @public
    async def show_more_reviews(self):
        await self._read_more_reviews()

    async def _read_more_reviews(self) -> None:
        shown = list(self.reviews)
        shown += await db.read(reviews.more_reviews, self.page.slug, len(shown), self.stars, self.sort)
        self.reviews, self.reviews_left = shown, self._reviews_in_all() - len(shown)

    def _reviews_in_all(self) -> int:
        return sum(row.count for row in self.page.stars if self.stars in (0, row.stars))

    @rx.event
    @public
    async def show_recent(self, slugs: Slugs):
        """The browser alone remembers what was looked at; here are the cards for it."""
        others = [slug for slug in dict.fromkeys(slugs) if slug != self.page.slug]
        self.recent = (await db.read(storefront.cards, others))[:4] if others else []
        await live.watch_more(self, [card.slug for card in self.recent])


def _slugs(shown: ProductShown) -> list[str]:
    return [shown.page.slug, *(card.slug for card in shown.page.related)]


def _live(variant: VariantView) -> VariantAvailability:
    return VariantAvailability(
        variant.price,
        variant.compare_at,
        variant.saving,
        variant.available,
        variant.availability,
        variant.stock_line,
        variant.max_quantity,
        variant.unit_price,
        variant.lowest_30_days,
        variant.price_minor,
    )
