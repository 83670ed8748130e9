"""Roles: sets of permissions from the one catalogue. Nobody gives away a right that they don't have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from slugify import slugify
from sqlalchemy import Row, func, select
from sqlmodel import Session

from ...core.access import permissions
from ...core.access.permissions import OWNER, MissingRight, label_of
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _, plural
from ...core.typed_text import prose
from ...models import Staff, StaffInvitation, StaffRole, table_of
from . import audit

MAX_LABEL = 60
_role, _staff, _invitation = table_of(StaffRole), table_of(Staff), table_of(StaffInvitation)


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role; `is_fixed` where it, or `may_edit` false where somebody with other rights, can't change it."""

    code: str = ""
    label: str = ""
    permissions: list[str] = field(default_factory=list)
    members: int = 0
    is_built_in: bool = False
    is_fixed: bool = False
    may_edit: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class RoleDraft:
    """What is written of a role: its name, and keys of the catalogue."""

    label: str
    permissions: frozenset[str]


def all_roles(session: Session, by: Principal) -> list[RoleView]:
    """Owners first, then the other built-in ones, then the shop's own by name.

    Errors  MissingRight.
    """
    by.need("staff.view")
    counts = dict(
        session.connection().execute(
            select(_staff.c.role, func.count()).where(_staff.c.active).group_by(_staff.c.role)
        ).all()
    )  # fmt: skip
    rows = session.connection().execute(select(_role)).all()
    views = [_view(row, counts.get(row.code, 0), by) for row in rows]
    first = [permissions.OWNER, permissions.MANAGER, permissions.CLERK]
    places = {code: place for place, code in enumerate(first)}
    return sorted(views, key=lambda role: (places.get(role.code, len(first)), role.label.casefold()))


def grantable(session: Session, by: Principal) -> list[tuple[str, str]]:
    """Code and name of each role that `by` may give to others."""
    return [
        (role.code, role.label)
        for role in all_roles(session, by)
        if "staff.edit" in by.permissions and set(role.permissions) <= by.permissions
    ]


def create(session: Session, draft: RoleDraft, by: Principal) -> str:
    """A new role; its code.

    Errors  MissingRight, also for a right that `by` lacks; Invalid for a name that can't be used.
    """
    by.need("staff.edit")
    keys = _checked(session, draft, by)
    label = _clean_label(session, draft.label)
    row = StaffRole(code=_free_code(session, label), label=label, permissions=sorted(keys))
    session.add(row)
    session.flush()
    audit.record(session, by, "role.created", "role", row.code, {}, _plain(row))
    return row.code


def change(session: Session, code: str, draft: RoleDraft, version: int, by: Principal) -> None:
    """Write a role anew; it counts with the next event of everybody who has it.

    Errors  MissingRight, also where the role has or would have a right that `by` lacks; Conflict for the
            owners' role and for a version that has been changed meanwhile; Invalid; NotFound.
    """
    by.need("staff.edit")
    row = _to_change(session, code, by)
    if row.version != version:
        raise Conflict(_("Somebody else has changed this role meanwhile. Look at it again."))
    unknown = set(row.permissions) - {permission.key for permission in permissions.catalogue()}
    before, keys = _plain(row), _checked(session, draft, by) | unknown
    row.label, row.permissions = _clean_label(session, draft.label, but=code), sorted(keys)
    if _plain(row) == before:
        return
    row.version += 1
    session.flush()
    audit.record(session, by, "role.changed", "role", code, before, _plain(row))


def remove(session: Session, code: str, by: Principal) -> None:
    """Take a role of the shop's own away.

    Errors  MissingRight; NotFound; Conflict for a built-in one, and while somebody has it or is invited
            with it.
    """
    by.need("staff.edit")
    row = _to_change(session, code, by)
    if row.built_in:
        raise Conflict(_("This role comes with the shop and can't be removed."))
    having = select(func.count()).select_from(_staff).where(_staff.c.role == code)
    invited = select(func.count()).select_from(_invitation).where(_invitation.c.role == code)
    count = sum(session.connection().execute(query).scalar_one() for query in (having, invited))
    if count:
        raise Conflict(
            plural(
                "{count} person has this role or is invited with it. Give them another one first.",
                "{count} people have this role or are invited with it. Give them another one first.",
                count,
            )
        )
    audit.record(session, by, "role.removed", "role", code, _plain(row), {})
    session.delete(row)
    session.flush()


def need_all_of(session: Session, code: str, by: Principal) -> StaffRole:
    """The role, where `by` has all of its rights.

    Errors  MissingRight with the first that they lack; Invalid for a role that there isn't.
    """
    row = session.get(StaffRole, code, with_for_update={"read": True})
    if row is None:
        raise Invalid(_("There is no such role."), field="role")
    need_all(permissions.of_role(code, row.permissions), by)
    return row


def need_all(keys: Iterable[str], by: Principal) -> None:
    """Errors  MissingRight with the first of these permissions that `by` lacks."""
    for key in sorted(set(keys) - by.permissions, key=label_of):
        raise MissingRight(key)


def _to_change(session: Session, code: str, by: Principal) -> StaffRole:
    row = session.get(StaffRole, code, with_for_update=True)
    if row is None:
        raise NotFound(_("There is no such role."))
    if code == OWNER:
        raise Conflict(_("Owners may do everything, and nobody can change that."))
    need_all(permissions.of_role(code, row.permissions), by)
    return row


def _checked(session: Session, draft: RoleDraft, by: Principal) -> frozenset[str]:
    known = {permission.key for permission in permissions.catalogue()}
    if not draft.permissions <= known:
        raise Invalid(_("There is no such right."), field="permissions")
    if not draft.permissions:
        raise Invalid(_("Choose what people with this role may do."), field="permissions")
    keys = permissions.with_needed(draft.permissions)
    need_all(keys, by)
    return keys


def _clean_label(session: Session, text: str, but: str = "") -> str:
    label = prose(text)
    if not label or len(label) > MAX_LABEL:
        sentence = _("Give the role a name of {most} characters at most.")
        raise Invalid(sentence.format(most=MAX_LABEL), field="label")
    others = session.connection().execute(select(_role.c.label).where(_role.c.code != but)).scalars()
    if label.casefold() in (other.casefold() for other in others):
        raise Invalid(_("Another role has this name."), field="label")
    return label


def _free_code(session: Session, label: str) -> str:
    name, number = slugify(label)[:24] or "role", 1
    code = name
    while session.get(StaffRole, code):
        number += 1
        code = f"{name}-{number}"
    return code


def _view(row: Row[Any], members: int, by: Principal) -> RoleView:
    keys = permissions.of_role(row.code, row.permissions)
    is_fixed = row.code == OWNER
    return RoleView(
        code=row.code,
        label=row.label,
        permissions=sorted(keys),
        members=members,
        is_built_in=row.built_in,
        is_fixed=is_fixed,
        may_edit=not is_fixed and "staff.edit" in by.permissions and keys <= by.permissions,
        version=row.version,
    )


def _plain(row: StaffRole) -> dict[str, object]:
    return {"label": row.label, "rights": [label_of(key) for key in sorted(row.permissions)]}
