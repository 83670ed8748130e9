"""The kinds of letters, how each reads, and whether mail works: what the settings of letters show."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlmodel import Session

from ...core import dates
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.settings import settings
from ...core.shop import shop
from ...models import Letter, Order, table_of
from .. import outbox
from ..shop import profile
from ..staff import audit
from .letters import kind_label

log = logging.getLogger(__name__)

_letter, _order = table_of(Letter), table_of(Order)
_SENT = select(func.max(_letter.c.sent_at))
_PROBLEM = (
    select(_letter.c.problem)
    .where(_letter.c.sent_at.is_(None), _letter.c.problem != "")
    .order_by(_letter.c.id.desc())
    .limit(1)
)
_NEWEST_ORDER = select(func.max(_order.c.id))

Sample = Callable[[Session, str], EmailMessage | None]
_samples: list[tuple[tuple[str, ...], Sample]] = []


def sample_with(kinds: tuple[str, ...], sample: Sample) -> None:
    """Say which kinds of letters there are and how one is made; called once, by the composition root."""
    _samples[:] = [(kinds, sample)]


@dataclass(frozen=True, slots=True)
class LetterKind:
    kind: str
    label: str
    by_strangers: bool
    """Whether somebody who hasn't paid can cause it: then they are limited for each mailbox."""


@dataclass(frozen=True, slots=True)
class MailState:
    is_sent: bool = False
    """Whether letters go to a mail server; else they are written to files."""
    where: str = ""
    sender: str = ""
    last_sent: str = ""
    problem: str = ""
    """Why the newest letter that waits couldn't be sent."""


@dataclass(frozen=True, slots=True)
class LetterSample:
    kind: str = ""
    label: str = ""
    subject: str = ""
    text: str = ""


def kinds(_session: Session, by: Principal) -> list[LetterKind]:
    """Errors  Forbidden."""
    by.need(profile.VIEW)
    return [LetterKind(kind, kind_label(kind), kind in outbox.BY_STRANGERS) for kind in _samples[0][0]]


def mail_state(session: Session, by: Principal) -> MailState:
    """Errors  Forbidden. Shows no secret: of the server's address, host and port alone."""
    by.need(profile.VIEW)
    sent_at = session.connection().execute(_SENT).scalar()
    server = urlsplit(settings().smtp_url)
    where = f"{server.hostname}:{server.port}" if server.port else server.hostname or ""
    host = urlsplit(settings().public_url).hostname or "localhost"
    return MailState(
        is_sent=bool(settings().smtp_url),
        where=where,
        sender=f"{shop().name} <{shop().sender_email or f'orders@{host}'}>",
        last_sent=dates.full_moment(sent_at) if sent_at else "",
        problem=session.connection().execute(_PROBLEM).scalar() or "",
    )


def sample(session: Session, kind: str, by: Principal) -> LetterSample:
    """A letter of that kind as it would read, about the newest order.

    Errors  Forbidden; NotFound for a kind that there isn't.
    """
    by.need(profile.VIEW)
    there, make = _samples[0]
    if kind not in there:
        raise NotFound(_("There is no such letter."))
    try:
        message = make(session, kind)
    except Exception:
        log.exception("A sample of the letter %s can't be made", kind)
        return LetterSample(kind, kind_label(kind), "", _("There is nothing to show of this letter yet."))
    if message is None:
        return LetterSample(kind, kind_label(kind), "", _("It is about an order, and there is none yet."))
    body = message.get_body(("plain",))
    return LetterSample(
        kind, kind_label(kind), str(message["Subject"]), str(body.get_content()) if body else ""
    )


def newest_order(session: Session) -> int | None:
    return session.connection().execute(_NEWEST_ORDER).scalar()


def send_test(session: Session, by: Principal) -> None:
    """Write a test letter to the member of staff who asks for it; it is sent as every other one.

    Errors  Forbidden.
    """
    by.need(profile.EDIT)
    outbox.write(session, "test_letter", by.email, f"test_letter:{by.id}:{now():%Y%m%d%H%M%S%f}", {})
    audit.record(session, by, "test_letter", "setting", "letters", after={"to": by.email})
