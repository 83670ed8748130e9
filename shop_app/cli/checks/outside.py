"""What lies outside: Redis, payments, mail, the pictures' bucket, and the shop as its shoppers reach it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...core import starting
from ...core.cant_start import CantStart
from ...core.settings import Settings
from .finding import Finding, beside_clock_of

if TYPE_CHECKING:
    import httpx
    from sqlmodel import Session

ANSWER_SECONDS = 5


def redis(chosen: Settings) -> Iterator[Finding]:
    if not chosen.redis_url:
        yield Finding("missing", "Redis", "SHOP_REDIS_URL is not set; one process needs none")
        return
    try:
        starting.look_at_redis(chosen, wait_seconds=0)
    except CantStart as cant:
        yield Finding("fails", "Redis", cant.sentence)
        return
    from redis import Redis

    client: Any = Redis.from_url(
        chosen.redis_url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
    )
    with client:
        version = client.info("server").get("redis_version", "")
        seconds, microseconds = client.time()
    yield Finding("ok", "Redis", f"answers, version {version}")
    yield beside_clock_of("Redis", datetime.fromtimestamp(seconds + microseconds / 1e6, UTC))


def mail(chosen: Settings) -> Iterator[Finding]:
    """Connects and signs in, and sends nothing."""
    from ...core.errors import ProviderDown
    from ...providers.mail.smtp import SmtpMailer

    if not chosen.smtp_url:
        folder = chosen.data_dir / "letters"
        yield Finding("missing", "mail", f"SHOP_SMTP_URL is not set; letters are written to {folder}")
        return
    mailer = SmtpMailer(chosen.smtp_url, timeout_seconds=ANSWER_SECONDS)
    try:
        mailer.try_out()
    except ProviderDown as down:
        yield Finding("fails", "mail", f"{mailer.place}: {down.message} Look at SHOP_SMTP_URL.")
    else:
        yield Finding("ok", "mail", f"{mailer.place} answers{' and takes the login' * mailer.signs_in}")


def media(chosen: Settings) -> Iterator[Finding]:
    """Where pictures are kept, and whether that answers."""
    from ...core.errors import ProviderDown
    from ...providers.storage import storage
    from ...services.catalog import pictures

    if chosen.media_bucket is None:
        yield Finding("ok", "media", f"{chosen.data_dir / 'media'}, for one machine")
        return
    try:
        next(iter(storage().names(pictures.ORIGINALS)), None)
    except ProviderDown:
        text = f"the bucket {chosen.media_bucket.name} doesn't answer, see the log: look at SHOP_MEDIA_URL"
        yield Finding("fails", "media", f"{text} and its keys")
    else:
        yield Finding("ok", "media", f"the bucket {chosen.media_bucket.name} answers")


def payments(chosen: Settings) -> Iterator[Finding]:
    """Calls Stripe for what moves nothing: the key, what it may read, and where Stripe sends events to."""
    from ...providers.payments import stripe_check
    from ...providers.payments.stripe import connected

    if chosen.uses_sandbox:
        text = "STRIPE_SECRET_KEY is not set; the built-in sandbox takes the cards"
        yield Finding("missing", "payments", text)
        return
    live = "live" if "_live" in chosen.stripe_secret_key else "test"
    where = f" at {chosen.stripe_api_base}" if chosen.stripe_api_base else ""
    client = connected(chosen.stripe_key, chosen.stripe_base, timeout_seconds=ANSWER_SECONDS, retries=0)
    asked = stripe_check.try_key(client)
    if asked.problem:
        yield Finding("fails", "payments", asked.problem)
    else:
        yield Finding("ok", "payments", f"Stripe{where} takes the {live} key")
    if asked.at:
        yield beside_clock_of("Stripe", asked.at)
    if not chosen.stripe_webhook_secret:
        text = "STRIPE_WEBHOOK_SECRET is not set; paid orders would only be found by reconcile"
        yield Finding("fails", "webhook", text)
    if asked.answers:
        found = stripe_check.look_at_webhook(client, f"{chosen.public_url}/webhooks/stripe")
        yield Finding("warns" if found.problem else "ok", "webhook", found.problem or found.text)


def events(session: Session, chosen: Settings) -> Iterator[Finding]:
    """Whether Stripe's events come, by the newest that did."""
    from ...services.payments import inbox

    if chosen.uses_sandbox:
        return
    last_at, paid_at = inbox.last_received_at(session, "stripe"), inbox.last_captured_at(session, "stripe")
    came = f"the last one came at {last_at.isoformat(timespec='seconds')}" if last_at else "none has come yet"
    if paid_at and (last_at is None or last_at < paid_at):
        text = f"{came}, and an order was paid since: look at the webhook at Stripe, and at its secret"
        yield Finding("warns", "events", text)
    else:
        yield Finding("ok" if last_at else "missing", "events", came)


def address(chosen: Settings) -> Iterator[Finding]:
    """Asks the shop at its public address, through whatever stands in front."""
    import httpx

    url = chosen.public_url
    is_https = url.startswith("https://")
    here = f"http://{chosen.own_host}:{chosen.port}"
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
        try:
            answer = client.get(f"{url}/healthz")
            served = client.get(f"{url}/robots.txt") if answer.status_code == 200 else answer
        except httpx.HTTPError as error:
            yield _silent(url, error, runs=_runs(client, here))
            return
        runs = answer.status_code < 500 or _runs(client, here)
    text = url + (", and cookies go over https alone" if is_https else "")
    if answer.is_redirect:
        target = str(answer.headers.get("location", ""))[:200]
        text = f"{url} redirects to {target}: set SHOP_BASE_URL to the address that shoppers use"
        yield Finding("fails", "address", text)
    elif answer.status_code in (502, 503, 504):
        why = (
            f"look at where the proxy leads: the shop answers at {here}" if runs else "the shop isn't running"
        )
        yield Finding("fails" if runs else "missing", "address", f"a proxy answers at {url}, and {why}")
    elif answer.status_code != 200 or '"alive"' not in answer.text:
        yield Finding("fails", "address", f"something else answers at {url}: status {answer.status_code}")
    elif served.status_code == 421:
        yield Finding("fails", "address", f"the proxy at {url} has to hand on the header Host as it came")
    else:
        yield Finding("ok", "address", text)


def _runs(client: httpx.Client, here: str) -> bool:
    import httpx

    try:
        return client.get(f"{here}/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def _silent(url: str, error: Exception, *, runs: bool) -> Finding:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        reason = str(error).partition("CERTIFICATE_VERIFY_FAILED] ")[2].partition(" (_ssl")[0]
        return Finding("fails", "address", f"the certificate of {url} isn't trusted: {reason}")
    if runs:
        text = (
            f"the shop runs, and nothing answers at {url}: look at the proxy, the name's address, firewalls"
        )
        return Finding("fails", "address", text)
    return Finding("missing", "address", f"nothing answers at {url}: the shop isn't running")
