"""What the pages of the sign-in show: what went wrong or was done, as a word in their address says it."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx
from sqlmodel import Session

from shop_app.core.i18n import _
from shop_app.core.pages import Address
from shop_app.services.accounts import passwords, tickets

MAX_TICKET = tickets.MAX_CHARS


@dataclass(frozen=True, slots=True)
class SignInView:
    """`problem` and `done` are sentences, "" for none; `next` and `ticket` go along with the form."""

    problem: str = ""
    done: str = ""
    next: str = ""
    ticket: str = ""


class SignedOut(rx.State):
    """Whether this tab's session has ended: then the page has nothing any more, and says so."""

    shown: bool = False
    next: str = ""
    """The address of the page, to come back to."""


async def show_ended(root: rx.State) -> bool:
    """Say on a tab of the back office that its session has ended; whether it is one."""
    url = root.rx_router_url
    if is_admin := url.path.startswith("/admin"):
        signed_out = await root.get_state(SignedOut)
        signed_out.shown, signed_out.next = True, url.path + (f"?{url.query}" if url.query else "")
    return is_admin


def view(_session: Session, address: Address) -> SignInView:
    """The sentences for what the address says; nothing is looked up."""
    problem, done = address.first("problem", 40), address.first("done", 40)
    return SignInView(
        _problems().get(problem) or passwords.sentence(problem),
        _done().get(done, ""),
        address.first("next", 1000),
        address.first("ticket", MAX_TICKET),
    )


def _problems() -> dict[str, str]:
    return {
        "wrong": _("The e-mail address or the password is wrong."),
        "code": _("This code is wrong, or was used before. A new one comes every half minute."),
        "expired": _("That took too long, or was begun in another browser. Begin again."),
        "cookies": _("The sign-in needs cookies, and your browser sends none."),
        "unreadable": _("That couldn't be read. Try again."),
        "ended": _("You are signed out. Sign in again to go on."),
    }


def _done() -> dict[str, str]:
    return {
        "out": _("You are signed out."),
        "password": _("The new password counts from now on. Sign in with it."),
        "sent": _(
            "If somebody works here with this address, a letter is on its way. Open its link in this browser."
        ),
    }
