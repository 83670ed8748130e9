"""The outbox as a list: which letters wait, went out or were given up, and sending one again."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import Session, col

from ...core import dates, events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import NotFound
from ...core.i18n import _
from ...models import Letter, table_of
from .. import outbox
from ..accounts import email_changes, sign_in_codes
from ..lists import spec as lists
from ..lists.spec import Action, Arguments, Cell, Column, Filter, ListSpec, Plan, Row, Tab, Unchanged
from ..staff import audit

log = logging.getLogger(__name__)

VIEW, EDIT = "jobs.view", "jobs.edit"

letter = table_of(Letter)
_WAITS = and_(letter.c.sent_at.is_(None), letter.c.attempts < outbox.MAX_ATTEMPTS)
_GIVEN_UP = and_(letter.c.sent_at.is_(None), letter.c.attempts >= outbox.MAX_ATTEMPTS)
_STATES = {"sent": letter.c.sent_at.is_not(None), "waits": _WAITS, "given_up": _GIVEN_UP}


def kind_label(kind: str) -> str:
    """ "Order paid" for order_paid."""
    return kind.replace("_", " ").capitalize()


def _load(session: Session, ids: Sequence[int], _by: Principal) -> Mapping[int, Row]:
    columns = ("id", "kind", "to_email", "created_at", "next_try_at", "sent_at", "attempts", "problem")
    wanted = select(*(letter.c[name] for name in columns)).where(letter.c.id.in_(ids))
    return {row.id: _row(row) for row in session.connection().execute(wanted)}


def _row(row: Any) -> Row:
    label = _("{kind} to {address}").format(kind=kind_label(row.kind), address=row.to_email)
    href = f"/admin/settings/letters-sent/{row.id}"
    cells = {
        "letter": Cell(kind_label(row.kind)),
        "to": Cell(row.to_email),
        "written": moment(row.created_at),
        "state": _state(row),
        "tries": Cell(str(row.attempts)),
        "problem": Cell(row.problem, title=row.problem),
    }
    return Row(row.id, href, label, {"data-testid": "letter-row"}, cells)


def moment(at: datetime | None) -> Cell:
    """A moment in a list: short, with all of it on hover and in files."""
    if at is None:
        return Cell()
    return Cell(dates.short_moment(at), title=dates.full_moment(at), plain=at.isoformat(timespec="seconds"))


def _state(row: Any) -> Cell:
    if row.sent_at is not None:
        return Cell(_("Sent"), tone="green", icon="done", title=dates.full_moment(row.sent_at))
    if row.attempts >= outbox.MAX_ATTEMPTS:
        return Cell(_("Given up"), tone="coral", icon="error")
    if row.problem:
        said = _("Next try {moment}").format(moment=dates.full_moment(row.next_try_at))
        return Cell(_("Tried again"), tone="amber", icon="clock", title=said)
    return Cell(_("Waits"), tone="blue", icon="ring", title=dates.full_moment(row.next_try_at))


def _state_is(op: str, words: tuple[str, ...]) -> Any:
    return lists.one_of_conditions(op, [_STATES[word] for word in words if word in _STATES])


def _kinds(session: Session) -> tuple[tuple[str, str], ...]:
    """The kinds that there are, found one after the other by the index."""
    return tuple((kind, kind_label(kind)) for kind in lists.distinct(session, letter.c.kind))


# --- One letter -------------------------------------------------------------------------------------

Compose = Callable[[Session, int], EmailMessage]
"""Makes a letter of the outbox as it is sent."""
_compose: list[Compose] = []


def compose_with(compose: Compose) -> None:
    """Say how letters are made; called once, by the composition root."""
    _compose[:] = [compose]


@dataclass(frozen=True, slots=True)
class LetterShown:
    """A letter as its page shows it: the subject and the text as they would be sent now."""

    id: int = 0
    title: str = ""
    recipient: str = ""
    written: str = ""
    sent: str = ""
    next_try: str = ""
    tries: int = 0
    problem: str = ""
    subject: str = ""
    text: str = ""


def shown(session: Session, letter_id: int, by: Principal) -> LetterShown:
    """Errors  Forbidden; NotFound."""
    by.need(VIEW)
    row = session.get(Letter, letter_id)
    if row is None or row.id is None:
        raise NotFound(_("There is no such letter."))
    subject, text = _made(session, letter_id)
    waits = row.sent_at is None and row.attempts < outbox.MAX_ATTEMPTS
    return LetterShown(
        row.id,
        kind_label(row.kind),
        row.to_email,
        dates.full_moment(row.created_at),
        dates.full_moment(row.sent_at) if row.sent_at else "",
        dates.full_moment(row.next_try_at) if waits else "",
        row.attempts,
        row.problem,
        subject,
        _without_secrets(row.kind, text),
    )


SECRET_LINKS = re.compile(r"(?<=/)[A-Za-z0-9_-]{22,}")
"""Tokens in addresses: who reads the outbox isn't whom the letter is for."""
_CODE = re.compile(r"\b\d{6}\b")
_HAS_CODE = (sign_in_codes.LETTER, email_changes.LETTER)


def _without_secrets(kind: str, text: str) -> str:
    """The text without what would let its reader act as the person whom the letter is for."""
    text = SECRET_LINKS.sub("…", text)
    return _CODE.sub("…", text) if kind in _HAS_CODE else text


def _made(session: Session, letter_id: int) -> tuple[str, str]:
    try:
        message = _compose[0](session, letter_id)
        body = message.get_body(("plain",))
        return str(message["Subject"]), str(body.get_content()) if body else ""
    except Exception:
        log.exception("Letter %s can't be made to be shown", letter_id)
        return "", _("This letter can't be made any more.")


# --- Sending again ----------------------------------------------------------------------------------


def plan_again(session: Session, ids: Sequence[int], _by: Principal) -> Plan:
    wanted = select(letter.c.id, letter.c.kind, letter.c.to_email).where(letter.c.id.in_(ids))
    rows = session.connection().execute(wanted).all()
    gone = [(row.id, kind_label(row.kind), _("Its address was erased")) for row in rows if not row.to_email]
    return Plan(tuple(row.id for row in rows if row.to_email), tuple(gone))


def send_again(session: Session, letter_id: int, by: Principal, _arguments: Arguments | None = None) -> None:
    """Have a letter sent now, also one that was sent or given up.

    Errors  Forbidden; Unchanged where its address was erased.
    """
    by.need(EDIT)
    row = session.get_one(Letter, letter_id)
    if not row.to_email:
        raise Unchanged(_("Its address was erased"))
    before = {"attempts": row.attempts, "sent": row.sent_at is not None}
    row.sent_at, row.attempts, row.next_try_at, row.problem = None, 0, now(), ""
    session.flush()
    audit.record(
        session,
        by.actor,
        "letter.sent_again",
        "letter",
        str(letter_id),
        before,
        {"attempts": 0},
        staff_id=by.id,
    )
    events.publish(session, events.LetterWritten(letter_id))


LETTERS = ListSpec(
    name="letters",
    title=_("Letters sent"),
    one=_("letter"),
    many=_("letters"),
    needs=VIEW,
    path="/admin/settings/letters-sent",
    source=letter,
    key=letter.c.id,
    columns=(
        Column("letter", _("Letter"), phone="title"),
        Column("to", _("To"), letter.c.to_email, phone="line", nullable=False),
        Column("written", _("Written"), letter.c.created_at, phone="end", nullable=False),
        Column("state", _("State"), phone="badges"),
        Column("tries", _("Tries"), align="right"),
        Column("problem", _("Last problem")),
    ),
    load=_load,
    default_sort="-written",
    filters=(
        Filter(
            "state",
            _("State"),
            "choice",
            _state_is,
            (("sent", _("Sent")), ("waits", _("Waits")), ("given_up", _("Given up"))),
        ),
        Filter("kind", _("Letter"), "choice", lists.choice(letter.c.kind), _kinds),
        Filter("to", _("To"), "text", lists.words(letter.c.to_email, folded=True)),
        Filter("written", _("Written"), "day", lists.between(letter.c.created_at)),
    ),
    search=lambda _session, text: lists.starts_with(col(Letter.to_email), text.lower()),
    search_hint=_("E-mail address"),
    tabs=(
        Tab("all", _("All")),
        Tab("waits", _("Waiting"), "state=waits"),
        Tab("given-up", _("Given up"), "state=given_up"),
    ),
    actions=(Action("again", _("Send again"), "mail", EDIT, plan_again, send_again),),
    empty=lists.Empty(_("No letters yet"), _("The first order writes the first one.")),
    marks=("data-testid",),
)
