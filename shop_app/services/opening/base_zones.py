"""The delivery zones that every database begins with: the shop's country, and proposals beyond it.

The shop's own country has one way of delivery. The other zones have one each that is switched off: nothing
is delivered there until somebody has looked at its price.
"""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale
from sqlalchemy import delete, insert, select
from sqlmodel import Session

from ...core import currencies
from ...core.i18n import _
from ...core.money import round_half_up
from ...models import AuditEntry, MethodKind, ShippingMethod, ShippingZone, ZoneCountry, table_of
from ..customers import addresses
from ..shipping.commands import METHOD_KIND, ZONE_KIND
from ..taxes import vat_numbers

_EUROPE = "AD AL BA CH FO GB GG GI IM IS JE LI MC MD ME MK NO RS SM UA VA XK"
_NOT_DELIVERED = "AS AQ BY CC CU CX FM HM IR KP MH MP NF PW RU SY TF UM VI"
"""Where payment providers take no address, or parcels aren't taken to."""

_zone = table_of(ShippingZone)
_country = table_of(ZoneCountry)
_method = table_of(ShippingMethod)
_audit = table_of(AuditEntry)


@dataclass(frozen=True, slots=True)
class ProposedZone:
    """A zone with its one way of delivery; `key` is home, union, europe or world."""

    key: str
    name: str
    countries: tuple[str, ...]
    price_minor: int
    min_days: int
    max_days: int
    active: bool = False


def proposed(country: str, currency: str, locale: str) -> tuple[ProposedZone, ...]:
    """The zones of a shop in that country, the nearest first; no country is in two of them."""
    home = Locale.parse(locale).territories.get(country, country)
    union = vat_numbers.MEMBERS - {country}
    europe = set(_EUROPE.split()) - {country}
    known = {code for code, _name in addresses.countries("en")}
    world = known - union - europe - {*_NOT_DELIVERED.split(), country}
    zones = (
        ProposedZone("home", home, (country,), _price(currency, 10), 2, 4, active=True),
        ProposedZone("union", _("European Union"), tuple(sorted(union)), _price(currency, 20), 3, 7),
        ProposedZone("europe", _("Rest of Europe"), tuple(sorted(europe)), _price(currency, 30), 4, 10),
        ProposedZone("world", _("Rest of the world"), tuple(sorted(world)), _price(currency, 60), 7, 21),
    )
    return tuple(zone for zone in zones if zone.countries)


def _price(code: str, times: int) -> int:
    """So many times the currency's smallest charge, which is about half a euro where Stripe names one."""
    currency = currencies.currency(code)
    least = currency.least_minor if currency.least_minor > currency.step_minor else 0
    return round_half_up(least * times, currency.step_minor)


def lay(session: Session, zones: tuple[ProposedZone, ...]) -> None:
    """Store these zones in place of all that are there."""
    connection = session.connection()
    connection.execute(delete(_zone))
    for position, zone in enumerate(zones):
        zone_id = connection.execute(
            insert(_zone).values(name=zone.name, version=1).returning(_zone.c.id)
        ).scalar_one()
        rows = [{"country": code, "zone_id": zone_id} for code in zone.countries]
        connection.execute(insert(_country), rows)
        connection.execute(
            insert(_method).values(
                zone_id=zone_id,
                code=f"{zone.key}-standard",
                kind=MethodKind.FLAT.value,
                label=_("Standard delivery"),
                note="",
                price_minor=zone.price_minor,
                min_days=zone.min_days,
                max_days=zone.max_days,
                active=zone.active,
                position=position,
                version=1,
            )
        )


def are_untouched(session: Session) -> bool:
    """Whether nobody has changed a zone yet: then they may be laid anew."""
    return (
        not session.connection()
        .execute(select(_audit.c.id).where(_audit.c.object_kind.in_((ZONE_KIND, METHOD_KIND))).limit(1))
        .first()
    )
