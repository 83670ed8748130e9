"""Letters about the sign-in: a customer's code, a new password of staff, and what has changed."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.settings import settings
from ..services.accounts import resets, sign_in_codes, tickets
from .wording import Words


def reset(data: dict[str, Any]) -> Words:
    subject = _("Choose a new password")
    any_browser = data["visitor"] == tickets.ANY_BROWSER
    where = (
        _("A colleague has asked for it.")
        if any_browser
        else _("It works in the browser in which you asked for it, and in no other.")
    )
    return Words(
        subject,
        subject,
        [
            _("The link works for {count} minutes, and once.").format(count=resets.MINUTES),
            where,
        ],
        after=[_("If you didn't ask for it, nothing has to be done: your password stays as it is.")],
        button=subject,
        link=resets.link(data),
        why=_why(),
    )


def code(data: dict[str, Any]) -> Words:
    digits = sign_in_codes.digits_of(data["seed"], data["email"])
    minutes = _("It works for {count} minutes, once, in the browser in which you asked for it.")
    subject = _("Your code to sign in")
    return Words(
        subject,
        subject,
        [minutes.format(count=sign_in_codes.MINUTES)],
        code=digits,
        after=[
            _("Nobody from the shop will ask you for this code."),
            _("If you didn't ask for it, nothing has to be done: without the code nobody gets in."),
        ],
        button=_("Open the sign-in"),
        link=sign_in_codes.link_of(data["seed"]),
        why=_("You get this letter because somebody typed this address where customers sign in."),
    )


def password_changed(data: dict[str, Any]) -> Words:
    subject = _("Your password was changed")
    how = {
        "reset": _("It was set by the link in a letter to you. All sessions have ended."),
        "owner": _("It was changed by somebody who is signed in as you. All other sessions have ended."),
    }
    return _warning(subject, [how[data["by"]]])


def factor_changed(data: dict[str, Any]) -> Words:
    subject = _("What protects your sign-in was changed")
    factors = {"one-time codes": _("One-time codes"), "passkey": _("A passkey")}
    factor = factors.get(data.get("factor", ""), "")
    what = {
        "factor_added": _("Added: {factor}.").format(factor=factor),
        "factor_removed": _("Removed: {factor}.").format(factor=factor),
        "all_removed": _("An owner of the shop removed all of your second factors."),
        "recovery_used": _("One of your recovery codes was used."),
    }
    return _warning(subject, [what[data["change"]]])


def new_browser(data: dict[str, Any]) -> Words:
    subject = _("A new browser signed in as you")
    rows = [(_("Browser"), data["device"]), (_("Network"), data["network"])]
    return _warning(subject, [], [(name, value) for name, value in rows if value])


def _warning(subject: str, paragraphs: list[str], rows: list[tuple[str, str]] | None = None) -> Words:
    """A letter about what its reader has done, or has to stop at once."""
    return Words(
        subject,
        subject,
        paragraphs,
        rows=rows or [],
        after=[
            _("If it was you, nothing has to be done."),
            _("If it wasn't: change your password now, end all other sessions, and tell an owner."),
        ],
        button=_("Look at your account"),
        link=f"{settings().public_url}/admin/security",
        why=_why(),
    )


def _why() -> str:
    return _("You get this letter because you work in the shop's back office with this address.")


KINDS = {
    sign_in_codes.LETTER: code,
    "staff_reset": reset,
    "staff_password_changed": password_changed,
    "staff_factor_changed": factor_changed,
    "staff_new_browser": new_browser,
}
