"""The tax classes and rates that every database begins with; rows that a shopkeeper changes afterwards.

Sources, as of November 2026: the European Commission's "Taxes in Europe" database (VAT of the 27 members),
the Swiss Federal Tax Administration (Switzerland, and Liechtenstein by treaty), HMRC (United Kingdom), and
the Federation of Tax Administrators (state sales taxes of the United States).

Not covered, and to be entered by whoever needs it: further reduced rates of a country (France has 5.5 % and
2.1 % besides 10 %, Ireland 9 %), areas with rates of their own (the Azores, Madeira, the Canary Islands,
Livigno, Büsingen), taxes of counties and cities in the United States (there an outside tax engine is the
usual way), what a state exempts, and every country that isn't listed, where the shop charges no tax.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session

from ...core.i18n import _
from ...models import TaxClass, TaxRate, UntaxedPlace, table_of
from . import vat_numbers
from .rate import DELIVERY

STANDARD, REDUCED, ZERO = "standard", "reduced", "zero"
_BEGAN = date(2000, 1, 1)
"""The first day of rates that hold for longer than any order here."""

# Country -> standard and reduced rate, in percent. Denmark has no reduced one.
_VAT = {
    "AT": ("20", "10"), "BE": ("21", "6"), "BG": ("20", "9"), "CY": ("19", "9"), "CZ": ("21", "12"),
    "DE": ("19", "7"), "DK": ("25", "25"), "EE": ("24", "9"), "ES": ("21", "10"), "FI": ("25.5", "13.5"),
    "FR": ("20", "10"), "GR": ("24", "13"), "HR": ("25", "13"), "HU": ("27", "18"), "IE": ("23", "13.5"),
    "IT": ("22", "10"), "LT": ("21", "12"), "LU": ("17", "8"), "LV": ("21", "12"), "MT": ("18", "7"),
    "NL": ("21", "9"), "PL": ("23", "8"), "PT": ("23", "13"), "RO": ("21", "11"), "SE": ("25", "12"),
    "SI": ("22", "9.5"), "SK": ("23", "19"),
    "CH": ("8.1", "2.6"), "LI": ("8.1", "2.6"), "GB": ("20", "5"),
}  # fmt: skip
# Where it is known since when: (country, class) -> the first day.
_SINCE = {
    ("CH", STANDARD): date(2024, 1, 1), ("CH", REDUCED): date(2024, 1, 1), ("LI", STANDARD): date(2024, 1, 1),
    ("LI", REDUCED): date(2024, 1, 1), ("CZ", REDUCED): date(2024, 1, 1), ("LU", STANDARD): date(2024, 1, 1),
    ("LU", REDUCED): date(2024, 1, 1), ("FI", STANDARD): date(2024, 9, 1), ("FI", REDUCED): date(2026, 1, 1),
    ("SK", STANDARD): date(2025, 1, 1), ("SK", REDUCED): date(2025, 1, 1), ("EE", STANDARD): date(2025, 7, 1),
    ("RO", STANDARD): date(2025, 8, 1), ("RO", REDUCED): date(2025, 8, 1), ("LT", REDUCED): date(2026, 1, 1),
}  # fmt: skip
_SALES_TAX = (
    "AL 4 AK 0 AZ 5.6 AR 6.5 CA 7.25 CO 2.9 CT 6.35 DE 0 DC 6 FL 6 GA 4 HI 4 ID 6 IL 6.25 IN 7 IA 6 KS 6.5"
    " KY 6 LA 5 ME 5.5 MD 6 MA 6.25 MI 6 MN 6.875 MS 7 MO 4.225 MT 0 NE 5.5 NV 6.85 NH 0 NJ 6.625 NM 4.875"
    " NY 4 NC 4.75 ND 5 OH 5.75 OK 4.5 OR 0 PA 6 RI 7 SC 6 SD 4.2 TN 7 TX 6.25 UT 4.85 VT 6 VA 4.3 WA 6.5"
    " WV 6 WI 5 WY 4"
)
"""State -> the state's own rate, in percent."""

_class = table_of(TaxClass)
_rate = table_of(TaxRate)
_untaxed = table_of(UntaxedPlace)


def lay(session: Session, country: str) -> bool:
    """Fill a database that has no tax class yet, for a shop in that country; says whether it did.

    Tax is charged in the country, and in the whole European Union by a shop in it; elsewhere the rates are
    there, and the shop charges none until somebody says that it does.
    """
    connection = session.connection()
    if connection.execute(select(_class.c.code).limit(1)).first():
        return False
    connection.execute(insert(_class), [{"code": code, "label": label} for code, label in classes()])
    connection.execute(insert(_rate), list(rates()))
    charge_in(session, taxed_by(country))
    return True


def classes() -> tuple[tuple[str, str], ...]:
    """Code and label of each class; what delivery is taxed at stands in a class of its own, without rates."""
    return (
        (STANDARD, _("Standard")),
        (REDUCED, _("Reduced")),
        (ZERO, _("Zero")),
        (DELIVERY, _("Delivery")),
    )


def rates() -> Iterator[dict[str, Any]]:
    """All rates, as rows of the table."""
    for country, (standard, reduced) in sorted(_VAT.items()):
        for tax_class, percent in ((STANDARD, standard), (REDUCED, reduced), (ZERO, "0")):
            since = _SINCE.get((country, tax_class), _BEGAN)
            yield _row(country, "", tax_class, _("VAT {percent} %"), percent, since)
    states = _SALES_TAX.split()
    for region, percent in (("", "0"), *zip(states[::2], states[1::2], strict=True)):
        for tax_class, own in ((STANDARD, percent), (REDUCED, percent), (ZERO, "0")):
            yield _row("US", region, tax_class, _("Sales tax {percent} %"), own, _BEGAN)


def _row(country: str, region: str, tax_class: str, label: str, percent: str, since: date) -> dict[str, Any]:
    ppm = int(Decimal(percent) * 10_000)
    text = label.format(percent=percent)
    return {
        "country": country, "region": region, "tax_class": tax_class, "label": text, "rate_ppm": ppm,
        "valid_from": since, "version": 1,
    }  # fmt: skip


def countries() -> tuple[str, ...]:
    """Those that have rates here."""
    return tuple(sorted({*_VAT, "US"}))


def standard_percent(country: str) -> str:
    """The standard rate of a country as people write it, "" for one without."""
    return _VAT.get(country, ("",))[0]


def taxed_by(country: str) -> frozenset[str]:
    """Where a shop in that country charges tax to begin with."""
    return vat_numbers.MEMBERS if country in vat_numbers.MEMBERS else frozenset({country})


def charge_in(session: Session, taxed: frozenset[str]) -> None:
    """Charge tax in these countries alone, of those that have rates here."""
    connection = session.connection()
    connection.execute(_untaxed.delete())
    if rows := [{"country": code, "region": ""} for code in countries() if code not in taxed]:
        connection.execute(insert(_untaxed), rows)
