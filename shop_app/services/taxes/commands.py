"""Stores the rates that an outside tax engine quoted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from ...core.clock import now
from ...core.upsert import Insert, upsert
from ...models import TaxQuote, table_of
from ...providers.taxes import Place, QuotedRate
from .queries import place_values

log = logging.getLogger(__name__)

MAX_PPM = 1_000_000
_quote = table_of(TaxQuote)


@upsert(_quote)
def _put_quote(insert: Insert) -> Any:
    fresh = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[_quote.c.country, _quote.c.region, _quote.c.postal_code, _quote.c.tax_class],
        set_={"label": fresh.label, "rate_ppm": fresh.rate_ppm, "asked_at": fresh.asked_at},
    )


def keep_quotes(session: Session, place: Place, quoted: Mapping[str, QuotedRate]) -> None:
    """Store the quoted rates; one out of range is left out and logged."""
    rows = []
    for tax_class, rate in sorted(quoted.items()):
        if not 0 <= rate.rate_ppm <= MAX_PPM:
            log.warning("The tax engine quoted %s ppm for %s in %s", rate.rate_ppm, tax_class, place.country)
            continue
        rows.append(
            place_values(place)
            | {
                "tax_class": tax_class[:32],
                "label": rate.label[:100],
                "rate_ppm": rate.rate_ppm,
                "asked_at": now(),
            }
        )
    if rows:
        session.connection().execute(_put_quote(session), rows)
