"""Collections: the list of them, and one with its products or its rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field, model_validator

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _, plural
from shop_app.services.catalog import collection_rules, collection_views, collections
from shop_app.services.catalog.collection_rules import MAX_CONDITIONS, Condition
from shop_app.services.catalog.collection_views import CollectionItem, CollectionRow, CollectionView

from ..base import address_of, asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Count, Name, ShortText, Slug
from .categories import GroupForm

ROUTE = "/admin/collections/[slug]"
_PART = re.compile(r"(what|value)-(\d{1,4})")


class NewForm(Form):
    title: ShortText = ""
    kind: Literal["hand", "rule"] = "hand"


class FindForm(Form):
    text: ShortText = ""


class RuleForm(Form):
    """Fields "what-0", "value-0", "what-1" and so on: a condition each."""

    match: Literal["all", "any"] = "all"
    what: Annotated[dict[Count, Name], Field(max_length=MAX_CONDITIONS + 1)] = {}
    value: Annotated[dict[Count, ShortText], Field(max_length=MAX_CONDITIONS + 1)] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        gathered: dict[str, Any] = {"match": data.get("match", "all"), "what": {}, "value": {}}
        for name, value in data.items():
            if isinstance(name, str) and (part := _PART.fullmatch(name)):
                gathered[part[1]][int(part[2])] = value
        return gathered

    @property
    def conditions(self) -> list[Condition]:
        """In the order of their numbers; each "what" is a field and an operation, "price-max"."""
        parts = [
            (*what.partition("-")[::2], self.value.get(key, "")) for key, what in sorted(self.what.items())
        ]
        return [Condition(*part) for part in parts]


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A condition of the rule that is edited; its number stays while others come and go."""

    number: int
    what: str = "price-max"
    value: str = ""


class Collections(FormState, rx.State):
    """The list of collections."""

    rows: list[CollectionRow] = []
    loaded: bool = False

    @rx.event
    @staff("products.view")
    async def load(self):
        self.rows = await db.read(collection_views.collections, by=await asked_by(self))
        self.loaded = True

    @rx.event
    @staff("products.edit")
    async def add(self, form: NewForm):
        self._clear()
        by, by_rule = await asked_by(self), form.kind == "rule"
        try:
            slug = await db.write(collections.add, form.title, by_rule=by_rule, by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        return rx.redirect(f"/admin/collections/{slug}")


class OneCollection(FormState, rx.State):
    """A collection: what is written of it, and what is in it."""

    view: CollectionView = CollectionView()
    conditions: list[ConditionRow] = []
    found: list[CollectionItem] = []
    asked: str = ""
    """What `found` was looked for."""
    loaded: str = ""

    @rx.event
    @staff("products.view")
    async def load(self):
        self._clear()
        self.found, self.asked = [], ""
        await self._read(address_of(self, ROUTE).parameter("slug", 120))

    async def _read(self, slug: str) -> None:
        self.view = await db.read(collection_views.collection, slug, by=await asked_by(self))
        self.conditions = [
            ConditionRow(number, f"{one.field}-{one.op}", one.value)
            for number, one in enumerate(self.view.conditions)
        ] or [ConditionRow(0)]
        self.loaded, self.answers = slug, self.answers + 1

    @rx.event
    @staff("products.edit")
    async def save(self, form: GroupForm):
        self._clear()
        try:
            slug = await db.write(_saved, self.view.slug, form, await asked_by(self))
        except ShopError as refusal:
            return self._refuse(refusal)
        moved = slug != self.view.slug
        await self._read(slug)
        return [say(_("Saved")), *([rx.redirect(f"/admin/collections/{slug}")] if moved else [])]

    # --- By rule ---

    @rx.event
    @staff("products.edit")
    async def add_condition(self):
        number = max((row.number for row in self.conditions), default=-1) + 1
        if len(self.conditions) < MAX_CONDITIONS:
            self.conditions = [*self.conditions, ConditionRow(number)]

    @rx.event
    @staff("products.edit")
    async def drop_condition(self, number: Count):
        self.conditions = [row for row in self.conditions if row.number != number]

    @rx.event
    @staff("products.edit")
    async def set_rule(self, form: RuleForm):
        self._clear()
        view, by = self.view, await asked_by(self)
        try:
            count = await db.write(_ruled, view.slug, view.version, form, by)
        except ShopError as refusal:
            return self._refuse(refusal)
        await self._read(view.slug)
        return say(plural("{count} product fits the rule", "{count} products fit the rule", count))

    # --- By hand ---

    @rx.event
    @staff("products.view")
    async def find(self, form: FindForm):
        self.asked = form.text
        self.found = await db.read(
            collection_views.find_products, self.view.slug, form.text, by=await asked_by(self)
        )

    @rx.event
    @staff("products.edit")
    async def put_in(self, product: Slug):
        by = await asked_by(self)
        await db.write(collections.put_in, self.view.slug, [product], by=by)
        self.found = [item for item in self.found if item.slug != product]
        await self._read(self.view.slug)

    @rx.event
    @staff("products.edit")
    async def take_out(self, product: Slug):
        by = await asked_by(self)
        await db.write(collections.take_out, self.view.slug, [product], by=by)
        await self._read(self.view.slug)

    @rx.event
    @staff("products.edit")
    async def move(self, product: Slug, place: Count):
        by = await asked_by(self)
        await db.write(collections.move, self.view.slug, product, place, by=by)
        await self._read(self.view.slug)

    @rx.event
    @staff("products.edit")
    async def remove(self):
        title = self.view.title
        await db.write(collections.remove, self.view.slug, by=await asked_by(self))
        return [rx.redirect("/admin/collections"), say(_("{title} is removed").format(title=title))]


def _saved(session: Any, slug: str, form: GroupForm, by: Principal) -> str:
    return collections.change(
        session,
        slug,
        version=form.version,
        title=form.title,
        new_slug=form.new_slug,
        description=form.description,
        picture=form.picture,
        picture_alt=form.picture_alt,
        by=by,
    )


def _ruled(session: Any, slug: str, version: int, form: RuleForm, by: Principal) -> int:
    rule = collection_rules.typed(session, form.conditions, form.match == "any")
    return collections.set_rule(session, slug, rule, version=version, by=by)
