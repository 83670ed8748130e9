"""The ways to pay that this process offers: the shop's own, and those that its extensions add.

Services and workflows run in threads, jobs and commands that know no application, so there is one list
for each process; `build` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ...core import fact_cache
from ...core.errors import NotFound
from ...core.i18n import _
from .base import Bounded, Bounds, PaymentMethod, PaymentProvider, Shown
from .manual import MANUAL
from .stripe import CARD

OWN = (CARD, MANUAL)

_methods: dict[str, PaymentMethod] = {method.key: method for method in OWN}
METHODS_TAG = "payment methods"
"""The tag of what shows them."""
_known: dict[str, tuple[str, ...]] = {}
"""What can be paid with at each provider's page, as it was last asked (`workflows/learn_methods.py`)."""


def offer(methods: Iterable[PaymentMethod]) -> None:
    """Offer these ways to pay and no others; the first is the one that checkout has chosen already."""
    global _methods
    _known.clear()
    _methods = {method.key: method for method in methods}
    provider.cache_clear()


def providers() -> tuple[PaymentProvider, ...]:
    """The provider of every way to pay, in the order of checkout."""
    return tuple(provider(key) for key in _methods)


def offered(*, collected: bool) -> tuple[PaymentProvider, ...]:
    """The providers that an order can be paid with, in the order of checkout.

    `collected` says whether it is collected rather than delivered.
    """
    return tuple(each for each in providers() if each.is_offered(collected=collected))


def label(name: str, *, collected: bool) -> str:
    """The name of a way to pay as shoppers read it; the key itself of one that isn't there any more."""
    return provider(name).label(collected=collected) if name in _methods else name


def bounds(name: str, currency: str) -> Bounds:
    """The amounts that a provider takes in one payment; all of them where it doesn't say."""
    one = provider(name)
    return one.bounds(currency) if isinstance(one, Bounded) else Bounds()


def page_of(name: str, reference: str) -> str:
    """Where a provider shows people the payment or dispute with this id; "" where it doesn't."""
    one = provider(name) if name in _methods and reference else None
    return one.page_of(reference) if isinstance(one, Shown) else ""


@lru_cache(maxsize=32)
def provider(name: str) -> PaymentProvider:
    """Errors  NotFound for a name that isn't offered."""
    if name not in _methods:
        raise NotFound(_("This way to pay isn't offered any more."))
    return _methods[name].provider()


def remember_methods(name: str, methods: tuple[str, ...]) -> None:
    """Keep in this process what can be paid with at a provider's page; empties what shows other marks."""
    changed = _known.get(name, ()) != methods
    _known[name] = methods
    if changed:
        fact_cache.deliver((METHODS_TAG,))


def known_methods(name: str) -> tuple[str, ...]:
    """What can be paid with at a provider's page, keys of METHODS; () until it has said so."""
    fact_cache.depends(METHODS_TAG)
    return _known.get(name, ())
