"""The shop's profile: opened once, changed by staff, and held by every process (`core/shop.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, SQLModel

from ...core import events, fact_cache
from ...core import shop as this_shop
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.money import exponent
from ...core.shop import Link, Profile
from ...core.upsert import Insert, upsert
from ...models import (
    AuditEntry,
    Cart,
    CreditAccount,
    Order,
    Picture,
    PriceHistory,
    ShopProfile,
    Staff,
    Variant,
    table_of,
)
from ..staff import audit
from .values import check_together, cleaned

VIEW, EDIT = "settings.view", "settings.edit"
RECORD = ("setting", "shop")
"""Kind and key of the profile in the audit."""
FIELDS = tuple(field.name for field in fields(Profile) if field.name != "version")

_profile = table_of(ShopProfile)
_READ = select(_profile)
_VERSION = select(_profile.c.version)
_audit = table_of(AuditEntry)
_CHANGES = (
    select(_audit.c.after)
    .where(_audit.c.object_kind == RECORD[0], _audit.c.object_key == RECORD[1])
    .order_by(_audit.c.id.desc())
)
_CHANGE = (
    update(_profile)
    .where(_profile.c.version == bindparam("read_version"))
    .values(version=_profile.c.version + 1, updated_at=bindparam("at"))
)


def read(session: Session) -> Profile:
    """The shop as its row says; before it was opened, the first values, with version 0."""
    row = session.connection().execute(_READ).mappings().first()
    if row is None:
        return this_shop.first()
    values = {name: row[name] for name in FIELDS} | {"logo_key": row["logo_key"] or ""}
    values["promises"] = tuple(values["promises"])
    for name in ("footer_links", "social_links"):
        values[name] = tuple(Link(one["label"], one["href"]) for one in values[name])
    return Profile(version=row["version"], **values)


def version(session: Session) -> int:
    """The number of the newest change, 0 before the shop was opened."""
    return session.connection().execute(_VERSION).scalar() or 0


def load(session: Session) -> Profile:
    """Have this process hold what the row says: at its start, and where another process changed it."""
    profile = read(session)
    _hold(profile)
    return profile


def _hold(profile: Profile) -> None:
    """Hold it, then empty all caches: what is made from now on has its words and its terms."""
    this_shop.hold(profile)
    fact_cache.deliver_unknown()


def _follow(event: events.ShopChanged) -> None:
    # Of two changes that were committed at once, the later one stays.
    if event.profile.version > this_shop.shop().version:
        _hold(event.profile)


events.subscribe(events.ShopChanged, _follow)


@upsert(_profile)
def _insert_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_profile.c.id]).returning(_profile.c.id)


def open_shop(
    session: Session,
    *,
    name: str,
    country: str,
    currency: str,
    locale: str,
    time_zone: str = "",
    actor: str | Principal = "system",
    **more: Any,
) -> Profile:
    """Open the shop: write its row, with the first values for all that isn't given. `more` are fields.

    Errors  Conflict where it is open already; Invalid names the field of a value that can't be kept.
    """
    given = {"name": name, "country": country, "currency": currency, "locale": locale, "time_zone": time_zone}
    profile = replace(this_shop.first(), version=1, **cleaned({**given, **more}))
    check_together(profile)
    _check_logo(session, profile.logo_key)
    row = {"id": 1, "version": 1, "created_at": now(), "updated_at": now(), **_columns(profile, FIELDS)}
    if session.connection().execute(_insert_once(session), row).scalar() is None:
        raise Conflict(_("The shop is open already."))
    audit.record(session, actor, "opened", *RECORD, after=_said(profile, tuple(given)))
    events.publish(session, events.ShopChanged(profile))
    return profile


def open_existing(session: Session) -> None:
    """Open a shop that has staff or orders from before there was a row for it, as the settings say."""
    if not version(session) and (_exists(session, Staff) or _exists(session, Order)):
        _open_as_it_is(session)


def _open_as_it_is(session: Session) -> Profile:
    first = this_shop.first()
    return open_shop(
        session,
        name=first.name,
        country=first.country,
        currency=first.currency,
        locale=first.locale,
        time_zone=first.time_zone,
    )


def save(
    session: Session, by: Principal, changes: Mapping[str, Any], *, version: int | None = None
) -> Profile:
    """Change these fields. `version` is the one that they were read at; None to write over any.

    Returns the profile as it is then; where no value differs, nothing is written. What others changed
    meanwhile in other fields stays.

    Errors  Forbidden; ChangedMeanwhile where somebody else changed one of these fields; Invalid names the
            field of a value that can't be kept.
    """
    by.need(EDIT)
    before = read(session)
    if not before.is_open:
        before = _open_as_it_is(session)
    profile = replace(before, **cleaned(changes))
    if version is not None:
        _check_meanwhile(session, version, before, profile)
    changed = tuple(name for name in FIELDS if getattr(profile, name) != getattr(before, name))
    if not changed:
        return before
    check_together(profile)
    _check_sold(session, before, profile)
    _check_logo(session, profile.logo_key)
    values = {"read_version": before.version, "at": now()}
    if not session.connection().execute(_CHANGE.values(_columns(profile, changed)), values).rowcount:
        raise Conflict(_("Somebody changed the shop meanwhile. Load the page again to see it."))
    profile = replace(profile, version=before.version + 1)
    audit.record(session, by, "changed", *RECORD, _said(before, changed), _said(profile, changed))
    events.publish(session, events.ShopChanged(profile))
    return profile


def note_text(session: Session, *, terms_version: str = "") -> None:
    """Count a new version of a legal text as a change of the shop, so that every process sees it."""
    before = read(session) if version(session) else _open_as_it_is(session)
    changed = {"terms_version": terms_version} if terms_version else {}
    values = {"read_version": before.version, "at": now()}
    session.connection().execute(_CHANGE.values(changed) if changed else _CHANGE, values)
    events.publish(session, events.ShopChanged(read(session)))


class ChangedMeanwhile(Conflict):
    """Somebody else changed the same fields: `fields` maps each to a sentence with its value now."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(_("Somebody changed the same settings meanwhile. Save again to replace them."))
        self.fields = dict(fields)


def _check_meanwhile(session: Session, read_version: int, before: Profile, after: Profile) -> None:
    """Refuse to write over what was changed since that version, by the entries of the audit."""
    newer = before.version - read_version
    if newer <= 0:
        return
    entries = session.connection().execute(_CHANGES.limit(newer)).scalars()
    changed = {name for entry in entries for name in entry}
    lost = [name for name in FIELDS if name in changed and getattr(after, name) != getattr(before, name)]
    if lost:
        is_now = _("It was changed meanwhile, to: {value}")
        shown = _said(before, tuple(lost))
        raise ChangedMeanwhile({name: is_now.format(value=_in_words(shown[name])) for name in lost})


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list):
        return ", ".join(one["label"] if isinstance(one, dict) else str(one) for one in value) or "–"
    return str(value) if value not in ("", None) else "–"


def has_sold(session: Session) -> bool:
    """Whether something was ordered here, or money is owed: then currency and country stay."""
    return _exists(session, Order) or _exists(session, CreditAccount)


def _exists(session: Session, model: type[SQLModel]) -> bool:
    return session.connection().execute(select(table_of(model).c.id).limit(1)).first() is not None


def _check_sold(session: Session, before: Profile, after: Profile) -> None:
    """Refuse another currency or country once something was sold; else relabel the prices that there are."""
    if (before.currency, before.country) == (after.currency, after.country):
        return
    if has_sold(session):
        field = "currency" if before.currency != after.currency else "country"
        raise Invalid(
            {
                "currency": _("The shop has sold in {currency}, so its currency stays."),
                "country": _("The shop has sold from this country by its taxes, so it stays."),
            }[field].format(currency=before.currency),
            field=field,
        )
    if before.currency == after.currency:
        return
    if exponent(before.currency) != exponent(after.currency) and _exists(session, Variant):
        raise Invalid(
            _("There are products with prices in {currency}: delete them first.").format(
                currency=before.currency
            ),
            field="currency",
        )
    for model in (Variant, PriceHistory, Cart):
        session.connection().execute(update(table_of(model)).values(currency=after.currency))


def _check_logo(session: Session, key: str) -> None:
    pictures = table_of(Picture)
    if key and not session.connection().execute(select(pictures.c.id).where(pictures.c.key == key)).first():
        raise Invalid(_("This picture isn't there any more. Choose it again."), field="logo_key")


def _columns(profile: Profile, names: tuple[str, ...]) -> dict[str, Any]:
    """The values of these fields as the row keeps them."""
    return {name: _kept(name, getattr(profile, name)) for name in names}


def _kept(name: str, value: Any) -> Any:
    if name == "logo_key":
        return value or None
    if isinstance(value, tuple):
        return [{"label": one.label, "href": one.href} if isinstance(one, Link) else one for one in value]
    return value


def _said(profile: Profile, names: tuple[str, ...]) -> dict[str, Any]:
    """The same as the audit shows them."""
    values = _columns(profile, names)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }
