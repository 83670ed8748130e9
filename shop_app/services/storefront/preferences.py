"""What an address is written to about, as its page of preferences shows it to whoever has a letter's link."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session

from ...core.dates import full_moment
from ...core.i18n import _
from ...core.pages import Address
from .. import consents
from ..consents import Choice, ConsentEntry

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Said:
    """One change, as a line of the record."""

    at: str
    what: str


@dataclass(frozen=True, slots=True)
class Preferences:
    address: str = ""
    """ "a…@example.com": whoever was sent the letter on knows it, nobody else learns it."""
    action: str = ""
    """Where the form is sent to."""
    choices: list[Choice] = field(default_factory=list)
    record: list[Said] = field(default_factory=list)
    is_saved: bool = False
    """Whether they were saved just now."""
    loaded: bool = False


def preferences(session: Session, address: Address) -> Preferences:
    """Errors  NotFound for a link that isn't the shop's."""
    token = address.parameter("token", 1000)
    email, _purpose = consents.read_token(token)
    name, _at, host = email.rpartition("@")
    said = consents.history(session, email)[:MOST_SHOWN]
    return Preferences(
        f"{name[:1]}…@{host}",
        f"/letters/{token}/choices",
        consents.choices(session, email),
        [Said(full_moment(entry.at), _sentence(entry)) for entry in said],
        address.first("saved") == "1",
        loaded=True,
    )


def _sentence(entry: ConsentEntry) -> str:
    where = _sources().get(entry.source, entry.source)
    if entry.given:
        return _("Yes to “{text}” ({where})").format(text=entry.text, where=where)
    text = consents.PURPOSES.get(entry.purpose, entry.purpose)
    return _("No to “{text}” ({where})").format(text=text, where=where)


def _sources() -> dict[str, str]:
    return {
        "account": _("in the account"),
        "checkout": _("at checkout"),
        "one-click": _("in the mail program"),
        "preferences": _("on this page"),
    }
