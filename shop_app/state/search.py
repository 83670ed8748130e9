"""Search as you type: what is suggested for the letters in the box."""

from __future__ import annotations

from urllib.parse import quote

import reflex as rx

from shop_app.core import db
from shop_app.services.catalog.views import Suggestions
from shop_app.services.search.suggestions import suggest

from .base import public
from .forms import Form
from .input_types import ShortText

MAX_TEXT = 120


class SearchForm(Form):
    q: ShortText = ""


class Search(rx.State):
    found: Suggestions = Suggestions()

    @rx.event(supersedes=True)
    @public
    async def typed(self, text: ShortText):
        """The last letters win: an older answer never covers a newer one."""
        self.found = await db.read(suggest, text[:MAX_TEXT])

    @rx.event
    @public
    async def go(self, form: SearchForm):
        words = " ".join(form.q[:MAX_TEXT].split())
        return rx.redirect(f"/products?q={quote(words)}" if words else "/products")
