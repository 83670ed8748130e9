"""What an outside tax engine said, kept for the prices that follow."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from sqlalchemy import bindparam, text
from sqlmodel import Session

from ...core.clock import now
from ...models import TaxQuote, table_of
from ...providers.taxes import Place, QuotedRate
from .queries import place_values

log = logging.getLogger(__name__)

MAX_PPM = 1_000_000
_KEEP = text("""
    INSERT INTO tax_quote (country, region, postal_code, tax_class, label, rate_ppm, asked_at)
    VALUES (:country, :region, :postal_code, :tax_class, :label, :rate_ppm, :asked_at)
    ON CONFLICT (country, region, postal_code, tax_class)
    DO UPDATE SET label = excluded.label, rate_ppm = excluded.rate_ppm, asked_at = excluded.asked_at
""").bindparams(bindparam("asked_at", type_=table_of(TaxQuote).c.asked_at.type))


def keep_quotes(session: Session, place: Place, quoted: Mapping[str, QuotedRate]) -> None:
    """Write down what the engine said. A rate that can't be one is left out, and the log says so."""
    rows = []
    for tax_class, rate in sorted(quoted.items()):
        if not 0 <= rate.rate_ppm <= MAX_PPM:
            log.warning("The tax engine quoted %s ppm for %s in %s", rate.rate_ppm, tax_class, place.country)
            continue
        rows.append(
            place_values(place)
            | {"tax_class": tax_class[:32], "label": rate.label[:100], "rate_ppm": rate.rate_ppm,
               "asked_at": now()}
        )  # fmt: skip
    if rows:
        session.connection().execute(_KEEP, rows)
