"""Delivery in the back office: the page of all zones, and the forms of one zone and one way of delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import reflex as rx
from pydantic import Field, StringConstraints, model_validator

from shop_app.core import db
from shop_app.core.errors import NotFound, ShopError
from shop_app.core.i18n import _
from shop_app.services.shipping import admin, commands
from shop_app.services.shipping.admin import DeliveryView, MethodView, OfferView, ZoneView

from ..base import address_of, asked_by, say, staff
from ..forms import Form, FormState, Position
from ..input_types import Carried, Count, Flag, RecordId, ShortText

HOME = "/admin/settings/delivery"
ZONE_ROUTE = f"{HOME}/zone/[zone]"
METHOD_ROUTE = f"{HOME}/method/[method]"
LEAST_ROWS, SPARE_ROWS = 6, 2
COUNTRY, WEIGHT, STEP = "country-", "weight-", "step-"
"""What the names of those fields begin with; the country's code, or the row's number, follows."""
CountryCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}\z", max_length=2)]


def touched_names(text: str) -> set[str]:
    """The fields that a form says were touched (assets/admin.js)."""
    return set(text.split(","))


class PreviewForm(Form):
    country: CountryCode | None = None
    goods: ShortText = ""
    weight: ShortText = ""


class DeliveryDesk(FormState, rx.State):
    """The page of all zones."""

    view: DeliveryView = DeliveryView()
    offers: list[OfferView] = []
    was_asked: bool = False
    """Whether `offers` answers a question."""
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        self.offers, self.was_asked = [], False
        self.view = await db.read(admin.delivery, by=await asked_by(self))
        self.loaded = True

    @rx.event
    @staff("settings.view")
    async def preview(self, form: PreviewForm):
        self._clear()
        by, country = await asked_by(self), form.country or ""
        try:
            self.offers = await db.read(admin.offers, country, form.goods, form.weight, by=by)
            self.was_asked = True
        except ShopError as refusal:
            self._refuse(refusal)

    @rx.event
    @staff("settings.edit")
    async def switch(self, method: RecordId, version: RecordId, active: Flag):
        by, changes = await asked_by(self), {"active": "1" if active else ""}
        try:
            await db.write(commands.change_method, method, changes, version=version, by=by)
        finally:
            self.view = await db.read(admin.delivery, by=by)
        return say(_("Offered from now on") if active else _("Not offered any more"))

    @rx.event
    @staff("settings.edit")
    async def move(self, method: RecordId, places: Annotated[Count, Field(ge=-1, le=1)]):
        by = await asked_by(self)
        await db.write(commands.move_method, method, places, by=by)
        self.view = await db.read(admin.delivery, by=by)


@dataclass(frozen=True, slots=True)
class CountryChoice:
    """A country to tick: `taken_by` is the other zone that has it."""

    code: str
    name: str
    chosen: bool
    taken_by: str


class ZoneForm(Form):
    id: Count = 0
    version: Count = 0
    touched: Carried = ""
    name: ShortText = ""
    countries: Annotated[list[CountryCode], Field(max_length=300)] = []

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        ticked = [name for name in data if isinstance(name, str) and name.startswith(COUNTRY)]
        others = {name: value for name, value in data.items() if name not in ticked}
        return others | {"countries": [name.removeprefix(COUNTRY) for name in ticked]}

    def changes(self) -> dict[str, Any]:
        """What was touched."""
        names = touched_names(self.touched)
        changes: dict[str, Any] = {"name": self.name} if "name" in names else {}
        if any(name.startswith(COUNTRY) for name in names):
            changes["countries"] = self.countries
        return changes


class ZoneDesk(FormState, rx.State):
    """The form of one zone."""

    zone: ZoneView = ZoneView()
    choices: list[CountryChoice] = []
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        view = await db.read(admin.delivery, by=await asked_by(self))
        asked = address_of(self, ZONE_ROUTE).parameters.get("zone", "")
        self.zone = next((zone for zone in view.zones if str(zone.id) == asked), ZoneView())
        self.choices = _choices(view, self.zone)
        self.loaded = True

    @rx.event
    @staff("settings.edit")
    async def save(self, form: ZoneForm):
        self._clear()
        by = await asked_by(self)
        try:
            if form.id:
                await db.write(commands.change_zone, form.id, form.changes(), version=form.version, by=by)
            else:
                await db.write(commands.add_zone, form.name, form.countries, by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        return [rx.redirect(HOME), say(_("Saved"))]

    @rx.event
    @staff("settings.edit")
    async def remove(self, zone: RecordId, version: RecordId):
        await db.write(commands.remove_zone, zone, version=version, by=await asked_by(self))
        return [rx.redirect(HOME), say(_("The zone is removed"))]


def _choices(view: DeliveryView, zone: ZoneView) -> list[CountryChoice]:
    taken = {one.code: other.name for other in view.zones if other.id != zone.id for one in other.countries}
    own = {one.code for one in zone.countries}
    choices = [
        CountryChoice(one.code, one.name, one.code in own, taken.get(one.code, "")) for one in view.countries
    ]
    # Those of the zone first, then those that can be added.
    return sorted(choices, key=lambda one: (not one.chosen, one.taken_by != ""))


@dataclass(frozen=True, slots=True)
class StepRow:
    """A row of the form's table of prices by weight."""

    number: int
    weight: str = ""
    price: str = ""


class MethodForm(Form):
    id: Count = 0
    zone_id: Count = 0
    version: Count = 0
    touched: Carried = ""
    label: ShortText = ""
    note: Annotated[str, StringConstraints(max_length=1_000)] = ""
    kind: ShortText = ""
    price: ShortText = ""
    free_above: ShortText = ""
    min_days: ShortText = ""
    max_days: ShortText = ""
    active: ShortText = ""
    weights: Annotated[dict[Position, ShortText], Field(max_length=30)] = {}
    prices: Annotated[dict[Position, ShortText], Field(max_length=30)] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        rest = {name: value for name, value in data.items() if isinstance(name, str)}
        for field, begin in (("weights", WEIGHT), ("prices", STEP)):
            own = [name for name in rest if name.startswith(begin)]
            rest[field] = {
                int(number): rest.pop(name)
                for name in own
                if (number := name.removeprefix(begin)).isascii() and number.isdigit() and len(number) < 4
            }
        return rest

    def typed(self) -> dict[str, Any]:
        """All fields, as the service reads them."""
        rows = sorted(self.weights.keys() | self.prices.keys())
        steps = tuple((self.weights.get(row, ""), self.prices.get(row, "")) for row in rows)
        names = ("label", "note", "kind", "price", "free_above", "min_days", "max_days", "active")
        fields = {name: getattr(self, name) for name in names} | {"steps": steps}
        # A price by weight stands in its steps.
        return fields | ({"price": "0"} if self.kind == "by_weight" and not self.price else {})

    def changes(self) -> dict[str, Any]:
        """What was touched."""
        names = touched_names(self.touched)
        steps = any(name.startswith((WEIGHT, STEP)) for name in names)
        return {
            name: value
            for name, value in self.typed().items()
            if name in names or (name == "steps" and steps)
        }


class MethodDesk(FormState, rx.State):
    """The form of one way of delivery."""

    method: MethodView = MethodView()
    zone_name: str = ""
    rows: list[StepRow] = []
    currency: str = ""
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        view = await db.read(admin.delivery, by=await asked_by(self))
        address = address_of(self, METHOD_ROUTE)
        asked, zone_id = address.parameters.get("method", ""), "".join(address.query.get("zone", ["0"])[:1])
        self.method, self.zone_name = _method(view, asked, zone_id)
        count = max(LEAST_ROWS, len(self.method.steps) + SPARE_ROWS)
        steps = [*self.method.steps, *[admin.StepView()] * count][:count]
        self.rows = [StepRow(at, step.weight, step.price) for at, step in enumerate(steps)]
        self.currency, self.loaded = view.currency, True

    @rx.event
    @staff("settings.edit")
    async def save(self, form: MethodForm):
        self._clear()
        by = await asked_by(self)
        try:
            if form.id:
                await db.write(commands.change_method, form.id, form.changes(), version=form.version, by=by)
            else:
                await db.write(commands.add_method, form.zone_id, form.typed(), by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        return [rx.redirect(HOME), say(_("Saved"))]

    @rx.event
    @staff("settings.edit")
    async def remove(self, method: RecordId, version: RecordId):
        await db.write(commands.remove_method, method, version=version, by=await asked_by(self))
        return [rx.redirect(HOME), say(_("The way of delivery is removed"))]


def _method(view: DeliveryView, asked: str, zone_id: str) -> tuple[MethodView, str]:
    """The way of delivery of that id with its zone's name; a new one in the zone for "new".

    Errors  NotFound.
    """
    for zone in view.zones:
        if asked == "new" and str(zone.id) == zone_id:
            return MethodView(zone_id=zone.id), zone.name
        for method in zone.methods:
            if str(method.id) == asked:
                return method, zone.name
    raise NotFound(_("This isn't there any more. Somebody has removed it."))
