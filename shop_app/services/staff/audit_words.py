"""What audit entries say in words: who, what was done, each field before and after, and from where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core import clock, dates, money
from ...core.i18n import _
from ...core.shop import shop

LONGEST = 300
"""Signs of a value that are shown."""


@dataclass(frozen=True, slots=True)
class AuditChange:
    """One field: its name in words, and what it held before and after, "" for nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AuditView:
    id: int
    at: str
    """The moment on the shop's clocks."""
    at_short: str
    """The same without its year and zone: "20 November, 11:00"."""
    at_iso: str
    actor: str
    """As the audit has it: "staff:ada@example.com"."""
    who: str
    """The same for people: a name."""
    what: str
    """What was done, in words."""
    kind: str
    key: str
    """The record that it is about."""
    changes: list[AuditChange]
    place: str
    """From where."""


_WORDS = {
    "person.erased": _("Erased a person"),
    "person.exported": _("Exported what is kept about a person"),
    "signed_in": _("Signed in"),
    "signed_out": _("Signed out"),
    "sign_in_refused": _("Was refused at the sign-in"),
    "session_ended": _("Ended a session"),
    "sessions_ended": _("Ended their sessions"),
    "password_changed": _("Changed the password"),
    "password_reset": _("Set a new password by letter"),
    "reset_asked": _("Asked for a new password"),
    "recovery_codes_made": _("Made recovery codes"),
    "factor_added": _("Added a second factor"),
    "factor_removed": _("Took a second factor away"),
    "factors_removed": _("Reset the second factor"),
    "second_factor_required": _("Changed who needs a second factor"),
    "renamed": _("Changed the name"),
    "list.exported": _("Exported a list"),
    "bulk.begun": _("Began a change of many"),
    "bulk.stopped": _("Stopped a change of many"),
    "job.run": _("Ran a job"),
    "event.replayed": _("Applied an event once more"),
    "letter.sent_again": _("Sent a letter again"),
    "created": _("Created"),
    "changed": _("Changed"),
    "deleted": _("Removed"),
    "issued": _("Issued"),
    "adjusted": _("Adjusted"),
    "deactivated": _("Switched off"),
    "marked_paid": _("Marked as paid"),
    "stock_changed": _("Changed the stock"),
    "stock_policy_set": _("Changed how it is sold"),
    "ended": _("Ended it"),
    "moved": _("Moved"),
    "opened": _("Opened"),
    "tested": _("Called it"),
    "made_codes": _("Made codes"),
    "return.approved": _("Approved the return"),
    "return.declined": _("Declined the return"),
    "return.cancelled": _("Cancelled the return"),
    "return.received": _("Received the goods"),
    "return.refunded": _("Refunded the return"),
    "order.shipped": _("Sent a parcel"),
    "order.shipment_cancelled": _("Called a parcel back"),
    "order.delivered": _("Marked as delivered"),
    "order.tracking_changed": _("Changed the tracking"),
    "order.address_changed": _("Changed the address"),
    "order.noted": _("Left a note"),
    "order.letter_sent_again": _("Sent a letter again"),
    "order.cancelled": _("Cancelled"),
    "order.refunded": _("Refunded"),
    "order.resolved": _("Resolved a review"),
    "review.published": _("Published a review"),
    "review.hidden": _("Hid a review"),
    "picture.upload": _("Added a picture"),
    "synonym.add": _("Added a synonym"),
    "synonym.remove": _("Removed a synonym"),
    "right.refused": _("Was refused"),
    "staff.invited": _("Invited"),
    "staff.invited_again": _("Invited again"),
    "staff.invitation_withdrawn": _("Withdrew the invitation"),
    "staff.joined": _("Accepted the invitation"),
    "staff.role_changed": _("Changed the role"),
    "staff.disabled": _("Disabled"),
    "staff.enabled": _("Enabled"),
    "staff.sessions_ended": _("Ended all sessions"),
    "role.created": _("Created the role"),
    "role.changed": _("Changed the role"),
    "role.removed": _("Removed the role"),
}
_KINDS = {"credit": _("Gift card or credit"), "variant": _("Stock"), "staff": _("Member of staff")}
_ORIGINS = {"page": _("Back office"), "request": _("Back office"), "command line": _("Command line")}
_ACTORS = {
    "command line": _("Command line"),
    "system": _("The shop"),
    "shopper": _("The shopper"),
    "seed": _("Demo data"),
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def action_words(action: str) -> str:
    """An action in words; one that isn't known is made readable: "price_list.saved" -> "Saved"."""
    return _WORDS.get(action) or _readable(action.rpartition(".")[2])


def field_words(name: str) -> str:
    """A field in words: "price_minor" -> "Price"."""
    return _readable(re.sub(r"_(minor|ppm|grams|html|at|id|on)\Z", "", name))


def _readable(name: str) -> str:
    words = name.replace("_", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]


def view_of(row: Any) -> AuditView:
    """An entry's row, with `staff_name` beside it."""
    return AuditView(
        id=row.id,
        at=dates.full_moment(row.at),
        at_short=f"{dates.day(row.at)}, {clock.local(row.at):%H:%M}",
        at_iso=row.at.isoformat(),
        actor=row.actor,
        who=row.staff_name or who_words(row.actor),
        what=action_words(row.action),
        kind=row.object_kind,
        key=row.object_key,
        changes=list(_changes(row.before, row.after)),
        place=place_words(row.origin, row.address),
    )


def who_words(actor: str) -> str:
    """An actor for people: their address, "The shop", "Command line"."""
    return _ACTORS.get(actor) or actor.removeprefix("staff:")


def kind_words(kind: str) -> str:
    """The kind of a record in words: "credit" -> "Gift card or credit"."""
    return _KINDS.get(kind) or _readable(kind)


def place_words(origin: str, address: str) -> str:
    """From where: "Back office, 192.0.2.7", "Command line"; "" where it isn't known."""
    if origin.startswith("job "):
        name = _("Job {name}").format(name=_readable(origin.removeprefix("job ")).lower())
    else:
        name = _ORIGINS.get(origin, origin)
    return f"{name}, {address}" if address and name else name or address


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[AuditChange]:
    for name in dict.fromkeys([*before, *after]):
        yield AuditChange(field_words(name), _value(name, before.get(name)), _value(name, after.get(name)))


def _value(name: str, value: Any) -> str:
    """A value for people: amounts, shares, yes and no, days; lists with commas; long texts cut."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int) and name.endswith("_minor"):
        return money.show(value, shop().currency, shop().locale)
    if isinstance(value, int) and name.endswith("_ppm"):
        return f"{value / 10_000:g} %"
    if isinstance(value, str) and _MOMENT.match(value):
        return dates.full_moment(datetime.fromisoformat(value))
    if isinstance(value, dict):
        return _cut(", ".join(f"{field_words(key)}: {_value(key, part)}" for key, part in value.items()))
    if isinstance(value, list | tuple):
        return _cut(", ".join(_value(name, part) for part in value))
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
