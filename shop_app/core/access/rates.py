"""How often a client may do something: one table of limits.

A limit counts by visitor, by address, and by the e-mail address that an event names. A visitor's cookie is
free to make, so the limit by address is the one that holds; whole offices share an address, so answers to it
slow down before they are refused. Counted in this process, or in Redis where the settings name one, so that
all processes count together; while Redis is away, each counts by itself again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from limits import RateLimitItem, parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from ..email_addresses import mailbox
from ..errors import TooMany
from ..i18n import _
from ..settings import load_test, settings
from . import security_log
from .clients import Client
from .counts import BoundedStorage
from .shared_counts import SharedStorage

PAUSE_SECONDS = 0.25
"""The first pause of an answer that is slowed; each further one is longer by as much."""
LONGEST_PAUSE_SECONDS = 4.0
"""So long a tab waits at most: longer, and people load the page again."""
MAX_WAITING = 200
"""So many answers are slowed at the same time; above that they are refused."""
MAX_WAITING_OF_ONE = 4
"""And so many of one address."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one may do something. Rates read like "5/15 minutes"; with "" nothing is counted by that."""

    name: str
    address: str
    visitor: str = ""
    email: str = ""
    slow_email: str = ""
    """The same where an address may be somebody else's: above it answers are slow, and none is refused."""
    free: int = 0
    """So many of one address, within its rate's time, are answered without a pause; 0 means all."""
    free_email: int = 0
    """So many for one e-mail address, within its rate's time, are; 0 means all."""


# Secrets that can be guessed.
LOOK_UP = Limit("look-up", "60/15 minutes", visitor="10/15 minutes", email="100/day", free=10)
"""An order by its number and e-mail address, to see it or to withdraw from it.

Numbers follow each other, so whoever knows an e-mail address has few to try: a day has too little for that,
from however many addresses. Its owner has the link of every order in a letter."""
ORDER_LINK = Limit("order link", "1200/10 minutes", visitor="240/10 minutes")
"""An order by its token, which is too long to be guessed; an open page reads it often."""
LIST_LINK = Limit("list link", "1200/10 minutes", visitor="240/10 minutes")
"""A list that was shared, by its token, which is too long to be guessed; an open page reads it often."""
LETTER_LINK = Limit("letter link", "6000/10 minutes")
"""What one is written about, by a letter's link, which is too long to be guessed; mail services that send it
for their users do so from few addresses."""
INVITATION = Limit("invitation", "120/15 minutes", visitor="30/15 minutes")
"""Becoming staff by a letter's link, whose token is too long to be guessed."""
LINE_LINK = Limit("line link", "600/15 minutes", visitor="60/15 minutes")
"""What is done by the link of a letter about a place in line, whose token is too long to be guessed."""
CREDIT_CODE = Limit("credit code", "60/15 minutes", visitor="10/15 minutes", free=10)
DISCOUNT_CODE = Limit("discount code", "120/15 minutes", visitor="20/15 minutes", free=20)
SET_UP = Limit("set-up", "60/15 minutes", free=15)
"""Sending the form that opens a shop: its token has 125 random bits, so this keeps the log quiet."""

SIGN_IN = Limit(
    "sign-in", "100/15 minutes", visitor="30/15 minutes", email="30/15 minutes", free=20, free_email=5
)
"""A password, in a browser in which that member of staff hasn't signed in before: the waits grow."""
SIGN_IN_KNOWN = Limit("sign-in, known browser", "100/15 minutes", visitor="20/15 minutes", free=20)
"""In one in which they have: however many strangers try, the owner gets in."""
PASSKEY = Limit("passkey", "120/15 minutes", visitor="60/15 minutes")
"""A passkey, or the question for one."""
SECOND_FACTOR = Limit(
    "second factor", "60/15 minutes", visitor="20/15 minutes", email="20/15 minutes", free=10
)
"""A code, which only somebody with the password may try."""
NEW_PASSWORD = Limit("new password", "30/hour", visitor="10/hour", free=5)
"""A password reset that is asked for, or done."""
ACCOUNT_LETTER = Limit("account letter", "60/hour", visitor="12/hour", email="12/hour", free=10)
"""A code to one's own address, or to a new one, that somebody who is signed in asks for."""

CUSTOMER_PASSWORD = Limit(
    "customer's password",
    "100/15 minutes",
    visitor="30/15 minutes",
    email="30/15 minutes",
    free=20,
    free_email=5,
)
"""The password of a customer, in a browser in which they haven't signed in before."""
CUSTOMER_PASSWORD_KNOWN = Limit(
    "customer's password, known browser", "100/15 minutes", visitor="20/15 minutes", free=20
)
SIGN_IN_CODE = Limit("sign-in code", "120/15 minutes", visitor="30/15 minutes", free=30)
"""A customer's code by mail: each has five tries, so what counts is how many are sent."""

# What keeps units, writes letters, or makes work for staff.
SIGN_IN_LETTER = Limit("sign-in letter", "60/15 minutes", visitor="10/15 minutes", email="20/day", free=20)
"""A letter with such a code, asked for in a browser in which its owner hasn't signed in before."""
SIGN_IN_LETTER_KNOWN = Limit("sign-in letter, known browser", "60/15 minutes", visitor="10/15 minutes")
ORDER = Limit("order", "120/hour", visitor="20/hour", slow_email="20/hour", free=20)
HOLD = Limit("hold", "1200/hour", visitor="120/hour")
STOCK_ALERT = Limit("stock alert", "60/hour", visitor="20/hour", email="20/day", free=20)
WITHDRAWAL = Limit("withdrawal", "60/hour", visitor="20/hour", free=20)
REVIEW = Limit("review", "60/hour", visitor="20/hour", free=20)
RETURN = Limit("return", "60/hour", visitor="20/hour", free=20)

# What costs work.
DATA_EXPORT = Limit("data export", "60/hour", visitor="10/hour", email="10/hour")
"""Everything that the shop keeps about somebody, as a file."""
UPLOAD = Limit("upload", "120/10 minutes")


async def take(limit: Limit, client: Client, *, email: str = "") -> None:
    """Count one of these, and wait a little where the client's address has done many.

    The wait holds nothing but the client's own tab. `email` is the address that the event names, if any.

    Errors  TooMany where one of the limit's counts is used up; then the others don't count it.
    """
    if load_test():
        return
    used_up = await _count(limit, client, mailbox(email))
    if used_up:
        _refuse(limit, client, used_up)
    pause_seconds = max(
        await _pause(limit.address, limit.free, limit.name, "address", client.address),
        await _pause(limit.email, limit.free_email, limit.name, "email", mailbox(email)),
        await _pause_of_email(limit, mailbox(email)),
    )
    if pause_seconds:
        await _slow(limit, client, pause_seconds)


async def _count(limit: Limit, client: Client, email: str) -> str:
    """What is used up: visitor, email or address; "" where nothing is, and it is counted."""
    # Tested first: an address that is used up makes no new counts, whatever cookies it sends.
    if not await _limiter().test(_item(limit.address), limit.name, "address", client.address):
        return "address"
    for kind, rate, who in (
        ("visitor", limit.visitor, client.visitor),
        ("email", limit.email, email),
        ("address", limit.address, client.address),
    ):
        if rate and who and not await _limiter().hit(_item(rate), limit.name, kind, who):
            return kind
    return ""


async def _pause(rate: str, free: int, name: str, kind: str, who: str) -> float:
    """The pause after so many of a rate: the longer, the more there were beyond those that are free."""
    if not (free and rate and who):
        return 0
    item = _item(rate)
    left = (await _limiter().get_window_stats(item, name, kind, who)).remaining
    return min(max(0, item.amount - left - free) * PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)


async def _pause_of_email(limit: Limit, email: str) -> float:
    if not (limit.slow_email and email):
        return 0
    fits = await _limiter().hit(_item(limit.slow_email), limit.name, "email", email)
    return 0 if fits else LONGEST_PAUSE_SECONDS


async def _slow(limit: Limit, client: Client, pause_seconds: float) -> None:
    if _waiting.total() >= MAX_WAITING or _waiting[client.address] >= MAX_WAITING_OF_ONE:
        _refuse(limit, client, "address, too many at once")
    _waiting[client.address] += 1
    try:
        await asyncio.sleep(pause_seconds)
    finally:
        _waiting[client.address] -= 1
        if not _waiting[client.address]:
            del _waiting[client.address]


def _refuse(limit: Limit, client: Client, used_up: str) -> NoReturn:
    security_log.note(
        "limit", address=client.address, visitor=client.visitor, detail=f"{limit.name} by {used_up}"
    )
    raise TooMany(_("That was too often in a short time. Wait a few minutes and try again."))


_waiting: Counter[str] = Counter()
"""Answers that are being slowed, by address."""


@lru_cache(maxsize=1)
def _limiter() -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(SharedStorage() if settings().redis_url else BoundedStorage())


@lru_cache(maxsize=64)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)
