"""The address book: a customer's own addresses, and which of them orders and bills go to by default.

Orders keep copies, so what happens here touches none that was placed. Another's address is not found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Forbidden, Invalid, NotFound, TooMany
from ...core.i18n import _
from ...core.shop import shop
from ...models import Address, Customer, table_of
from . import addresses

MOST = 100
"""Addresses of one customer."""
Use = Literal["delivery", "billing"]
_address, _customer = table_of(Address), table_of(Customer)
_OWN = (
    select(_address)
    .where(_address.c.customer_id == bindparam("customer"))
    .order_by(_address.c.is_default.desc(), _address.c.id.desc())
    .limit(MOST)
)
_LOCK = select(_customer.c.id).where(_customer.c.id == bindparam("customer")).with_for_update()
_COUNT = select(func.count()).where(_address.c.customer_id == bindparam("customer"))
_THIS = (_address.c.id == bindparam("address"), _address.c.customer_id == bindparam("customer"))


@dataclass(frozen=True, slots=True)
class AddressForm:
    """An address as it is typed, and as it is kept."""

    given_name: str = ""
    family_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    locality: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""


PARTS = tuple(part.name for part in fields(AddressForm))


@dataclass(frozen=True, slots=True)
class AddressView:
    id: int
    lines: list[str]
    """As it is written in its country."""
    one_line: str
    """The same in one, to choose by."""
    country: str
    form: AddressForm = field(default_factory=AddressForm)
    is_default: bool = False
    is_default_billing: bool = False


def views(session: Session, by: Principal) -> list[AddressView]:
    """Their addresses: the default for delivery first, then the newest.

    Errors  Forbidden for everybody but customers.
    """
    rows = session.connection().execute(_OWN, {"customer": _own_id(by)})
    return [_view(row) for row in rows]


def one(session: Session, by: Principal, address_id: int) -> AddressView:
    """Errors  Forbidden; NotFound."""
    row = session.connection().execute(
        select(_address).where(*_THIS), {"address": address_id, "customer": _own_id(by)}
    ).first()  # fmt: skip
    if row is None:
        raise _not_theirs()
    return _view(row)


def problems(form: AddressForm) -> list[tuple[str, str]]:
    """Each field that something is wrong with, in the order of the page, and what it is."""
    if form.country not in dict(addresses.countries(shop().locale)):
        return [("country", _("Choose a country"))]
    return [(name, wrong) for name, wrong in addresses.problems(_typed(form)) if wrong]


def save(session: Session, by: Principal, form: AddressForm, address_id: int = 0) -> int:
    """Keep a new address, or change that one; its id. The first one is the default for both uses.

    Errors  Forbidden; Invalid for a field; NotFound; TooMany for one more than `MOST`.
    """
    customer_id = _own_id(by)
    for name, wrong in problems(form):
        raise Invalid(wrong, field=name)
    values, connection = addresses.normal(_typed(form)), session.connection()
    if address_id:
        changed = connection.execute(
            update(_address).where(*_THIS).values(**values), {"address": address_id, "customer": customer_id}
        )
        if changed.rowcount != 1:
            raise _not_theirs()
        return address_id
    # One at a time of each customer: so none gets past the limit, and one alone is the first.
    connection.execute(_LOCK, {"customer": customer_id})
    count = connection.execute(_COUNT, {"customer": customer_id}).scalar_one()
    if count >= MOST:
        raise TooMany(
            _("An account keeps {count} addresses at most. Delete one that you don't need any more.").format(
                count=MOST
            )
        )
    row = {"customer_id": customer_id, "created_at": now(), "is_default": not count}
    row["is_default_billing"] = not count
    return connection.execute(insert(_address).values(**values, **row).returning(_address.c.id)).scalar_one()


def delete_one(session: Session, by: Principal, address_id: int) -> None:
    """Errors  Forbidden; NotFound."""
    gone = session.connection().execute(
        delete(_address).where(*_THIS), {"address": address_id, "customer": _own_id(by)}
    )
    if gone.rowcount != 1:
        raise _not_theirs()


def make_default(session: Session, by: Principal, address_id: int, use: Use) -> None:
    """Have orders, or bills, go there unless they say otherwise.

    Errors  Forbidden; NotFound.
    """
    one(session, by, address_id)
    column = _address.c.is_default if use == "delivery" else _address.c.is_default_billing
    session.connection().execute(
        update(_address)
        .where(_address.c.customer_id == _own_id(by), or_(column, _address.c.id == address_id))
        .values({column: _address.c.id == address_id})
    )


def defaults(session: Session, by: Principal) -> tuple[AddressForm | None, AddressForm | None]:
    """The address that orders go to and the one that bills go to, None where none is chosen."""
    own = views(session, by)
    delivery = next((one.form for one in own if one.is_default), None)
    return delivery, next((one.form for one in own if one.is_default_billing), None)


def _own_id(by: Principal) -> int:
    if by.kind != "customer":
        raise Forbidden(_("Sign in to see your addresses."))
    return by.id


def _not_theirs() -> NotFound:
    return NotFound(_("There is no such address in your account."))


def _typed(form: AddressForm) -> Mapping[str, str]:
    return {name: getattr(form, name) for name in PARTS}


def _view(row: Any) -> AddressView:
    kept = {name: getattr(row, name) for name in PARTS}
    lines = addresses.lines(kept, shop().locale)
    return AddressView(
        row.id,
        lines,
        ", ".join(lines),
        row.country,
        AddressForm(**kept),
        row.is_default,
        bool(row.is_default_billing),
    )
