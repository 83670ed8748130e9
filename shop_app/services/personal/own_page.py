"""What a customer's page about their own data shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.dates import full_day, full_moment
from ...core.i18n import _
from ...models import Customer
from .. import consents
from ..consents import ConsentEntry
from . import exports, person, under_way
from .exports import ExportView


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One change of what they agree to."""

    text: str
    answer: str
    """Whether it was given or taken back, when and where."""


@dataclass(frozen=True, slots=True)
class DataView:
    email: str = ""
    has_password: bool = False
    """By which they may prove again who they are."""
    export: ExportView = ExportView()
    consents: list[ConsentLine] = field(default_factory=list)
    """The newest first."""
    choices_href: str = ""
    """Where they change it; "" while their address isn't verified."""
    reasons: list[str] = field(default_factory=list)
    """Why nothing can be erased yet."""
    lost: list[str] = field(default_factory=list)
    stays: str = ""
    """What stays after an erasure, why and until when."""


def view(session: Session, by: Principal) -> DataView:
    """Errors  NotFound for everybody but customers."""
    owner = person.of_customer(session, by.id if by.kind == "customer" else 0)
    count, until = under_way.invoices(session, owner)
    stays = _("No order of yours is in our books, so nothing stays.")
    if until:
        stays = (
            _("One order stays in our books, with what its invoice says of you, until {day}.")
            if count == 1
            else _("{count} orders stay in our books, with what their invoices say of you, until {day}.")
        ).format(count=f"{count:,}", day=full_day(until))
    (email,) = owner.emails or ("",)
    account = session.get_one(Customer, owner.customer_id)
    return DataView(
        account.email,
        account.password_hash is not None,
        exports.view(session, by.id),
        [_line(entry) for entry in consents.history(session, email)] if email else [],
        f"/letters/{consents.token_of(email)}" if email else "",
        under_way.reasons(session, owner),
        under_way.lost(session, owner),
        stays,
    )


_SOURCES = {
    "checkout": _("at checkout"),
    "account": _("in your account"),
    "line": _("by asking for it"),
    "preferences": _("by the link in a letter"),
    "one-click": _("by the button of your mail program"),
}


def _line(entry: ConsentEntry) -> ConsentLine:
    text = entry.text or consents.PURPOSES.get(entry.purpose, "")
    given = _("Agreed on {moment}, {where}") if entry.given else _("Taken back on {moment}, {where}")
    where = _SOURCES.get(entry.source, entry.source)
    return ConsentLine(text, given.format(moment=full_moment(entry.at), where=where))
