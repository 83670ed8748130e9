"""The findings that `doctor` prints: what is configured, what is missing, and what would fail."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ..core import clock, own_files
from ..core.cant_start import CantStart
from ..core.settings import ROOT, Settings, settings, unknown_settings
from ..core.version import VERSION

if TYPE_CHECKING:
    from sqlalchemy import Connection

JOBS_SILENT = timedelta(minutes=5)
"""Some jobs run each minute: after so long without any, none does."""
Mark = Literal["ok", "missing", "fails"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing` marks what the shop can do without, `fails` what it can't."""

    mark: Mark
    subject: str
    text: str


def examine() -> list[Finding]:
    """Check everything, each thing by itself: one that fails ends no other. Changes nothing."""
    try:
        chosen = settings()
    except CantStart as cant:
        return [Finding("fails", "settings", cant.sentence)]
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _settings,
        _data_folder,
        _database,
        _redis,
        _payments,
        _mail,
        _letters,
        _jobs,
        _pictures,
        _media,
        _front_end,
    )
    return [finding for check in checks for finding in _tried(check, chosen)]


def _tried(check: Callable[[Settings], Iterator[Finding]], chosen: Settings) -> list[Finding]:
    """What a check finds; that it couldn't look, where it fails itself."""
    findings = []
    try:
        findings += check(chosen)
    except Exception as error:
        subject = check.__name__.strip("_").replace("_", " ")
        first = (str(error).splitlines() or [""])[0][:300]
        findings.append(Finding("fails", subject, f"can't be looked at: {type(error).__name__}: {first}"))
    return findings


def _settings(chosen: Settings) -> Iterator[Finding]:
    for sentence in unknown_settings():
        yield Finding("fails" if chosen.mode == "production" else "missing", "settings", sentence)
    yield Finding("ok", "release", VERSION)
    yield Finding("ok", "mode", f"{chosen.mode}, port {chosen.port}, {chosen.workers} worker(s)")
    yield Finding("ok", "days", _days(chosen))
    if chosen.base_url:
        yield Finding("ok", "address", chosen.public_url)
    else:
        yield Finding("missing", "address", f"SHOP_BASE_URL is not set; links point to {chosen.public_url}")
    # The server itself speaks no TLS, so a proxy in front has to.
    if chosen.public_url.startswith("https://") and not chosen.trusted_proxy_hops:
        yield Finding(
            "fails",
            "proxy",
            "SHOP_BASE_URL is https://, so a proxy stands in front, and SHOP_TRUSTED_PROXY_HOPS is 0:"
            " limits count all visitors as one",
        )
    if chosen.secret_key:
        yield Finding("ok", "secret key", "from SHOP_SECRET_KEY")
    else:
        yield Finding(
            "missing", "secret key", f"SHOP_SECRET_KEY is not set; one is kept in {chosen.data_dir}"
        )


def _days(chosen: Settings) -> str:
    """Where the shop's days begin and which of them are holidays."""
    where = f"{chosen.country}-{chosen.region}" if chosen.region else chosen.country
    by = "SHOP_TIME_ZONE" if chosen.time_zone else "SHOP_COUNTRY"
    return f"of the zone {clock.zone().key} (by {by}), with the public holidays of {where}"


def _data_folder(chosen: Settings) -> Iterator[Finding]:
    try:
        own_files.folder(chosen.data_dir)
        with tempfile.NamedTemporaryFile(dir=chosen.data_dir):
            pass
    except OSError as error:
        yield Finding("fails", "data folder", f"{chosen.data_dir} can't be written: {error.strerror}")
        return
    free = os.statvfs(chosen.data_dir)
    megabytes = free.f_bavail * free.f_frsize // 2**20
    mark: Mark = "ok" if megabytes > 200 else "fails"
    yield Finding(mark, "data folder", f"{chosen.data_dir}, {megabytes:,} MB free")


def _database(chosen: Settings) -> Iterator[Finding]:
    from sqlalchemy import func
    from sqlalchemy.exc import SQLAlchemyError
    from sqlmodel import select

    from .. import models
    from ..core import db, migrate
    from ..core.errors import ShopError

    kind = "SQLite" if chosen.sqlalchemy_url.startswith("sqlite") else "PostgreSQL"
    try:
        with db.reading() as session:
            revision, newest = migrate.current(session.connection()), migrate.newest()
            if not migrate.suits(session.connection()):
                yield Finding(
                    "fails", "database", f"{kind} is at {revision or 'no schema'}; run migrate for {newest}"
                )
                return
            if kind == "PostgreSQL":
                yield from _postgres(session.connection(), chosen)
            counts = {
                name: session.exec(select(func.count()).select_from(table)).one()
                for name, table in (
                    ("products", models.Product),
                    ("shipping methods", models.ShippingMethod),
                    ("tax rates", models.TaxRate),
                    ("members of staff", models.Staff),
                )
            }
    except (SQLAlchemyError, ShopError, OSError) as error:
        yield Finding("fails", "database", f"{kind} can't be reached: {str(error).splitlines()[0]}")
        return
    yield Finding("ok", "database", f"{kind}, schema {revision}")
    for name, count in counts.items():
        yield Finding("ok" if count else "missing", name, f"{count:,}" if count else "none yet")


def _postgres(connection: Connection, chosen: Settings) -> Iterator[Finding]:
    from ..core import postgres

    if problem := postgres.problem_with_connections(connection, chosen):
        yield Finding("fails", "connections", problem)
    else:
        needed, granted = postgres.connections_needed(chosen), postgres.connections_granted(connection)
        yield Finding("ok", "connections", f"up to {needed}, and PostgreSQL has {granted} for them")
    if lacking := postgres.missing_defaults(connection):
        yield Finding("fails", "time-outs", f"the role has no {', '.join(lacking)}; run migrate")
    else:
        yield Finding("ok", "time-outs", "the role has them")


def _redis(chosen: Settings) -> Iterator[Finding]:
    if not chosen.redis_url:
        yield Finding("missing", "Redis", "SHOP_REDIS_URL is not set; one process needs none")
        return
    import redis

    try:
        redis.Redis.from_url(chosen.redis_url, socket_timeout=3, socket_connect_timeout=3).ping()
    except redis.RedisError as error:
        yield Finding("fails", "Redis", f"it doesn't answer: {error}")
    else:
        yield Finding("ok", "Redis", "answers")


def _payments(chosen: Settings) -> Iterator[Finding]:
    if chosen.uses_sandbox:
        yield Finding(
            "missing", "payments", "STRIPE_SECRET_KEY is not set; the built-in sandbox takes the cards"
        )
        return
    live = "live" if "_live" in chosen.stripe_secret_key else "test"
    where = f" at {chosen.stripe_api_base}" if chosen.stripe_api_base else ""
    yield Finding("ok", "payments", f"Stripe{where} with a {live} key")
    if chosen.stripe_webhook_secret:
        yield Finding("ok", "webhook", f"Stripe sends to {chosen.public_url}/webhooks/stripe")
    else:
        yield Finding(
            "fails",
            "webhook",
            "STRIPE_WEBHOOK_SECRET is not set; paid orders would only be found by reconcile",
        )


def _mail(chosen: Settings) -> Iterator[Finding]:
    if not chosen.smtp_url:
        folder = chosen.data_dir / "letters"
        yield Finding("missing", "mail", f"SHOP_SMTP_URL is not set; letters are written to {folder}")
        return
    parts = urlsplit(chosen.smtp_url)
    port = parts.port or (465 if parts.scheme == "smtps" else 587)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=3).close()
    except OSError as error:
        yield Finding("fails", "mail", f"{parts.hostname}:{port} doesn't answer: {error.strerror or error}")
    else:
        yield Finding("ok", "mail", f"{parts.hostname}:{port} answers")


def _letters(chosen: Settings) -> Iterator[Finding]:
    """Those that were given up and are still kept word for word."""
    from sqlalchemy.exc import SQLAlchemyError

    from ..core import db
    from ..core.clock import now
    from ..core.errors import ShopError
    from ..services import outbox

    try:
        with db.reading() as session:
            given_up = outbox.given_up(session, now() - timedelta(days=chosen.message_days))
            latest = [f"{letter.kind} to {letter.to_email}: {letter.problem}" for letter in given_up[:3]]
    except (SQLAlchemyError, ShopError, OSError):
        # What is wrong with the database stands above.
        return
    if latest:
        yield Finding("missing", "letters", f"{len(given_up)} were given up; {'; '.join(latest)}")
    else:
        yield Finding("ok", "letters", "none was given up")


def _jobs(chosen: Settings) -> Iterator[Finding]:
    """Whether a process does the background work that servers leave to it: by the last run of any job."""
    from sqlalchemy import func
    from sqlalchemy.exc import SQLAlchemyError
    from sqlmodel import select

    from ..core import db
    from ..core.clock import now
    from ..core.errors import ShopError
    from ..models import JobRun

    if chosen.jobs == "here":
        return
    try:
        with db.reading() as session:
            last_run_at = session.exec(select(func.max(JobRun.started_at))).one()
    except (SQLAlchemyError, ShopError, OSError):
        # What is wrong with the database stands above.
        return
    if last_run_at and now() - last_run_at < JOBS_SILENT:
        yield Finding("ok", "jobs", "run elsewhere")
    else:
        sentence = "SHOP_JOBS is elsewhere, and no process runs `python -m shop_app work`"
        yield Finding("fails", "jobs", sentence)


def _pictures(_chosen: Settings) -> Iterator[Finding]:
    from PIL import features

    lacking = [name for name in ("avif", "webp", "jpg") if not features.check(name)]
    if lacking:
        yield Finding("fails", "pictures", f"Pillow was built without {', '.join(lacking)}")
    else:
        yield Finding("ok", "pictures", "AVIF, WebP and JPEG can be made")


def _media(chosen: Settings) -> Iterator[Finding]:
    """Where pictures are kept, and whether that answers."""
    from ..core.errors import ProviderDown
    from ..providers.storage import storage
    from ..services.catalog import pictures

    if chosen.media_bucket is None:
        yield Finding("ok", "media", f"{chosen.data_dir / 'media'}, for one machine")
        return
    try:
        next(iter(storage().names(pictures.ORIGINALS)), None)
    except ProviderDown:
        yield Finding("fails", "media", f"the bucket {chosen.media_bucket.name} doesn't answer, see the log")
    else:
        yield Finding("ok", "media", f"the bucket {chosen.media_bucket.name} answers")


def _front_end(_chosen: Settings) -> Iterator[Finding]:
    if (ROOT / ".web" / "build" / "client").is_dir():
        yield Finding("ok", "front end", "built")
    else:
        yield Finding("missing", "front end", "not built yet; the first start does it")
