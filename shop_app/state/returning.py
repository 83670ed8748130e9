"""Requesting a return on the page of an order, for whoever has its link."""

from __future__ import annotations

import secrets
from typing import Annotated

import reflex as rx
from pydantic import Field

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.returns import commands as return_commands

from . import attempt_limits
from .base import personal, public, say
from .forms import FormState, LinesForm, by_field
from .input_types import LongText, ShortText
from .order import order_token

Note = Annotated[LongText, Field(max_length=return_commands.MAX_NOTE)]


class ReturnForm(LinesForm):
    reason: ShortText = ""
    note: Note = ""


@personal
class Returning(FormState, rx.State):
    is_open: bool = False
    opened: int = 0
    """Grows with every opening: the form begins anew."""
    _request_key: str = ""

    @rx.event
    @public
    async def open_form(self):
        self._clear()
        self.is_open, self.opened, self.answers = True, self.opened + 1, self.answers + 1
        self._request_key = secrets.token_urlsafe(24)

    @rx.event
    @public
    async def close(self):
        self.is_open = False

    @rx.event
    @public
    async def send(self, form: ReturnForm):
        """One request however often it is sent: the key was made when the form was opened."""
        self._clear()
        if problems := await db.read(return_commands.problems, form.lines, form.reason):
            return self._fail(by_field(problems))
        arguments = (order_token(self), form.lines, form.reason, form.note, self._request_key)
        try:
            async with attempt_limits.counted(self, rates.RETURN):
                receipt = await db.write(return_commands.request, *arguments, durable=True)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.is_open = False
        return say(_("We have your request, and wrote to {email}.").format(email=receipt.email))
