"""Changes to taxes: classes, rates with their first day, and where tax is charged; each with an audit entry.

A rate that had begun when the last order was placed stays as it is: it explains what was charged. A new rate
takes its place from its first day on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from slugify import slugify
from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import today
from ...core.dates import full_day
from ...core.decimals import read_decimal
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.typed_text import prose
from ..customers import addresses
from ..staff import audit, stale
from .admin import (
    EDIT,
    class_table,
    frozen_until,
    percent_text,
    place_key,
    rate_table,
    untaxed_table,
)

RATE_KIND, CLASS_KIND, PLACE_KIND = "tax rate", "tax class", "taxed place"
MAX_CLASSES = 30
MAX_LABEL = 100
LAST_DAY = date(2100, 1, 1)


def add_rate(
    session: Session,
    place: str,
    tax_class: str,
    percent: str,
    first_day: str,
    label: str = "",
    *,
    by: Principal,
) -> int:
    """A new rate of a class in a place ("DE", "US-CA") from a day on; returns its id.

    `percent` and `first_day` (2027-01-31) as they are typed; without a label it is "VAT 19 %".

    Errors  Forbidden; Invalid names the field: one that can't be read, or a day that orders were placed on.
    """
    by.need(EDIT)
    country, region = _place(place)
    rate = {
        "country": country, "region": region, "tax_class": _class(session, tax_class),
        "rate_ppm": _ppm(percent), "valid_from": _day(session, first_day), "version": 1,
    }  # fmt: skip
    rate["label"] = _label(label) or _usual_label(country, rate["rate_ppm"])
    same = select(rate_table.c.id).where(
        rate_table.c.country == country,
        rate_table.c.region == region,
        rate_table.c.tax_class == tax_class,
        rate_table.c.valid_from == rate["valid_from"],
    )
    if session.connection().execute(same).first():
        raise Invalid(_("This class has a rate from that day on. Change that one."), field="first_day")
    statement = insert(rate_table).values(rate).returning(rate_table.c.id)
    rate_id: int = session.connection().execute(statement).scalar_one()
    _record(session, by, "created", RATE_KIND, _key(rate), {}, _said(rate))
    return rate_id


def change_rate(
    session: Session, rate_id: int, typed: Mapping[str, str], *, version: int, by: Principal
) -> None:
    """Change what is given of `percent`, `first_day` and `label` of a rate that no order has been under yet.

    Errors  Forbidden; NotFound; Invalid; Conflict for a rate that orders were placed under, and with both
            values where somebody else changed it meanwhile.
    """
    by.need(EDIT)
    row = _row(session, rate_id)
    _refuse_used(session, row)
    readers = {
        "percent": ("rate_ppm", _ppm),
        "first_day": ("valid_from", lambda text: _day(session, text)),
        "label": ("label", _label),
    }
    values = {readers[name][0]: readers[name][1](text) for name, text in typed.items() if name in readers}
    statement = update(rate_table).where(rate_table.c.id == rate_id, rate_table.c.version == version)
    if session.connection().execute(statement.values(values | {"version": version + 1})).rowcount != 1:
        now, entered = _said(row), _said({**row, **values})
        labels = {
            "percent": _("Rate in percent"),
            "first_day": _("First day"),
            "label": _("Name"),
        }
        raise stale.conflict((labels[name], now[name], entered[name]) for name in typed if name in labels)
    _record(session, by, "changed", RATE_KIND, _key(row), _said(row), _said({**row, **values}))


def remove_rate(session: Session, rate_id: int, *, version: int, by: Principal) -> None:
    """Remove a rate that no order has been under yet.

    Errors  Forbidden; NotFound; Conflict as with `change_rate`.
    """
    by.need(EDIT)
    row = _row(session, rate_id)
    _refuse_used(session, row)
    statement = delete(rate_table).where(rate_table.c.id == rate_id, rate_table.c.version == version)
    if session.connection().execute(statement).rowcount != 1:
        raise Conflict(_("Somebody else changed this rate meanwhile. Look at it again before you remove it."))
    _record(session, by, "deleted", RATE_KIND, _key(row), _said(row), {})


def charge(session: Session, place: str, charged: bool, *, by: Principal) -> None:
    """Charge tax in a place, or none. Saying it twice is harmless.

    Errors  Forbidden; Invalid for a place that isn't one.
    """
    by.need(EDIT)
    country, region = _place(place)
    here = (untaxed_table.c.country == country) & (untaxed_table.c.region == region)
    was_charged = session.connection().execute(select(untaxed_table).where(here)).first() is None
    if was_charged == charged:
        return
    if charged:
        session.connection().execute(delete(untaxed_table).where(here))
    else:
        session.connection().execute(insert(untaxed_table).values(country=country, region=region))
    _record(session, by, "changed", PLACE_KIND, place, {"charged": was_charged}, {"charged": charged})


def add_class(session: Session, label: str, like: str, *, by: Principal) -> str:
    """A new class with the rates of another one to begin with, so that no place lacks one; returns its code.

    Errors  Forbidden; Invalid names the field.
    """
    by.need(EDIT)
    clean = _label(label)
    if not clean:
        raise Invalid(_("Enter a name, such as Books."), field="label")
    rows = session.connection().execute(select(class_table.c.code, class_table.c.label)).all()
    if clean in {row.label for row in rows}:
        raise Invalid(_("There is a class of this name already."), field="label")
    if len(rows) >= MAX_CLASSES:
        raise Invalid(_("There can be {most} classes at most.").format(most=MAX_CLASSES), field="label")
    like = _class(session, like)
    stem, codes = slugify(clean)[:28] or "class", {row.code for row in rows}
    code = next(one for one in (stem, *(f"{stem}-{n}" for n in range(2, 100))) if one not in codes)
    session.connection().execute(insert(class_table).values(code=code, label=clean))
    names = ("country", "region", "label", "rate_ppm", "valid_from")
    columns = [rate_table.c[name] for name in names]
    copied = session.connection().execute(select(*columns).where(rate_table.c.tax_class == like)).mappings()
    if new := [{**row, "tax_class": code, "version": 1} for row in copied]:
        session.connection().execute(insert(rate_table), new)
    _record(session, by, "created", CLASS_KIND, code, {}, {"label": clean, "like": like, "rates": len(new)})
    return code


def rename_class(session: Session, code: str, label: str, *, by: Principal) -> None:
    """Errors  Forbidden; NotFound; Invalid for a name that is empty or taken."""
    by.need(EDIT)
    clean = _label(label)
    statement = select(class_table.c.label).where(class_table.c.code == code)
    before = session.connection().execute(statement).scalar()
    if before is None:
        raise NotFound(_("This class isn't there any more."))
    taken = select(class_table.c.code).where(class_table.c.label == clean, class_table.c.code != code)
    if not clean or session.connection().execute(taken).first():
        raise Invalid(_("Enter a name that no other class has."), field="label")
    session.connection().execute(update(class_table).where(class_table.c.code == code).values(label=clean))
    _record(session, by, "changed", CLASS_KIND, code, {"label": before}, {"label": clean})


def _place(key: str) -> tuple[str, str]:
    country, _hyphen, region = key.partition("-")
    regions = dict(addresses.regions(country)) if region else {}
    if country not in dict(addresses.countries("en")) or (region and region not in regions):
        raise Invalid(_("Choose a country from the list."), field="place")
    return country, region


def _class(session: Session, code: str) -> str:
    if not session.connection().execute(select(class_table.c.code).where(class_table.c.code == code)).first():
        raise Invalid(_("Choose a tax class from the list."), field="tax_class")
    return code


def _ppm(text: str) -> int:
    """A rate typed in percent, in parts per million."""
    try:
        percent = read_decimal(text.strip().removesuffix("%"), places=2)
    except ValueError:
        percent = Decimal(-1)
    ppm = percent * 10_000
    if not 0 <= percent <= 100 or ppm != int(ppm):
        raise Invalid(_("Enter a rate from 0 to 100, such as 19 or 25.5."), field="percent")
    return int(ppm)


def _day(session: Session, text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(_("Enter a day, such as 2027-01-01."), field="first_day") from None
    if day > LAST_DAY:
        raise Invalid(_("Enter a day before the year 2100."), field="first_day")
    frozen = frozen_until(session)
    if frozen and day <= frozen and day < today():
        raise Invalid(
            _("Orders were placed until {day}, with the rates of those days. Enter a later day.").format(
                day=full_day(frozen)
            ),
            field="first_day",
        )
    return day


def _label(text: str) -> str:
    return prose(text)[:MAX_LABEL]


def _usual_label(country: str, ppm: int) -> str:
    text = _("Sales tax {percent} %") if country == "US" else _("VAT {percent} %")
    return text.format(percent=percent_text(ppm))


def _row(session: Session, rate_id: int) -> dict[str, Any]:
    row = (
        session.connection().execute(select(rate_table).where(rate_table.c.id == rate_id)).mappings().first()
    )
    if row is None:
        raise NotFound(_("This rate isn't there any more. Somebody has removed it."))
    return dict(row)


def _refuse_used(session: Session, row: Mapping[str, Any]) -> None:
    frozen = frozen_until(session)
    if frozen and row["valid_from"] <= frozen:
        raise Conflict(
            _("Orders were placed under this rate, so it stays. Enter a new one with a later first day.")
        )


def _key(row: Mapping[str, Any]) -> str:
    return f"{place_key(row['country'], row['region'])} {row['tax_class']}"


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    """A rate as the audit shows it."""
    return {
        "percent": percent_text(row["rate_ppm"]),
        "first_day": row["valid_from"].isoformat(),
        "label": row["label"],
    }


def _record(
    session: Session,
    by: Principal,
    action: str,
    kind: str,
    key: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Write the audit, and have prices made with the new rates."""
    audit.record(session, by, action, kind, key, before, after)
    events.publish(session, events.TermsChanged())
