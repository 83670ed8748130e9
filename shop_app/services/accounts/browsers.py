"""The browsers that people sign in with: what they are called, and in which of them somebody has been before.

A browser is known by its visitor's cookie. Guesses of strangers don't keep an owner out of a known one, and a
sign-in in a new one is told of in a letter.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from sqlmodel import Session, col, select

from ...core.clock import now
from ...core.email_addresses import normal_email
from ...core.i18n import _
from ...models import KnownBrowser, Staff

MAX_AGENT = 400
_BROWSERS = (
    ("Edge", r"\bEdgA?/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bVersion/[\d.]+ .*\bSafari/"),
)
_SYSTEMS = (
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMac OS X\b"),
    ("Linux", r"\bLinux\b"),
)


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in; every field may be "".

    visitor_hash  of the visitor's key
    session_hash  of the key of the session that it had before, which ends with the sign-in
    device        browser and system: "Firefox, Linux"
    network       "203.0.113.0/24"
    """

    visitor_hash: str = ""
    session_hash: str = ""
    device: str = ""
    network: str = ""


UNKNOWN = Browser()


def device_of(user_agent: str) -> str:
    """Browser and system, as a person names them.

    >>> device_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox, Linux'
    """
    agent = user_agent[:MAX_AGENT]
    names = [next((name for name, mark in kinds if re.search(mark, agent)), "") for kinds in _KINDS]
    return ", ".join(filter(None, names)) or _("Unknown browser")


_KINDS = (_BROWSERS, _SYSTEMS)


def network_of(address: str) -> str:
    """The network of an address: enough to be recognised by, and no single household's.

    >>> network_of("203.0.113.7"), network_of("2001:db8:1:2::"), network_of("?")
    ('203.0.113.0/24', '2001:db8:1::/48', '')
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def is_known(session: Session, email: str, visitor_hash: str) -> bool:
    """Whether the member of staff with that address has signed in in this browser before."""
    statement = (
        select(KnownBrowser.staff_id)
        .join(Staff, col(Staff.id) == KnownBrowser.staff_id)
        .where(Staff.email == normal_email(email), KnownBrowser.visitor_hash == visitor_hash)
    )
    return session.exec(statement).first() is not None


def remember(session: Session, staff_id: int, browser: Browser) -> bool:
    """Note a sign-in; whether it was the first in this browser, of somebody who has used others."""
    if not browser.visitor_hash:
        return False
    if known := session.get(KnownBrowser, (staff_id, browser.visitor_hash)):
        known.last_at, known.device = now(), browser.device
        return False
    others = session.exec(select(KnownBrowser.staff_id).where(KnownBrowser.staff_id == staff_id)).first()
    session.add(KnownBrowser(staff_id=staff_id, visitor_hash=browser.visitor_hash, device=browser.device))
    session.flush()
    return others is not None
