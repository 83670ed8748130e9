"""Product drafts: a product as its editor or a file has it, checked, and read back from the database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import nh3
from sqlmodel import Session, col, select

from ...core.errors import Invalid
from ...core.i18n import _
from ...core.money import MAX_MINOR, step_problem
from ...core.settings import settings
from ...models import (
    Category,
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
    TaxClass,
    Variant,
    VariantOption,
    VariantPicture,
)

MAX_TEXT = 200_000
MAX_VARIANTS, MAX_OPTIONS, MAX_PICTURES, MAX_TAGS = 500, 3, 60, 60
MAX_GRAMS = 2_000_000
SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
SKU = re.compile(r"""[^\s\x00-\x1f\x7f<>"'`\\](?:[^\x00-\x1f\x7f<>"'`\\]{0,62}[^\s\x00-\x1f\x7f<>"'`\\])?""")
SWATCH = re.compile(r"#[0-9a-fA-F]{6}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "b",
    "i",
    "u",
    "s",
    "sub",
    "sup",
    "ul",
    "ol",
    "li",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "hr",
    "span",
    "div",
}
_ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}


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
    backorder: bool = False
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
    title: str
    subtitle: str = ""
    description_html: str = ""
    care: str = ""
    materials: tuple[str, ...] = ()
    dimensions_mm: tuple[tuple[str, int], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    vendor: str = ""
    kind: str = ""
    status: str = ProductStatus.DRAFT.value
    category: str = ""
    """The category's slug."""
    tax_class: str = "standard"
    seo_title: str = ""
    seo_description: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[OptionDraft, ...] = ()
    variants: tuple[VariantDraft, ...] = ()
    pictures: tuple[PictureDraft, ...] = ()
    extra: tuple[tuple[str, str], ...] = field(default=())


def clean_html(html: str) -> str:
    """The HTML with allowed tags, attributes and link schemes alone: nothing that could run a script."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        clean_content_tags={"script", "style", "iframe", "object", "svg"},
    ).strip()


def cleaned(draft: ProductDraft) -> ProductDraft:
    """The draft with its texts trimmed, its HTML sanitised and everything in it checked.

    Errors  Invalid names the field and what is wrong with it.
    """
    draft = replace(
        draft,
        slug=draft.slug.strip().lower(),
        title=_text(draft.title, "title", 255, needed=_("Give the product a title.")),
        subtitle=_text(draft.subtitle, "subtitle", 500),
        care=_text(draft.care, "care", 5000),
        description_html=clean_html(_text(draft.description_html, "description_html", MAX_TEXT)),
        vendor=_text(draft.vendor, "vendor", 255),
        kind=_text(draft.kind, "kind", 255),
        seo_title=_text(draft.seo_title, "seo_title", 300),
        seo_description=_text(draft.seo_description, "seo_description", 1000),
        materials=tuple(text for item in draft.materials if (text := _text(item, "materials", 200))),
        tags=tuple(sorted({text for tag in draft.tags if (text := _text(tag, "tags", 255))})),
        extra=tuple(sorted(draft.extra)),
    )
    if not SLUG.fullmatch(draft.slug) or len(draft.slug) > 255:
        raise Invalid(_("The address may have small letters, digits and hyphens only."), field="slug")
    if draft.status not in set(ProductStatus):
        raise Invalid(_("Choose draft, active or archived."), field="status")
    if len(draft.tags) > MAX_TAGS or len(draft.pictures) > MAX_PICTURES:
        raise Invalid(_("That is too many tags or pictures for one product."), field="tags")
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
        if len({value for value, _swatch in values}) != len(values):
            raise Invalid(_("The option {name} has a value twice.").format(name=name), field="options")
        drafts.append(OptionDraft(name, values))
    if len(drafts) > MAX_OPTIONS or len({option.name for option in drafts}) != len(drafts):
        raise Invalid(_("A product has at most three options, each with a name of its own."), field="options")
    return tuple(drafts)


def _variants(draft: ProductDraft) -> tuple[VariantDraft, ...]:
    if not 0 < len(draft.variants) <= MAX_VARIANTS:
        raise Invalid(
            _("A product needs between 1 and {most} variants.").format(most=MAX_VARIANTS), field="variants"
        )
    values_by_option = {
        _text(option.name, "options", 100): {value.strip() for value, _s in option.values}
        for option in draft.options
    }
    keys = {picture.key for picture in draft.pictures}
    variants = [_variant(variant, values_by_option, keys) for variant in draft.variants]
    for field_of, sentence in (
        ("sku", _("The SKU {value} stands on two variants.")),
        ("options", _("Two variants have the same options: {value}.")),
    ):
        seen = set()
        for variant in variants:
            value = getattr(variant, field_of)
            if (field_of == "sku" or variant.active) and value in seen:
                shown = value if field_of == "sku" else " / ".join(text for _name, text in value)
                raise Invalid(sentence.format(value=shown or "–"), field=field_of)
            if field_of == "sku" or variant.active:
                seen.add(value)
    return tuple(variants)


def _variant(variant: VariantDraft, values_by_option: dict[str, set[str]], keys: set[str]) -> VariantDraft:
    sku = variant.sku.strip()
    if not SKU.fullmatch(sku):
        raise Invalid(
            _("A SKU has 1 to 64 characters, without quotes, backslashes or angle brackets."), field="sku"
        )
    for amount, field_of in (
        (variant.price_minor, "price"),
        (variant.compare_at_minor or 0, "compare_at"),
        (variant.cost_minor or 0, "cost"),
    ):
        if not 0 <= amount <= MAX_MINOR:
            raise Invalid(_("Enter an amount from 0 up to a thousand million."), field=field_of)
        # What it cost the shop isn't charged.
        if field_of != "cost" and (off_step := step_problem(amount, settings().currency, settings().locale)):
            raise Invalid(off_step, field=field_of)
    if variant.compare_at_minor is not None and variant.compare_at_minor <= variant.price_minor:
        raise Invalid(_("The compare-at price has to be higher than the price."), field="compare_at")
    if not 0 <= variant.weight_grams <= MAX_GRAMS:
        raise Invalid(_("Enter a weight from 0 to 2,000 kg."), field="weight")
    if (variant.contents, variant.contents_unit) != (0, "") and not (
        0 < variant.contents <= MAX_GRAMS and variant.contents_unit in ("g", "ml")
    ):
        raise Invalid(_("Enter the contents in g or ml, up to 2,000 kg or l."), field="contents")
    options = tuple((name.strip(), value.strip()) for name, value in variant.options)
    fits = [name for name, _value in options] == list(values_by_option) and all(
        value in values_by_option[name] for name, value in options
    )
    if variant.active and not fits:
        raise Invalid(_("{sku} needs one value for each of the options.").format(sku=sku), field="options")
    if not keys >= set(variant.pictures):
        raise Invalid(_("{sku} shows a picture that the product hasn't.").format(sku=sku), field="pictures")
    return replace(variant, sku=sku, barcode=_text(variant.barcode, "barcode", 64), options=options)


def _text(text: str, field_of: str, most: int, needed: str = "") -> str:
    text = text.strip()
    if needed and not text:
        raise Invalid(needed, field=field_of)
    if len(text) > most:
        raise Invalid(
            _("{field} is longer than {most} characters.").format(field=field_of, most=f"{most:,}"),
            field=field_of,
        )
    if _CONTROL.search(text):
        raise Invalid(_("{field} has characters that can't be read.").format(field=field_of), field=field_of)
    return text


def read_draft(session: Session, product: Product) -> ProductDraft:
    """The stored product as a draft; saving it would change nothing."""
    category = session.get(Category, product.category_id) if product.category_id else None
    shown = session.exec(
        select(ProductPicture.id, Picture.key, ProductPicture.alt)
        .join(Picture, col(Picture.id) == ProductPicture.picture_id)
        .where(ProductPicture.product_id == product.id)
        .order_by(col(ProductPicture.position), col(ProductPicture.id))
    ).all()
    tags = session.exec(select(Tag.name).join(ProductTag).where(ProductTag.product_id == product.id)).all()
    return ProductDraft(
        slug=product.slug,
        title=product.title,
        subtitle=product.subtitle,
        description_html=product.description_html,
        care=product.care,
        materials=tuple(product.materials),
        dimensions_mm=tuple(product.dimensions_mm.items()),
        attributes=tuple((detail["name"], detail["value"]) for detail in product.attributes),
        vendor=product.vendor,
        kind=product.kind,
        status=product.status,
        category=category.slug if category else "",
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
            backorder=policy == StockPolicy.BACKORDER,
            pictures=tuple(shown.get(variant.id or 0, ())),
            id=variant.id,
        )
        for variant, policy in rows
    )


def check_references(session: Session, draft: ProductDraft, product_id: int | None) -> None:
    """Errors  Invalid for a slug or SKU of another product, an unknown category, tax class or picture."""
    other = session.exec(select(Product.id).where(Product.slug == draft.slug)).first()
    if other is not None and other != product_id:
        raise Invalid(_("Another product has this address already."), field="slug")
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
    if not session.get(TaxClass, draft.tax_class):
        raise Invalid(_("There is no tax class {code}.").format(code=draft.tax_class), field="tax_class")
    keys = {picture.key for picture in draft.pictures}
    stored_keys = set(session.exec(select(Picture.key).where(col(Picture.key).in_(keys)))) if keys else set()
    if keys - stored_keys or len(keys) < len(draft.pictures):
        raise Invalid(_("A picture is missing, or stands here twice."), field="pictures")
