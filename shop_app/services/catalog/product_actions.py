"""What staff do to a product as a whole: create it by its name, duplicate, restore, open it on time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from slugify import slugify
from sqlmodel import Session, col, select

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.typed_text import prose
from ...models import AuditEntry, Product, ProductStatus, TaxClass
from . import commands, identity
from .commands import Saved
from .descriptions import html_of
from .product_changes import free_skus
from .product_draft import OptionDraft, PictureDraft, ProductDraft, VariantDraft, read_draft

STANDARD = "standard"


def create(session: Session, title: str, *, by: Principal) -> Saved:
    """A draft of that name with one variant that costs nothing yet.

    Errors  Forbidden; Invalid without a name.
    """
    by.need("products.edit")
    title = prose(title)
    if not title:
        raise Invalid(_("Give the product a title."), field="title")
    identity.hold_names(session)
    slug = identity.free_slug(session, slugify(title) or identity.NAMELESS)
    codes = session.exec(select(TaxClass.code).order_by(col(TaxClass.code) != STANDARD, TaxClass.code))
    draft = ProductDraft(slug=slug, title=title, tax_class=codes.first() or STANDARD)
    sku = free_skus(session, [VariantDraft("", 0)], draft, {})[0]
    return commands.create(session, replace(draft, variants=(VariantDraft(sku, 0),)), actor=by.actor)


def duplicate(session: Session, slug: str, *, by: Principal) -> Saved:
    """A draft like the product, under another address, with other SKUs and without barcodes and stock.

    Errors  Forbidden, NotFound.
    """
    by.need("products.edit")
    identity.hold_names(session)
    draft, _version = commands.draft_of(session, slug)
    copy = replace(
        draft,
        slug=identity.free_slug(session, f"{draft.slug[:240]}-copy"),
        handle="",
        title=_("Copy of {title}").format(title=draft.title)[:255],
        status=ProductStatus.DRAFT.value,
        publish_at=None,
        extra=(),
    )
    sold = [replace(each, sku="", barcode="", id=None) for each in draft.variants if each.active]
    if not sold:
        raise Conflict(_("None of its variants is for sale, so there is nothing to copy."))
    skus = free_skus(session, sold, copy, {})
    variants = tuple(replace(each, sku=sku) for each, sku in zip(sold, skus, strict=True))
    return commands.create(session, replace(copy, variants=variants), actor=by.actor)


def set_status(session: Session, slug: str, status: str, *, by: Principal) -> Saved:
    """Errors  Forbidden, NotFound, Invalid."""
    by.need("products.edit")
    draft, _version = commands.draft_of(session, slug)
    return commands.save(session, slug, replace(draft, status=status, publish_at=None), actor=by.actor)


def open_due(session: Session, most: int = 50) -> int:
    """Make scheduled products whose moment has come active; returns how many. For the timetable."""
    slugs = session.exec(
        select(Product.slug)
        .where(Product.status == ProductStatus.SCHEDULED, col(Product.publish_at) <= now())
        .order_by(col(Product.publish_at))
        .limit(most)
    ).all()
    for slug in slugs:
        draft, _version = commands.draft_of(session, slug)
        active = replace(draft, status=ProductStatus.ACTIVE.value, publish_at=None)
        commands.save(session, slug, active, actor="timetable")
    return len(slugs)


def restore(session: Session, product_id: int, entry_id: int, *, by: Principal) -> Saved:
    """Take one change back: what it changed is as it was before; later changes of other things stay.

    Errors  Forbidden; NotFound for an entry of another product; Conflict for the one that created it.
    """
    by.need("products.edit")
    product, entry = session.get(Product, product_id), session.get(AuditEntry, entry_id)
    if not product or not entry or (entry.object_kind, entry.object_key) != ("product", product.handle):
        raise NotFound(_("There is no such change."))
    if not entry.before:
        raise Conflict(_("The product was created with it. Archive the product instead."))
    draft = _as_before(read_draft(session, product), entry.before, entry.after)
    return commands.save(session, product.slug, draft, actor=by.actor)


_PLAIN = {each.name for each in fields(ProductDraft)} - {"variants", "options", "pictures", "publish_at"}


def _as_before(draft: ProductDraft, before: Mapping[str, Any], after: Mapping[str, Any]) -> ProductDraft:
    changed: dict[str, Any] = {name: _tuples(value) for name, value in before.items() if name in _PLAIN}
    if "publish_at" in before:
        changed["publish_at"] = datetime.fromisoformat(before["publish_at"]) if before["publish_at"] else None
    if "description_html" in before and "description_md" not in before:
        changed["description_md"] = ""
    elif before.get("description_md"):
        changed["description_html"] = html_of(before["description_md"])
    if "options" in before:
        changed["options"] = tuple(
            OptionDraft(option["name"], _tuples(option["values"])) for option in before["options"]
        )
    if "pictures" in before:
        changed["pictures"] = tuple(PictureDraft(**picture) for picture in before["pictures"])
    variants = _variants_before(draft.variants, before.get("variants", ()), after.get("variants", ()))
    return replace(draft, **changed, variants=variants)


def _variants_before(variants: tuple[VariantDraft, ...], before: Any, after: Any) -> tuple[VariantDraft, ...]:
    old = {each["sku"]: each for each in before}
    # One whose SKU changed stands at the same place in both.
    renamed = {new["sku"]: was["sku"] for was, new in zip(before, after, strict=False)}
    added = {each["sku"] for each in after} - set(renamed)
    back = []
    for variant in variants:
        row = old.get(variant.sku) or old.get(renamed.get(variant.sku, ""))
        if row:
            variant = replace(variant, **{name: _tuples(value) for name, value in row.items()})
        elif variant.sku in added:
            variant = replace(variant, active=False)
        back.append(variant)
    return tuple(back)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
