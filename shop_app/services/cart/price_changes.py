"""Price changes: the parts of a total as the page showed them, compared with the parts as they are now.

The parts go out with the page and come back with the order's form. They only explain a difference and
decide nothing, so a browser that changes them harms nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from ...core.errors import Conflict
from ...core.i18n import _
from ...core.money import MAX_MINOR, show
from ...core.shop import shop
from ...models import PromotionKind
from .priced_cart import Priced

MAX_PARTS = 120
MAX_LABEL = 120
_ROWS = TypeAdapter(
    Annotated[
        list[tuple[str, str, Annotated[int, Field(ge=-MAX_MINOR, le=MAX_MINOR)]]],
        Field(max_length=MAX_PARTS),
    ]
)
"""Key, label and minor units of each part."""


@dataclass(frozen=True, slots=True)
class Part:
    """One addend of a total; discounts are negative."""

    key: str
    label: str
    minor: int


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A part that has changed: "Delivery", "€4.90", "Free", "−€4.90"; "" where it was or is missing."""

    label: str
    before: str
    now: str
    difference: str


class PriceRisen(Conflict):
    """The total is higher than the page showed; `changes` explain each cent where it sent its parts."""

    code = "price_risen"

    def __init__(self, summary: str, sentences: list[str], changes: tuple[PriceChange, ...]) -> None:
        super().__init__(" ".join([summary, *sentences]))
        self.summary = summary if changes else self.message
        """The sentence to show above a table of the changes."""
        self.changes = changes


def parts_of(priced: Priced) -> tuple[Part, ...]:
    """The addends of the total. A gift and its discount add up to nothing, and are left out."""
    totals = priced.totals
    pairs = zip(priced.lines, totals.lines, strict=True)
    parts = [Part(line.key, line.full_title, part.subtotal_minor) for line, part in pairs if not line.is_gift]
    parts += [
        Part(f"off {line.offer.id}", line.offer.label, -line.amount_minor)
        for line in totals.discounts
        if line.offer.kind != PromotionKind.GIFT
    ]
    if totals.shipping and priced.method:
        parts.append(Part("way", _("Delivery"), totals.shipping.price_minor))
    if not totals.tax_included:
        parts += [Part(f"tax {tax.label}", tax.label, tax.amount_minor) for tax in totals.taxes]
    return tuple(parts)


def written(parts: Iterable[Part]) -> str:
    """The parts as the page carries them."""
    rows = [[part.key, part.label[:MAX_LABEL], part.minor] for part in parts]
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def read(text: str, total_minor: int) -> tuple[Part, ...]:
    """The parts as a page sent them; () for anything that doesn't add up to the total that it showed."""
    try:
        rows = _ROWS.validate_json(text or "[]", strict=True)
    except ValidationError:
        return ()
    parts = tuple(Part(key[:80], label[:MAX_LABEL], minor) for key, label, minor in rows)
    whole = len(parts) == len({part.key for part in parts})
    return parts if whole and sum(part.minor for part in parts) == total_minor else ()


def risen(priced: Priced, shown_minor: int, shown: str, currency: str) -> PriceRisen:
    """The refusal of a total that is higher than the one that was shown."""
    locale, now_minor = shop().locale, priced.totals.total_minor
    summary = _("The total is now {now}, {more} more than before.").format(
        now=show(now_minor, currency, locale), more=show(now_minor - shown_minor, currency, locale)
    )
    before = read(shown, shown_minor)
    changes = _changes(before, parts_of(priced), currency, locale) if before else ()
    sentences = [_sentence(change) for change in changes] or _seen_prices(priced, currency, locale)
    why = [f"{reason.text}." for reason in priced.reasons if reason.code]
    return PriceRisen(" ".join([summary, *why]), sentences, changes)


def less_credit(left_minor: int, shown_minor: int, currency: str) -> str:
    """The refusal of a rest that has risen because there is less credit."""
    locale = shop().locale
    return _(
        "{left} is left to pay now, {more} more than before: there is less credit than there was."
    ).format(left=show(left_minor, currency, locale), more=show(left_minor - shown_minor, currency, locale))


def _changes(
    before: Iterable[Part], after: Iterable[Part], currency: str, locale: str
) -> tuple[PriceChange, ...]:
    old, new = {part.key: part for part in before}, {part.key: part for part in after}
    changes = []
    for key in [*new, *(key for key in old if key not in new)]:
        was, now = old.get(key), new.get(key)
        more = (now.minor if now else 0) - (was.minor if was else 0)
        if more:
            changes.append(
                PriceChange(
                    (now or was or Part("", "", 0)).label,
                    _amount(was, currency, locale),
                    _amount(now, currency, locale),
                    ("+" if more > 0 else "−") + show(abs(more), currency, locale),
                )
            )
    return tuple(changes)


def _amount(part: Part | None, currency: str, locale: str) -> str:
    if part is None:
        return ""
    if part.minor < 0:
        return "−" + show(-part.minor, currency, locale)
    return show(part.minor, currency, locale) if part.minor else _("Free")


def _sentence(change: PriceChange) -> str:
    if not change.now:
        return _("{label} fell away: {before}.").format(label=change.label, before=change.before)
    if not change.before:
        return _("{label} is new: {now}.").format(label=change.label, now=change.now)
    text = _("{label}: {now}, before {before}.")
    return text.format(label=change.label, now=change.now, before=change.before)


def _seen_prices(priced: Priced, currency: str, locale: str) -> list[str]:
    """Without the page's parts: unit prices that differ from those that the shopper has seen."""
    text = _("{title} now costs {now}, it was {before}.")
    return [
        text.format(
            title=line.full_title,
            now=show(line.price_minor, currency, locale),
            before=show(line.seen_price_minor, currency, locale),
        )
        for line in priced.lines
        if line.price_minor != line.seen_price_minor
    ]
