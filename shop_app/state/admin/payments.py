"""Payments in the back office: where they go, what was heard, and a call to the provider."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.services.payments import provider_checks
from shop_app.services.payments.provider_checks import PaymentsView
from shop_app.workflows.check_provider import check_provider

from ..base import asked_by, say, staff
from ..input_types import Name


class PaymentDesk(rx.State):
    view: PaymentsView = PaymentsView()
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self.view = await db.read(provider_checks.payments, by=await asked_by(self))
        self.loaded = True

    @rx.event
    @staff("settings.edit")
    async def check(self, way: Name):
        by = await asked_by(self)
        answer = await check_provider(way, by=by)
        self.view = await db.read(provider_checks.payments, by=by)
        return say(answer.text, "good" if answer.succeeded else "bad")
