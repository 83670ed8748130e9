"""What every page shows around its content: the categories of the navigation."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from shop_app.core import shared_views
from shop_app.services.search import categories

from .base import public


@dataclass(frozen=True, slots=True)
class NavLink:
    slug: str
    title: str


class Shell(rx.State):
    categories: list[NavLink] = []
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        top = await shared_views.read(categories.navigation)
        self.categories = [NavLink(category.slug, category.title) for category in top]
        self.loaded = True
