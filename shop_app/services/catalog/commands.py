"""The commands of products: a checked draft is written whole, and only where it differs.

Changed prices are added to the price history, old addresses become redirects, and every change has an audit
entry. The listing index follows in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, select

from ...core import events
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.shop import shop
from ...models import (
    FOR_SALE,
    Category,
    Maker,
    Picture,
    PriceHistory,
    Product,
    SlugRedirect,
    StockPolicy,
    TaxClass,
    Variant,
    table_of,
)
from ..staff import audit
from . import identity
from . import product_parts as parts
from .product_draft import ProductDraft, VariantDraft, cleaned, read_draft

_PLAIN = (
    "slug",
    "handle",
    "title",
    "subtitle",
    "description_html",
    "description_md",
    "care",
    "vendor",
    "kind",
    "status",
    "publish_at",
    "brand",
    "model",
    "guarantee_months",
    "guarantor",
    "guarantee_terms",
    "tax_class",
    "seo_title",
    "seo_description",
)
_VARIANT_PLAIN = (
    "sku",
    "barcode",
    "price_minor",
    "compare_at_minor",
    "cost_minor",
    "weight_grams",
    "contents",
    "contents_unit",
    "requires_shipping",
    "active",
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving a draft did: `outcome` is created, changed or same; `variant_ids` by SKU."""

    product_id: int
    slug: str
    version: int
    outcome: str
    variant_ids: Mapping[str, int]


def find(session: Session, slug: str) -> Product | None:
    return session.exec(select(Product).where(Product.slug == slug)).first()


def find_by_handle(session: Session, handle: str) -> Product | None:
    """The product that files know by this handle, for a command that goes on to write it.

    Until the transaction ends no other makes a product of that handle, or of the same slug.
    """
    identity.hold_names(session)
    return session.exec(select(Product).where(Product.handle == identity.handle_of(handle))).first()


def is_sku_of_another(session: Session, product_id: int | None, sku: str) -> bool:
    """Whether a variant of another product than this one has the SKU."""
    owner = session.exec(select(Variant.product_id).where(Variant.sku == sku)).first()
    return owner is not None and owner != product_id


def draft_of(session: Session, slug: str) -> tuple[ProductDraft, int]:
    """The product as a draft, and its version for saving it again.

    Errors  NotFound.
    """
    product = find(session, slug)
    if not product:
        raise NotFound(_("There is no such product."))
    return read_draft(session, product), product.version


def create(session: Session, draft: ProductDraft, *, actor: str) -> Saved:
    """A new product; an address that the draft doesn't say is made of its handle, and the other way round.

    Errors  Invalid, as `cleaned` says, or for what another product has already.
    """
    identity.hold_names(session)
    draft = cleaned(draft)
    draft = replace(
        draft,
        slug=draft.slug or identity.free_slug(session, draft.handle),
        handle=draft.handle or identity.free_handle(session, draft.slug),
    )
    _check_references(session, draft, None)
    product = Product(slug=draft.slug, handle=draft.handle, title=draft.title)
    session.add(product)
    session.flush()
    empty = replace(ProductDraft(slug=draft.slug, title=draft.title), status=product.status)
    return _write(session, product, empty, draft, actor, "created")


def save(
    session: Session, slug: str, draft: ProductDraft, *, actor: str, version: int | None = None
) -> Saved:
    """Make the product what the draft says; variants that the draft leaves out are no longer sold.

    Errors  NotFound; Invalid; Conflict when the product has another version than the given one.
    """
    identity.hold_names(session)
    product = find(session, slug)
    if not product:
        raise NotFound(_("There is no such product."))
    if version is not None and product.version != version:
        raise Conflict(_("Somebody else has changed this product. Look at it again before you save."))
    before = read_draft(session, product)
    draft = replace(draft, slug=draft.slug or before.slug, handle=draft.handle or before.handle)
    if draft.description_html != before.description_html and draft.description_md == before.description_md:
        # This HTML wasn't made of that Markdown.
        draft = replace(draft, description_md="")
    draft = _with_retired(cleaned(draft), before)
    _check_references(session, draft, product.id)
    if draft == before:
        return _saved(session, product, "same")
    return _write(session, product, before, draft, actor, "changed")


def put(session: Session, draft: ProductDraft, *, actor: str) -> Saved:
    """Create or save, by the draft's handle, or by its slug where it has none."""
    product = find_by_handle(session, draft.handle) if draft.handle else find(session, draft.slug)
    return save(session, product.slug, draft, actor=actor) if product else create(session, draft, actor=actor)


def set_prices(session: Session, prices: Mapping[str, tuple[int, int | None]], *, actor: str) -> int:
    """Give many variants their (price, compare-at price) by SKU; returns how many changed.

    Errors  NotFound for an unknown SKU; Invalid for an amount that can't be one. Nothing is changed then.
    """
    rows = session.exec(
        select(Product, Variant.sku)
        .join(Variant, col(Variant.product_id) == Product.id)
        .where(col(Variant.sku).in_(prices))
    ).all()
    if missing := prices.keys() - {sku for _product, sku in rows}:
        raise NotFound(_("There is no variant {sku}.").format(sku=min(missing)))
    changed = 0
    for product in {product.id: product for product, _sku in rows}.values():
        before = read_draft(session, product)
        variants = tuple(
            replace(variant, price_minor=prices[variant.sku][0], compare_at_minor=prices[variant.sku][1])
            if variant.sku in prices
            else variant
            for variant in before.variants
        )
        changed += sum(new != old for new, old in zip(variants, before.variants, strict=True))
        save(session, product.slug, replace(before, variants=variants), actor=actor)
    return changed


def _check_references(session: Session, draft: ProductDraft, product_id: int | None) -> None:
    """Errors  Invalid for what another product has already (handle, slug, a SKU), and for an unknown
    category, tax class or picture.
    """
    for column, value, field_of, sentence in (
        (col(Product.slug), draft.slug, "slug", _("Another product has this address already: {title}.")),
        (col(Product.handle), draft.handle, "handle", _("Another product has this handle already: {title}.")),
    ):
        row = session.exec(select(Product.id, Product.title).where(column == value)).first()
        if row and row[0] != product_id:
            raise Invalid(sentence.format(title=row[1]), field=field_of)
    skus = [variant.sku for variant in draft.variants]
    taken = session.exec(
        select(Variant.sku, Product.title)
        .join(Product, col(Product.id) == Variant.product_id)
        .where(col(Variant.sku).in_(skus), col(Variant.product_id) != (product_id or 0))
    ).first()
    if taken:
        raise Invalid(
            _("The SKU {sku} belongs to {title}.").format(sku=taken[0], title=taken[1]), field="sku"
        )
    if (
        draft.category
        and not session.exec(select(Category.id).where(Category.slug == draft.category)).first()
    ):
        raise Invalid(_("There is no category {slug}.").format(slug=draft.category), field="category")
    if draft.maker and not session.exec(select(Maker.id).where(Maker.name == draft.maker)).first():
        raise Invalid(_("There is no maker {name}.").format(name=draft.maker), field="maker")
    if not session.get(TaxClass, draft.tax_class):
        raise Invalid(_("There is no tax class {code}.").format(code=draft.tax_class), field="tax_class")
    keys = {picture.key for picture in draft.pictures}
    stored_keys = set(session.exec(select(Picture.key).where(col(Picture.key).in_(keys)))) if keys else set()
    if keys - stored_keys or len(keys) < len(draft.pictures):
        raise Invalid(_("A picture is missing, or stands here twice."), field="pictures")


def _with_retired(draft: ProductDraft, before: ProductDraft) -> ProductDraft:
    """The draft with each variant's id; variants that it leaves out are added, no longer for sale."""
    by_id = {variant.id: variant for variant in before.variants}
    by_sku = {variant.sku: variant for variant in before.variants}
    variants = []
    for variant in draft.variants:
        stored = by_id.get(variant.id) if variant.id else by_sku.get(variant.sku)
        variants.append(replace(variant, id=stored.id if stored else None))
    ids = {variant.id for variant in variants}
    keys = {picture.key for picture in draft.pictures}
    retired = tuple(
        replace(variant, active=False, pictures=tuple(key for key in variant.pictures if key in keys))
        for variant in before.variants
        if variant.id not in ids
    )
    # Those that were retired before keep their places, so that saving what was read changes nothing.
    places = {variant.id: place for place, variant in enumerate(before.variants)}
    for variant in retired:
        variants.insert(min(places[variant.id], len(variants)), variant)
    return replace(draft, variants=tuple(variants))


def _write(
    session: Session, product: Product, before: ProductDraft, draft: ProductDraft, actor: str, outcome: str
) -> Saved:
    _write_row(session, product, before, draft, outcome)
    assert product.id
    if draft.tags != before.tags:
        parts.write_tags(session, product.id, draft.tags)
    options = parts.write_options(session, product.id, draft)
    shown = parts.write_pictures(session, product.id, draft)
    repriced = _write_variants(session, product.id, before, draft, options, shown)
    parts.drop_unused_options(session, product.id, draft, options)
    session.flush()
    kept = set(before.variants) & set(draft.variants)
    old, new = _for_audit(before, kept), _for_audit(draft, kept)
    was = old if outcome == "changed" else {}
    if not was:
        # Of a new product only what it has.
        new = {name: value for name, value in new.items() if value}
    audit.record(session, actor, outcome, "product", draft.handle, before=was, after=new)
    if repriced:
        events.publish(session, events.PriceChanged(tuple(sorted(repriced))))
    events.publish(session, events.CatalogueChanged((product.id,)))
    return _saved(session, product, outcome)


def _write_row(
    session: Session, product: Product, before: ProductDraft, draft: ProductDraft, outcome: str
) -> None:
    for name in _PLAIN:
        setattr(product, name, getattr(draft, name))
    product.materials = list(draft.materials)
    product.dimensions_mm = dict(draft.dimensions_mm)
    product.attributes = [{"name": name, "value": value} for name, value in draft.attributes]
    product.extra = dict(draft.extra)
    product.category_id = session.exec(select(Category.id).where(Category.slug == draft.category)).first()
    product.maker_id = session.exec(select(Maker.id).where(Maker.name == draft.maker)).first()
    if draft.status in FOR_SALE and not product.published_at:
        product.published_at = now()
    product.updated_at = now()
    product.version += outcome == "changed"
    if draft.slug != before.slug:
        connection = session.connection()
        connection.execute(delete(SlugRedirect).where(col(SlugRedirect.slug).in_([draft.slug, before.slug])))
        connection.execute(insert(SlugRedirect).values(slug=before.slug, product_id=product.id))
    else:
        session.connection().execute(delete(SlugRedirect).where(col(SlugRedirect.slug) == draft.slug))
    session.add(product)
    session.flush()


def _write_variants(
    session: Session,
    product_id: int,
    before: ProductDraft,
    draft: ProductDraft,
    options: parts.Options,
    shown: dict[str, int],
) -> set[int]:
    """Write what differs, all of it at once; returns the ids of variants whose price changed."""
    old = {variant.id: (place, variant) for place, variant in enumerate(before.variants)}
    _make_room_for_skus(session, draft, old)
    rows_by_id = {
        row.id: row for row in session.exec(select(Variant).where(Variant.product_id == product_id))
    }
    written: list[tuple[Variant, VariantDraft, VariantDraft | None]] = []
    for place, variant in enumerate(draft.variants):
        was_at, was = old.get(variant.id, (None, None))
        if was == variant and was_at == place:
            continue
        row = rows_by_id.get(variant.id) or Variant(
            product_id=product_id, sku=variant.sku, currency=shop().currency, price_minor=0, version=0
        )
        _fill(row, variant, place)
        row.version += 1
        session.add(row)
        written.append((row, variant, was))
    session.flush()
    repriced: set[int] = set()
    for row, variant, was in written:
        assert row.id
        prices = (variant.price_minor, variant.compare_at_minor)
        if was is None or (was.price_minor, was.compare_at_minor) != prices:
            _record_price(session, row)
            repriced.add(row.id)
        if was is None:
            events.publish(session, events.VariantAdded(row.id))
        if variant.stock_policy != (was.stock_policy if was else StockPolicy.DENY):
            events.publish(session, events.StockPolicyChanged(row.id, variant.stock_policy))
    parts.write_variant_parts(
        session, [(row.id or 0, variant) for row, variant, _was in written], options, shown
    )
    return repriced


def _make_room_for_skus(
    session: Session, draft: ProductDraft, old: Mapping[int | None, tuple[int, VariantDraft]]
) -> None:
    # Two variants may swap their SKUs: until both are written, one SKU would be there twice.
    for variant in draft.variants:
        was = old.get(variant.id)
        if was and was[1].sku != variant.sku:
            table = table_of(Variant)
            session.connection().execute(
                update(table).where(table.c.id == variant.id).values(sku=f"\x1f{variant.id}")
            )
    session.expire_all()


def _fill(row: Variant, variant: VariantDraft, place: int) -> None:
    for name in _VARIANT_PLAIN:
        setattr(row, name, getattr(variant, name))
    row.title = " / ".join(value for _name, value in variant.options)
    row.position = place


def _record_price(session: Session, row: Variant) -> None:
    session.add(
        PriceHistory(
            variant_id=row.id or 0,
            currency=row.currency,
            price_minor=row.price_minor,
            compare_at_minor=row.compare_at_minor,
            recorded_at=now(),
        )
    )


def _for_audit(draft: ProductDraft, kept: Set[VariantDraft]) -> dict[str, Any]:
    """The draft as plain data, enough to go back to it; what the shop paid and unchanged variants left out.

    The HTML is left out where it is made of Markdown.
    """
    plain = asdict(
        replace(draft, variants=tuple(variant for variant in draft.variants if variant not in kept))
    )
    plain["publish_at"] = draft.publish_at.isoformat() if draft.publish_at else ""
    if draft.description_md:
        plain.pop("description_html")
    for variant in plain["variants"]:
        variant.pop("cost_minor")
        variant.pop("id")
    return plain


def _saved(session: Session, product: Product, outcome: str) -> Saved:
    rows = session.exec(select(Variant.sku, Variant.id).where(Variant.product_id == product.id)).all()
    assert product.id
    return Saved(product.id, product.slug, product.version, outcome, {sku: key or 0 for sku, key in rows})
