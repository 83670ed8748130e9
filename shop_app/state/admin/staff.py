"""What staff with the permission do to their colleagues: members, invitations and roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field, model_validator
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.accounts import invitations, members
from shop_app.services.accounts.invitations import InvitationView
from shop_app.services.accounts.members import MemberView
from shop_app.services.staff import roles
from shop_app.services.staff.roles import RoleDraft, RoleView

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Email, Flag, Name, RecordId, ShortText
from ..reauth import ask_again, is_fresh

Action = Literal["disable", "enable", "end_sessions", "reset_factor"]
RoleCode = Annotated[str, Field(strict=True, pattern=r"^[a-z0-9][a-z0-9-]{0,31}\z", max_length=32)]
_MEMBERS: dict[str, tuple[Any, str]] = {
    "disable": (members.disable, _("Disabled. Their sessions have ended")),
    "enable": (members.enable, _("Enabled")),
    "end_sessions": (members.end_sessions, _("Their sessions have ended")),
    "reset_factor": (members.reset_factor, _("The second factor is gone. A letter tells them")),
}
_INVITATIONS: dict[str, tuple[Any, str]] = {
    "send_again": (invitations.send_again, _("Another letter is on its way")),
    "withdraw": (invitations.withdraw, _("The invitation is withdrawn")),
}


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role that somebody may give to others."""

    code: str
    label: str


class InvitationForm(Form):
    email: Email = ""
    role: RoleCode


class StaffAdmin(FormState, rx.State):
    members: list[MemberView] = []
    invitations: list[InvitationView] = []
    roles: list[RoleChoice] = []
    """Those that the reader may give."""
    is_inviting: bool = False
    loaded: bool = False

    async def _read(self, by: Principal) -> None:
        self.members, self.invitations, self.roles = await db.read(_staff_page, by)
        self.loaded = True

    @rx.event
    @staff("staff.view")
    async def load(self):
        await self._read(await asked_by(self))

    @rx.event
    @staff("staff.edit")
    async def open_invitation(self):
        self._clear()
        self.is_inviting = True

    @rx.event
    @staff("staff.edit")
    async def close_invitation(self):
        self.is_inviting = False

    @rx.event
    @staff("staff.edit")
    async def invite(self, form: InvitationForm):
        if not await is_fresh(by := await asked_by(self)):
            return ask_again()
        try:
            await db.write(invitations.invite, form.email, form.role, by)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.is_inviting = False
        await self._read(by)
        return say(_("The invitation is on its way"))

    @rx.event
    @staff("staff.edit")
    async def change_invitation(self, invitation: RecordId, action: Literal["send_again", "withdraw"]):
        if not await is_fresh(by := await asked_by(self)):
            return ask_again()
        command, done = _INVITATIONS[action]
        await db.write(command, invitation, by)
        await self._read(by)
        return say(done)

    @rx.event
    @staff("staff.edit")
    async def change_member(self, member: RecordId, action: Action):
        if not await is_fresh(by := await asked_by(self)):
            return ask_again()
        command, done = _MEMBERS[action]
        await db.write(command, member, by)
        await self._read(by)
        return say(done)

    @rx.event
    @staff("staff.edit")
    async def change_role(self, member: RecordId, role: RoleCode):
        if not await is_fresh(by := await asked_by(self)):
            return ask_again()
        await db.write(members.change_role, member, role, by)
        await self._read(by)
        return say(_("The role is changed"))


def _staff_page(
    session: Session, by: Principal
) -> tuple[list[MemberView], list[InvitationView], list[RoleChoice]]:
    choices = [RoleChoice(code, label) for code, label in roles.grantable(session, by)]
    return members.members(session, by), invitations.pending(session, by), choices


RIGHT = "right-"
"""Begins the name of a check box of a role's form; the permission's key follows."""


class RoleForm(Form):
    """A role: check boxes "right-orders.view" and so on are gathered into `rights`."""

    code: RoleCode | Literal[""] = ""
    version: Annotated[int, Field(ge=0, le=10**9)] = 0
    label: ShortText = ""
    rights: Annotated[list[Name], Field(max_length=200)] = []

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        names = [name for name in data if isinstance(name, str) and name.startswith(RIGHT)]
        rights = [name.removeprefix(RIGHT) for name in names]
        return {name: value for name, value in data.items() if name not in names} | {"rights": rights}

    def draft(self) -> RoleDraft:
        return RoleDraft(self.label, frozenset(self.rights))


class RoleAdmin(FormState, rx.State):
    roles: list[RoleView] = []
    with_factor: list[str] = []
    """The codes of those whose members need a second factor."""
    edited: RoleView = RoleView()
    """What the dialog shows; without a code it is a new one."""
    is_editing: bool = False
    loaded: bool = False

    async def _read(self, by: Principal) -> None:
        self.roles, self.with_factor = await db.read(_read_roles, by)
        self.loaded = True

    @rx.event
    @staff("staff.view")
    async def load(self):
        await self._read(await asked_by(self))

    @rx.event
    @staff("staff.edit")
    async def edit(self, code: RoleCode | Literal[""] = ""):
        """Open the dialog for that role, or for a new one."""
        self._clear()
        await self._read(await asked_by(self))
        self.edited = next((role for role in self.roles if role.code == code), RoleView())
        self.is_editing = True

    @rx.event
    @staff("staff.edit")
    async def close(self):
        self.is_editing = False

    @rx.event
    @staff("staff.edit")
    async def save(self, form: RoleForm):
        if not await is_fresh(by := await asked_by(self)):
            return ask_again()
        try:
            await db.write(_save, form, by)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.is_editing = False
        await self._read(by)
        return say(_("The role is saved"))

    @rx.event
    @staff("staff.edit")
    async def remove(self, code: RoleCode):
        if not await is_fresh(by := await asked_by(self)):
            return ask_again()
        await db.write(roles.remove, code, by)
        self.is_editing = False
        await self._read(by)
        return say(_("The role is removed"))

    @rx.event
    @staff("staff.edit")
    async def require_factor(self, code: RoleCode, required: Flag):
        if not await is_fresh(by := await asked_by(self)):
            return ask_again()
        await db.write(members.require_factor, code, required, by)
        await self._read(by)
        return say(_("Saved"))


def _read_roles(session: Session, by: Principal) -> tuple[list[RoleView], list[str]]:
    return roles.all_roles(session, by), members.roles_with_factor(session, by)


def _save(session: Session, form: RoleForm, by: Principal) -> None:
    if form.code:
        roles.change(session, form.code, form.draft(), form.version, by)
    else:
        roles.create(session, form.draft(), by)
