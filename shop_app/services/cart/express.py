"""Express: paying from the cart with a wallet, which tells e-mail and address once it has paid."""

from __future__ import annotations

from ...core.errors import Conflict
from ...core.i18n import _
from ...providers.payments import registry
from ...providers.payments.base import WALLETS
from ..customers import addresses
from .lines import Head
from .priced_cart import Priced
from .ways_to_pay import Mark, marks

PROVIDER = "stripe"


def wallets(head: Head, priced: Priced) -> list[Mark]:
    """The wallets that the cart can be paid with at once; [] where who buys decides what it costs.

    Nothing may be taken off, because offers may be meant once for each customer. The tax may not follow
    from a region, nor may it be collected.
    """
    known = set(registry.known_methods(PROVIDER)) & set(WALLETS)
    if not known or not _is_priced_for_anybody(head, priced):
        return []
    if not registry.bounds(PROVIDER, head.currency).takes(priced.totals.total_minor):
        return []
    return [mark for mark in marks(PROVIDER) if mark.key in known]


def refuse_unless_possible(head: Head, priced: Priced) -> None:
    """Errors  Conflict where the cart can't be paid like this (any more)."""
    if not wallets(head, priced):
        raise Conflict(_("This cart can't be paid at once any more. Check out, please."))


def _is_priced_for_anybody(head: Head, priced: Priced) -> bool:
    has_region = any(field.name == "region" for field in addresses.fields(head.country))
    delivered = priced.method is not None and not priced.method.is_pick_up
    nothing_off = not (head.codes or head.credits or priced.totals.discounts)
    return delivered and nothing_off and not has_region and not priced.totals.reverse_charge
