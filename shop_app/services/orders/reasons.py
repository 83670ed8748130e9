"""Managed reasons: what can be chosen for a refund, a cancellation or a return, each list the shop's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.typed_text import prose
from ...models import Reason, ReasonKind, table_of
from ..search.folding import composed, folded
from ..staff import audit

PERMISSION = "settings.edit"
MAX_LABEL, MAX_CODE = 100, 40
MOST = 30

_reason = table_of(Reason)
_ALL = select(_reason).order_by(_reason.c.kind, _reason.c.position, _reason.c.id)
_OF_KIND = _ALL.where(_reason.c.kind == bindparam("of_kind"))
_LOCKED = select(_reason).where(_reason.c.id == bindparam("reason")).with_for_update()


@dataclass(frozen=True, slots=True)
class ReasonView:
    id: int
    kind: str
    """refund, cancellation or return."""
    code: str
    label: str
    active: bool
    version: int


def of_kind(session: Session, kind: str, *, active: bool = True) -> list[ReasonView]:
    """The reasons of that kind in their order; with `active` False those that are out of use too."""
    rows = session.connection().execute(_OF_KIND, {"of_kind": ReasonKind(kind).value})
    return [_view(row) for row in rows if row.active or not active]


def labels(session: Session, kind: str) -> dict[str, str]:
    """Code -> label, of those out of use too: for what was chosen before."""
    return {reason.code: reason.label for reason in of_kind(session, kind, active=False)}


def all_reasons(session: Session, *, by: Principal) -> list[ReasonView]:
    """Errors  Forbidden."""
    by.need("settings.view" if "settings.view" in by.permissions else PERMISSION)
    return [_view(row) for row in session.connection().execute(_ALL)]


def add(session: Session, kind: str, label: str, *, by: Principal) -> None:
    """Add a reason at the end of its list.

    Errors  Forbidden; Invalid for a label that is empty, too long or there already; Conflict for a full list.
    """
    by.need(PERMISSION)
    text = _label(label)
    there = of_kind(session, kind, active=False)
    _refuse_twice(there, text)
    if len(there) >= MOST:
        raise Conflict(_("A list has {most} reasons at most.").format(most=MOST))
    last = select(func.coalesce(func.max(_reason.c.position), -1)).where(_reason.c.kind == kind)
    position = session.connection().execute(last).scalar_one() + 1
    code = _code(text, {reason.code for reason in there})
    row = {"kind": kind, "code": code, "label": text, "position": position, "active": True, "version": 1}
    session.connection().execute(insert(_reason).values(**row))
    _audit(session, by, "reason.added", f"{kind}/{code}", {}, {"label": text})


def change(
    session: Session, reason_id: int, *, label: str, active: bool, version: int, by: Principal
) -> None:
    """Change a reason's label, or whether it can be chosen; what was chosen before keeps its words.

    Errors  Forbidden; NotFound; Invalid as `add`; Conflict where it was changed since that version, and for
            the last one of a list that shoppers choose from.
    """
    by.need(PERMISSION)
    text, row = _label(label), _locked(session, reason_id, version)
    others = [reason for reason in of_kind(session, row.kind, active=False) if reason.id != reason_id]
    _refuse_twice(others, text)
    if not active and row.kind == ReasonKind.RETURN and not any(reason.active for reason in others):
        raise Conflict(_("Shoppers need a reason to choose: leave one in use."))
    values = {"label": text, "active": active}
    _write(session, reason_id, version, values)
    before = {"label": row.label, "active": row.active}
    _audit(session, by, "reason.changed", f"{row.kind}/{row.code}", before, values)


def move(session: Session, reason_id: int, *, up: bool, by: Principal) -> None:
    """Move a reason one place up or down in its list; at the end nothing happens.

    Errors  Forbidden; NotFound.
    """
    by.need(PERMISSION)
    row = _locked(session, reason_id)
    ids = [reason.id for reason in of_kind(session, row.kind, active=False)]
    at = ids.index(reason_id)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(ids):
        return
    ids[at], ids[to] = ids[to], ids[at]
    for position, each in enumerate(ids):
        session.connection().execute(update(_reason).where(_reason.c.id == each).values(position=position))
    places = ({"position": at}, {"position": to})
    _audit(session, by, "reason.moved", f"{row.kind}/{row.code}", *places)


def _view(row) -> ReasonView:
    return ReasonView(row.id, row.kind, row.code, row.label, bool(row.active), row.version)


def _label(typed: str) -> str:
    text = prose(typed)
    if not text or len(text) > MAX_LABEL:
        wrong = _("Enter a reason of {most} characters at most.").format(most=MAX_LABEL)
        raise Invalid(wrong, field="label")
    return text


def _refuse_twice(others: list[ReasonView], label: str) -> None:
    if any(reason.label.casefold() == label.casefold() for reason in others):
        raise Invalid(_("This reason is in the list already."), field="label")


def _code(label: str, taken: set[str]) -> str:
    word = (
        re.sub(r"[^a-z0-9]+", "_", folded(composed(label)).casefold()).strip("_")[: MAX_CODE - 4] or "reason"
    )
    return next(code for code in (word, *(f"{word}_{n}" for n in range(2, MOST + 3))) if code not in taken)


def _locked(session: Session, reason_id: int, version: int | None = None):
    row = session.connection().execute(_LOCKED, {"reason": reason_id}).first()
    if row is None:
        raise NotFound(_("There is no such reason."))
    if version is not None and row.version != version:
        text = _("Somebody has changed this reason to “{label}” meanwhile. Look again, then save.")
        raise Conflict(text.format(label=row.label), code="changed_meanwhile")
    return row


def _write(session: Session, reason_id: int, version: int, values: dict[str, object]) -> None:
    statement = update(_reason).where(_reason.c.id == reason_id, _reason.c.version == version)
    session.connection().execute(statement.values(**values, version=version + 1))


def _audit(session: Session, by: Principal, action: str, key: str, before: dict, after: dict) -> None:
    audit.record(session, by.actor, action, "reason", key, before=before, after=after, staff_id=by.id or None)
