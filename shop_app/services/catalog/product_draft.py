"""Product drafts: a product as its editor or a file has it, checked, and read back from the database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlmodel import Session, col, select

from ...core.errors import Invalid
from ...core.i18n import _
from ...core.money import MAX_MINOR, step_problem
from ...core.shop import shop
from ...core.typed_text import prose
from ...models import (
    MAX_HANDLE,
    MAX_SKU,
    MAX_SLUG,
    Category,
    Maker,
    OptionValue,
    Picture,
    Product,
    ProductOption,
    ProductPicture,
    ProductStatus,
    ProductTag,
    StockLevel,
    StockPolicy,
    Tag,
    Variant,
    VariantOption,
    VariantPicture,
)
from .descriptions import clean_html
from .identity import SLUG, handle_of, is_name, is_sku, trimmed

MAX_VARIANTS, MAX_OPTIONS, MAX_TAGS, MAX_PICTURES = 2_048, 3, 250, 250
"""As many as Shopify takes for one product."""
MAX_TEXT = 200_000
"""Characters of a description; a cell of a file may have as many."""
MAX_GUARANTEE_MONTHS = 600
MAX_GRAMS = 2_000_000
"""Above what any carrier takes."""
SWATCH = re.compile(r"#[0-9a-fA-F]{6}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class OptionDraft:
    """An option with its values in order, each with a swatch or ""."""

    name: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VariantDraft:
    """One thing that can be bought. `options` are (name, value) in the order of the product's options."""

    sku: str
    price_minor: int
    options: tuple[tuple[str, str], ...] = ()
    compare_at_minor: int | None = None
    cost_minor: int | None = None
    barcode: str = ""
    weight_grams: int = 0
    contents: int = 0
    """Grams or millilitres that are in it, where the price of a kilogram or litre has to be shown."""
    contents_unit: str = ""
    """ "g" or "ml", "" without contents."""
    requires_shipping: bool = True
    active: bool = True
    stock_policy: str = StockPolicy.DENY.value
    """deny, backorder or untracked."""
    pictures: tuple[str, ...] = ()
    """Keys of the product's pictures that show it."""
    id: int | None = None
    """The variant that this changes; None: the one with this SKU, or a new one."""


@dataclass(frozen=True, slots=True)
class PictureDraft:
    key: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class ProductDraft:
    slug: str
    """ "" for one that is made of the handle when the product is created, and then stays."""
    title: str
    handle: str = ""
    """What files know the product by; "" leaves the stored one, and a new product's is its slug."""
    subtitle: str = ""
    description_html: str = ""
    description_md: str = ""
    """The Markdown that the HTML was made of; "" where the HTML came from elsewhere."""
    care: str = ""
    materials: tuple[str, ...] = ()
    dimensions_mm: tuple[tuple[str, int], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    vendor: str = ""
    kind: str = ""
    status: str = ProductStatus.DRAFT.value
    publish_at: datetime | None = None
    """When a scheduled product opens; UTC."""
    category: str = ""
    """The category's slug."""
    maker: str = ""
    """The maker's name."""
    brand: str = ""
    model: str = ""
    guarantee_months: int = 0
    guarantor: str = ""
    guarantee_terms: str = ""
    tax_class: str = "standard"
    seo_title: str = ""
    seo_description: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[OptionDraft, ...] = ()
    variants: tuple[VariantDraft, ...] = ()
    pictures: tuple[PictureDraft, ...] = ()
    extra: tuple[tuple[str, str], ...] = field(default=())


def cleaned(draft: ProductDraft) -> ProductDraft:
    """The draft with its texts trimmed, its HTML sanitised and everything in it checked.

    Errors  Invalid names the field and what is wrong with it.
    """
    draft = replace(
        draft,
        slug=draft.slug.strip().lower(),
        handle=handle_of(draft.handle),
        title=_text(draft.title, "title", 255, needed=_("Give the product a title.")),
        subtitle=_text(draft.subtitle, "subtitle", 500),
        care=_text(draft.care, "care", 5000, fold=partial(prose, lines=True)),
        description_html=clean_html(
            _text(draft.description_html, "description_html", MAX_TEXT, fold=trimmed)
        ),
        vendor=_text(draft.vendor, "vendor", 255),
        kind=_text(draft.kind, "kind", 255),
        brand=_text(draft.brand, "brand", 255),
        model=_text(draft.model, "model", 255),
        guarantor=_text(draft.guarantor, "guarantor", 255),
        guarantee_terms=_text(
            draft.guarantee_terms, "guarantee_terms", 5000, fold=partial(prose, lines=True)
        ),
        seo_title=_text(draft.seo_title, "seo_title", 300),
        seo_description=_text(draft.seo_description, "seo_description", 1000),
        materials=tuple(text for item in draft.materials if (text := _text(item, "materials", 200))),
        tags=tuple(sorted({text for tag in draft.tags if (text := _text(tag, "tags", 255))})),
        extra=tuple(sorted(draft.extra)),
    )
    if draft.handle and not is_name(draft.handle, MAX_HANDLE):
        raise Invalid(
            _("A handle has 1 to {most} characters that can be read.").format(most=MAX_HANDLE), field="handle"
        )
    if (draft.slug or not draft.handle) and (not SLUG.fullmatch(draft.slug) or len(draft.slug) > MAX_SLUG):
        raise Invalid(
            _("The address may have small letters, digits and hyphens only, {most} at the most.").format(
                most=MAX_SLUG
            ),
            field="slug",
        )
    if draft.status not in set(ProductStatus):
        raise Invalid(_("Choose draft, scheduled, active, unlisted or archived."), field="status")
    if draft.status == ProductStatus.SCHEDULED and not draft.publish_at:
        raise Invalid(_("Say when it opens."), field="publish_at")
    if not 0 <= draft.guarantee_months <= MAX_GUARANTEE_MONTHS:
        raise Invalid(_("Enter a guarantee from 0 to 600 months."), field="guarantee_months")
    if len(draft.tags) > MAX_TAGS:
        raise Invalid(_("A product has at most {most} tags.").format(most=MAX_TAGS), field="tags")
    if len(draft.pictures) > MAX_PICTURES:
        raise Invalid(_("A product has at most {most} pictures.").format(most=MAX_PICTURES), field="pictures")
    if any(not name or not 0 < size < 100_000 for name, size in draft.dimensions_mm):
        raise Invalid(_("Enter measures in millimetres, more than 0."), field="dimensions_mm")
    return replace(draft, options=_options(draft.options), variants=_variants(draft))


def _options(options: Iterable[OptionDraft]) -> tuple[OptionDraft, ...]:
    drafts = []
    for option in options:
        name = _text(option.name, "options", 100, needed=_("Give each option a name."))
        values = tuple((_text(value, "options", 255), swatch.lower()) for value, swatch in option.values)
        if any(not value or (swatch and not SWATCH.fullmatch(swatch)) for value, swatch in values):
            raise Invalid(_("Each value needs a name, and a colour like #71804f or none."), field="options")
        counts = Counter(value for value, _swatch in values)
        if twice := next((value for value, count in counts.items() if count > 1), ""):
            raise Invalid(
                _("The option {name} has the value {value} twice.").format(name=name, value=twice),
                field="options",
            )
        drafts.append(OptionDraft(name, values))
    # Lists are narrowed by an option's name whatever its case, so two such options would be one filter.
    if len(drafts) > MAX_OPTIONS or len({option.name.lower() for option in drafts}) != len(drafts):
        raise Invalid(_("A product has at most three options, each with a name of its own."), field="options")
    return tuple(drafts)


def _variants(draft: ProductDraft) -> tuple[VariantDraft, ...]:
    if not draft.variants or sum(variant.active for variant in draft.variants) > MAX_VARIANTS:
        raise Invalid(
            _("A product needs between 1 and {most} variants.").format(most=f"{MAX_VARIANTS:,}"),
            field="variants",
        )
    values_by_option = {
        prose(option.name): {prose(value) for value, _s in option.values} for option in draft.options
    }
    keys = {picture.key for picture in draft.pictures}
    variants = tuple(_variant(variant, values_by_option, keys) for variant in draft.variants)
    skus: set[str] = set()
    sku_by_options: dict[tuple[tuple[str, str], ...], str] = {}
    for variant in variants:
        if variant.sku in skus:
            raise Invalid(_("The SKU {value} stands on two variants.").format(value=variant.sku), field="sku")
        skus.add(variant.sku)
        other = sku_by_options.setdefault(variant.options, variant.sku) if variant.active else variant.sku
        if other != variant.sku:
            raise Invalid(_same_options(other, variant), field="options")
    return variants


def _same_options(other: str, variant: VariantDraft) -> str:
    values = " / ".join(value for _name, value in variant.options)
    sentence = (
        _("The variants {first} and {second} have the same options: {values}.")
        if values
        else _("The variants {first} and {second} need an option in which they differ.")
    )
    return sentence.format(first=other, second=variant.sku, values=values)


def _variant(variant: VariantDraft, values_by_option: dict[str, set[str]], keys: set[str]) -> VariantDraft:
    sku = trimmed(variant.sku)
    if not is_sku(sku):
        raise Invalid(
            _("A SKU has 1 to {most} characters that can be read, without line breaks or tabs.").format(
                most=MAX_SKU
            ),
            field="sku",
        )
    for amount, field_of in (
        (variant.price_minor, "price"),
        (variant.compare_at_minor or 0, "compare_at"),
        (variant.cost_minor or 0, "cost"),
    ):
        if not 0 <= amount <= MAX_MINOR:
            raise Invalid(_("Enter an amount from 0 up to a thousand million."), field=field_of)
        # What it cost the shop isn't charged.
        if field_of != "cost" and (off_step := step_problem(amount, shop().currency, shop().locale)):
            raise Invalid(off_step, field=field_of)
    if variant.compare_at_minor is not None and variant.compare_at_minor <= variant.price_minor:
        raise Invalid(_("The compare-at price has to be higher than the price."), field="compare_at")
    if not 0 <= variant.weight_grams <= MAX_GRAMS:
        raise Invalid(_("Enter a weight from 0 to 2,000 kg."), field="weight")
    if (variant.contents, variant.contents_unit) != (0, "") and not (
        0 < variant.contents <= MAX_GRAMS and variant.contents_unit in ("g", "ml")
    ):
        raise Invalid(_("Enter the contents in g or ml, up to 2,000 kg or l."), field="contents")
    if variant.stock_policy not in set(StockPolicy):
        raise Invalid(_("Choose deny, backorder or untracked."), field="stock_policy")
    options = tuple((prose(name), prose(value)) for name, value in variant.options)
    fits = [name for name, _value in options] == list(values_by_option) and all(
        value in values_by_option[name] for name, value in options
    )
    if variant.active and not fits:
        raise Invalid(_("{sku} needs one value for each of the options.").format(sku=sku), field="options")
    if not keys >= set(variant.pictures):
        raise Invalid(_("{sku} shows a picture that the product hasn't.").format(sku=sku), field="pictures")
    return replace(variant, sku=sku, barcode=_text(variant.barcode, "barcode", 64), options=options)


def _text(text: str, field_of: str, most: int, needed: str = "", fold: Callable[[str], str] = prose) -> str:
    if _CONTROL.search(text):
        raise Invalid(_("{field} has characters that can't be read.").format(field=field_of), field=field_of)
    text = fold(text)
    if needed and not text:
        raise Invalid(needed, field=field_of)
    if len(text) > most:
        raise Invalid(
            _("{field} is longer than {most} characters.").format(field=field_of, most=f"{most:,}"),
            field=field_of,
        )
    return text


def read_draft(session: Session, product: Product) -> ProductDraft:
    """The stored product as a draft; saving it would change nothing."""
    category = session.get(Category, product.category_id) if product.category_id else None
    maker = session.get(Maker, product.maker_id) if product.maker_id else None
    shown = session.exec(
        select(ProductPicture.id, Picture.key, ProductPicture.alt)
        .join(Picture, col(Picture.id) == ProductPicture.picture_id)
        .where(ProductPicture.product_id == product.id)
        .order_by(col(ProductPicture.position), col(ProductPicture.id))
    ).all()
    tags = session.exec(select(Tag.name).join(ProductTag).where(ProductTag.product_id == product.id)).all()
    return ProductDraft(
        slug=product.slug,
        handle=product.handle,
        title=product.title,
        subtitle=product.subtitle,
        description_html=product.description_html,
        description_md=product.description_md,
        care=product.care,
        materials=tuple(product.materials),
        dimensions_mm=tuple(product.dimensions_mm.items()),
        attributes=tuple((detail["name"], detail["value"]) for detail in product.attributes),
        vendor=product.vendor,
        kind=product.kind,
        status=product.status,
        publish_at=product.publish_at,
        category=category.slug if category else "",
        maker=maker.name if maker else "",
        brand=product.brand,
        model=product.model,
        guarantee_months=product.guarantee_months,
        guarantor=product.guarantor,
        guarantee_terms=product.guarantee_terms,
        tax_class=product.tax_class,
        seo_title=product.seo_title,
        seo_description=product.seo_description,
        tags=tuple(sorted(tags)),
        options=_read_options(session, product),
        variants=_read_variants(session, product, {row[0]: row[1] for row in shown}),
        pictures=tuple(PictureDraft(row[1], row[2]) for row in shown),
        extra=tuple(sorted(product.extra.items())),
    )


def _read_options(session: Session, product: Product) -> tuple[OptionDraft, ...]:
    rows = session.exec(
        select(ProductOption.name, OptionValue.value, OptionValue.swatch)
        .join(OptionValue, col(OptionValue.option_id) == ProductOption.id, isouter=True)
        .where(ProductOption.product_id == product.id)
        .order_by(
            col(ProductOption.position), col(ProductOption.id), col(OptionValue.position), col(OptionValue.id)
        )
    ).all()
    values_by_option: dict[str, list[tuple[str, str]]] = {}
    for name, value, swatch in rows:
        values_by_option.setdefault(name, [])
        if value is not None:
            values_by_option[name].append((value, swatch))
    return tuple(OptionDraft(name, tuple(values)) for name, values in values_by_option.items())


def _read_variants(
    session: Session, product: Product, keys: dict[int | None, str]
) -> tuple[VariantDraft, ...]:
    rows = session.exec(
        select(Variant, StockLevel.policy)
        .join(StockLevel, col(StockLevel.variant_id) == Variant.id, isouter=True)
        .where(Variant.product_id == product.id)
        .order_by(col(Variant.position), col(Variant.id))
    ).all()
    ids = [variant.id for variant, _policy in rows]
    options: dict[int, list[tuple[str, str]]] = {}
    for variant_id, name, value in session.exec(
        select(VariantOption.variant_id, ProductOption.name, OptionValue.value)
        .join(ProductOption, col(ProductOption.id) == VariantOption.option_id)
        .join(OptionValue, col(OptionValue.id) == VariantOption.value_id)
        .where(col(VariantOption.variant_id).in_(ids))
        .order_by(col(ProductOption.position), col(ProductOption.id))
    ):
        options.setdefault(variant_id, []).append((name, value))
    shown: dict[int, list[str]] = {}
    for row in session.exec(
        select(VariantPicture)
        .where(col(VariantPicture.variant_id).in_(ids))
        .order_by(col(VariantPicture.position), col(VariantPicture.product_picture_id))
    ):
        shown.setdefault(row.variant_id, []).append(keys[row.product_picture_id])
    return tuple(
        VariantDraft(
            sku=variant.sku,
            price_minor=variant.price_minor,
            options=tuple(options.get(variant.id or 0, ())),
            compare_at_minor=variant.compare_at_minor,
            cost_minor=variant.cost_minor,
            barcode=variant.barcode,
            weight_grams=variant.weight_grams,
            contents=variant.contents,
            contents_unit=variant.contents_unit,
            requires_shipping=variant.requires_shipping,
            active=variant.active,
            stock_policy=policy or StockPolicy.DENY.value,
            pictures=tuple(shown.get(variant.id or 0, ())),
            id=variant.id,
        )
        for variant, policy in rows
    )
