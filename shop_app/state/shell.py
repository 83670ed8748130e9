"""What every page shows around its content: the categories of the navigation."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx
from sqlmodel import Session

from shop_app.services.search import categories

from .base import public, read_shared


@dataclass(frozen=True, slots=True)
class NavLink:
    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class ShellView:
    categories: list[NavLink]


def view(session: Session) -> ShellView:
    """What the header shows."""
    return ShellView([NavLink(top.slug, top.title) for top in categories.navigation(session)])


class Shell(rx.State):
    categories: list[NavLink] = []
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        self.categories = (await read_shared(view)).categories
        self.loaded = True
