"""What `doctor` looks at, in its order; each thing is tried by itself, with a limit of time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..core import clock
from ..core.cant_start import CantStart
from ..core.settings import Settings, settings, unknown_settings
from ..core.version import VERSION
from .checks import database, machine, outside
from .checks.finding import Finding
from .command import of_the_world

if TYPE_CHECKING:
    from sqlmodel import Session

LIMIT_SECONDS = 30
"""For one check: each of its calls has a shorter limit of its own."""


def examine() -> Iterator[Finding]:
    """Check everything, each thing by itself: one that fails or hangs ends no other. Changes nothing."""
    try:
        chosen = settings()
    except CantStart as cant:
        yield Finding("fails", "settings", cant.sentence)
        return
    for check in (_settings, machine.data_folder, machine.permissions, machine.failures):
        yield from _tried(check, chosen)
    found = _tried(database.database, chosen)
    yield from found
    if not any(finding.subject == "database" and finding.mark == "fails" for finding in found):
        for look in OF_DATABASE:
            yield from _tried(partial(_read, look), chosen, look.__name__)
    for check in OUTSIDE:
        yield from _tried(check, chosen)


OF_DATABASE: tuple[Callable[[Session, Settings], Iterator[Finding]], ...] = (
    database.contents,
    database.backups,
    database.jobs,
    database.work,
    database.letters,
    outside.events,
)
OUTSIDE = (
    outside.redis,
    outside.payments,
    outside.mail,
    outside.address,
    outside.media,
    machine.pictures,
    machine.front_end,
)


def _read(look: Callable[[Session, Settings], Iterator[Finding]], chosen: Settings) -> Iterator[Finding]:
    from ..core import db

    with db.reading() as session:
        yield from look(session, chosen)


def _tried(check: Callable[[Settings], Iterator[Finding]], chosen: Settings, name: str = "") -> list[Finding]:
    """What a check finds; that it couldn't look, where it fails itself, or has no answer in time."""
    findings: list[Finding] = []
    subject = (name or check.__name__).strip("_").replace("_", " ")

    def look() -> None:
        try:
            findings.extend(check(chosen))
        except Exception as error:
            ending = of_the_world(error)
            first = (str(error).splitlines() or [""])[0][:300]
            text = ending[0] if ending else f"can't be looked at: {type(error).__name__}: {first}"
            findings.append(Finding("fails", subject, text))

    thread = threading.Thread(target=look, name=f"doctor {subject}", daemon=True)
    thread.start()
    thread.join(LIMIT_SECONDS)
    if thread.is_alive():
        return [*findings, Finding("fails", subject, f"no answer within {LIMIT_SECONDS} s")]
    return findings


def _settings(chosen: Settings) -> Iterator[Finding]:
    for sentence in unknown_settings():
        yield Finding("fails" if chosen.mode == "production" else "missing", "settings", sentence)
    yield Finding("ok", "release", VERSION)
    yield Finding("ok", "mode", f"{chosen.mode}, port {chosen.port}, {chosen.workers} worker(s)")
    yield Finding("ok", "days", _days(chosen))
    if not chosen.base_url:
        text = f"SHOP_BASE_URL is not set; links point to {chosen.public_url}"
        yield Finding("missing", "base address", text)
    # The server itself speaks no TLS, so a proxy in front has to.
    if chosen.public_url.startswith("https://") and not chosen.trusted_proxy_hops:
        yield Finding(
            "fails",
            "proxy",
            "SHOP_BASE_URL is https://, so a proxy stands in front, and SHOP_TRUSTED_PROXY_HOPS is 0:"
            " limits count all visitors as one",
        )
    elif chosen.trusted_proxy_hops and not chosen.public_url.startswith("https://"):
        yield Finding(
            "warns",
            "proxy",
            "SHOP_TRUSTED_PROXY_HOPS trusts what a proxy says, and SHOP_BASE_URL isn't https://: whoever"
            " comes without a proxy can claim any address",
        )
    elif chosen.trusted_proxy_hops:
        yield Finding("ok", "proxy", f"{chosen.trusted_proxy_hops} trusted to say where a request came from")
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
