"""What staff with the permission do with returns, on the page of their order."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field, model_validator

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.returns import admin as return_admin
from shop_app.workflows import return_goods

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import LineUnits, LongText, RecordId
from .orders import LINE, Destination, RequestKey

Answer = Annotated[LongText, Field(max_length=return_admin.MAX_ANSWER)]
FormName = Literal[
    "return-approve", "return-decline", "return-cancel", "return-receive", "return-refund", "return-note"
]
BACK = "back-"
_ANSWERS = {
    "return-approve": return_admin.approve,
    "return-decline": return_admin.decline,
    "return-cancel": return_admin.cancel,
}
_DONE = {
    "return-approve": _("Agree"),
    "return-decline": _("Decline"),
    "return-cancel": _("End it"),
    "return-receive": _("Receive"),
    "return-refund": _("Refund"),
    "return-note": _("Save"),
}


class ReturnForm(Form):
    return_id: RecordId
    form: FormName
    key: RequestKey = "no-key-given"
    answer: Answer = ""
    destination: Destination = "original"
    received: LineUnits = {}
    restocked: LineUnits = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        """Units that arrived are in fields "line-17", those back on the shelf in "back-17"."""
        if not isinstance(data, dict) or "received" in data:
            return data
        gathered = {
            name: {key.removeprefix(prefix): data[key] or 0 for key in data if str(key).startswith(prefix)}
            for name, prefix in (("received", LINE), ("restocked", BACK))
        }
        return {**data, **gathered}


class ReturnAdmin(FormState, rx.State):
    target: int = 0
    """The return that a form is open for; 0 for none."""
    form: str = ""
    done_label: str = ""
    key: str = ""
    opened: int = 0

    @rx.event
    @staff("orders.fulfil")
    async def open_form(self, form: FormName, return_id: RecordId):
        self._clear()
        self.form, self.target, self.done_label = form, return_id, _DONE[form]
        self.key, self.opened = secrets.token_urlsafe(16), self.opened + 1

    @rx.event
    @staff("orders.fulfil")
    async def close(self):
        self._clear()
        self.target = 0

    @rx.event
    @staff("orders.fulfil")
    async def send(self, form: ReturnForm):
        """The service checks the right that each of the forms needs."""
        self._clear()
        try:
            await _send(form, await asked_by(self))
        except ShopError as refusal:
            return self._refuse(refusal)
        self.target, self.answers = 0, self.answers + 1
        return say(_("Done"))


async def _send(form: ReturnForm, by: Principal) -> None:
    match form.form:
        case "return-receive":
            units = (form.received, form.restocked)
            await db.write(return_admin.receive, form.return_id, *units, by=by, durable=True)
        case "return-refund":
            await return_goods.refund_return(form.return_id, form.key, by, destination=form.destination)
        case "return-note":
            await db.write(return_admin.note, form.return_id, form.answer, by=by)
        case _:
            command = _ANSWERS[form.form]
            await db.write(command, form.return_id, by=by, answer=form.answer, durable=True)
