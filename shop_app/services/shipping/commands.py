"""Changes to delivery: zones, their countries and ways of delivery; each with an entry in the audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from slugify import slugify
from sqlalchemy import Table, delete, func, insert, select, update
from sqlmodel import Session

from ...core import events
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.shop import shop
from ...core.typed_text import prose
from ...core.upsert import Insert, upsert
from ..customers import addresses
from ..staff import audit, stale
from . import typed_method
from .admin import EDIT, MethodView, country_table, method_table, rate_table, steps_of, view_of, zone_table

ZONE_KIND, METHOD_KIND = "delivery zone", "delivery method"
"""What the audit calls them."""
MAX_ZONES, MAX_METHODS = 100, 50
MAX_NAME = 100


@upsert(country_table)
def _add_country(insert_: Insert) -> Any:
    free = insert_.on_conflict_do_nothing(index_elements=[country_table.c.country])
    return free.returning(country_table.c.country)


def add_zone(session: Session, name: str, countries: Iterable[str], *, by: Principal) -> int:
    """A new zone with these countries; returns its id.

    Errors  Forbidden; Invalid for a name that is empty or taken, and for a country in another zone.
    """
    by.need(EDIT)
    clean = _name(session, name)
    if _count(session, zone_table) >= MAX_ZONES:
        raise Invalid(_("There can be {most} zones at most.").format(most=MAX_ZONES), field="name")
    statement = insert(zone_table).values(name=clean, version=1).returning(zone_table.c.id)
    zone_id: int = session.connection().execute(statement).scalar_one()
    codes = sorted(set(countries))
    _put_countries(session, zone_id, codes)
    _record(session, by, "created", ZONE_KIND, zone_id, {}, {"name": clean, "countries": codes})
    return zone_id


def change_zone(
    session: Session, zone_id: int, changes: Mapping[str, Any], *, version: int, by: Principal
) -> None:
    """Change what is given of `name` and `countries` (all that the zone is to have).

    Errors  Forbidden; NotFound; Invalid; Conflict with both values where somebody else changed it meanwhile.
    """
    by.need(EDIT)
    row = _row(session, zone_table, zone_id)
    before = {"name": row["name"], "countries": _codes(session, zone_id)}
    after = before | {
        name: _name(session, value, but=zone_id) if name == "name" else sorted(set(value))
        for name, value in changes.items()
        if name in before
    }
    if not _raise_version(session, zone_table, zone_id, version, {"name": after["name"]}):
        labels = {"name": _("Name"), "countries": _("Countries")}
        raise stale.conflict(
            (labels[name], _said(before[name]), _said(after[name])) for name in before if name in changes
        )
    if after["countries"] != before["countries"]:
        session.connection().execute(delete(country_table).where(country_table.c.zone_id == zone_id))
        _put_countries(session, zone_id, after["countries"])
    _record(session, by, "changed", ZONE_KIND, zone_id, before, after)


def remove_zone(session: Session, zone_id: int, *, version: int, by: Principal) -> None:
    """Remove a zone with its ways of delivery; orders keep what they were sent by.

    Errors  Forbidden; NotFound; Conflict where somebody else changed it meanwhile.
    """
    by.need(EDIT)
    row = _row(session, zone_table, zone_id)
    before = {"name": row["name"], "countries": _codes(session, zone_id)}
    _delete(session, zone_table, zone_id, version)
    _record(session, by, "deleted", ZONE_KIND, zone_id, before, {})


def add_method(session: Session, zone_id: int, typed: Mapping[str, Any], *, by: Principal) -> int:
    """A new way of delivery, last in its zone; `typed` has all fields of `typed_method`. Returns its id.

    Errors  Forbidden; NotFound for the zone; Invalid with the first field that is wrong.
    """
    by.need(EDIT)
    _row(session, zone_table, zone_id)
    values = typed_method.columns({name: typed[name] for name in typed_method.FIELDS})
    steps = values.pop("steps")
    typed_method.check_together(values, steps)
    if _count(session, method_table, method_table.c.zone_id == zone_id) >= MAX_METHODS:
        raise Invalid(_("A zone can have {most} ways of delivery at most.").format(most=MAX_METHODS))
    last = select(func.coalesce(func.max(method_table.c.position), -1)).where(
        method_table.c.zone_id == zone_id
    )
    values |= {
        "zone_id": zone_id,
        "code": _code(session, values["label"]),
        "position": session.connection().execute(last).scalar_one() + 1,
        "version": 1,
    }
    statement = insert(method_table).values(values).returning(method_table.c.id)
    method_id: int = session.connection().execute(statement).scalar_one()
    _put_steps(session, method_id, steps)
    _record(session, by, "created", METHOD_KIND, values["code"], {}, _all_said(values, steps))
    return method_id


def change_method(
    session: Session, method_id: int, typed: Mapping[str, Any], *, version: int, by: Principal
) -> None:
    """Change the fields that are given, typed as in a form; the others stay as they are.

    Errors  Forbidden; NotFound; Invalid; Conflict with both values where somebody else changed it meanwhile.
    """
    by.need(EDIT)
    row = _row(session, method_table, method_id)
    old_steps = steps_of(session, method_id).get(method_id, ())
    values = typed_method.columns({name: typed[name] for name in typed_method.FIELDS if name in typed})
    steps = values.pop("steps", old_steps)
    new = {**row, **values}
    typed_method.check_together(new, steps)
    if not _raise_version(session, method_table, method_id, version, values):
        now, entered = view_of(row, old_steps), view_of(new, steps)
        labels = typed_method.labels()
        raise stale.conflict((labels[name], _shown(now, name), _shown(entered, name)) for name in typed)
    if steps != old_steps:
        session.connection().execute(delete(rate_table).where(rate_table.c.method_id == method_id))
        _put_steps(session, method_id, steps)
    before, after = _all_said(row, old_steps), _all_said(new, steps)
    _record(session, by, "changed", METHOD_KIND, row["code"], before, after)


def move_method(session: Session, method_id: int, places: int, *, by: Principal) -> None:
    """Move it up (-1) or down (1) among those of its zone; at the end it stays.

    Errors  Forbidden; NotFound.
    """
    by.need(EDIT)
    row = _row(session, method_table, method_id)
    order = (method_table.c.position, method_table.c.id)
    statement = select(method_table.c.id).where(method_table.c.zone_id == row["zone_id"]).order_by(*order)
    ids = list(session.connection().execute(statement).scalars())
    at = ids.index(method_id)
    to = min(max(at + places, 0), len(ids) - 1)
    ids.insert(to, ids.pop(at))
    for position, one in enumerate(ids):
        _set(session, method_table, one, {"position": position})
    if to != at:
        _record(session, by, "moved", METHOD_KIND, row["code"], {"place": at + 1}, {"place": to + 1})


def remove_method(session: Session, method_id: int, *, version: int, by: Principal) -> None:
    """Remove a way of delivery; orders keep its name.

    Errors  Forbidden; NotFound; Conflict where somebody else changed it meanwhile.
    """
    by.need(EDIT)
    row = _row(session, method_table, method_id)
    steps = steps_of(session, method_id).get(method_id, ())
    _delete(session, method_table, method_id, version)
    _record(session, by, "deleted", METHOD_KIND, row["code"], _all_said(row, steps), {})


def _name(session: Session, typed: str, *, but: int = 0) -> str:
    name = prose(typed)[:MAX_NAME]
    if not name:
        raise Invalid(_("Enter a name, such as Scandinavia."), field="name")
    taken = select(zone_table.c.id).where(zone_table.c.name == name, zone_table.c.id != but)
    if session.connection().execute(taken).first():
        raise Invalid(_("There is a zone {name} already.").format(name=name), field="name")
    return name


def _put_countries(session: Session, zone_id: int, codes: list[str]) -> None:
    """Errors  Invalid for a code that isn't known, and for a country that another zone has."""
    known = {code for code, _country in addresses.countries("en")}
    if not set(codes) <= known:
        raise Invalid(_("Choose countries from the list."), field="countries")
    for code in codes:
        values = {"country": code, "zone_id": zone_id}
        if session.connection().execute(_add_country(session), values).first() is None:
            raise Invalid(_in_another(session, code), field="countries")


def _in_another(session: Session, code: str) -> str:
    name = (
        session.connection()
        .execute(
            select(zone_table.c.name)
            .join(country_table, country_table.c.zone_id == zone_table.c.id)
            .where(country_table.c.country == code)
        )
        .scalar()
    )
    sentence = _("{country} is in the zone {zone} already, and can be in one alone: take it out there first.")
    return sentence.format(country=addresses.country_name(code, shop().locale), zone=name)


def _put_steps(session: Session, method_id: int, steps: typed_method.Steps) -> None:
    if rows := [
        {"method_id": method_id, "up_to_grams": grams, "price_minor": price} for grams, price in steps
    ]:
        session.connection().execute(insert(rate_table), rows)


def _codes(session: Session, zone_id: int) -> list[str]:
    statement = select(country_table.c.country).where(country_table.c.zone_id == zone_id)
    return sorted(session.connection().execute(statement).scalars())


def _code(session: Session, label: str) -> str:
    """What orders know it by: made of its name, numbered where another has it."""
    stem = slugify(label)[:56] or "delivery"
    like = select(method_table.c.code).where(method_table.c.code.startswith(stem, autoescape=True))
    taken = set(session.connection().execute(like).scalars())
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(code for code in (stem, *numbered) if code not in taken)


def _count(session: Session, table: Table, *where: Any) -> int:
    return session.connection().execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def _row(session: Session, table: Table, key: int) -> dict[str, Any]:
    row = session.connection().execute(select(table).where(table.c.id == key)).mappings().first()
    if row is None:
        raise NotFound(_("This isn't there any more. Somebody has removed it."))
    return dict(row)


def _raise_version(session: Session, table: Table, key: int, version: int, values: dict[str, Any]) -> bool:
    """Write these values where the row is still at that version; says whether it was."""
    statement = update(table).where(table.c.id == key, table.c.version == version)
    return session.connection().execute(statement.values(values | {"version": version + 1})).rowcount == 1


def _set(session: Session, table: Table, key: int, values: dict[str, Any]) -> None:
    session.connection().execute(update(table).where(table.c.id == key).values(values))


def _delete(session: Session, table: Table, key: int, version: int) -> None:
    statement = delete(table).where(table.c.id == key, table.c.version == version)
    if session.connection().execute(statement).rowcount != 1:
        raise Conflict(_("Somebody else changed this meanwhile. Look at it again before you remove it."))


def _all_said(row: Mapping[str, Any], steps: typed_method.Steps) -> dict[str, Any]:
    """A way of delivery as the audit shows it."""
    names = ("label", "note", "kind", "price_minor", "free_above_minor", "min_days", "max_days", "active")
    return {name: row[name] for name in names} | {"steps": [list(step) for step in steps]}


def _shown(view: MethodView, name: str) -> str:
    if name == "steps":
        return ", ".join(f"{step.weight} kg: {step.price}" for step in view.steps)
    if name == "kind":
        return typed_method.kinds()[view.kind]
    if name == "active":
        return _("yes") if view.active else _("no")
    return str(getattr(view, name))


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else value


def _record(
    session: Session,
    by: Principal,
    action: str,
    kind: str,
    key: int | str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Write the audit, and have prices made with the new terms."""
    audit.record(session, by, action, kind, str(key), before, after)
    events.publish(session, events.TermsChanged())
