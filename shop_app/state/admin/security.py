"""One's own account: name, second factors, recovery codes, and the sessions that are open.

What is typed as a password or proven by a passkey doesn't come here: `web/own_account.py` takes it.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
import segno

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.accounts import (
    one_time_codes,
    open_sessions,
    own_account,
    passkeys,
    passwords,
    recovery_codes,
)
from shop_app.services.accounts.own_account import AccountView

from .. import attempt_limits
from ..base import address_of, asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import RecordId, ShortText
from ..reauth import ask_again, is_fresh


class NameForm(Form):
    name: ShortText = ""


class CodeForm(Form):
    code: ShortText = ""


class Security(FormState, rx.State):
    account: AccountView = AccountView()
    problem: str = ""
    """Why the password wasn't changed."""
    done: str = ""
    secret: str = ""
    """Of the one-time codes that are being set up, as long as that goes on; `qr` is the same as a picture."""
    qr: str = ""
    codes: list[str] = []
    """Recovery codes that were just made."""

    @rx.event
    @staff()
    async def load(self):
        address = address_of(self, "/admin/security")
        self.problem, self.done = _problem(address.first("problem", 40)), _done(address.first("done", 40))
        await self._show(await asked_by(self))

    async def _show(self, by: Principal) -> None:
        self.account = await db.read(own_account.view, by)

    @rx.event
    @staff()
    async def save_name(self, form: NameForm):
        by = await asked_by(self)
        await db.write(own_account.rename, by, form.name)
        await self._show(by)
        return say(_("Saved."))

    # --- One-time codes ---

    @rx.event
    @staff()
    async def begin_codes(self):
        by = await asked_by(self)
        if not await is_fresh(by):
            return ask_again()
        self._clear()
        secret = await db.write(one_time_codes.begin, by)
        self.secret, self.qr = secret.text, _picture(secret.address)
        return None

    @rx.event
    @staff()
    async def confirm_codes(self, form: CodeForm):
        by = await asked_by(self)
        try:
            async with attempt_limits.counted(self, rates.SECOND_FACTOR, email=by.email):
                self.codes = await db.write(own_account.confirm_codes, by, form.code)
        except ShopError as refusal:
            return self._refuse(refusal)
        await self._forget_secret(by)
        return say(_("One-time codes are set up."))

    @rx.event
    @staff()
    async def cancel_codes(self):
        await self._forget_secret(await asked_by(self))

    async def _forget_secret(self, by: Principal) -> None:
        self._clear()
        self.secret, self.qr = "", ""
        await self._show(by)

    @rx.event
    @staff()
    async def remove_codes(self):
        return await self._after_proof(one_time_codes.remove, _("One-time codes are removed."))

    # --- Passkeys and recovery codes ---

    @rx.event
    @staff()
    async def passkey_added(self):
        """The page's script says so; what is there is read from the database."""
        await self._show(await asked_by(self))
        return say(_("The passkey is added."))

    @rx.event
    @staff()
    async def remove_passkey(self, passkey: RecordId):
        return await self._after_proof(passkeys.remove, _("The passkey is removed."), passkey)

    @rx.event
    @staff()
    async def make_recovery_codes(self):
        by = await asked_by(self)
        if not await is_fresh(by):
            return ask_again()
        self.codes = await db.write(recovery_codes.make, by)
        await self._show(by)
        return None

    @rx.event
    @staff()
    async def hide_recovery_codes(self):
        self.codes = []

    # --- Sessions ---

    @rx.event
    @staff()
    async def end_session(self, session: RecordId):
        return await self._after_proof(open_sessions.end, _("The session has ended."), session)

    @rx.event
    @staff()
    async def end_others(self):
        return await self._after_proof(open_sessions.end_others, _("All other sessions have ended."))

    @rx.event
    @staff()
    async def prove_again(self):
        return ask_again()

    async def _after_proof(self, command: Any, sentence: str, *arguments: Any) -> Any:
        """Do what needs a fresh proof, and say so; or ask for the proof."""
        by = await asked_by(self)
        if not await is_fresh(by):
            return ask_again()
        await db.write(command, by, *arguments)
        await self._show(by)
        return say(sentence)


def _picture(address: str) -> str:
    """The QR code as the address of a picture, dark on light whatever the theme."""
    return segno.make(address, error="m").svg_data_uri(scale=4, border=2, light="#fff")


def _problem(reason: str) -> str:
    if reason == "current":
        return _("This isn't your present password.")
    others = {"too_many": _("That was too often in a short time. Wait a few minutes and try again.")}
    unknown = _("The password wasn't changed. Try again.") if reason else ""
    return passwords.sentence(reason) or others.get(reason, unknown)


def _done(what: str) -> str:
    return _("The new password counts from now on, and all other sessions have ended.") if what else ""
