"""Promotions: their conditions and discounts, their codes, and their uses by orders."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, json, key, maybe_minor, minor, moment, one_of, refers, word


class PromotionKind(StrEnum):
    PERCENT = "percent"
    FIXED = "fixed"
    FREE_SHIPPING = "free_shipping"
    BUY_X_GET_Y = "buy_x_get_y"
    """For every `buy_quantity` units, the next `get_quantity` cheapest ones at `percent` off."""
    GIFT = "gift"
    """One unit of `gift_variant_id` for nothing."""


class PromotionLane(SQLModel, table=True):
    """Inside a lane the best promotion wins; lanes stack, one after the other."""

    __tablename__ = "promotion_lane"

    code: str = Field(primary_key=True, max_length=32)
    label: str = Field(max_length=100)
    position: int = 0
    """Lanes are taken in this order."""
    on_discounted: bool = False
    """Whether it applies to reduced prices too, and to those that a lane before took something off."""


class Promotion(SQLModel, table=True):
    __table_args__ = (
        one_of("kind", PromotionKind),
        check("used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", "uses_in_bounds"),
        check("percent BETWEEN 0 AND 100 AND amount_minor >= 0", "value_in_bounds"),
        check("buy_quantity >= 0 AND get_quantity >= 0 AND minimum_quantity >= 0", "quantities_not_negative"),
        check("spent_minor >= 0 AND (budget_minor IS NULL OR spent_minor <= budget_minor)", "within_budget"),
    )

    id: int | None = key()
    name: str = Field(max_length=200)
    """What the shopper reads beside the amount."""
    kind: str = word(PromotionKind.PERCENT)
    percent: int = 0
    amount_minor: int = minor(default=0)
    automatic: bool = False
    """Applies without a code."""
    buy_quantity: int = 0
    get_quantity: int = 0
    gift_variant_id: int | None = refers("variant.id", default=None, index=False, ondelete="SET NULL")
    lane: str = Field(default="default", foreign_key="promotion_lane.code", max_length=32)
    minimum_minor: int = minor(default=0)
    """The goods that it is about have to come to this much."""
    minimum_quantity: int = 0
    """So many units of the goods that it is about have to be there."""
    first_order: bool = False
    """Only for who has ordered nothing before."""
    conditions: dict = json()
    """What it is about: {"products": [ids], "categories": [ids]}; all goods where it is empty."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    usage_limit: int | None = None
    per_customer_limit: int | None = None
    used: int = 0
    """Uses by orders; counted when an order is placed, uncounted when it is cancelled or expires."""
    budget_minor: int | None = maybe_minor()
    """The most that all its discounts together may be."""
    spent_minor: int = minor(default=0)
    """The sum of the discounts of the orders that `used` counts."""
    active: bool = True
    created_at: datetime = moment()
    version: int = 1


class PromotionCode(SQLModel, table=True):
    __tablename__ = "promotion_code"
    __table_args__ = (
        check("code = upper(code)", "code_upper"),
        check("used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", "uses_in_bounds"),
    )

    code: str = Field(primary_key=True, max_length=64)
    promotion_id: int = refers("promotion.id", ondelete="CASCADE")
    usage_limit: int | None = None
    used: int = 0


class PromotionUse(SQLModel, table=True):
    """One use of a promotion by an order."""

    __tablename__ = "promotion_use"
    __table_args__ = (UniqueConstraint("promotion_id", "order_id"),)

    id: int | None = key()
    promotion_id: int = refers("promotion.id", index=False)
    order_id: int = refers("customer_order.id")
    code: str = Field(default="", max_length=64)
    email: str = Field(max_length=254)
    amount_minor: int = minor()
    at: datetime = moment()
    given_back_at: datetime | None = None
