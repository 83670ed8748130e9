"""Promotions: what they ask for, what they give, their codes, and who has used them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, json, key, maybe_minor, minor, moment, one_of, refers, word


class PromotionKind(StrEnum):
    PERCENT = "percent"
    FIXED = "fixed"
    FREE_SHIPPING = "free_shipping"


class Promotion(SQLModel, table=True):
    __table_args__ = (
        one_of("kind", PromotionKind),
        check("used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", "uses_in_bounds"),
        check("percent BETWEEN 0 AND 100 AND amount_minor >= 0", "value_in_bounds"),
    )

    id: int | None = key()
    name: str = Field(max_length=200)
    """What the shopper reads beside the amount."""
    kind: str = word(PromotionKind.PERCENT)
    percent: int = 0
    amount_minor: int = minor(default=0)
    automatic: bool = False
    """Applies without a code."""
    lane: str = Field(default="default", max_length=32)
    """Inside a lane the best wins; lanes stack."""
    minimum_minor: int = minor(default=0)
    """The goods have to come to this much."""
    on_sale_too: bool = False
    """Whether it also applies to prices that are already reduced."""
    conditions: dict = json()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    usage_limit: int | None = None
    per_customer_limit: int | None = None
    used: int = 0
    """Uses by orders that are alive; taken when an order is placed, given back when it dies."""
    budget_minor: int | None = maybe_minor()
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
    """An order that a promotion gave something to."""

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
