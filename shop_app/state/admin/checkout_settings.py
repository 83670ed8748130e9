"""The terms of checkout in the back office."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.opening import terms
from shop_app.services.opening.terms import TermsView

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Carried, Count, ShortText
from .delivery import touched_names


class TermsForm(Form):
    version: Count = 0
    touched: Carried = ""
    capture: ShortText = ""
    bank_account: ShortText = ""
    transfer_days: ShortText = ""
    hold_minutes: ShortText = ""
    prices_include_tax: ShortText = ""

    def changes(self) -> dict[str, Any]:
        """What was touched."""
        names = touched_names(self.touched)
        return {name: getattr(self, name) for name in terms.labels() if name in names}


class CheckoutDesk(FormState, rx.State):
    view: TermsView = TermsView()
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        self.view = await db.read(terms.terms, by=await asked_by(self))
        self.loaded = True

    @rx.event
    @staff("settings.edit")
    async def save(self, form: TermsForm):
        self._clear()
        by = await asked_by(self)
        try:
            await db.write(terms.change, form.changes(), version=form.version, by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.view = await db.read(terms.terms, by=by)
        return say(_("Saved"))
