"""The page of one order in the back office, and what staff with the permission do there."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import NotFound, ShopError
from shop_app.core.i18n import _
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.order_desk import record as order_record
from shop_app.services.order_desk import refund_form
from shop_app.services.order_desk.record import OrderRecord
from shop_app.services.order_desk.refund_form import Proposal
from shop_app.services.orders import notes
from shop_app.services.orders import review as order_review
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.services.payments.refunds import MAX_NOTE, MAX_REASON
from shop_app.services.staff import presence
from shop_app.workflows import cancel, capture, fulfil, mark_paid, refund

from .. import live
from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Flag, LineUnits, LongText, Name, RecordId, ShortText, TypedUnits
from ..reauth import ask_again, is_fresh
from .shell import can_undo, say_with_undo

RequestKey = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{8,48}\z", max_length=48)]
"""Made when the form is opened, so that a double click is one request."""
Note = Annotated[LongText, Field(max_length=MAX_NOTE)]
Reason = Annotated[ShortText, Field(max_length=MAX_REASON)]
Goods = Literal["stay", "restock", "write_off"]
Destination = Literal["original", "credit"]
Ticked = Annotated[bool, BeforeValidator(lambda value: value in (True, "on", "true", "1"))]
Line = Annotated[ShortText, Field(max_length=fulfilment_commands.MAX_TRACKING)]
LINE = "line-"
UNDO_ARCHIVE = "order.archive"


class OrderForm(Form):
    """What every form about an order brings along: which order, and the request's key."""

    order: RecordId
    key: RequestKey = "no-key-given"


class UnitsForm(OrderForm):
    """A form with a number for each line, in fields "line-17" and so on, by the line's id."""

    lines: LineUnits = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "lines" in data:
            return data
        named = {name: data[name] for name in data if isinstance(name, str) and name.startswith(LINE)}
        lines = {name.removeprefix(LINE): value or 0 for name, value in named.items()}
        return {name: data[name] for name in data if name not in named} | {"lines": lines}


class PackForm(UnitsForm):
    carrier: Line = ""
    tracking: Line = ""
    notify: Ticked = False
    despite_review: Ticked = False
    unpaid_too: Ticked = False


class RefundForm(UnitsForm):
    delivery: Ticked = False
    amount: ShortText = ""
    goods: Goods = "restock"
    reason: Reason = ""
    note: Note = ""
    destination: Destination = "original"


class CancelForm(OrderForm):
    restock: Literal["restock", "write_off"] = "restock"
    money: Literal["refund", "keep"] = "refund"
    reason: Reason = ""


class NoteForm(OrderForm):
    note: Note = ""


class PaidForm(OrderForm):
    number: RecordId
    reference: ShortText = ""


class TrackingForm(OrderForm):
    shipment: RecordId
    carrier: Line = ""
    tracking: Line = ""


class OrderAdmin(FormState, rx.State):
    view: OrderRecord = OrderRecord()
    missing: bool = False
    dialog: str = ""
    """Which form is open: refund, cancel, paid, resolve, tracking, recall; "" for none."""
    target: int = 0
    """The shipment or return that the open form is about."""
    key: str = ""
    """The request key of the open form, and of the one that sends."""
    opened: int = 0
    """Grows with every form that is opened: it begins anew."""
    offer: Proposal = Proposal()
    """What the refund form comes to."""
    proposed: int = 0
    """Grows with every proposal: the amount's field takes it over."""
    carrier: str = ""
    tracking: str = ""
    """Those of the shipment that the open form is about."""
    others: list[str] = []
    """The names of others who have this order open."""

    _chosen: dict[int, int] = {}
    _delivery: bool = False

    @rx.event
    @staff("orders.view")
    async def load(self):
        self._clear()
        self.dialog, self.key = "", _new_key()
        await self._read(_number(self))
        await live.join_desk_order(self, self.view.id)
        return await self._tell()

    @rx.event
    @staff("orders.view")
    async def follow(self):
        """The order has changed: show it as it is now. What is being typed stays."""
        if self.view.number == str(_number(self)):
            await self._read(int(self.view.number))

    @rx.event
    @staff("orders.view")
    async def tell(self):
        """A sign of life: who else has this order open learns of it."""
        return await self._tell()

    @rx.event
    @staff("orders.view")
    async def open_form(self, form: Name, target: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0):
        self._clear()
        self.dialog, self.target, self.key = form, target, _new_key()
        self.offer, self._chosen, self._delivery, self.opened = Proposal(), {}, False, self.opened + 1
        parcel = next((one for one in self.view.parcels if one.id == target), None)
        self.carrier, self.tracking = (parcel.carrier, parcel.tracking) if parcel else ("", "")

    @rx.event
    @staff("orders.view")
    async def close(self):
        self._clear()
        self.dialog = ""

    @rx.event
    @staff("orders.refund")
    async def choose(self, line: RecordId, units: TypedUnits):
        """A number in the refund form; what is none counts as nothing until the form is sent."""
        self._chosen = {**self._chosen, line: max(0, units)}
        await self._propose()

    @rx.event
    @staff("orders.refund")
    async def choose_delivery(self, ticked: Flag):
        self._delivery = ticked
        await self._propose()

    @rx.event
    @staff("orders.refund")
    async def type_amount(self, typed: ShortText):
        by = await asked_by(self)
        self.offer = await db.read(refund_form.shown_amount, self.view.id, typed, by=by)

    @rx.event
    @staff("orders.refund")
    async def refund(self, form: RefundForm):
        """A large one asks for a proof of who it is first; the form stays open meanwhile."""
        by = await asked_by(self)
        if await _needs_proof(form, by):
            self.answers += 1
            return ask_again()
        return await self._do(_refund(form, by), _("The refund is on its way"))

    @rx.event
    @staff("orders.fulfil")
    async def fulfil(self, form: PackForm):
        options = form.model_dump(include={"carrier", "tracking", "notify", "despite_review", "unpaid_too"})
        by = await asked_by(self)
        work = fulfil.fulfil(form.order, form.lines, by=by, request_key=form.key, **options)
        return await self._do(work, _("Shipped"))

    @rx.event
    @staff("orders.fulfil")
    async def track(self, form: TrackingForm):
        texts = {"carrier": form.carrier, "tracking": form.tracking}
        by = await asked_by(self)
        work = db.write(fulfilment_commands.change_tracking, form.shipment, by=by, **texts)
        return await self._do(work, _("Saved"))

    @rx.event
    @staff("orders.fulfil")
    async def cancel_shipment(self, shipment: RecordId, note: Note = ""):
        by = await asked_by(self)
        work = db.write(fulfilment_commands.cancel_shipment, shipment, by=by, note=note)
        return await self._act(work, _("The parcel is called back"))

    @rx.event
    @staff("orders.fulfil")
    async def delivered(self, shipment: RecordId):
        work = db.write(fulfilment_commands.mark_delivered, shipment, by=await asked_by(self))
        return await self._act(work, _("Marked as delivered"))

    @rx.event
    @staff("orders.edit")
    async def cancel(self, form: CancelForm):
        restock, money = form.restock == "restock", form.money == "refund"
        by = await asked_by(self)
        work = cancel.cancel(
            form.order, restock=restock, refund=money, reason=form.reason, by=by, request_key=form.key
        )
        return await self._do(work, _("The order is cancelled"))

    @rx.event
    @staff("orders.edit")
    async def mark_paid(self, form: PaidForm):
        work = mark_paid.mark_paid(form.number, form.reference, await asked_by(self))
        return await self._do(work, _("Marked as paid"))

    @rx.event
    @staff("orders.edit")
    async def capture(self, order: RecordId):
        return await self._act(capture.capture_now(order, await asked_by(self)), _("The payment is captured"))

    @rx.event
    @staff("orders.edit")
    async def void(self, order: RecordId):
        return await self._act(capture.void_now(order, await asked_by(self)), _("The payment is voided"))

    @rx.event
    @staff("orders.edit")
    async def resolve(self, form: NoteForm):
        work = db.write(order_review.resolve, form.order, form.note, await asked_by(self))
        return await self._do(work, _("Noted. Nobody has to look at it any more"))

    @rx.event
    @staff("orders.fulfil")
    async def add_note(self, form: NoteForm):
        work = db.write(notes.add_note, form.order, form.note, by=await asked_by(self))
        return await self._do(work, _("The note is there"))

    @rx.event
    @staff("orders.fulfil")
    async def archive(self, order: RecordId, archived: Flag):
        done = _("In the archive") if archived else _("Out of the archive")
        await db.write(notes.archive, order, archived=archived, by=await asked_by(self))
        await self._read_again()
        await say_with_undo(self, done, UNDO_ARCHIVE, {"order": order, "archived": not archived})

    @rx.event
    @staff("orders.fulfil")
    async def send_letter_again(self, order: RecordId, letter: RecordId):
        work = db.write(notes.send_letter_again, order, letter, by=await asked_by(self), durable=True)
        return await self._act(work, _("The letter goes out again"))

    async def _do(self, work: Awaitable[Any], done: str):
        """Wait for a form's work, then close the form; a refusal stands in it, and what was typed stays."""
        self._clear()
        try:
            await work
        except ShopError as refusal:
            await self._read_again()
            return self._refuse(refusal)
        self.dialog, self.opened = "", self.opened + 1
        return await self._show_done(done)

    async def _act(self, work: Awaitable[Any], done: str):
        """Wait for the work of a button; a refusal is a notice."""
        await work
        self.dialog = ""
        return await self._show_done(done)

    async def _show_done(self, done: str):
        self.key, self.answers = _new_key(), self.answers + 1
        await self._read_again()
        return say(done)

    async def _read_again(self) -> None:
        if self.view.number:
            await self._read(int(self.view.number))

    async def _read(self, number: int) -> None:
        try:
            self.view = await db.read(order_record.record, number, by=await asked_by(self))
        except NotFound:
            self.view = OrderRecord()
        self.missing = not self.view.number

    async def _propose(self) -> None:
        by = await asked_by(self)
        self.offer = await db.read(
            refund_form.proposal, self.view.id, self._chosen, delivery=self._delivery, by=by
        )
        self.proposed += 1

    async def _tell(self) -> None:
        if self.view.id:
            record, by = f"order:{self.view.id}", await asked_by(self)
            self.others = await db.write(presence.tell, record, _tab(self), by=by)


async def _request(form: RefundForm, by: Principal) -> RefundRequest:
    fields = form.model_dump(include={"delivery", "goods", "reason", "note", "destination"})
    return await db.read(
        refund_form.request_of, form.order, form.key, form.lines, typed=form.amount, by=by, **fields
    )


async def _refund(form: RefundForm, by: Principal) -> None:
    await refund.refund(form.order, await _request(form, by), form.key, by)


async def _needs_proof(form: RefundForm, by: Principal) -> bool:
    """Whether the refund is large, and who asks for it hasn't proven lately who they are."""
    try:
        large = await db.read(refund_form.is_large, form.order, await _request(form, by))
    except ShopError:
        # What can't be refunded is refused with its sentence, in the form.
        return False
    return large and not await is_fresh(by)


def _tab(state: rx.State) -> str:
    return state.router.session.client_token


async def _undo_archive(by: Principal, what: Mapping[str, Any]) -> str:
    await db.write(notes.archive, what["order"], archived=what["archived"], by=by)
    return _("Taken back")


can_undo(UNDO_ARCHIVE, _undo_archive)


def _new_key() -> str:
    return secrets.token_urlsafe(16)


def _number(state: rx.State) -> int:
    """The order's number in the address of the page; 0 for what is none."""
    parts = state.router.url.path.strip("/").split("/")
    text = parts[2] if len(parts) > 2 else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0
