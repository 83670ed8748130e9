"""Saved things: the lists of whoever is here, guest or customer, and the marks on the pages of products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.catalog.identity import MAX_SLUG
from shop_app.services.wishlists import commands as wishlist_commands
from shop_app.services.wishlists import queries as wishlist_queries
from shop_app.services.wishlists.commands import Gone
from shop_app.services.wishlists.queries import SavedView

from .. import live
from ..base import address_of, asked_by, customer, personal, public, say, shopper_key
from ..forms import Form, FormState
from ..input_types import Flag, RecordId, ShortText, Sku
from ..product import ROUTE as PRODUCT
from .frame import Account

ROUTE = "/account/saved"


class NewList(Form):
    name: ShortText = ""


class Renamed(Form):
    list_id: RecordId
    renamed: ShortText = ""


class ShownName(Form):
    list_id: RecordId
    shown_name: ShortText = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken off a list last, for Undo."""

    sku: str = ""
    title: str = ""


@personal
class Saved(FormState, rx.State):
    view: SavedView = SavedView()
    loaded: bool = False
    marked: list[str] = []
    """The SKUs of the product that is shown which are on a list."""
    removed: Removed = Removed()
    refused_name: str = ""
    """Why a list couldn't be given its new name."""
    _most: int = wishlist_queries.PER_PAGE
    _gone: Gone | None = None

    # --- What is shown ------------------------------------------------------------------------------

    @rx.event
    @public
    async def load(self):
        key = await shopper_key(self)
        if self.rx_router_url.path.rstrip("/") != ROUTE:
            await live.join_wishes(self, "")
            return None
        await live.join_wishes(self, key)
        self.view, self.loaded = await live.read_watched(self, self._read, _slugs), True
        return Account.load if (await asked_by(self)).kind == "customer" else None

    async def _read(self) -> SavedView:
        chosen = address_of(self, ROUTE).first("list", 16)
        list_id = int(chosen) if chosen.isascii() and chosen.isdigit() else 0
        return await db.read(wishlist_queries.page, await shopper_key(self), list_id, self._most)

    @rx.event
    @public
    async def load_marks(self):
        slug = address_of(self, PRODUCT).parameter("slug", MAX_SLUG)
        self.marked = await db.read(wishlist_queries.saved_of, await shopper_key(self), slug)

    @rx.event
    @public
    async def show_more(self):
        self._most = min(self._most, len(self.view.things)) + wishlist_queries.PER_PAGE
        self.view = await live.read_watched(self, self._read, _slugs)

    async def _change(self, command: Callable[..., Any], *args: Any) -> Any:
        """Change the lists of whoever is here, and show them where they are shown; the command's answer.

        Errors  as the command; then nothing has changed.
        """
        self._clear()
        self.refused_name = ""
        answer = await db.write(command, await shopper_key(self), *args)
        if self.loaded:
            self.view = await self._read()
        self.answers += 1
        return answer

    # --- Saving and removing ------------------------------------------------------------------------

    @rx.event
    @public
    async def mark(self, sku: Sku, on: Flag):
        """The button on a product's page: save that variant, or take it off the list that it is on."""
        if on:
            name = await self._change(wishlist_commands.save, sku)
            sentence = _("Saved to “{name}”.").format(name=name)
        else:
            await self._change(wishlist_commands.remove, sku)
            sentence = _("It is on no list of yours any more.")
        others = [one for one in self.marked if one != sku]
        self.marked = [*others, sku] if on else others
        return say(sentence)

    @rx.event
    @public
    async def save(self, sku: Sku):
        """From the cart, in which the line stays."""
        name = await self._change(wishlist_commands.save, sku)
        return say(_("Saved to “{name}”.").format(name=name))

    @rx.event
    @public
    async def move(self, sku: Sku, list_id: RecordId):
        name = await self._change(wishlist_commands.move, sku, list_id)
        return say(_("Moved to “{name}”.").format(name=name))

    @rx.event
    @public
    async def remove(self, sku: Sku):
        gone: Gone = await self._change(wishlist_commands.remove, sku)
        title = await db.read(wishlist_queries.title_of, gone.variant_id)
        self._gone, self.removed = gone, Removed(sku, title)

    @rx.event
    @public
    async def undo(self):
        if self._gone:
            await self._change(wishlist_commands.put_back, self._gone)
        self._gone, self.removed = None, Removed()

    # --- The lists themselves -----------------------------------------------------------------------

    @rx.event
    @public
    async def make_list(self, form: NewList):
        try:
            list_id = await self._change(wishlist_commands.make_list, form.name)
        except ShopError as refusal:
            return self._refuse(refusal)
        return rx.redirect(f"{ROUTE}?list={list_id}")

    @rx.event
    @public
    async def rename(self, form: Renamed):
        try:
            await self._change(wishlist_commands.rename, form.list_id, form.renamed)
        except ShopError as refusal:
            self.refused_name, self.answers = refusal.message, self.answers + 1

    @rx.event
    @public
    async def delete_list(self, list_id: RecordId):
        await self._change(wishlist_commands.delete_list, list_id)
        return rx.redirect(ROUTE)

    @rx.event
    @public
    async def share(self, list_id: RecordId):
        await self._change(wishlist_commands.share, list_id)

    @rx.event
    @public
    async def take_back(self, list_id: RecordId):
        await self._change(wishlist_commands.take_back, list_id)
        return say(_("The link leads nowhere from now on."))

    @rx.event
    @customer
    async def show_name(self, form: ShownName):
        by = await asked_by(self)
        await self._change(wishlist_commands.show_name, form.list_id, form.shown_name, by)
        said = _("The link says whose list it is.") if form.shown_name else _("The link shows no name.")
        return say(said)


def _slugs(view: SavedView) -> list[str]:
    return [thing.slug for thing in view.things]
