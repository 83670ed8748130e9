"""Taxes: classes of goods, and a rate for each by country and region. Data that a shopkeeper edits."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, key, moment


class TaxClass(SQLModel, table=True):
    __tablename__ = "tax_class"

    code: str = Field(primary_key=True, max_length=32)
    label: str = Field(max_length=100)


class TaxRate(SQLModel, table=True):
    __tablename__ = "tax_rate"
    __table_args__ = (
        UniqueConstraint("country", "region", "tax_class", "valid_from"),
        check("rate_ppm BETWEEN 0 AND 1000000", "rate_in_bounds"),
    )

    id: int | None = key()
    country: str = Field(max_length=2, index=True)
    region: str = Field(default="", max_length=16)
    """A part of the country with a rate of its own, such as a US state; "" for the whole."""
    tax_class: str = Field(foreign_key="tax_class.code", max_length=32)
    label: str = Field(max_length=100)
    rate_ppm: int
    """Parts per million: 190,000 is 19 %."""
    valid_from: date = date(2000, 1, 1)
    version: int = 1


class UntaxedPlace(SQLModel, table=True):
    """A country, or a part of one, that the shop charges no tax in, whatever rates it has."""

    __tablename__ = "untaxed_place"

    country: str = Field(primary_key=True, max_length=2)
    region: str = Field(default="", primary_key=True, max_length=16)


class TaxQuote(SQLModel, table=True):
    """A rate that an outside engine quoted for a place; fetched before the order's transaction."""

    __tablename__ = "tax_quote"
    __table_args__ = (
        UniqueConstraint("country", "region", "postal_code", "tax_class"),
        check("rate_ppm BETWEEN 0 AND 1000000", "rate_in_bounds"),
    )

    id: int | None = key()
    country: str = Field(max_length=2)
    region: str = Field(default="", max_length=16)
    postal_code: str = Field(default="", max_length=20)
    tax_class: str = Field(max_length=32)
    label: str = Field(max_length=100)
    rate_ppm: int
    asked_at: datetime = moment()
