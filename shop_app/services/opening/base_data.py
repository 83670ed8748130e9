"""Base data: what `migrate` leaves in a database that is new, in every mode."""

from __future__ import annotations

from sqlmodel import Session

from ...core.settings import settings
from ..taxes import base_rates
from . import base_zones


def lay(session: Session) -> None:
    """Tax classes, rates and delivery zones for the country that the settings name, once.

    A database that has a tax class is left alone: its rows are the shopkeeper's.
    """
    chosen = settings()
    if base_rates.lay(session, chosen.country):
        base_zones.lay(session, base_zones.proposed(chosen.country, chosen.currency, chosen.locale))
