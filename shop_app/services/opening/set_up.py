"""Set-up: opens a shop that has no staff, for whoever has the token: owner, identity, taxes, delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from ...core import currencies, events, money, settings_checks
from ...core.email_addresses import normal_email
from ...core.i18n import _
from ...core.shop import shop
from ...core.typed_text import prose
from ..accounts import sessions
from ..accounts.browsers import UNKNOWN, Browser
from ..accounts.passwords import Hashed
from ..shop import profile
from ..taxes import base_rates
from . import base_zones, proposal, token
from .base_zones import ProposedZone
from .proposal import Choice

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was typed. `prices` and `delivers` are by the key of a proposed zone."""

    token: str = ""
    country: str = ""
    email: str = ""
    name: str = ""
    shop_name: str = ""
    currency: str = ""
    locale: str = ""
    time_zone: str = ""
    prices_include_tax: bool = True
    prices: Mapping[str, str] = field(default_factory=dict)
    delivers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Opening:
    """The same, checked: what the shop is opened with."""

    email: str
    name: str
    shop_name: str
    country: str
    currency: str
    locale: str
    time_zone: str
    prices_include_tax: bool
    zones: tuple[ProposedZone, ...]


@dataclass(frozen=True, slots=True)
class SetUpView:
    """What the set-up page shows: the form as it was typed, what is wrong with it, and what can be chosen."""

    typed: Typed
    errors: Mapping[str, str]
    refused: str
    """Why the whole form wasn't taken."""
    is_second: bool
    """Whether the country is known, so that what follows from it is shown."""
    countries: tuple[Choice, ...]
    currencies: tuple[Choice, ...] = ()
    locales: tuple[Choice, ...] = ()
    time_zones: tuple[Choice, ...] = ()
    country_name: str = ""
    tax_text: str = ""
    zones: tuple[ProposedZone, ...] = ()


def view(typed: Typed, errors: Mapping[str, str], *, refused: str = "", is_second: bool = False) -> SetUpView:
    """The page for this form."""
    countries = proposal.countries(shop().locale)
    if not (is_second and knows_country(typed.country)):
        return SetUpView(typed, errors, refused, False, countries)
    shown = proposal.for_country(typed.country)
    return SetUpView(
        typed,
        errors,
        refused,
        True,
        countries,
        currencies=proposal.currencies(shop().locale),
        locales=proposal.locales(),
        time_zones=proposal.time_zones(),
        country_name=shown.country_name,
        tax_text=shown.tax_text,
        zones=shown.zones,
    )


def proposed(typed: Typed) -> Typed:
    """The form with what follows from its country filled in."""
    shown = proposal.for_country(typed.country)
    return replace(
        typed,
        currency=shown.currency,
        locale=shown.locale,
        time_zone=shown.time_zone,
        prices_include_tax=shown.prices_include_tax,
        prices={zone.key: proposal.price_text(zone, shown.currency) for zone in shown.zones},
        delivers=frozenset(zone.key for zone in shown.zones if zone.active),
    )


def knows_country(code: str) -> bool:
    return any(choice.value == code for choice in proposal.countries(shop().locale))


def checked(typed: Typed) -> tuple[Opening | None, dict[str, str]]:
    """The opening, or None and what is wrong with which field."""
    errors = _missing(typed)
    zones, wrong_prices = _zones(typed)
    errors |= wrong_prices
    if errors:
        return None, errors
    opening = Opening(
        email=normal_email(typed.email),
        name=prose(typed.name)[:MAX_NAME],
        shop_name=prose(typed.shop_name)[:MAX_NAME],
        country=typed.country,
        currency=typed.currency,
        locale=typed.locale,
        time_zone=typed.time_zone,
        prices_include_tax=typed.prices_include_tax,
        zones=zones,
    )
    return opening, {}


def _missing(typed: Typed) -> dict[str, str]:
    known = {
        "shop_name": (bool(prose(typed.shop_name)), _("Enter the shop's name.")),
        "name": (bool(prose(typed.name)), _("Enter your name.")),
        "email": (bool(normal_email(typed.email)), _("Enter an e-mail address like name@example.com.")),
        "country": (knows_country(typed.country), _("Choose the country that the shop is in.")),
        "currency": (typed.currency in currencies.CURRENCIES, _("Choose a currency.")),
        "locale": (
            any(choice.value == typed.locale for choice in proposal.locales()),
            _("Choose a language that the shop has."),
        ),
        "time_zone": (_is_zone(typed.time_zone), _("Choose a time zone.")),
    }
    return {name: sentence for name, (is_right, sentence) in known.items() if not is_right}


def _is_zone(name: str) -> bool:
    try:
        return bool(settings_checks.time_zone(name))
    except ValueError:
        return False


def _zones(typed: Typed) -> tuple[tuple[ProposedZone, ...], dict[str, str]]:
    """The zones with the prices that were typed; those that aren't delivered to keep the proposed one."""
    if not knows_country(typed.country) or typed.currency not in currencies.CURRENCIES:
        return (), {}
    zones, errors = [], dict[str, str]()
    for zone in proposal.for_country(typed.country, typed.currency).zones:
        price_minor, active = zone.price_minor, zone.key in typed.delivers
        if active:
            try:
                price_minor = money.parse_minor(typed.prices.get(zone.key, ""), typed.currency)
            except ValueError:
                errors[f"price-{zone.key}"] = _("Enter what delivery costs, such as 4.90, or 0.")
                continue
            if problem := money.step_problem(price_minor, typed.currency, shop().locale):
                errors[f"price-{zone.key}"] = problem
        zones.append(replace(zone, price_minor=price_minor, active=active))
    return tuple(zones), errors


def open_shop(
    session: Session, typed_token: str, opening: Opening, password: Hashed, browser: Browser = UNKNOWN
) -> str:
    """Open the shop, and sign its owner in; returns the key of the session, for the cookie alone.

    Errors  Invalid for a wrong or old token; Conflict where somebody else has opened it meanwhile. Nothing
            is changed then.
    """
    token.use_up(session, typed_token)
    owner = sessions.create_staff(
        session, opening.email, password, "owner", name=opening.name, actor="set-up"
    )
    profile.open_shop(
        session,
        name=opening.shop_name,
        country=opening.country,
        currency=opening.currency,
        locale=opening.locale,
        time_zone=opening.time_zone,
        prices_include_tax=opening.prices_include_tax,
        actor=owner.actor,
        staff_id=owner.id,
    )
    base_rates.lay(session, opening.country)
    base_rates.charge_in(session, base_rates.taxed_by(opening.country))
    if base_zones.are_untouched(session):
        base_zones.lay(session, opening.zones)
    events.publish(session, events.TermsChanged())
    proven = sessions.Proven("staff", owner.email, password)
    key, _owner = sessions.sign_in(session, proven, browser)
    return key
