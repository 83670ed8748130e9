"""The shop itself: one row of who it is and by which terms it sells, and the versions of its legal texts."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, json, key, moment


class ShopProfile(SQLModel, table=True):
    """The one row. `core/shop.py` says what its columns mean: there they have the same names."""

    __tablename__ = "shop_profile"
    __table_args__ = (
        check("id = 1", "one_row"),
        check("version > 0", "version_counts"),
        check("name <> ''", "has_a_name"),
        check("capture IN ('at_order', 'at_fulfilment')", "capture_known"),
        check("transfer_days BETWEEN 1 AND 90", "transfer_days_in_bounds"),
        check("hold_minutes BETWEEN 1 AND 120", "hold_minutes_in_bounds"),
    )

    id: int = Field(default=1, primary_key=True)
    version: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()

    name: str = Field(max_length=100)
    logo_key: str | None = Field(default=None, foreign_key="picture.key", max_length=64)
    legal_name: str = Field(default="", max_length=200)
    address: str = Field(default="", max_length=500)
    represented_by: str = Field(default="", max_length=200)
    register_entry: str = Field(default="", max_length=200)
    vat_number: str = Field(default="", max_length=20)
    sender_email: str = Field(default="", max_length=254)
    contact_email: str = Field(default="", max_length=254)
    returns_email: str = Field(default="", max_length=254)
    phone: str = Field(default="", max_length=40)
    returns_address: str = Field(default="", max_length=500)
    opening_hours: str = Field(default="", max_length=300)

    lead: str = Field(default="", max_length=300)
    promises: list = json(list)
    announcement: str = Field(default="", max_length=200)
    announcement_href: str = Field(default="", max_length=500)
    announcement_from: datetime | None = None
    announcement_until: datetime | None = None
    announcement_on: bool = False
    footer_about: str = Field(default="", max_length=300)
    footer_links: list = json(list)
    """Each {"label": …, "href": …}."""
    social_links: list = json(list)
    guarantee_notice: bool = True

    hero_title: str = Field(default="", max_length=120)
    hero_lead: str = Field(default="", max_length=300)
    sale_title: str = Field(default="", max_length=120)
    sale_text: str = Field(default="", max_length=300)
    story_title: str = Field(default="", max_length=120)
    story: str = Field(default="", max_length=2000)

    currency: str = Field(max_length=3)
    country: str = Field(max_length=2)
    region: str = Field(default="", max_length=16)
    time_zone: str = Field(default="", max_length=64)
    locale: str = Field(max_length=16)
    prices_include_tax: bool = True
    bank_account: str = Field(default="", max_length=300)
    transfer_days: int = 10
    hold_minutes: int = 15
    capture: str = Field(default="at_order", max_length=32)
    terms_version: str = Field(default="", max_length=32)

    cart_reminder_hours: int = 0
    review_request_days: int = 0
    review_requests_need_consent: bool = True


class LegalText(SQLModel, table=True):
    """One version of a legal page's text, never edited: the newest one is shown, orders name theirs."""

    __tablename__ = "legal_text"
    __table_args__ = (
        UniqueConstraint("page", "version"),
        check("version > 0", "version_counts"),
    )

    id: int | None = key()
    page: str = Field(max_length=32)
    version: int
    title: str = Field(max_length=200)
    lead: str = ""
    body: str = ""
    """Markdown, with names of the shop's own facts in braces."""
    actor: str = Field(max_length=200)
    created_at: datetime = moment()
