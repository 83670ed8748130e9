"""How a cart can be paid: which ways there are for its delivery, and which take what is left to pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from ...core.i18n import _
from ...core.money import show
from ...core.shop import shop
from ...providers.payments import registry
from ...providers.payments.base import METHODS, Bounds, PaymentProvider
from ..credit import payments as credit_payments
from ..credit.payments import Card, Part
from ..shipping.queries import Method
from .lines import Head

CARDS = ("visa", "mastercard", "amex")
"""What "card" means at a payment provider."""
_NAMES = METHODS | {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express"}


@dataclass(frozen=True, slots=True)
class Mark:
    """The picture of something to pay with: /marks/KEY.svg."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    code: str
    """The name of its provider."""
    label: str
    note: str
    chosen: bool
    marks: list[Mark] = field(default_factory=list)
    """What its page takes, as far as the provider has said so."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay a cart, with what its gift cards and credit pay then."""

    provider: PaymentProvider
    paid_with: tuple[Part, ...]
    left_minor: int
    problem: str
    """Why it doesn't take what is left, as a sentence; "" where it does."""


@dataclass(frozen=True, slots=True)
class Ways:
    chosen: Way
    """The shopper's choice, or the first that is possible; one that isn't where none is."""
    possible: tuple[Way, ...]
    notes: tuple[str, ...]
    """A sentence for each of the others, and then what can be done; () where all are possible."""


def of_cart(session: Session, head: Head, total_minor: int, *, collected: bool, chosen: str) -> Ways:
    """The ways to pay this total of a cart; `chosen` is the name of a provider, or ""."""
    cards = credit_payments.cards(session, head.id, head.credits, head.currency)
    offered = registry.offered(collected=collected)
    ways = [_way(provider, cards, total_minor, head.currency, collected) for provider in offered]
    possible = tuple(way for way in ways if not way.problem)
    own = [way for way in possible if way.provider.name == chosen]
    notes = [way.problem for way in ways if way.problem]
    if not possible:
        is_little = ways[0].left_minor < registry.bounds(ways[0].provider.name, head.currency).least_minor
        notes.append(_("Add something to your cart.") if is_little else _("Make several orders of it."))
    elif notes:
        labels = ", ".join(way.provider.label(collected=collected) for way in possible)
        notes.append(_("You can pay like this: {ways}.").format(ways=labels))
    return Ways([*own, *possible, *ways][0], possible, tuple(notes))


def of_order(session: Session, head: Head, total_minor: int, name: str, *, collected: bool) -> Way:
    """The way that was chosen for an order that is placed now.

    Errors  NotFound for a name that isn't offered.
    """
    cards = credit_payments.cards(session, head.id, head.credits, head.currency)
    return _way(registry.provider(name), cards, total_minor, head.currency, collected)


def _way(
    provider: PaymentProvider, cards: Sequence[Card], total_minor: int, currency: str, collected: bool
) -> Way:
    bounds = registry.bounds(provider.name, currency)
    paid_with = credit_payments.cover(cards, total_minor, currency, bounds)
    left_minor = total_minor - credit_payments.sum_of(paid_with)
    problem = ""
    if not bounds.takes(left_minor):
        problem = _amount_problem(provider.label(collected=collected), left_minor, currency, bounds)
    return Way(provider, paid_with, left_minor, problem)


def _amount_problem(label: str, left_minor: int, currency: str, bounds: Bounds) -> str:
    if left_minor < bounds.least_minor:
        bound_minor = bounds.least_minor
        text = _("{way}: a payment has to be at least {bound}, and this is {amount}.")
    else:
        bound_minor = bounds.most_minor
        text = _("{way}: a payment can be {bound} at most, and this is {amount}.")
    bound, amount = (show(minor, currency, shop().locale) for minor in (bound_minor, left_minor))
    return text.format(way=label, bound=bound, amount=amount)


def choices(ways: Ways, *, collected: bool) -> list[PaymentChoice]:
    """The possible ways as checkout shows them; `collected` as for `registry.offered`."""
    return [
        PaymentChoice(
            way.provider.name,
            _label(way.provider, collected=collected),
            way.provider.note(collected=collected),
            way is ways.chosen,
            marks(way.provider.name),
        )
        for way in ways.possible
    ]


def _label(provider: PaymentProvider, *, collected: bool) -> str:
    if {"card", "bank_debit"} <= set(registry.known_methods(provider.name)):
        return _("Card or bank debit")
    return provider.label(collected=collected)


def marks(provider_name: str) -> list[Mark]:
    """What a provider's page takes, cards by their companies."""
    keys: list[str] = []
    for method in registry.known_methods(provider_name):
        keys += CARDS if method == "card" else (method,)
    return [Mark(key, _NAMES[key]) for key in keys]


def all_marks() -> list[Mark]:
    """What can be paid with in this shop, each once."""
    return list(dict.fromkeys(mark for one in registry.providers() for mark in marks(one.name)))


def problem(name: str, *, collected: bool) -> str:
    """Why an order can't be paid like this; "" where it can."""
    names = {provider.name for provider in registry.offered(collected=collected)}
    if name in names:
        return ""
    others = {provider.name for provider in registry.offered(collected=not collected)}
    if name not in others:
        return _("Choose how to pay")
    label = registry.label(name, collected=not collected)
    return _("{label} isn't possible with this delivery. Choose another way to pay.").format(label=label)


def is_collected(methods: Iterable[Method], code: str) -> bool:
    """Whether an order is collected with the method of that code; "" stands for the cheapest delivery."""
    of_code = [method for method in methods if method.code == code] or list(methods)
    return bool(of_code) and all(method.is_pick_up for method in of_code)
