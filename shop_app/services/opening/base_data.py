"""Base data: what `migrate` leaves in a database that is new, in every mode."""

from __future__ import annotations

from sqlmodel import Session

from ..shop import profile
from ..taxes import base_rates
from . import base_zones


def lay(session: Session) -> None:
    """Tax classes, rates and delivery zones for the country that the shop is in, once.

    A database that has a tax class is left alone: its rows are the shopkeeper's.
    """
    own = profile.read(session)
    if base_rates.lay(session, own.country):
        base_zones.lay(session, base_zones.proposed(own.country, own.currency, own.locale))
