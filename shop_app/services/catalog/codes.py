"""Whether a code that somebody types is free: SKUs and addresses have one owner, barcodes should have."""

from __future__ import annotations

from sqlmodel import Session, col, select

from ...core.access.principal import Principal
from ...core.i18n import _
from ...models import Product, Variant
from . import identity
from .product_changes import owners, taken_by


def problem(session: Session, kind: str, code: str, product_id: int, *, by: Principal) -> str:
    """What stands against the code, "" where nothing does; `kind` is sku, barcode or slug.

    Errors  Forbidden.
    """
    by.need("products.view")
    if not code:
        return ""
    if kind == "sku":
        taken = owners(session, [identity.trimmed(code)], product_id)
        return taken_by(code, next(iter(taken.values()))) if taken else ""
    if kind == "barcode":
        title = session.exec(_titles.where(Variant.barcode == code, Variant.product_id != product_id)).first()
        return _("{title} has this barcode too.").format(title=title) if title else ""
    if not identity.SLUG.fullmatch(code):
        return _("The address may have small letters, digits and hyphens only.")
    title = session.exec(select(Product.title).where(Product.slug == code, Product.id != product_id)).first()
    return _("Another product has this address already: {title}.").format(title=title) if title else ""


_titles = select(Product.title).join(Variant, col(Variant.product_id) == Product.id).limit(1)
