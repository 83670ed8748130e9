"""The shop: who it is and by which terms it sells, as all code of this process reads it.

The truth is the row `shop_profile`; `services/shop/profile.py` reads and writes it, and has this process
hold what it says. Until a shop is opened, the settings and neutral words stand in: the row's first values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from .i18n import _
from .settings import settings


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str
    """A path of the shop, or a whole address."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The shop's identity, its words and its terms. Texts are "" where there is nothing to say."""

    version: int = 0
    """Grows with every change; 0 while no shop was opened."""

    # Who it is.
    name: str = ""
    logo_key: str = ""
    """Of a picture (/media/); "" for the name in letters."""
    legal_name: str = ""
    address: str = ""
    """Lines below the legal name, with the country as people write it."""
    represented_by: str = ""
    register_entry: str = ""
    vat_number: str = ""
    """Its own EU VAT number: without it no order goes out by reverse charge."""
    sender_email: str = ""
    """What letters come from; "" for orders@ and the shop's host."""
    contact_email: str = ""
    returns_email: str = ""
    phone: str = ""
    returns_address: str = ""
    """Lines, with the name on top; "" for the address."""
    opening_hours: str = ""

    # What it says around every page.
    lead: str = ""
    """In a sentence what is sold: for search engines and previews."""
    promises: tuple[str, ...] = ()
    announcement: str = ""
    announcement_href: str = ""
    announcement_from: datetime | None = None
    announcement_until: datetime | None = None
    announcement_on: bool = False
    footer_about: str = ""
    footer_links: tuple[Link, ...] = ()
    social_links: tuple[Link, ...] = ()
    guarantee_notice: bool = True
    """Whether the notice of the EU's legal guarantee is shown, as it has to be to consumers there."""

    # What it says on its home page.
    hero_title: str = ""
    hero_lead: str = ""
    sale_title: str = ""
    sale_text: str = ""
    story_title: str = ""
    story: str = ""
    """Paragraphs, with an empty line between them."""

    # By which terms it sells.
    currency: str = "EUR"
    country: str = "DE"
    region: str = ""
    """The region that it is in, as ISO 3166-2 has it ("BE"), for holidays of its own."""
    time_zone: str = ""
    """The zone of its days; "" for the country's (`core/clock.py`)."""
    locale: str = "en"
    """How amounts and days are written. Texts are in the language that the process was started with."""
    prices_include_tax: bool = True
    bank_account: str = ""
    """Where shoppers transfer money to; "" for no transfers."""
    transfer_days: int = 10
    hold_minutes: int = 15
    capture: str = "at_order"
    """When a card is charged: at_order, or at_fulfilment with the first shipment."""

    terms_version: str = ""
    """The number of the newest terms of its own; "" while it sells by the base text."""

    # What it writes about besides orders.
    cart_reminder_hours: int = 0
    """After so many hours customers who agreed are reminded of their cart, once; 0 for never."""
    review_request_days: int = 0
    """So many days after the delivery buyers are asked for a review, once; 0 for never."""
    review_requests_need_consent: bool = True
    """Whether that needs their consent; else all are asked who haven't objected, as checkout tells them."""

    @property
    def is_open(self) -> bool:
        """Whether somebody has opened it: the row exists."""
        return self.version > 0

    @property
    def returns_to(self) -> str:
        """Where goods are sent back to, in one line."""
        own = self.returns_address or "\n".join(filter(None, (self.legal_name or self.name, self.address)))
        return ", ".join(own.split("\n"))

    def announces(self, moment: datetime) -> bool:
        """Whether the announcement bar is shown at that moment."""
        begun = self.announcement_from is None or self.announcement_from <= moment
        over = self.announcement_until is not None and self.announcement_until <= moment
        return self.announcement_on and bool(self.announcement) and begun and not over


class _Held:
    def __init__(self) -> None:
        self.profile = first()


@lru_cache(maxsize=1)
def _held() -> _Held:
    return _Held()


def shop() -> Profile:
    """The shop as this process knows it: a change is held before its answer, one of another process within a
    second. Never reads the database."""
    return _held().profile


def hold(profile: Profile) -> None:
    """Have the whole process read this from now on; `services/shop/profile.py` alone calls it."""
    _held().profile = profile


def first() -> Profile:
    """A shop that nobody has opened: the terms of the settings, and words that fit every shop."""
    chosen = settings()
    return Profile(
        name=_("Your shop"),
        lead=_("Everything we sell, with its price and what is left of it."),
        promises=(_("30 days to change your mind"),),
        hero_title=_("Welcome.\nTake your time"),
        hero_lead=_("Prices, stock and delivery dates are those of this moment."),
        sale_title=_("Reduced"),
        sale_text=_("The crossed-out price is what they cost before."),
        currency=chosen.currency,
        country=chosen.country,
        region=chosen.region,
        time_zone=chosen.time_zone,
        locale=chosen.locale,
        prices_include_tax=chosen.prices_include_tax,
        bank_account=chosen.bank_account,
        transfer_days=chosen.transfer_days,
        hold_minutes=chosen.hold_minutes,
        capture=chosen.capture,
        vat_number=chosen.vat_number,
    )
