"""The page of one product in the back office: its form, what hinders selling, and what is done to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Invalid, NotFound
from shop_app.core.i18n import _
from shop_app.services.catalog import (
    codes,
    descriptions,
    makers,
    product_actions,
    product_changes,
    product_form,
    unsold,
)
from shop_app.services.catalog.identity import MAX_SLUG
from shop_app.services.catalog.makers import MakerDetails
from shop_app.services.catalog.product_changes import FieldConflict, Overtaken, Unfit
from shop_app.services.catalog.product_fields import CELLS, FIELDS
from shop_app.services.catalog.product_form import ProductForm
from shop_app.services.storefront import buyable
from shop_app.services.storefront.buyable import Check

from ..base import address_of, asked_by, say, staff
from ..forms import FormState
from ..input_types import RecordId, ShortText
from .product_forms import MAX_PARTS, AskForm, MakerForm, NewProductForm, PartsForm, changes_in, text_in
from .shell import can_undo, say_with_undo

ROUTE = "/admin/products/[slug]"
FIELD_LABELS = {name: each.label for name, each in FIELDS.items()}
CELL_LABELS = {name: each.label for name, each in CELLS.items()}


def _read(session: Session, slug: str, by: Principal) -> tuple[ProductForm, list[Check]]:
    form = product_form.form(session, slug, by=by)
    return form, buyable.checks(session, form.id, by=by)


def address(slug: str) -> str:
    return f"/admin/products/{slug}"


class ProductDesk(FormState, rx.State):
    form: ProductForm = ProductForm()
    checks: list[Check] = []
    missing: bool = False
    conflicts: list[FieldConflict] = []
    """Fields that somebody else changed meanwhile; what was typed here stays in them."""
    cell_errors: str = "{}"
    """What is wrong with cells, as JSON: "variant.cell" -> sentence."""
    asked: str = ""
    """The answer about a code that was typed, as JSON: [kind, key, code, sentence]."""
    preview: str = ""
    """The description as customers would see it: sanitised HTML."""
    _ahead: dict[int, str] = {}
    """Parts of what is about to be saved or previewed, which came before the rest."""
    saves: int = 0
    """Grows with every save that was taken: what was sent is what is stored."""

    @rx.event
    @staff("products.view")
    async def load(self):
        slug = address_of(self, ROUTE).parameter("slug", MAX_SLUG)
        self._forget()
        try:
            await self._show(slug)
        except NotFound:
            self.missing, self.form = True, ProductForm()
            return None
        return rx.redirect(address(self.form.slug), replace=True) if slug != self.form.slug else None

    def _forget(self) -> None:
        self._clear()
        self.missing, self.conflicts, self.cell_errors, self.asked = False, [], "{}", ""

    async def _show(self, slug: str) -> None:
        self.form, self.checks = await db.read(_read, slug, await asked_by(self))

    @rx.event
    @staff("products.view")
    async def gather(self, form: PartsForm):
        """Keep parts of what is sent: one message has room for a few."""
        if len(self._ahead) < MAX_PARTS:
            self._ahead = self._ahead | form.parts

    def _all_parts(self, form: PartsForm) -> dict[int, str]:
        parts, self._ahead = self._ahead | form.parts, {}
        return parts

    @rx.event
    @staff("products.edit")
    async def save(self, form: PartsForm):
        self._forget()
        before, by, parts = self.form.slug, await asked_by(self), self._all_parts(form)
        try:
            saved = await db.write(product_changes.save, self.form.id, changes_in(parts), by=by)
        except (Invalid, Conflict) as refusal:
            return await self._not_saved(refusal)
        self.saves, self.answers = self.saves + 1, self.answers + 1
        await self._show(saved.slug)
        moved = [rx.redirect(address(saved.slug), replace=True)] if saved.slug != before else []
        return [say(_("Saved")), *moved]

    async def _not_saved(self, refusal: Invalid | Conflict) -> None:
        """Show why; what was typed stays, beside what others have saved meanwhile."""
        if isinstance(refusal, Overtaken):
            await self._show(self.form.slug)
            self.conflicts, self.answers = list(refusal.conflicts), self.answers + 1
        elif isinstance(refusal, Unfit):
            self.cell_errors = json.dumps({key: text for key, text in refusal.problems.items() if "." in key})
            self._fail(refusal.problems)
        else:
            self._refuse(refusal)

    @rx.event
    @staff("products.view")
    async def ask(self, form: AskForm):
        """Whether a SKU, a barcode or an address is free, while it is typed."""
        code, by = form.code.strip(), await asked_by(self)
        sentence = await db.read(codes.problem, form.kind, code, self.form.id, by=by)
        self.asked = json.dumps([form.kind, form.key, form.code, sentence])

    @rx.event
    @staff("products.view")
    async def show_preview(self, form: PartsForm):
        self.preview = descriptions.html_of(text_in(self._all_parts(form)))

    @rx.event
    @staff("products.edit")
    async def duplicate(self):
        by = await asked_by(self)
        saved = await db.write(product_actions.duplicate, self.form.slug, by=by)
        return [say(_("This is the copy, a draft")), rx.redirect(address(saved.slug))]

    @rx.event
    @staff("products.edit")
    async def set_status(self, status: ShortText):
        slug, before, by = self.form.slug, self.form.status, await asked_by(self)
        await db.write(product_actions.set_status, slug, status, by=by)
        await self._show(slug)
        text = _("It is {status} now").format(status=self.form.status_label.lower())
        await say_with_undo(self, text, "product.status", {"slug": slug, "status": before})

    @rx.event
    @staff("products.edit")
    async def delete(self):
        await db.write(unsold.delete_product, self.form.slug, by=await asked_by(self))
        return [say(_("Deleted")), rx.redirect("/admin/products")]

    @rx.event
    @staff("products.edit")
    async def restore(self, entry: RecordId):
        by = await asked_by(self)
        saved = await db.write(product_actions.restore, self.form.id, entry, by=by)
        await self._show(saved.slug)
        return say(_("As it was before that change"))


class NewProduct(FormState, rx.State):
    @rx.event
    @staff("products.edit")
    async def create(self, form: NewProductForm):
        self._clear()
        try:
            saved = await db.write(product_actions.create, form.title, by=await asked_by(self))
        except Invalid as refusal:
            return self._refuse(refusal)
        self.answers += 1
        return rx.redirect(address(saved.slug))


class MakerDesk(FormState, rx.State):
    """The dialog in which a maker is written."""

    is_open: bool = False
    maker: MakerDetails = MakerDetails()
    was: str = ""

    @rx.event
    @staff("products.view")
    async def open(self, name: ShortText):
        self._clear()
        self.maker = await db.read(makers.details, name)
        self.was, self.is_open, self.answers = self.maker.name, True, self.answers + 1

    @rx.event
    @staff("products.view")
    async def close(self):
        self.is_open = False

    @rx.event
    @staff("products.edit")
    async def save(self, form: MakerForm):
        self._clear()
        try:
            stored = await db.write(makers.save, form.was, form.details(), by=await asked_by(self))
        except (Invalid, Conflict) as refusal:
            return self._refuse(refusal)
        self.is_open = False
        desk = await self.get_state(ProductDesk)
        if desk.form.slug:
            await desk._show(desk.form.slug)
        return say(_("{name} is stored: choose it, and save the product").format(name=stored.name))


async def _take_back_status(by: Principal, what: Mapping[str, Any]) -> str:
    await db.write(product_actions.set_status, what["slug"], what["status"], by=by)
    return _("Taken back")


can_undo("product.status", _take_back_status)
