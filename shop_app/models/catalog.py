"""What is for sale: products, options, variants, the category tree, tags, collections, reviews."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, json, key, maybe_minor, minor, moment, one_of, refers, word

MAX_HANDLE = MAX_SLUG = MAX_SKU = 255
"""Characters, as in Shopify: a file's row never costs a product because of its length there."""


def _slug_of_row(context: Any) -> str:
    return context.get_current_parameters()["slug"]


class ProductStatus(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    """A draft that a job makes active at its `publish_at`."""
    ACTIVE = "active"
    UNLISTED = "unlisted"
    """For sale to whoever has its address; in no list, search or sitemap."""
    ARCHIVED = "archived"


LISTED = ProductStatus.ACTIVE
"""The status of products that lists, search and sitemap have."""
FOR_SALE = (ProductStatus.ACTIVE, ProductStatus.UNLISTED)
"""The statuses of products that have a page and can be bought."""


class ReviewStatus(StrEnum):
    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"


class Category(SQLModel, table=True):
    id: int | None = key()
    parent_id: int | None = refers("category.id", default=None)
    slug: str = Field(max_length=120, unique=True)
    title: str = Field(max_length=200)
    description: str = ""
    picture_id: int | None = refers("picture.id", default=None, index=False)
    picture_alt: str = ""
    position: int = 0
    version: int = 1


class CategoryRedirect(SQLModel, table=True):
    """A slug that a category once had, so that old links still arrive."""

    __tablename__ = "category_redirect"

    slug: str = Field(primary_key=True, max_length=120)
    category_id: int = refers("category.id", ondelete="CASCADE")


class Maker(SQLModel, table=True):
    """Who made products, and who answers for them in the EU, as the law wants both named beside the offer.

    Source  Regulation (EU) 2023/988, article 19.
    """

    id: int | None = key()
    name: str = Field(max_length=255, unique=True)
    address: str = ""
    """Lines of a postal address."""
    contact: str = Field(default="", max_length=255)
    """An e-mail or web address."""
    responsible_name: str = Field(default="", max_length=255)
    """The responsible person in the EU, where the maker is outside of it."""
    responsible_address: str = ""
    responsible_contact: str = Field(default="", max_length=255)
    version: int = 1


class Product(SQLModel, table=True):
    __table_args__ = (
        one_of("status", ProductStatus),
        check("status <> 'scheduled' OR publish_at IS NOT NULL", "scheduled_has_a_moment"),
        check("guarantee_months >= 0", "guarantee_not_negative"),
        check("sold_count >= 0 AND review_count >= 0 AND stars_sum >= 0", "counts_not_negative"),
        Index("ix_product_category_id_status", "category_id", "status"),
        # For the back office's list, by what it is sorted.
        Index("ix_product_title_id", "title", "id"),
        Index("ix_product_vendor_id", "vendor", "id"),
        Index("ix_product_updated_at_id", "updated_at", "id"),
        Index("ix_product_status_updated_at", "status", "updated_at", "id"),
    )

    id: int | None = key()
    slug: str = Field(max_length=MAX_SLUG, unique=True)
    """Its address."""
    handle: str = Field(
        default=None,
        max_length=MAX_HANDLE,
        nullable=False,
        unique=True,
        index=True,
        sa_column_kwargs={"default": _slug_of_row},
    )
    """What files know it by, as `services.catalog.identity` compares it; where none is given, the slug."""
    title: str = Field(max_length=255)
    subtitle: str = ""
    description_html: str = ""
    """Sanitised by nh3 before it is stored."""
    description_md: str = ""
    """The Markdown that the description was made of; "" for HTML that came from elsewhere."""
    care: str = ""
    materials: list[str] = json(list)
    dimensions_mm: dict[str, int] = json()
    attributes: list[dict[str, str]] = json(list)
    """Further details as {"name", "value"}, in the order to show."""
    vendor: str = Field(default="", max_length=255)
    kind: str = Field(default="", max_length=255)
    status: str = word(ProductStatus.DRAFT)
    published_at: datetime | None = None
    publish_at: datetime | None = Field(default=None, index=True)
    """When a scheduled product opens."""
    category_id: int | None = refers("category.id", default=None, index=False)
    maker_id: int | None = refers("maker.id", default=None)
    brand: str = Field(default="", max_length=255)
    model: str = Field(default="", max_length=255)
    guarantee_months: int = 0
    """The producer's own guarantee beyond the law's; 0 without one."""
    guarantor: str = Field(default="", max_length=255)
    guarantee_terms: str = ""
    tax_class: str = Field(default="standard", foreign_key="tax_class.code", max_length=32)
    seo_title: str = ""
    seo_description: str = ""
    extra: dict[str, str] = json()
    """Columns of an imported file that the shop has no field for, for exports."""
    sold_count: int = 0
    """Units sold ever; written by orders."""
    review_count: int = 0
    stars_sum: int = 0
    """Both computed from published reviews; written by services.catalog.reviews alone."""
    created_at: datetime = moment()
    updated_at: datetime = moment()
    version: int = 1


class ProductOption(SQLModel, table=True):
    __tablename__ = "product_option"
    __table_args__ = (UniqueConstraint("product_id", "name"),)

    id: int | None = key()
    product_id: int = refers("product.id", ondelete="CASCADE")
    name: str = Field(max_length=100)
    position: int = 0


class OptionValue(SQLModel, table=True):
    __tablename__ = "option_value"
    __table_args__ = (UniqueConstraint("option_id", "value"),)

    id: int | None = key()
    option_id: int = refers("product_option.id", ondelete="CASCADE")
    value: str = Field(max_length=255)
    swatch: str = Field(default="", max_length=9)
    """A colour as #rrggbb, "" where the value isn't a colour."""
    position: int = 0


class Variant(SQLModel, table=True):
    __table_args__ = (
        check("price_minor >= 0 AND price_minor <= 100000000000", "price_in_bounds"),
        check("compare_at_minor IS NULL OR compare_at_minor > price_minor", "compare_at_is_higher"),
        check("weight_grams >= 0", "weight_not_negative"),
        Index("ix_variant_product_id_position", "product_id", "position"),
    )

    id: int | None = key()
    product_id: int = refers("product.id", ondelete="CASCADE", index=False)
    sku: str = Field(max_length=MAX_SKU, unique=True)
    barcode: str = Field(default="", max_length=64, index=True)
    title: str = ""
    """The chosen values, "Moss / Large"; "" for a product without options. Written with them."""
    currency: str = Field(max_length=3)
    price_minor: int = minor()
    compare_at_minor: int | None = maybe_minor()
    cost_minor: int | None = maybe_minor()
    """What the shop paid: for the back office's eyes alone."""
    weight_grams: int = 0
    contents: int = 0
    """How much of something sold by weight or volume is in it; 0 for what is sold by the piece."""
    contents_unit: str = Field(default="", max_length=2)
    """ "g" or "ml", "" for what is sold by the piece."""
    requires_shipping: bool = True
    active: bool = True
    position: int = 0
    version: int = 1


class VariantOption(SQLModel, table=True):
    """Which value a variant has for which option: one row an option."""

    __tablename__ = "variant_option"

    variant_id: int = refers("variant.id", ondelete="CASCADE", primary_key=True, index=False)
    option_id: int = refers("product_option.id", ondelete="CASCADE", primary_key=True)
    value_id: int = refers("option_value.id", ondelete="CASCADE")


class PriceHistory(SQLModel, table=True):
    """Every price that a variant had, from when: for the lowest price of the last 30 days."""

    __tablename__ = "price_history"
    __table_args__ = (Index("ix_price_history_variant_id_recorded_at", "variant_id", "recorded_at"),)

    id: int | None = key()
    variant_id: int = refers("variant.id", ondelete="CASCADE", index=False)
    currency: str = Field(max_length=3)
    price_minor: int = minor()
    compare_at_minor: int | None = maybe_minor()
    recorded_at: datetime = moment()


class Tag(SQLModel, table=True):
    id: int | None = key()
    name: str = Field(max_length=255, unique=True)


class ProductTag(SQLModel, table=True):
    __tablename__ = "product_tag"

    product_id: int = refers("product.id", ondelete="CASCADE", primary_key=True, index=False)
    tag_id: int = refers("tag.id", ondelete="CASCADE", primary_key=True)


class Collection(SQLModel, table=True):
    """A list of products, made by hand or by a rule, such as the featured ones of the home page."""

    id: int | None = key()
    slug: str = Field(max_length=120, unique=True)
    title: str = Field(max_length=200)
    description: str = ""
    picture_id: int | None = refers("picture.id", default=None, index=False)
    """What the products look like together: the still life above the home page's headline."""
    picture_alt: str = ""
    by_rule: bool = False
    rule: dict[str, Any] = json()
    """Where it is made by a rule: the conditions, as `services.catalog.collection_rules` reads them."""
    version: int = 1


class CollectionProduct(SQLModel, table=True):
    __tablename__ = "collection_product"

    collection_id: int = refers("collection.id", ondelete="CASCADE", primary_key=True, index=False)
    product_id: int = refers("product.id", ondelete="CASCADE", primary_key=True)
    position: int = 0
    """0 for every product of a rule."""


class SlugRedirect(SQLModel, table=True):
    """An address that a product once had, so that old links still arrive."""

    __tablename__ = "slug_redirect"

    slug: str = Field(primary_key=True, max_length=MAX_SLUG)
    product_id: int = refers("product.id", ondelete="CASCADE")


class Review(SQLModel, table=True):
    __table_args__ = (
        one_of("status", ReviewStatus),
        check("stars BETWEEN 1 AND 5", "stars_1_to_5"),
        Index("ix_review_product_id_status_created_at", "product_id", "status", "created_at"),
        # Once per product and order; None is never the same as None.
        Index("uq_review_order_id_product_id", "order_id", "product_id", unique=True),
        Index("ix_review_status_id", "status", "id"),
    )

    id: int | None = key()
    product_id: int = refers("product.id", ondelete="CASCADE", index=False)
    customer_id: int | None = refers("customer.id", default=None, ondelete="SET NULL")
    order_id: int | None = refers("customer_order.id", default=None, index=False)
    """The order that it was received with; None for one that came with no order."""
    author_name: str = Field(max_length=100)
    variant_title: str = ""
    stars: int
    title: str = Field(default="", max_length=200)
    body: str = ""
    reply: str = ""
    verified: bool = False
    """Whether the author bought the product here."""
    status: str = word(ReviewStatus.PENDING)
    """pending until somebody of the shop has read it; rejected ones are hidden."""
    created_at: datetime = moment()
    edited_at: datetime | None = None
    """When the author changed it last."""
