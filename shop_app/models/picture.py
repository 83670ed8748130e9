"""Pictures: one row an original, and where products and variants show it."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, key, moment, refers


class Picture(SQLModel, table=True):
    __table_args__ = (check("width > 0 AND height > 0", "has_a_size"),)

    id: int | None = key()
    key: str = Field(max_length=64, unique=True)
    """A hash of the original's bytes: the name under /media/, so that it may be cached for ever."""
    source: str = ""
    """The address or file name that it came from."""
    width: int
    height: int
    colour: str = Field(default="#d9cfc3", max_length=7)
    """The average colour, shown until the picture is there."""
    created_at: datetime = moment()


class ProductPicture(SQLModel, table=True):
    __tablename__ = "product_picture"
    __table_args__ = (
        UniqueConstraint("product_id", "picture_id"),
        Index("ix_product_picture_product_id_position", "product_id", "position"),
        check("focus_x BETWEEN 0 AND 100 AND focus_y BETWEEN 0 AND 100", "focus_inside"),
    )

    id: int | None = key()
    product_id: int = refers("product.id", ondelete="CASCADE", index=False)
    picture_id: int = refers("picture.id")
    alt: str = ""
    position: int = 0
    focus_x: int = 50
    """The focal point in per cent of the width and the height: what stays in view where a crop is shown."""
    focus_y: int = 50


class VariantPicture(SQLModel, table=True):
    """The pictures that show a variant, the first one on its swatch."""

    __tablename__ = "variant_picture"

    variant_id: int = refers("variant.id", ondelete="CASCADE", primary_key=True, index=False)
    product_picture_id: int = refers("product_picture.id", ondelete="CASCADE", primary_key=True)
    position: int = 0
