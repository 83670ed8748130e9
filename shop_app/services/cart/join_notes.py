"""What is said after carts joined: sentences line by line, with an offer where the quantities differed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.i18n import _
from ...core.money import show
from ...core.shop import shop
from ...models import MAX_LINES, MAX_QUANTITY
from ..inventory.ledger import only_left
from .lines import Line


@dataclass(frozen=True, slots=True)
class JoinNote:
    """A sentence, and what a click makes of its line: `offer` units of `sku` instead of `count`."""

    text: str = ""
    sku: str = ""
    count: int = 0
    offer: int = 0
    """0 for no offer."""
    label: str = ""
    """ "Make it 5"."""


@dataclass(frozen=True, slots=True)
class Both:
    """How many units of a variant each of the two carts had."""

    variant_id: int
    here: int
    in_account: int


def begin() -> JoinNote:
    return JoinNote(_("What you had in your cart here and in your account is in one cart now."))


def over(line: Line) -> JoinNote:
    text = _("{title} was left out: a cart holds {count} different things at most.")
    return JoinNote(text.format(title=line.full_title, count=MAX_LINES))


def fitted(line: Line) -> Line:
    """The line as there is stock for it; saved for later where nothing is left."""
    if line.saved or not line.for_sale or line.quantity <= line.available:
        return line
    return replace(line, quantity=line.available) if line.available > 0 else replace(line, saved=True)


def about(line: Line, fits: Line, both: Both | None, currency: str) -> list[JoinNote]:
    """What is to be said about a line and what it has become; [] where it is as it was."""
    if line.saved:
        return []
    title = line.full_title
    if not line.for_sale:
        return [JoinNote(_("{title} isn't sold any more.").format(title=title))]
    if fits.saved:
        return [JoinNote(f"{only_left(0, title)} {_('It is saved for later.')}")]
    notes = []
    if fits.quantity < line.quantity:
        taken = _("We set the quantity to {count}.").format(count=fits.quantity)
        notes.append(JoinNote(f"{only_left(fits.quantity, title)} {taken}"))
    elif both and both.here != both.in_account:
        notes.append(_differing(line, both))
    if line.price_minor > line.seen_price_minor:
        locale = shop().locale
        new, old = (show(amount, currency, locale) for amount in (line.price_minor, line.seen_price_minor))
        notes.append(JoinNote(_("{title}: now {new}, was {old}.").format(title=title, new=new, old=old)))
    return notes


def _differing(line: Line, both: Both) -> JoinNote:
    text = _("{title}: {here} here, {there} in your account. It is {count}, as you chose last.")
    total = min(both.here + both.in_account, line.available, MAX_QUANTITY)
    offer = total if total > line.quantity else 0
    return JoinNote(
        text.format(title=line.full_title, here=both.here, there=both.in_account, count=line.quantity),
        line.sku,
        line.quantity,
        offer,
        _("Make it {count}").format(count=offer) if offer else "",
    )


def left_out(codes: Sequence[str], kept: Sequence[str], order_number: int | None) -> list[JoinNote]:
    """Discount codes for which there was no room, and an order of the cart that ended."""
    text = _("The code {code} was left out: an order takes {count} codes at most.")
    gone = [code for code in dict.fromkeys(codes) if code not in kept]
    notes = [JoinNote(text.format(code=code, count=len(kept))) for code in gone]
    if order_number is not None:
        text = _("Order {number} still waits for its payment. What is in it is in this cart too.")
        notes.append(JoinNote(text.format(number=order_number)))
    return notes


def shown(kept: Iterable[dict[str, Any]] | None, lines: Iterable[Line]) -> list[JoinNote]:
    """The notes as they were kept; an offer only while its line is as it says."""
    quantities = {line.sku: line.quantity for line in lines if not line.saved}
    notes = [JoinNote(**one) for one in kept or ()]
    return [
        note if quantities.get(note.sku) == note.count else replace(note, offer=0, label="") for note in notes
    ]
