"""The listing index: what lists, facets and search read; only `services.search.listing_index` writes it."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from .base import json, key, maybe_minor, minor, refers
from .catalog import MAX_SKU, MAX_SLUG


class ListingItem(SQLModel, table=True):
    """One published product as a list shows it, with an index for each way to sort."""

    __tablename__ = "listing_item"
    __table_args__ = (
        *(
            Index(f"ix_listing_item_{name}", *columns, "product_id")
            for name, columns in {
                "popular": ("sold_count",),
                "newest": ("published_at",),
                "price": ("price_minor",),
                "rating": ("rating_milli",),
                "category_popular": ("category_id", "sold_count"),
                "category_newest": ("category_id", "published_at"),
                "category_price": ("category_id", "price_minor"),
                "category_rating": ("category_id", "rating_milli"),
                "sale_popular": ("on_sale", "sold_count"),
            }.items()
        ),
    )

    product_id: int = refers("product.id", ondelete="CASCADE", primary_key=True, index=False)
    slug: str = Field(max_length=MAX_SLUG)
    title: str
    category_id: int | None = refers("category.id", default=None, index=False)
    price_minor: int = minor()
    """The lowest price of an active variant."""
    price_max_minor: int = minor()
    compare_at_minor: int | None = maybe_minor()
    on_sale: bool = False
    in_stock: bool = False
    sold_count: int = 0
    rating_milli: int = 0
    """The average of the stars times 1,000; 0 without reviews."""
    review_count: int = 0
    published_at: datetime
    card: dict = json()
    """The rest of the card, ready to show: picture, second picture, swatches, alt texts."""


class ListingVariant(SQLModel, table=True):
    """One active variant of a published product, for filters that one variant has to fulfil together."""

    __tablename__ = "listing_variant"

    product_id: int = refers("product.id", ondelete="CASCADE", primary_key=True, index=False)
    place: int = Field(primary_key=True)
    """0 for the cheapest variant of the product; among equally cheap ones in the product's own order."""
    variant_id: int = refers("variant.id", ondelete="CASCADE")
    sku: str = Field(max_length=MAX_SKU)
    price_minor: int = minor()
    compare_at_minor: int | None = maybe_minor()
    in_stock: bool = False
    options: dict[str, str] = json()
    """Facet and value of each of its options by their keys: {"colour": "moss"}; the former in ASCII."""
    picture: list = json(list)
    """Its first picture as in a card: key, alt, width, height, colour; empty without one of its own."""


class ListingFacet(SQLModel, table=True):
    """One value of one facet that a product has, such as colour=Moss."""

    __tablename__ = "listing_facet"
    __table_args__ = (Index("ix_listing_facet_name_value", "name", "value", "product_id"),)

    product_id: int = refers("product.id", ondelete="CASCADE", primary_key=True, index=False)
    name: str = Field(primary_key=True, max_length=100)
    """The parameter in the address: the key of an option's name, or tag, material."""
    value: str = Field(primary_key=True, max_length=255)
    """The key of the value, as the address has it."""
    label: str = ""
    swatch: str = Field(default="", max_length=9)


class ListingChange(SQLModel, table=True):
    """One row for each change of the listing index; caches are valid while the newest stamp is the same.

    Rows are only added, so that writers never wait for each other here.
    """

    __tablename__ = "listing_change"

    id: int | None = key()
    stamp: str = Field(max_length=32)
    product_ids: str | None = Field(default=None, sa_type=Text)
    """The products it was of, separated by spaces; NULL where they are many or weren't said."""


class Synonym(SQLModel, table=True):
    """A word that shoppers type, and a word of the catalogue that they mean by it."""

    word: str = Field(primary_key=True, max_length=48)
    """Both are normalised as the words of the search are."""
    meaning: str = Field(primary_key=True, max_length=48)
