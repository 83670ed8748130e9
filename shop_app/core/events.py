"""Facts: what has happened, told after the commit to whoever listens, in this process.

A service calls `announce` inside its transaction; `db.transaction` tells the listeners once the
commit has succeeded, and forgets everything on a rollback. Listeners run on the thread that
committed, so they hand work on and return; what must not be lost goes through a table instead.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StockChanged:
    """Some of the three numbers of these variants changed."""

    variant_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PriceChanged:
    """The price or the compare-at price of these variants changed."""

    variant_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CatalogueChanged:
    """These products were added, edited or removed."""

    product_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CartChanged:
    """The lines, codes or country of a cart changed."""

    cart_id: int


@dataclass(frozen=True, slots=True)
class TermsChanged:
    """Tax rates, shipping methods or promotions were edited."""


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order_id: int


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """One of the order's statuses, payments or parcels moved."""

    order_id: int


@dataclass(frozen=True, slots=True)
class LetterWritten:
    """A letter lies in the outbox and can be sent."""

    letter_id: int


Fact = (
    StockChanged
    | PriceChanged
    | CatalogueChanged
    | CartChanged
    | TermsChanged
    | OrderPlaced
    | OrderChanged
    | LetterWritten
)
F = TypeVar("F")

_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def listen(kind: type[F], listener: Callable[[F], None]) -> Callable[[], None]:
    """Have `listener` called with every fact of `kind`; returns a function that ends it."""
    _listeners[kind].append(listener)
    return lambda: _listeners[kind].remove(listener)


def announce(session: Session, fact: Fact) -> None:
    """Tell the listeners of `fact` when, and only if, the session's transaction commits."""
    session.info.setdefault("facts", []).append(fact)


def tell(facts: list[Fact]) -> None:
    """Call the listeners now, equal facts once. Only `db` calls this, after a commit."""
    for fact in dict.fromkeys(facts):
        for listener in tuple(_listeners[type(fact)]):
            try:
                listener(fact)
            except Exception:
                # The commit stands whatever a listener does.
                log.exception("A listener of %s failed", type(fact).__name__)
