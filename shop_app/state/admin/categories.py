"""The tree of categories: added, written, moved, ordered, removed."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field, StringConstraints

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.catalog import categories
from shop_app.services.catalog.categories import CategoryRow

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Count, LongText, ShortText, Slug

MaybeSlug = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9_-]*\z", max_length=120)]
PictureKey = Annotated[str, StringConstraints(strict=True, pattern=r"^([0-9a-f]{24})?\z", max_length=24)]
Alt = Annotated[ShortText, Field(max_length=200)]


class AddForm(Form):
    title: ShortText = ""
    parent: MaybeSlug = ""


class GroupForm(Form):
    """What is written of a category or a collection."""

    version: Count
    title: ShortText = ""
    new_slug: ShortText = ""
    description: LongText = ""
    picture: PictureKey = ""
    picture_alt: Alt = ""


class CategoryForm(GroupForm):
    parent: MaybeSlug = ""


class RemoveForm(Form):
    move_to: MaybeSlug = ""


class Categories(FormState, rx.State):
    rows: list[CategoryRow] = []
    chosen: CategoryRow = CategoryRow()
    """The category whose dialog is open."""
    is_open: bool = False
    is_removing: bool = False
    loaded: bool = False

    @rx.event
    @staff("products.view")
    async def load(self):
        self.rows = await db.read(categories.tree, by=await asked_by(self))
        self.loaded = True

    async def _done(self, text: str) -> Any:
        self.is_open, self.is_removing, self.answers = False, False, self.answers + 1
        self.rows = await db.read(categories.tree, by=await asked_by(self))
        return say(text)

    @rx.event
    @staff("products.edit")
    async def add(self, form: AddForm):
        self._clear()
        try:
            await db.write(categories.add, form.title, form.parent, by=await asked_by(self))
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._done(_("{title} is added").format(title=form.title))

    @rx.event
    @staff("products.view")
    async def open(self, slug: Slug):
        self._choose(slug)
        self.is_open = self.chosen.slug != ""

    @rx.event
    @staff("products.edit")
    async def ask_to_remove(self, slug: Slug):
        self._choose(slug)
        self.is_removing = self.chosen.slug != ""

    def _choose(self, slug: str) -> None:
        self._clear()
        self.chosen = next((row for row in self.rows if row.slug == slug), CategoryRow())
        self.answers += 1

    @rx.event
    @staff("products.view")
    async def close(self):
        self._clear()
        self.is_open, self.is_removing = False, False

    @rx.event
    @staff("products.edit")
    async def save(self, form: CategoryForm):
        self._clear()
        try:
            await db.write(_saved, self.chosen.slug, form, await asked_by(self))
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._done(_("Saved"))

    @rx.event
    @staff("products.edit")
    async def step(self, slug: Slug, by_places: Count):
        by = await asked_by(self)
        await db.write(categories.step, slug, by_places, by=by)
        self.rows = await db.read(categories.tree, by=by)

    @rx.event
    @staff("products.edit")
    async def remove(self, form: RemoveForm):
        self._clear()
        title, by = self.chosen.title, await asked_by(self)
        try:
            await db.write(categories.remove, self.chosen.slug, form.move_to, by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._done(_("{title} is removed").format(title=title))


def _saved(session: Any, slug: str, form: CategoryForm, by: Principal) -> None:
    """What was written and the new place together: both or neither."""
    slug = categories.change(
        session,
        slug,
        version=form.version,
        title=form.title,
        new_slug=form.new_slug,
        description=form.description,
        picture=form.picture,
        picture_alt=form.picture_alt,
        by=by,
    )
    categories.move(session, slug, form.parent, by=by)
