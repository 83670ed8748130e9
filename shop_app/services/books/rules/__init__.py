"""The rules of the books: for each its name, its sentence, and the SQL that finds what breaks it."""

from __future__ import annotations

from .credit import CREDIT
from .orders import ORDERS
from .payments import PAYMENTS
from .promotions import PROMOTIONS
from .rule import Rule
from .stock import STOCK

__all__ = ["RULES", "Rule"]

RULES = (*ORDERS, *PAYMENTS, *STOCK, *PROMOTIONS, *CREDIT)
