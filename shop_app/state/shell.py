"""What every page shows around its content: the shop, the categories of the navigation, what pays."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx
from sqlmodel import Session

from shop_app.services.cart import ways_to_pay
from shop_app.services.cart.ways_to_pay import Mark
from shop_app.services.search import categories
from shop_app.services.shop import shown
from shop_app.services.shop.shown import ShopShown

from . import live
from .base import public, read_shared


@dataclass(frozen=True, slots=True)
class NavLink:
    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class ShellView:
    categories: list[NavLink]
    marks: list[Mark]
    shop: ShopShown


def view(session: Session) -> ShellView:
    """What header and footer show."""
    links = [NavLink(top.slug, top.title) for top in categories.navigation(session)]
    return ShellView(links, ways_to_pay.all_marks(), shown.shown())


def bare() -> ShellView:
    """The same without the database: for the page that says that something is broken."""
    return ShellView([], [], shown.shown())


class Shell(rx.State):
    categories: list[NavLink] = []
    marks: list[Mark] = []
    """What can be paid with, as far as payment providers have said so."""
    shop: ShopShown = ShopShown()
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        await live.join_storefront(self)
        around = await read_shared(view)
        self.categories, self.marks, self.shop = around.categories, around.marks, around.shop
        self.loaded = True
