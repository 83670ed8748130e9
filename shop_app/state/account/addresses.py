"""The address book in this tab: the addresses, and the form for one of them or for a new one."""

from __future__ import annotations

from typing import Literal

import reflex as rx

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.core.shop import shop
from shop_app.services.customers import address_book, addresses
from shop_app.services.customers.address_book import AddressForm, AddressView
from shop_app.services.customers.addresses import AddressField

from ..base import asked_by, customer, say
from ..forms import Form, FormState
from ..input_types import Code, RecordId, ShortText


class TypedAddress(Form):
    given_name: ShortText = ""
    family_name: ShortText = ""
    company: ShortText = ""
    line1: ShortText = ""
    line2: ShortText = ""
    postal_code: ShortText = ""
    locality: ShortText = ""
    region: ShortText = ""
    country: ShortText = ""
    phone: ShortText = ""


class Addresses(FormState, rx.State):
    kept: list[AddressView] = []
    loaded: bool = False
    is_open: bool = False
    """Whether the form is there."""
    edited: int = 0
    """The address that it changes, 0 for a new one."""
    form: AddressForm = AddressForm()
    fields: list[AddressField] = []
    countries: list[tuple[str, str]] = []
    turns: int = 0
    """Grows with every form that is opened: its inputs are drawn anew, and it takes the focus."""
    asked: int = 0
    """The address about whose end is asked."""

    @rx.event
    @customer
    async def load(self):
        self.is_open, self.asked = False, 0
        await self._read()

    async def _read(self) -> None:
        self.kept, self.loaded = await db.read(address_book.views, await asked_by(self)), True

    @rx.event
    @customer
    async def add(self):
        self._open(AddressForm(country=shop().country), 0)

    @rx.event
    @customer
    async def edit(self, address: RecordId):
        one = await db.read(address_book.one, await asked_by(self), address)
        self._open(one.form, address)

    def _open(self, form: AddressForm, address_id: int) -> None:
        self._clear()
        self.form, self.edited, self.is_open, self.turns = form, address_id, True, self.turns + 1
        self.fields, self.countries = list(addresses.fields(form.country)), addresses.countries(shop().locale)

    @rx.event
    @customer
    async def close(self):
        self._clear()
        self.is_open = False

    @rx.event
    @customer
    async def move(self, country: Code):
        """Ask for what that country's addresses are made of; what is typed stays in its inputs."""
        if country in dict(addresses.countries(shop().locale)):
            self.fields = list(addresses.fields(country))

    @rx.event
    @customer
    async def save(self, form: TypedAddress):
        self._clear()
        typed = AddressForm(**form.model_dump())
        if problems := dict(address_book.problems(typed)):
            return self._fail(problems)
        try:
            await db.write(address_book.save, await asked_by(self), typed, self.edited)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.is_open, self.answers = False, self.answers + 1
        await self._read()
        return say(_("The address is kept."))

    @rx.event
    @customer
    async def ask_to_delete(self, address: RecordId):
        self.asked = address

    @rx.event
    @customer
    async def keep(self):
        self.asked = 0

    @rx.event
    @customer
    async def delete(self, address: RecordId):
        await db.write(address_book.delete_one, await asked_by(self), address)
        self.asked, self.is_open = 0, self.is_open and self.edited != address
        await self._read()
        return say(_("The address is deleted. Orders that you have placed keep theirs."))

    @rx.event
    @customer
    async def make_default(self, address: RecordId, use: Literal["delivery", "billing"]):
        await db.write(address_book.make_default, await asked_by(self), address, use)
        await self._read()
