"""The form that changes where an order goes; what somebody else has changed meanwhile is shown beside it."""

from __future__ import annotations

from typing import Any

import reflex as rx
from pydantic import ConfigDict

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.order_desk import address_form
from shop_app.services.order_desk.address_form import AddressForm
from shop_app.services.orders import notes
from shop_app.services.orders.notes import ChangedMeanwhile

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Carried, RecordId, ShortText

FIELDS = ("given_name", "family_name", "company", "line1", "line2", "postal_code", "locality", "region")


class AddressChange(Form):
    model_config = ConfigDict(frozen=True)

    order: RecordId
    seen: Carried
    given_name: ShortText | None = None
    family_name: ShortText | None = None
    company: ShortText | None = None
    line1: ShortText | None = None
    line2: ShortText | None = None
    postal_code: ShortText | None = None
    locality: ShortText | None = None
    region: ShortText | None = None

    def typed(self) -> dict[str, Any]:
        """The fields that the form had; what its country doesn't ask for stays as it is."""
        return self.model_dump(include=set(FIELDS), exclude_none=True)


class OrderAddress(FormState, rx.State):
    form: AddressForm = AddressForm()
    is_open: bool = False
    opened: int = 0
    seen: str = ""
    theirs: list[str] = []
    """What somebody else has made of the address meanwhile, line by line; [] where nobody has."""

    @rx.event
    @staff("orders.edit")
    async def open_form(self, order: RecordId):
        self._clear()
        self.form = await db.read(address_form.form, order, by=await asked_by(self))
        self.seen, self.theirs = self.form.seen, []
        self.is_open, self.opened = True, self.opened + 1

    @rx.event
    @staff("orders.edit")
    async def close(self):
        self.is_open = False

    @rx.event
    @staff("orders.edit")
    async def save(self, form: AddressChange):
        self._clear()
        try:
            await _change(form, await asked_by(self))
        except ChangedMeanwhile as conflict:
            self.seen, self.theirs = (
                address_form.carried(conflict.theirs),
                address_form.lines_of(conflict.theirs),
            )
            return self._refuse(conflict)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.is_open, self.answers = False, self.answers + 1
        return say(_("The address is changed"))


async def _change(form: AddressChange, by: Any) -> None:
    seen = address_form.read_carried(form.seen)
    await db.write(notes.change_address, form.order, form.typed(), seen=seen, by=by)
