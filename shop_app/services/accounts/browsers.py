"""The browsers that people sign in with: what they are called, and in which of them somebody has been before.

A browser is known by its visitor's cookie. Guesses of strangers don't keep an owner out of a known one, and a
sign-in in a new one is told of in a letter.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import and_, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.email_addresses import normal_email
from ...core.i18n import _
from ...core.upsert import Insert, upsert
from ...models import Customer, KnownBrowser, Staff, table_of

_known, _staff, _customer = table_of(KnownBrowser), table_of(Staff), table_of(Customer)
Kind = Literal["customer", "staff"]

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


def is_known(session: Session, email: str, visitor_hash: str, *, kind: Kind = "staff") -> bool:
    """Whether the person with that address has signed in in this browser before."""
    person, owner = (_staff, _known.c.staff_id) if kind == "staff" else (_customer, _known.c.customer_id)
    statement = (
        select(_known.c.id)
        .join(person, person.c.id == owner)
        .where(person.c.email == normal_email(email), _known.c.visitor_hash == visitor_hash)
    )
    return session.connection().execute(statement).first() is not None


def remember(session: Session, who: Principal, browser: Browser) -> bool:
    """Note a sign-in; whether it was the first in this browser, of somebody who has used others."""
    if not browser.visitor_hash:
        return False
    connection = session.connection()
    owner = {"staff_id": who.id} if who.kind == "staff" else {"customer_id": who.id}
    own = and_(*(_known.c[name] == value for name, value in owner.items()))
    others = connection.execute(select(_known.c.id).where(own).limit(1)).first()
    row = {"visitor_hash": browser.visitor_hash, "device": browser.device[:100], "last_at": now()}
    is_first = (
        connection.execute(_add_once(session), {**owner, **row, "first_at": now()}).scalar() is not None
    )
    if not is_first:
        this = and_(own, _known.c.visitor_hash == browser.visitor_hash)
        connection.execute(update(_known).where(this).values(device=row["device"], last_at=row["last_at"]))
    return is_first and others is not None


@upsert(_known)
def _add_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing().returning(_known.c.id)
