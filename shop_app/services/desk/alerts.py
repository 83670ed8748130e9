"""Alerts: what stands in the way of selling right now, found by checks, each with the page that mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, func, select

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.i18n import _, plural
from ...core.settings import settings
from ...models import Letter, Order, ProviderEvent

SILENT_HOURS = 24
"""After so long without an event of the payment provider, while orders were paid, something is wrong."""
STUCK_MINUTES = 30
LEAST_FREE_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Alert:
    """`level` is bad, warn or info; `href` is where it is mended, "" where no page can."""

    level: str
    text: str
    href: str = ""


def alerts(session: Session, by: Principal) -> list[Alert]:
    """What `by` has to know about the shop at this moment, the worst first."""
    if "settings.view" not in by.permissions:
        return []
    order = {"bad": 0, "warn": 1, "info": 2}
    found = [alert for check in _CHECKS for alert in check(session)]
    return sorted(found, key=lambda alert: order[alert.level])


def _mail(session: Session) -> Iterator[Alert]:
    failing = session.exec(
        select(func.count())
        .select_from(Letter)
        .where(col(Letter.sent_at).is_(None), Letter.attempts >= 3, Letter.problem != "")
    ).one()
    if failing:
        sentence = plural("{count} letter can't be sent.", "{count} letters can't be sent.", failing)
        yield Alert("bad", sentence, "/admin/settings/letters-sent")


def _events(session: Session) -> Iterator[Alert]:
    since = now() - timedelta(minutes=STUCK_MINUTES)
    stuck = session.exec(
        select(func.count())
        .select_from(ProviderEvent)
        .where(col(ProviderEvent.applied_at).is_(None), ProviderEvent.received_at < since)
    ).one()
    if stuck:
        sentence = plural(
            "{count} event of the payment provider couldn't be applied.",
            "{count} events of the payment provider couldn't be applied.",
            stuck,
        )
        yield Alert("bad", sentence, "/admin/settings/events")


def _silence(session: Session) -> Iterator[Alert]:
    since = now() - timedelta(hours=SILENT_HOURS)
    paid = session.exec(select(Order.id).where(col(Order.paid_at) >= since).limit(1)).first()
    heard = session.exec(select(func.max(ProviderEvent.received_at))).one()
    if paid and heard is not None and heard < since:
        yield Alert(
            "warn",
            _("The payment provider has said nothing for a day, and orders were paid since."),
            "/admin/settings/payments",
        )


def _mode(_session: Session) -> Iterator[Alert]:
    if settings().uses_sandbox:
        yield Alert("info", _("Payments go to the built-in sandbox: no money moves."))
    elif settings().stripe_secret_key.startswith(("sk_test", "rk_test")):
        yield Alert("info", _("Payments are in test mode: no money moves."), "/admin/settings/payments")
    if not settings().smtp_url:
        yield Alert("info", _("Letters are written to files: nobody receives them."))


def _disk(_session: Session) -> Iterator[Alert]:
    free = shutil.disk_usage(settings().data_dir).free if settings().data_dir.exists() else LEAST_FREE_BYTES
    if free < LEAST_FREE_BYTES:
        yield Alert("bad", _("Less than 1 GB is free on the disk of the shop's data."))


_CHECKS: tuple[Callable[[Session], Iterator[Alert]], ...] = (_mail, _events, _silence, _disk, _mode)
