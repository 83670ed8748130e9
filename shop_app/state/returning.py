"""Asking to send something back, from the page of an order: for whoever holds its link."""

from __future__ import annotations

import re
import secrets

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import Invalid, ShopError
from shop_app.core.i18n import _, plural
from shop_app.services.checkout.checkout import FieldProblem
from shop_app.services.returns import returns

from . import guesses
from .base import public, say
from .order import order_token
from .payload import Form

_FIELD = re.compile(r"quantity-(\d{1,4})")


class Returning(rx.State):
    is_open: bool = False
    opened: int = 0
    """Grows with every opening: the form begins anew."""
    wrong: dict[str, str] = {}
    summary: list[FieldProblem] = []
    summary_title: str = ""
    refused: str = ""
    answers: int = 0
    _request_key: str = ""

    @rx.event
    @public
    async def open_form(self):
        self._clear()
        self.is_open, self.opened, self._request_key = True, self.opened + 1, secrets.token_urlsafe(24)

    @rx.event
    @public
    async def close(self):
        self.is_open = False

    @rx.event
    @public
    async def send(self, form: Form):
        """One request however often it is sent: the key was made when the form was opened."""
        self._clear()
        quantities, reason = quantities_in(form), form.get("reason", "")[:40]
        if wrong := returns.problems(quantities, reason):
            return self._point_at(wrong)
        return await self._ask(quantities, reason, form.get("note", "")[: returns.MAX_NOTE])

    async def _ask(self, quantities: dict[int, int], reason: str, note: str):
        token, key = order_token(self), self._request_key
        try:
            async with guesses.counted(self, rates.RETURN):
                receipt = await db.write(returns.request, token, quantities, reason, note, key, durable=True)
        except ShopError as refusal:
            field = refusal.field if isinstance(refusal, Invalid) else ""
            if field:
                return self._point_at([FieldProblem(field, refusal.message)])
            self.refused = refusal.message
            return None
        self.is_open = False
        return say(_("We have your request, and wrote to {email}.").format(email=receipt.email))

    def _clear(self) -> None:
        self.answers += 1
        self.wrong, self.summary, self.summary_title, self.refused = {}, [], "", ""

    def _point_at(self, wrong: list[FieldProblem]) -> None:
        self.summary, self.wrong, self.summary_title = wrong, by_field(wrong), attention_title(wrong)


def by_field(wrong: list[FieldProblem]) -> dict[str, str]:
    """Field -> what is wrong with it."""
    return {problem.field: problem.message for problem in wrong}


def attention_title(wrong: list[FieldProblem]) -> str:
    return plural("One thing needs your attention", "{count} things need your attention", len(wrong))


def quantities_in(form: dict[str, str]) -> dict[int, int]:
    """Units by the position of their line, from the fields "quantity-0" and so on; junk counts as none."""
    found = {}
    for name, value in form.items():
        field = _FIELD.fullmatch(name)
        if field and value.isascii() and value.isdigit() and len(value) <= 4:
            found[int(field[1])] = int(value)
    return found
