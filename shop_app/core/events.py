"""Events: what has happened, for followers inside its transaction and listeners after the commit.

A service calls `publish` inside its transaction. Followers are other services that write in the same
transaction: they are called at once (`services/__init__.py` lists them). Listeners are called after the
commit, and not after a rollback; they run on the thread that committed, so they start other work and return.
Before them, what is kept for pages and depends on the event is emptied (`fact_cache`).
Events stay in this process and end with it: what must not be lost goes through a table instead.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from sqlalchemy.orm import Session

from . import fact_cache
from .shop import Profile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StockChanged:
    """Some of the three numbers of these variants changed."""

    variant_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LineMoved:
    """The line of those who wait for these variants moved, or somebody in it can be told something."""

    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """An address isn't to be written to about this purpose any more."""

    email: str
    purpose: str


@dataclass(frozen=True, slots=True)
class PriceChanged:
    """The price or the compare-at price of these variants changed."""

    variant_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CatalogueChanged:
    """These products were added, edited or removed."""

    product_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CategoriesChanged:
    """Categories were added, renamed, moved or removed; these products are in those whose name changed."""

    product_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionsChanged:
    """These collections have other products or another name; `slugs` are all that they had or have."""

    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariantAdded:
    """A variant that is new and has no stock level yet."""

    variant_id: int


@dataclass(frozen=True, slots=True)
class StockPolicyChanged:
    """A product was written with another stock policy of this variant: deny, backorder or untracked."""

    variant_id: int
    policy: str


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
class WishListsChanged:
    """A shopper's wish lists changed; `tokens` are those of the links that show one or showed it."""

    shopper_key: str
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CartJoined:
    """The cart of this visitor, who has signed in, is an account's from now on."""

    visitor_hash: str


@dataclass(frozen=True, slots=True)
class ShownChanged:
    """What pages show of these tags changed: entries of fact caches that depend on them are emptied.

    `stamp` is that of the change of the listing index, "" where it stays as it is.
    """

    tags: tuple[str, ...]
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class TermsChanged:
    """Tax rates, shipping methods or promotions were edited."""

    tags: ClassVar[tuple[str, ...]] = ("terms",)


@dataclass(frozen=True, slots=True)
class ShopChanged:
    """The shop's identity, words or terms are now these."""

    profile: Profile


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order_id: int


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """One of the order's statuses, payments or shipments moved."""

    order_id: int


@dataclass(frozen=True, slots=True)
class ListChanged:
    """Records of this list of the back office were added or changed: open pages of it look again."""

    name: str


@dataclass(frozen=True, slots=True)
class BulkJobMoved:
    """An action on many records was begun, has got on or is done; `staff_id` is whose it is."""

    job_id: int
    staff_id: int


@dataclass(frozen=True, slots=True)
class DataExportMoved:
    """A file of a customer's data was asked for, has got on or is ready."""

    customer_id: int


@dataclass(frozen=True, slots=True)
class JobWanted:
    """Someone wants a job of the timetable to run now."""

    name: str


@dataclass(frozen=True, slots=True)
class AccountAddressChanged:
    """The e-mail address of a customer's account was verified, or is another one now."""

    customer_id: int
    former: str = ""
    """The verified address that it had before, "" where it had none."""


@dataclass(frozen=True, slots=True)
class LetterWritten:
    """A letter is in the outbox and can be sent."""

    letter_id: int


Event = (
    StockChanged
    | LineMoved
    | PriceChanged
    | CatalogueChanged
    | CategoriesChanged
    | CollectionsChanged
    | VariantAdded
    | StockPolicyChanged
    | ReturnRefunded
    | CartChanged
    | WishListsChanged
    | CartJoined
    | ShownChanged
    | TermsChanged
    | ShopChanged
    | OrderPlaced
    | OrderChanged
    | ListChanged
    | BulkJobMoved
    | DataExportMoved
    | JobWanted
    | AccountAddressChanged
    | LetterWritten
)
F = TypeVar("F")

_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)
_followers: dict[type, list[Callable[[Session, Any], object]]] = defaultdict(list)


def subscribe(kind: type[F], listener: Callable[[F], None]) -> Callable[[], None]:
    """Have `listener` called with every event of `kind`; returns a function that unsubscribes it."""
    _listeners[kind].append(listener)
    return lambda: _listeners[kind].remove(listener)


def follow(kind: type[F], follower: Callable[[Session, F], object]) -> None:
    """Have `follower` called with the session and every event of `kind`, inside its transaction.

    What it writes is committed together with the event's own change, and what it raises undoes both.
    """
    _followers[kind].append(follower)


def publish(session: Session, event: Event) -> None:
    """Call the followers of `event` now; its listeners when, and only if, the transaction commits."""
    for follower in _followers[type(event)]:
        follower(session, event)
    session.info.setdefault("events", []).append(event)


def deliver(events: list[Event]) -> None:
    """Empty what depends on the events, then call the listeners, equal events once.

    `db` calls this, after a commit and before anybody has the answer to it; and `realtime/other_processes`,
    with what another process has committed.
    """
    if tags := {tag for event in events for tag in getattr(event, "tags", ())}:
        fact_cache.deliver(tags)
    for event in dict.fromkeys(events):
        for listener in tuple(_listeners[type(event)]):
            try:
                listener(event)
            except Exception:
                # The commit stands whatever a listener does.
                log.exception("A listener of %s failed", type(event).__name__)
