"""Reviewing what arrived, on the page of an order, for whoever has its link."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import NotFound, ShopError
from shop_app.core.i18n import _
from shop_app.services import reviews
from shop_app.services.reviews import OwnReview, Written

from . import attempt_limits
from .base import personal, public, say
from .forms import Form, FormState
from .input_types import LongText, ShortText, Slug
from .order import order_token


class ReviewForm(Form):
    slug: Slug
    stars: ShortText = ""
    headline: ShortText = ""
    body: LongText = ""
    author: ShortText = ""

    @property
    def written(self) -> Written:
        stars = int(self.stars) if self.stars in ("1", "2", "3", "4", "5") else 0
        return Written(stars, self.headline, self.body, self.author)


@personal
class OrderReviews(FormState, rx.State):
    products: list[OwnReview] = []
    open_slug: str = ""
    """The product whose form is open."""

    @rx.event
    @public
    async def load(self):
        try:
            async with attempt_limits.counted(self, rates.ORDER_LINK):
                self.products = await db.read(reviews.of_order, order_token(self))
        except NotFound:
            # The page itself says that there is no such order.
            self.products = []

    @rx.event
    @public
    async def open_form(self, slug: Slug):
        self._clear()
        self.open_slug = slug

    @rx.event
    @public
    async def close(self):
        self.open_slug = ""

    @rx.event
    @public
    async def send(self, form: ReviewForm):
        self._clear()
        token = order_token(self)
        try:
            async with attempt_limits.counted(self, rates.REVIEW):
                await db.write(reviews.write, token, form.slug, form.written)
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._done(_("Thank you. It shows on the product's page once we have read it."))

    @rx.event
    @public
    async def take_back(self, slug: Slug):
        async with attempt_limits.counted(self, rates.REVIEW):
            await db.write(reviews.take_back, order_token(self), slug)
        return await self._done(_("Your review is gone."))

    async def _done(self, sentence: str):
        self.open_slug, self.answers = "", self.answers + 1
        self.products = await db.read(reviews.of_order, order_token(self))
        return say(sentence)
