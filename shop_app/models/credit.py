"""Credit: gift cards and store credit in one ledger of entries; a balance is their sum, never below zero."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from .base import check, key, minor, moment, one_of, refers, word


class CreditKind(StrEnum):
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"


class CreditEntryKind(StrEnum):
    ISSUED = "issued"
    SPENT = "spent"
    RETURNED = "returned"
    """Released by an order that ended unpaid, or paid in another way."""
    REFUNDED = "refunded"
    ADJUSTED = "adjusted"


class CreditAccount(SQLModel, table=True):
    __tablename__ = "credit_account"
    __table_args__ = (
        one_of("kind", CreditKind),
        check("balance_minor >= 0", "balance_not_negative"),
        check("(kind = 'gift_card') = (code_hash IS NOT NULL)", "gift_cards_have_codes"),
    )

    id: int | None = key()
    kind: str = word(CreditKind.GIFT_CARD)
    code_hash: str | None = Field(default=None, max_length=64, unique=True)
    """SHA-256 of a gift card's code: whoever reads the database can't spend it."""
    last_four: str = Field(default="", max_length=4)
    """The end of the code, to distinguish cards."""
    email: str = Field(default="", max_length=254, index=True)
    """Whose store credit it is; whom a gift card was sent to."""
    customer_id: int | None = refers("customer.id", default=None, ondelete="SET NULL")
    currency: str = Field(max_length=3)
    balance_minor: int = minor(default=0)
    """The sum of its entries, stored for the guarded statement."""
    active: bool = True
    expires_at: datetime | None = None
    created_at: datetime = moment()


class CreditEntry(SQLModel, table=True):
    """One movement of credit. Append-only."""

    __tablename__ = "credit_entry"
    __table_args__ = (
        one_of("kind", CreditEntryKind),
        check("amount_minor <> 0", "moves_something"),
    )

    id: int | None = key()
    account_id: int = refers("credit_account.id")
    kind: str = Field(max_length=32)
    amount_minor: int = minor()
    """Above zero comes in, below zero goes out."""
    request_key: str = Field(max_length=64, unique=True)
    """What it is done for, such as spent:order-12-2: once each."""
    order_id: int | None = refers("customer_order.id", default=None)
    payment_id: int | None = refers("payment.id", default=None, index=False)
    refund_id: int | None = refers("refund.id", default=None, index=False)
    note: str = ""
    actor: str = Field(default="system", max_length=200)
    at: datetime = moment()
