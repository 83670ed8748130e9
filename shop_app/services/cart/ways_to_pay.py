"""How an order can be paid at checkout: which ways there are for its delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...core.i18n import _
from ...providers.payments import registry
from ...providers.payments.base import METHODS, PaymentProvider
from ..shipping.queries import Method

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


def choices(providers: Iterable[PaymentProvider], chosen: str, *, collected: bool) -> list[PaymentChoice]:
    """The ways to pay as checkout shows them; `collected` as for `registry.offered`."""
    return [
        PaymentChoice(
            provider.name,
            _label(provider, collected=collected),
            provider.note(collected=collected),
            provider.name == chosen,
            marks(provider.name),
        )
        for provider in providers
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
