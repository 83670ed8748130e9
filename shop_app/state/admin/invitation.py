"""The page behind an invitation's link: somebody chooses a name and a password, and is staff."""

from __future__ import annotations

import asyncio
from typing import Annotated

import reflex as rx
from pydantic import Field

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import NotFound, ShopError
from shop_app.services.accounts import invitations
from shop_app.services.accounts.invitations import Welcome
from shop_app.services.accounts.passwords import MAX_PASSWORD, hash_password

from ..attempt_limits import counted
from ..base import address_of, public
from ..forms import Form, FormState
from ..input_types import ShortText

ROUTE = "/admin/invitation/[token]"


class JoiningForm(Form):
    name: ShortText = ""
    password: Annotated[str, Field(strict=True, max_length=4 * MAX_PASSWORD, repr=False)] = ""


class Invitation(FormState, rx.State):
    welcome: Welcome = Welcome()
    is_gone: bool = False
    """Whether the link opens nothing, or nothing any more."""
    is_accepted: bool = False
    loaded: bool = False

    def _token(self) -> str:
        return address_of(self, ROUTE).parameters.get("token", "")

    @rx.event
    @public
    async def load(self):
        """What the link is for; looking changes nothing."""
        self._clear()
        self.is_accepted = self.is_gone = False
        try:
            async with counted(self, rates.INVITATION):
                self.welcome = await db.read(invitations.welcome, self._token())
        except NotFound:
            self.welcome, self.is_gone = Welcome(), True
        self.loaded = True

    @rx.event
    @public
    async def accept(self, form: JoiningForm):
        self._clear()
        try:
            async with counted(self, rates.INVITATION):
                await self._join(form)
        except ShopError as refusal:
            self._refuse(refusal)
        else:
            self.is_accepted = True

    async def _join(self, form: JoiningForm) -> None:
        token = self._token()
        # Looked up first: only somebody who was invited has a password hashed.
        about = (form.name, (await db.read(invitations.welcome, token)).email)
        hashed = await asyncio.to_thread(hash_password, form.password, about=about)
        await db.write(invitations.accept, token, form.name, hashed, durable=True)
