"""Makers: who made products, and who answers for them in the EU."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from sqlmodel import Session, col, select

from ...core import events
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.typed_text import prose
from ...models import Maker, Product
from ..staff import audit

MAX_LINE, MAX_LINES = 255, 1000


@dataclass(frozen=True, slots=True)
class MakerDetails:
    name: str = ""
    address: str = ""
    contact: str = ""
    responsible_name: str = ""
    responsible_address: str = ""
    responsible_contact: str = ""
    version: int = 0
    """0 for one that isn't stored yet."""


def details(session: Session, name: str) -> MakerDetails:
    """The maker of that name; without any values where there is none."""
    row = session.exec(select(Maker).where(Maker.name == name)).first()
    return _details(row) if row else MakerDetails()


def details_of(session: Session, maker_id: int) -> MakerDetails:
    row = session.get(Maker, maker_id)
    return _details(row) if row else MakerDetails()


def _details(row: Maker) -> MakerDetails:
    return MakerDetails(
        row.name,
        row.address,
        row.contact,
        row.responsible_name,
        row.responsible_address,
        row.responsible_contact,
        row.version,
    )


def save(session: Session, was: str, maker: MakerDetails, *, by: Principal) -> MakerDetails:
    """Store a maker; `was` is the name that it had, "" for a new one.

    Errors  Forbidden; Invalid; Conflict where somebody else has changed it.
    """
    by.need("products.edit")
    maker = _cleaned(maker)
    row = session.exec(select(Maker).where(Maker.name == was)).first() if was else None
    if was and (not row or row.version != maker.version):
        raise Conflict(_("Somebody else has changed this maker. Look at it again before you save."))
    same_name = session.exec(select(Maker.id).where(Maker.name == maker.name)).first()
    if same_name and same_name != (row.id if row else None):
        raise Invalid(_("There is a maker of this name already."), field="name")
    before = asdict(_details(row)) if row else {}
    row = row or Maker(name=maker.name, version=0)
    for name, value in asdict(replace(maker, version=row.version + 1)).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    stored = _details(row)
    action = "changed" if was else "created"
    audit.record(session, by.actor, action, "maker", row.name, before=before, after=asdict(stored))
    ids = session.exec(select(Product.id).where(col(Product.maker_id) == row.id))
    events.publish(session, events.CatalogueChanged(tuple(key for key in ids if key)))
    return stored


def _cleaned(maker: MakerDetails) -> MakerDetails:
    values = asdict(maker)
    for name in values.keys() - {"version"}:
        has_lines = name.endswith("address")
        values[name] = prose(values[name], lines=has_lines)
        most = MAX_LINES if has_lines else MAX_LINE
        if len(values[name]) > most:
            raise Invalid(_("Keep this to {count} characters.").format(count=most), field=name)
    if not values["name"]:
        raise Invalid(_("Give the maker a name."), field="name")
    return MakerDetails(**values)
