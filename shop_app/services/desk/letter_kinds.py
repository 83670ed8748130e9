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
from ...core.errors import Invalid, NotFound
from ...core.i18n import _
from ...core.settings import settings
from ...core.shop import shop
from ...models import Letter, Order, table_of
from .. import outbox
from ..shop import profile
from ..staff import audit
from .letters import SECRET_LINKS, kind_label

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
    html: str = ""
    """The letter as mail programs draw it; "" where there is none to show."""


@dataclass(frozen=True, slots=True)
class BesideOrders:
    """When letters are sent that aren't about an order, as it stands in its fields."""

    cart_reminder_hours: str = ""
    review_request_days: str = ""
    review_requests_need_consent: bool = True
    version: int = 0


def beside_orders(session: Session, by: Principal) -> BesideOrders:
    """Errors  Forbidden."""
    by.need(profile.VIEW)
    this = profile.read(session)
    return BesideOrders(
        str(this.cart_reminder_hours),
        str(this.review_request_days),
        this.review_requests_need_consent,
        this.version,
    )


def change_beside_orders(session: Session, typed: BesideOrders, by: Principal) -> None:
    """Keep these fields as they were typed at the version that they were read at.

    Errors  Forbidden; Invalid names the field; ChangedMeanwhile where somebody else changed one of them.
    """
    changes = {
        "cart_reminder_hours": _number("cart_reminder_hours", typed.cart_reminder_hours),
        "review_request_days": _number("review_request_days", typed.review_request_days),
        "review_requests_need_consent": typed.review_requests_need_consent,
    }
    profile.save(session, by, changes, version=typed.version)


def _number(name: str, typed: str) -> int:
    digits = typed.strip() or "0"
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6):
        raise Invalid(_("Enter a whole number."), field=name)
    return int(digits)


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
    if "orders.view" not in by.permissions:
        return LetterSample(kind, kind_label(kind), "", _("It is about an order: seeing one needs a right."))
    try:
        message = make(session, kind)
    except Exception:
        log.exception("A sample of the letter %s can't be made", kind)
        return LetterSample(kind, kind_label(kind), "", _("There is nothing to show of this letter yet."))
    if message is None:
        return LetterSample(kind, kind_label(kind), "", _("It is about an order, and there is none yet."))
    text, html = (SECRET_LINKS.sub("…", _part(message, name)) for name in ("plain", "html"))
    return LetterSample(kind, kind_label(kind), str(message["Subject"]), text, html)


def _part(message: EmailMessage, name: str) -> str:
    body = message.get_body((name,))
    return str(body.get_content()) if body else ""


def newest_order(session: Session) -> int | None:
    return session.connection().execute(_NEWEST_ORDER).scalar()


def send_test(session: Session, by: Principal) -> None:
    """Write a test letter to the member of staff who asks for it; it is sent as every other one.

    Errors  Forbidden.
    """
    by.need(profile.EDIT)
    outbox.write(session, "test_letter", by.email, f"test_letter:{by.id}:{now():%Y%m%d%H%M%S%f}", {})
    audit.record(session, by, "test_letter", "setting", "letters", after={"to": by.email})
