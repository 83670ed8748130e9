"""Expected deliveries: units that a supplier is to bring, until they are received or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, delete, insert, select
from sqlmodel import Session

from ...core import clock, dates
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...models import ExpectedDelivery, table_of
from ..staff import audit
from . import admin
from .queries import StockLevels, row_of

MAX_SUPPLIER = 200
MOST_OPEN = 100
"""So many deliveries of one variant may be open."""

_delivery = table_of(ExpectedDelivery)
_of_variant = (
    select(_delivery)
    .where(_delivery.c.variant_id == bindparam("variant"))
    .order_by(_delivery.c.expected_on.is_(None), _delivery.c.expected_on, _delivery.c.id)
)
_take = (
    delete(_delivery)
    .where(_delivery.c.id == bindparam("delivery"), _delivery.c.variant_id == bindparam("variant"))
    .returning(_delivery.c.supplier, _delivery.c.units, _delivery.c.expected_on, _delivery.c.actor)
)


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    supplier: str
    units: int
    expected_on: str
    """In words, "" where no day is known."""
    is_late: bool


def deliveries(session: Session, sku: str, *, by: Principal) -> list[Delivery]:
    """What is to come of a variant, the nearest day first.

    Errors  Forbidden; NotFound.
    """
    by.need("inventory.view")
    rows = session.connection().execute(_of_variant, {"variant": row_of(session, sku).id})
    return [
        Delivery(
            row.id,
            row.supplier,
            row.units,
            dates.day(row.expected_on) if row.expected_on else "",
            row.expected_on is not None and row.expected_on < clock.today(),
        )
        for row in rows
    ]


def expect(
    session: Session, sku: str, units: int, *, supplier: str = "", on: date | None = None, by: Principal
) -> int:
    """Note a delivery that is to come; returns its id.

    Errors  Forbidden; NotFound; Invalid for a number out of range, a day that has passed, a long name, an
            untracked variant, or too many deliveries.
    """
    by.need("inventory.adjust")
    admin.check_units(units, 1)
    if on and on < clock.today():
        raise Invalid(_("Choose today or a day that is still to come."), field="expected_on")
    if len(supplier) > MAX_SUPPLIER:
        text = _("Keep the supplier below {count} characters.")
        raise Invalid(text.format(count=MAX_SUPPLIER), field="supplier")
    variant = row_of(session, sku, lock=True)
    if variant.policy == "untracked":
        raise Invalid(_("The stock of this isn't tracked, so no delivery changes it."), field="units")
    if len(session.connection().execute(_of_variant, {"variant": variant.id}).all()) >= MOST_OPEN:
        raise Invalid(_("{most} deliveries of this are open already.").format(most=MOST_OPEN), field="units")
    values = {"variant_id": variant.id, "supplier": supplier.strip(), "units": units, "expected_on": on}
    key = (
        session.connection()
        .execute(
            insert(_delivery)
            .values(**values, actor=by.actor, created_at=clock.now())
            .returning(_delivery.c.id)
        )
        .scalar_one()
    )
    after = {"units": units, "supplier": values["supplier"], "expected_on": on.isoformat() if on else ""}
    audit.record(session, by.actor, "delivery_expected", "variant", sku, after=after, staff_id=by.id or None)
    return key


def receive(session: Session, sku: str, delivery_id: int, units: int, *, by: Principal) -> StockLevels:
    """The delivery is here with so many units: they are on hand, and it isn't expected any more.

    Errors  Forbidden; NotFound; Conflict where it was received or removed already; Invalid for a number out
            of range, or an untracked variant.
    """
    by.need("inventory.adjust")
    admin.check_units(units, 1)
    supplier = _taken(session, sku, delivery_id)
    note = _("From {supplier}").format(supplier=supplier) if supplier else ""
    return admin.change_units(session, sku, units, reason="delivery", note=note, by=by)


def remove(session: Session, sku: str, delivery_id: int, *, by: Principal) -> None:
    """The delivery won't come.

    Errors  Forbidden; NotFound; Conflict where it was received or removed already.
    """
    by.need("inventory.adjust")
    supplier = _taken(session, sku, delivery_id)
    before = {"supplier": supplier, "delivery": delivery_id}
    audit.record(session, by.actor, "delivery_removed", "variant", sku, before=before, staff_id=by.id or None)


def _taken(session: Session, sku: str, delivery_id: int) -> str:
    """Take the delivery off what is expected, once; returns its supplier."""
    params = {"delivery": delivery_id, "variant": row_of(session, sku, lock=True).id}
    row = session.connection().execute(_take, params).first()
    if row is None:
        raise Conflict(_("This delivery was received or removed already. Look again."))
    return row.supplier
