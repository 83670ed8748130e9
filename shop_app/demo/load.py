"""The whole demo in one transaction: all of it is there, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sqlalchemy import Engine, func
from sqlmodel import Session, select

from .. import models as m
from ..core import db
from ..core.clock import day_of, now, start_of
from ..services.accounts.passwords import Hashed
from ..services.opening import base_zones
from ..services.search import listing_index
from ..services.taxes import base_rates
from . import catalogue, history, identity, reviews
from .bulk import Bulk

SEED = 7


@dataclass(frozen=True, slots=True)
class Loaded:
    products: int
    variants: int
    reviews: int
    orders: int
    customers: int


def is_empty(session: Session) -> bool:
    """Whether nothing is for sale and nothing was ever ordered here."""
    return not (
        session.exec(select(m.Product.id).limit(1)).first()
        or session.exec(select(m.Order.id).limit(1)).first()
    )


def fill(*, seed: int = SEED, on: Engine | None = None) -> Loaded | None:
    """Fill an empty database with the demo shop; None where there is something already.

    The same seed on the same day gives the same shop. Passwords are hashed before the transaction.
    """
    with db.reading(on=on) as session:
        if not is_empty(session):
            return None
    hashes = catalogue.hashed_logins()
    with db.transaction(on=on) as session:
        return _load(session, hashes, seed) if is_empty(session) else None


def _load(session: Session, hashes: dict[str, Hashed], seed: int) -> Loaded:
    moment = now()
    today = start_of(day_of(moment))
    identity.open_shop(session)
    catalogue.load_logins(session, hashes)
    base_rates.lay(session, "")
    # The demo charges the tax of wherever it sends to.
    base_rates.charge_in(session, frozenset(base_rates.countries()))
    base_zones.lay(session, ())
    bulk = Bulk(session)
    promotion_ids = catalogue.load_terms(bulk, today)
    goods = catalogue.load_products(bulk, Random(f"{seed} goods"), today)
    catalogue.load_gifts(bulk, today)
    bulk.write_only(m.ShippingZone, m.ZoneCountry, m.ShippingMethod, m.ShippingRate)
    sold = history.load(session, bulk, Random(f"{seed} orders"), moment, goods, promotion_ids)
    stars = reviews.load(bulk, Random(f"{seed} reviews"), today, goods)
    for row in bulk.rows(m.Product):
        row["sold_count"] = sold[row["id"]]
        row["review_count"], row["stars_sum"] = stars[row["id"]]
    products = [row["id"] for row in bulk.rows(m.Product)]
    bulk.write()
    listing_index.refresh(session, products)
    return Loaded(
        *(_count(session, table) for table in (m.Product, m.Variant, m.Review, m.Order, m.Customer))
    )


def _count(session: Session, table: type) -> int:
    return session.exec(select(func.count()).select_from(table)).one()
