"""How a customer signs in: address, password, passkeys, and the sessions that are open.

What is typed as a password or proven by a passkey doesn't come here: `web/customer_account.py` and
`web/own_account.py` take it.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.accounts import customer_account, email_changes, passwords
from shop_app.services.accounts.customer_account import SecurityView
from shop_app.services.accounts.ways_in import ProveAgain

from .. import attempt_limits
from ..base import address_of, asked_by, customer, say, visitor_hash
from ..forms import Form, FormState
from ..input_types import Email, RecordId, ShortText
from ..reauth import ask_again


class EmailForm(Form):
    email: Email = ""


class CodeForm(Form):
    code: ShortText = ""


class AccountSecurity(FormState, rx.State):
    account: SecurityView = SecurityView()
    loaded: bool = False
    problem: str = ""
    """Why the password wasn't set."""
    done: str = ""

    @rx.event
    @customer
    async def load(self):
        address = address_of(self, "/account/security")
        self.problem, self.done = _problem(address.first("problem", 40)), _done(address.first("done", 40))
        await self._show()

    @rx.event
    @customer
    async def look_again(self):
        """The page's script says that something was added or proven; the database says what is so."""
        await self._show()

    async def _show(self) -> None:
        self.account = await db.read(customer_account.view, await asked_by(self), visitor_hash(self))
        self.loaded = True

    # --- The address ---

    @rx.event
    @customer
    async def ask_email(self, form: EmailForm):
        by = await asked_by(self)
        self._clear()
        try:
            async with attempt_limits.counted(self, rates.ACCOUNT_LETTER, email=form.email):
                await db.write(email_changes.ask, by, form.email, visitor_hash(self))
        except ProveAgain:
            return ask_again()
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._show()

    @rx.event
    @customer
    async def confirm_email(self, form: CodeForm):
        by = await asked_by(self)
        self._clear()
        try:
            async with attempt_limits.counted(self, rates.SECOND_FACTOR, email=by.email):
                right = await db.write(email_changes.confirm, by, form.code, visitor_hash(self))
        except ShopError as refusal:
            self._refuse(refusal)
            return await self._show()
        if not right:
            self._fail({"code": _("This code is wrong. Look into the newest letter to the new address.")})
        return await self._show()

    @rx.event
    @customer
    async def drop_email(self):
        self._clear()
        await db.write(email_changes.drop, await asked_by(self))
        await self._show()

    # --- Password, passkeys, sessions ---

    @rx.event
    @customer
    async def remove_password(self):
        return await self._after_proof(customer_account.remove_password, _("The password is removed."))

    @rx.event
    @customer
    async def passkey_added(self):
        await self._show()
        return say(_("The passkey is added."))

    @rx.event
    @customer
    async def remove_passkey(self, passkey: RecordId):
        return await self._after_proof(customer_account.remove_passkey, _("The passkey is removed."), passkey)

    @rx.event
    @customer
    async def end_session(self, session: RecordId):
        return await self._after_proof(customer_account.end_session, _("The session has ended."), session)

    @rx.event
    @customer
    async def end_others(self):
        return await self._after_proof(customer_account.end_others, _("All other sessions have ended."))

    @rx.event
    @customer
    async def prove_again(self):
        return ask_again()

    async def _after_proof(self, command: Any, sentence: str, *arguments: Any) -> Any:
        """Do what needs a fresh proof, and say so; or ask for the proof."""
        try:
            await db.write(command, await asked_by(self), *arguments)
        except ProveAgain:
            return ask_again()
        await self._show()
        return say(sentence)


def _problem(reason: str) -> str:
    if reason == "prove_again":
        return _("Confirm that it is you, then set the password.")
    others = {"too_many": _("That was too often in a short time. Wait a few minutes and try again.")}
    unknown = _("The password wasn't set. Try again.") if reason else ""
    return passwords.sentence(reason) or others.get(reason, unknown)


def _done(what: str) -> str:
    return _("The password counts from now on, and all other sessions have ended.") if what else ""
