"""Letters to customers about how they sign in: a code for a new address, and what has changed."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.settings import settings
from ..services.accounts import email_changes
from .wording import Words


def email_code(data: dict[str, Any]) -> Words:
    subject = _("Confirm your new address")
    return Words(
        subject,
        subject,
        [
            _(
                "Type this code on the page where you asked for it. It works for {count} minutes, and once."
            ).format(count=email_changes.MINUTES)
        ],
        code=email_changes.code_of(data),
        after=[_("If you didn't ask for it, nothing has to be done: no account gets this address.")],
        link=settings().public_url,
        why=_("You get this letter because somebody wants to use this address for their account."),
    )


def email_taken(data: dict[str, Any]) -> Words:
    subject = _("This address has an account already")
    return Words(
        subject,
        subject,
        [
            _("Somebody wanted to use this address for another account. Nothing was changed."),
            _("If that was you: sign in with this address instead, and use the account that it has."),
        ],
        button=_("Sign in"),
        link=f"{settings().public_url}/account/login",
        why=_why(),
    )


def email_changed(data: dict[str, Any]) -> Words:
    subject = _("Your account has another address now")
    return Words(
        subject,
        subject,
        [_("Letters about your account go there from now on, and codes to sign in with too.")],
        after=[
            _("If it was you, nothing has to be done."),
            _(
                "If it wasn't: take the account back within {count} hours. All sessions end then, and its "
                "password and passkeys are removed. You sign in with a code to this address."
            ).format(count=email_changes.UNDO_HOURS),
        ],
        button=_("Take the account back"),
        link=email_changes.undo_link(data),
        why=_("You get this letter because your account had this address until now."),
    )


def email_confirmed(data: dict[str, Any]) -> Words:
    subject = _("This is your account's address now")
    return _about(subject, [_("You sign in with it from now on. The address before it was told.")])


def email_undone(data: dict[str, Any]) -> Words:
    subject = _("A change of address was taken back")
    paragraphs = [
        _("The account has the address again that it had before."),
        _("All sessions have ended, and password and passkeys are removed. A code by letter signs in."),
    ]
    return Words(
        subject,
        subject,
        paragraphs,
        button=_("Sign in"),
        link=f"{settings().public_url}/account/login",
        why=_("You get this letter because the account has or had this address."),
    )


def password_changed(data: dict[str, Any]) -> Words:
    subjects = {
        "set": _("Your account has a password now"),
        "changed": _("Your password was changed"),
        "removed": _("Your password was removed"),
    }
    ended = [] if data["change"] == "removed" else [_("All other sessions have ended.")]
    return _warning(subjects[data["change"]], ended)


def passkey_changed(data: dict[str, Any]) -> Words:
    added = data["change"] == "added"
    return _warning(_("A passkey was added") if added else _("A passkey was removed"), [])


def new_browser(data: dict[str, Any]) -> Words:
    rows = [(_("Browser"), data["device"]), (_("Network"), data["network"])]
    return _warning(_("A new browser signed in as you"), [], [(name, value) for name, value in rows if value])


def _warning(subject: str, paragraphs: list[str], rows: list[tuple[str, str]] | None = None) -> Words:
    """A letter about what its reader has done, or has to stop at once."""
    after = [
        _("If it was you, nothing has to be done."),
        _("If it wasn't: sign in with a code, end all other sessions, and look at what your account has."),
    ]
    return _about(subject, paragraphs, rows, after)


def _about(
    subject: str,
    paragraphs: list[str],
    rows: list[tuple[str, str]] | None = None,
    after: list[str] | None = None,
) -> Words:
    return Words(
        subject,
        subject,
        paragraphs,
        rows=rows or [],
        after=after or [],
        button=_("Look at your account"),
        link=f"{settings().public_url}/account/security",
        why=_why(),
    )


def _why() -> str:
    return _("You get this letter because you have an account with this address.")


KINDS = {
    "customer_email_code": email_code,
    "customer_email_taken": email_taken,
    "customer_email_changed": email_changed,
    "customer_email_confirmed": email_confirmed,
    "customer_email_undone": email_undone,
    "customer_password_changed": password_changed,
    "customer_passkey_changed": passkey_changed,
    "customer_new_browser": new_browser,
}
