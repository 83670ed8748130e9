"""Facts: what has happened, followed inside its transaction and told after the commit, in this process.

A service calls `publish` inside its transaction. Followers are other services that write along: they are
called at once, in the same transaction (`services/__init__.py` lists them). Listeners are told once the
commit has succeeded, and of nothing after a rollback; they run on the thread that committed, so they hand
work on and return. What must not be lost goes through a table instead.
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
class VariantAdded:
    """A variant that is new and has no stock level yet."""

    variant_id: int


@dataclass(frozen=True, slots=True)
class BackorderChanged:
    """The product's editor says whether this variant is sold beyond what there is."""

    variant_id: int
    backorder: bool


@dataclass(frozen=True, slots=True)
class ReturnRefunded:
    """A refund that answers a return was written down by `actor`."""

    return_id: int
    actor: str


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
    """One of the order's statuses, payments or shipments moved."""

    order_id: int


@dataclass(frozen=True, slots=True)
class LetterWritten:
    """A letter lies in the outbox and can be sent."""

    letter_id: int


Event = (
    StockChanged
    | PriceChanged
    | CatalogueChanged
    | VariantAdded
    | BackorderChanged
    | ReturnRefunded
    | CartChanged
    | TermsChanged
    | OrderPlaced
    | OrderChanged
    | LetterWritten
)
F = TypeVar("F")

_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)
_followers: dict[type, list[Callable[[Session, Any], object]]] = defaultdict(list)


def subscribe(kind: type[F], listener: Callable[[F], None]) -> Callable[[], None]:
    """Have `listener` called with every event of `kind`; returns a function that ends it."""
    _listeners[kind].append(listener)
    return lambda: _listeners[kind].remove(listener)


def follow(kind: type[F], follower: Callable[[Session, F], object]) -> None:
    """Have `follower` called with the session and every event of `kind`, inside its transaction.

    What it writes is committed together with what it follows, and what it raises undoes both.
    """
    _followers[kind].append(follower)


def publish(session: Session, event: Event) -> None:
    """Call the followers of `fact` now; its listeners when, and only if, the transaction commits."""
    for follower in _followers[type(event)]:
        follower(session, event)
    session.info.setdefault("events", []).append(event)


def deliver(events: list[Event]) -> None:
    """Call the listeners now, equal events once. Only `db` calls this, after a commit."""
    for event in dict.fromkeys(events):
        for listener in tuple(_listeners[type(event)]):
            try:
                listener(event)
            except Exception:
                # The commit stands whatever a listener does.
                log.exception("A listener of %s failed", type(event).__name__)
