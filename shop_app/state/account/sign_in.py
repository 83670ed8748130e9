"""What the pages of a customer's sign-in show: what went wrong or was done, by a word in their address."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from shop_app.core.i18n import _
from shop_app.core.pages import Address
from shop_app.services.accounts import sign_in_codes


@dataclass(frozen=True, slots=True)
class SignInView:
    """Sentences, "" for none, about the whole form or one of its fields; `next` goes along with the form."""

    problem: str = ""
    done: str = ""
    email_error: str = ""
    code_error: str = ""
    password_error: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a letter's link leads to; without digits its code is over, or was never one."""

    digits: str = ""
    token: str = ""
    problem: str = ""


def view(_session: Session, address: Address) -> SignInView:
    """The sentences for what the address says; nothing is looked up."""
    problem = address.first("problem", 40)
    return SignInView(
        _PROBLEMS.get(problem, ""),
        _DONE.get(address.first("done", 40), ""),
        _("Enter an e-mail address like name@example.com.") if problem == "email" else "",
        _("This code is wrong, or it is over. Look at the newest letter, or ask for another one.")
        if problem == "code"
        else "",
        _("The e-mail address or the password is wrong.") if problem == "wrong" else "",
        address.first("next", 1000),
    )


def link(session: Session, address: Address) -> LinkView:
    """The code that the letter brought; reading it uses nothing up."""
    token = address.parameters.get("token", "")
    living = sign_in_codes.by_link(session, token)
    if living is None:
        return LinkView()
    elsewhere = _("You asked for the letter in another browser. Type the code there.")
    return LinkView(living.digits, token, elsewhere if address.first("problem", 40) == "elsewhere" else "")


_PROBLEMS = {
    "expired": _("That took too long, or was begun in another browser. Begin again."),
    "cookies": _("The sign-in needs cookies, and your browser sends none."),
    "unreadable": _("That couldn't be read. Try again."),
}
_DONE = {"out": _("You are signed out."), "again": _("Another letter is on its way.")}
