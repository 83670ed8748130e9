"""The pictures of the product at hand: added, arranged, described, taken off, without its form."""

from __future__ import annotations

import re
from typing import Annotated, Any

import reflex as rx
from pydantic import Field, StringConstraints, model_validator

from shop_app.core import db
from shop_app.core.errors import NotFound, ShopError
from shop_app.core.i18n import plural
from shop_app.services.catalog import product_pictures
from shop_app.services.catalog.product_pictures import MAX_ALT, PictureItem, ProductPictures

from ..base import address_of, asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import LongText, Quantity, Sku

ROUTE = "/admin/products/[slug]"
PictureKey = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{24}\z", max_length=24)]
Keys = Annotated[str, StringConstraints(strict=True, pattern=r"^([0-9a-f]{24}( |\z))*\z", max_length=7_000)]
"""Keys of pictures with spaces between them."""
Percent = Annotated[int, Field(ge=0, le=100)]
_SHOWS = re.compile(r"shows-\d{1,4}")


class KeysForm(Form):
    keys: Keys = ""


class BatchForm(Form):
    """What came of the files that were sent together."""

    taken: Quantity = 0
    refused: Quantity = 0


class PictureForm(Form):
    key: PictureKey
    alt: Annotated[LongText, Field(max_length=MAX_ALT)] = ""
    focus_x: Percent = 50
    focus_y: Percent = 50
    skus: Annotated[list[Sku], Field(max_length=2_100)] = []
    """The values of its fields "shows-0", "shows-1" and so on."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        skus = [value for name, value in data.items() if isinstance(name, str) and _SHOWS.fullmatch(name)]
        return {name: value for name, value in data.items() if name != "skus"} | {"skus": skus}


class Pictures(FormState, rx.State):
    view: ProductPictures = ProductPictures()
    chosen: PictureItem = PictureItem()
    """The picture whose texts are open in the dialog."""
    is_open: bool = False

    @rx.event
    @staff("products.view")
    async def load(self):
        try:
            await self._read(address_of(self, ROUTE).parameter("slug", 255))
        except NotFound:
            # The page itself says that there is no such product.
            self.view = ProductPictures()

    async def _read(self, slug: str) -> None:
        self.view = await db.read(product_pictures.of_product, slug, by=await asked_by(self))

    @rx.event
    @staff("products.edit")
    async def arrived(self, form: BatchForm):
        """The files of a batch are there, or refused: one sentence for all of them."""
        await self._read(self.view.slug)
        kind = "good" if form.taken or not form.refused else "bad"
        return say(product_pictures.summary(form.taken, form.refused), kind)

    @rx.event
    @staff("products.edit")
    async def arrange(self, form: KeysForm):
        by, slug = await asked_by(self), self.view.slug
        try:
            await db.write(product_pictures.arrange, slug, form.keys.split(), by=by)
        except ShopError as refusal:
            await self._read(slug)
            return say(refusal.message, "bad")
        return await self._read(slug)

    @rx.event
    @staff("products.edit")
    async def remove(self, form: KeysForm):
        by, slug = await asked_by(self), self.view.slug
        count = await db.write(product_pictures.remove, slug, form.keys.split(), by=by)
        self.is_open = False
        await self._read(slug)
        return say(plural("{count} picture was taken off.", "{count} pictures were taken off.", count))

    @rx.event
    @staff("products.view")
    async def open(self, key: PictureKey):
        self._clear()
        self.chosen = next((item for item in self.view.pictures if item.key == key), PictureItem())
        self.is_open, self.answers = self.chosen.key != "", self.answers + 1

    @rx.event
    @staff("products.view")
    async def close(self):
        self.is_open = False

    @rx.event
    @staff("products.edit")
    async def save(self, form: PictureForm):
        self._clear()
        by, slug = await asked_by(self), self.view.slug
        skus = form.skus if self.view.variants else None
        try:
            await db.write(
                product_pictures.edit,
                slug,
                form.key,
                alt=form.alt,
                focal_point=(form.focus_x, form.focus_y),
                skus=skus,
                by=by,
            )
        except ShopError as refusal:
            return self._refuse(refusal)
        self.is_open = False
        return await self._read(slug)
