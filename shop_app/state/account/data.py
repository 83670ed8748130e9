"""A customer's own data: the file with all of it, and its erasure."""

from __future__ import annotations

from functools import partial

import reflex as rx

from shop_app.core import db
from shop_app.core.access import clients, rates
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.personal import exports, own_page, person
from shop_app.services.personal.own_page import DataView
from shop_app.workflows import erase_person

from ..base import asked_by, customer, say
from ..forms import Form, FormState
from ..live import join_customer
from ..reauth import ask_again, is_fresh


class EraseForm(Form):
    understood: bool = False


class AccountData(FormState, rx.State):
    data: DataView = DataView()
    loaded: bool = False
    is_asking: bool = False
    """Whether the page asks if everything is really to be erased."""

    @rx.event
    @customer
    async def load(self):
        by = await asked_by(self)
        await join_customer(self, by.id)
        self.data, self.loaded = await db.read(own_page.view, by), True

    @rx.event
    @customer
    async def ask_export(self):
        by = await asked_by(self)
        if not await is_fresh(by):
            return ask_again()
        await rates.take(rates.DATA_EXPORT, clients.of_state(self), email=by.email)
        await db.write(exports.ask, by)
        self.data = await db.read(own_page.view, by)
        return None

    @rx.event
    @customer
    async def begin_erasing(self):
        by = await asked_by(self)
        if not await is_fresh(by):
            return ask_again()
        self._clear()
        self.data, self.is_asking = await db.read(own_page.view, by), True
        return None

    @rx.event
    @customer
    async def keep(self):
        self._clear()
        self.is_asking = False

    @rx.event
    @customer
    async def erase(self, form: EraseForm):
        by = await asked_by(self)
        self._clear()
        if not await is_fresh(by):
            return ask_again()
        if not form.understood:
            return self._fail({"understood": _("Tick the box, so that we know that you mean it")})
        try:
            await db.on_thread(
                partial(erase_person.erase, partial(person.of_customer, customer_id=by.id), by=by)
            )
        except ShopError as refusal:
            return self._refuse(refusal)
        return [rx.redirect("/"), say(_("Your account and what we kept about you are erased."))]
