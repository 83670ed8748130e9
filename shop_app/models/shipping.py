"""Shipping: zones of countries, the methods of each, and their prices by weight."""

from enum import StrEnum

from sqlmodel import Field, SQLModel

from .base import check, key, maybe_minor, minor, one_of, refers, word


class MethodKind(StrEnum):
    FLAT = "flat"
    BY_WEIGHT = "by_weight"
    PICK_UP = "pick_up"


class ShippingZone(SQLModel, table=True):
    __tablename__ = "shipping_zone"

    id: int | None = key()
    name: str = Field(max_length=100, unique=True)
    version: int = 1
    """Grows with every change: a form says which one it was filled in from."""


class ZoneCountry(SQLModel, table=True):
    """A country is in one zone at most; one in no zone isn't delivered to."""

    __tablename__ = "zone_country"

    country: str = Field(primary_key=True, max_length=2)
    zone_id: int = refers("shipping_zone.id", ondelete="CASCADE")


class ShippingMethod(SQLModel, table=True):
    __tablename__ = "shipping_method"
    __table_args__ = (
        one_of("kind", MethodKind),
        check("price_minor >= 0", "price_not_negative"),
        check("0 <= min_days AND min_days <= max_days", "days_in_order"),
    )

    id: int | None = key()
    zone_id: int = refers("shipping_zone.id", ondelete="CASCADE")
    code: str = Field(max_length=64, unique=True)
    kind: str = word(MethodKind.FLAT)
    label: str = Field(max_length=100)
    note: str = ""
    price_minor: int = minor(default=0)
    free_above_minor: int | None = maybe_minor()
    """From this much of goods, after discounts, it costs nothing."""
    min_days: int = 1
    max_days: int = 3
    """Working days from order to delivery."""
    active: bool = True
    position: int = 0
    version: int = 1


class ShippingRate(SQLModel, table=True):
    """A step of a by-weight method: the price up to that weight. Heavier than the last: not offered."""

    __tablename__ = "shipping_rate"

    method_id: int = refers("shipping_method.id", primary_key=True, index=False, ondelete="CASCADE")
    up_to_grams: int = Field(primary_key=True)
    price_minor: int = minor()
