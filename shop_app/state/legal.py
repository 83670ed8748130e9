"""The legal page of this tab: imprint, privacy, terms and their kin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import reflex as rx
from sqlmodel import Session

from shop_app.core.pages import Address, only
from shop_app.services.shop import legal
from shop_app.services.shop.legal import LegalView

from .base import public, read_shared


@dataclass(frozen=True, slots=True)
class LegalShown:
    """The vars of `Legal` that the page shows."""

    view: LegalView
    loaded: bool = True


@cache
def view_of(page: str) -> Callable[[Session, Address], LegalShown]:
    """The view of one of the pages."""

    def view(session: Session, _address: Address) -> LegalShown:
        return LegalShown(legal.view(session, page))

    return view


shared = only()


class Legal(rx.State):
    view: LegalView = LegalView()
    loaded: bool = False

    @rx.event
    @public
    async def load(self):
        page = self.rx_router_url.path.strip("/")
        if page in legal.PAGES:
            shown = await read_shared(view_of(page), Address())
            self.view, self.loaded = shown.view, True
