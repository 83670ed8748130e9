"""What payment providers answered when staff had them called, and what they were last heard to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.dates import full_moment
from ...core.i18n import _
from ...core.settings import settings
from ...core.upsert import Insert, upsert
from ...models import Payment, PaymentState, ProviderCheck, ProviderEvent, table_of
from ...providers.payments import registry
from ...providers.payments.base import METHODS, Answer, Checked
from ..staff import audit

VIEW, EDIT = "settings.view", "settings.edit"

_check = table_of(ProviderCheck)
_event = table_of(ProviderEvent)
_payment = table_of(Payment)


@dataclass(frozen=True, slots=True)
class WayView:
    """A way to pay: what shoppers read, and whether they are offered it."""

    key: str
    label: str
    offered: str
    marks: str
    """What can be paid with at its page, with commas between."""
    can_check: bool
    answered: str = ""
    """Its last answer, in its own words."""
    answered_at: str = ""
    succeeded: bool = False


@dataclass(frozen=True, slots=True)
class PaymentsView:
    mode: str = ""
    """sandbox, test or live."""
    mode_text: str = ""
    webhook: str = ""
    """The address that the provider has to send its events to."""
    heard: str = ""
    """The kind of the last event that came."""
    heard_at: str = ""
    heard_from: str = ""
    ways: list[WayView] = field(default_factory=list)


def mode() -> str:
    """Where payments go: sandbox, test or live."""
    if settings().uses_sandbox:
        return "sandbox"
    return "test" if settings().stripe_secret_key.startswith(("sk_test", "rk_test")) else "live"


def payments(session: Session, *, by: Principal) -> PaymentsView:
    """The whole page; nothing in it is a secret, nor a part of one.

    Errors  Forbidden.
    """
    by.need(VIEW)
    texts = {
        "sandbox": _("The built-in sandbox takes the cards: no money moves."),
        "test": _("Test mode: cards of the provider's tests are taken, and no money moves."),
        "live": _("Live: cards are charged."),
    }
    newest = select(_event.c.kind, _event.c.provider, _event.c.received_at)
    heard = session.connection().execute(newest.order_by(_event.c.id.desc()).limit(1)).first()
    return PaymentsView(
        mode=mode(),
        mode_text=texts[mode()],
        webhook=f"{settings().public_url}/webhooks/stripe",
        heard=heard.kind if heard else "",
        heard_at=full_moment(heard.received_at) if heard else "",
        heard_from=heard.provider if heard else "",
        ways=_ways(session),
    )


def _ways(session: Session) -> list[WayView]:
    statement = select(_check).where(_check.c.mode == mode())
    answers = {row.provider: row for row in session.connection().execute(statement)}
    ways = []
    for provider in registry.providers():
        delivered, collected = (provider.is_offered(collected=is_collected) for is_collected in (False, True))
        answer = answers.get(provider.name)
        ways.append(
            WayView(
                key=provider.name,
                label=provider.label(collected=False),
                offered=_offered(delivered, collected),
                marks=", ".join(METHODS[mark] for mark in registry.known_methods(provider.name)),
                can_check=isinstance(provider, Checked),
                answered=answer.answer if answer else "",
                answered_at=full_moment(answer.at) if answer else "",
                succeeded=bool(answer and answer.succeeded),
            )
        )
    return ways


def _offered(delivered: bool, collected: bool) -> str:
    if delivered:
        return _("Offered to everybody")
    return _("Offered where goods are collected") if collected else _("Not offered")


@upsert(_check)
def _put(insert: Insert) -> Any:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[_check.c.provider, _check.c.mode],
        set_={"succeeded": new.succeeded, "answer": new.answer, "at": new.at},
    )


def keep(session: Session, provider: str, answer: Answer, *, by: Principal) -> None:
    """Keep what a provider answered just now.

    Errors  Forbidden.
    """
    by.need(EDIT)
    row = {
        "provider": provider[:32],
        "mode": mode(),
        "succeeded": answer.succeeded,
        "answer": answer.text[:500],
        "at": now(),
    }
    session.connection().execute(_put(session), row)
    after = {"mode": mode(), "succeeded": answer.succeeded, "answer": row["answer"]}
    audit.record(session, by, "tested", "payment provider", provider, {}, after)


def was_tested(session: Session) -> bool:
    """Whether a provider has answered in this mode, or has taken money in it."""
    answered = select(_check.c.provider).where(_check.c.mode == mode(), _check.c.succeeded).limit(1)
    if session.connection().execute(answered).first():
        return True
    # Stripe's ids say which mode they are of.
    begin = "cs_live_" if mode() == "live" else "cs_test_"
    paid = select(_payment.c.id).where(
        _payment.c.state == PaymentState.CAPTURED.value,
        _payment.c.reference.startswith(begin, autoescape=True),
    )
    return session.connection().execute(paid.limit(1)).first() is not None
