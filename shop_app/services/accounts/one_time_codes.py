"""One-time codes: an app on somebody's phone and the shop make the same six digits each half minute.

The shop remembers the half minute whose code was used last: a code works once.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyotp import random_base32
from pyotp.totp import TOTP
from sqlalchemy import delete, update
from sqlmodel import Session, col

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.settings import settings
from ...models import OneTimeCodes, Staff, table_of
from . import factors

STEP_SECONDS = 30
SLACK_STEPS = 1
"""So many half minutes a phone's clock may be wrong."""
_NONCE_BYTES = 12
_CODE = re.compile(r"\d{6}", re.ASCII)

_codes = table_of(OneTimeCodes)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What an app needs, to be shown once: the secret in groups of four, and the address in its QR code."""

    text: str
    address: str


def begin(session: Session, by: Principal) -> NewSecret:
    """A new secret, which counts once its first code was confirmed.

    Errors  Conflict where there is one already.
    """
    row = session.get(OneTimeCodes, by.id)
    if row and row.confirmed_at:
        raise Conflict(_("One-time codes are set up already. Remove them first."))
    secret = random_base32()
    if row is None:
        row = OneTimeCodes(staff_id=by.id, sealed_secret="")
        session.add(row)
    row.sealed_secret, row.created_at = _sealed(secret, by.id), now()
    session.flush()
    groups = " ".join(re.findall(".{1,4}", secret))
    return NewSecret(
        groups,
        TOTP(secret).provisioning_uri(name=by.email, issuer_name=urlsplit(settings().public_url).hostname),
    )


def confirm(session: Session, by: Principal, code: str) -> None:
    """Take the new secret for good, by the first code that the app shows.

    Errors  Invalid for a wrong code, Conflict where nothing is being set up.
    """
    row = session.get(OneTimeCodes, by.id)
    if row is None or row.confirmed_at:
        raise Conflict(_("Nothing is being set up. Begin again."))
    if not use(session, by.id, code, confirmed=False):
        raise Invalid(_("This isn't the code that the app shows now. Check the phone's clock."), field="code")
    session.refresh(row)
    row.confirmed_at = now()
    session.flush()
    factors.added(session, session.get_one(Staff, by.id), "one-time codes")


def use(session: Session, staff_id: int, code: str, *, confirmed: bool = True) -> bool:
    """Whether it is the code of about now and wasn't used yet; it is used up then."""
    row = session.get(OneTimeCodes, staff_id)
    digits = "".join(code.split())
    if row is None or (row.confirmed_at is None) is confirmed or not _CODE.fullmatch(digits):
        return False
    secret = _opened(row)
    step = _step_of(secret, digits) if secret else None
    return step is not None and _use_up(session, staff_id, step)


def _step_of(secret: str, digits: str) -> int | None:
    """The half minute, of those that may be meant, whose code that is."""
    this = int(now().timestamp()) // STEP_SECONDS
    totp = TOTP(secret)
    for step in range(this - SLACK_STEPS, this + SLACK_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def _use_up(session: Session, staff_id: int, step: int) -> bool:
    """Of two who bring the same code at once, one is let in."""
    statement = (
        update(OneTimeCodes)
        .where(_codes.c.staff_id == staff_id, _codes.c.last_step < step)
        .values(last_step=step)
    )
    return session.connection().execute(statement).rowcount == 1


def remove(session: Session, by: Principal) -> None:
    """Take the codes away; does nothing where there are none.

    Errors  Conflict where the role needs a second factor and there is no other.
    """
    row = session.get(OneTimeCodes, by.id)
    if row is None:
        return
    was_factor = row.confirmed_at is not None
    session.connection().execute(delete(OneTimeCodes).where(col(OneTimeCodes.staff_id) == by.id))
    session.expire(row)
    if was_factor:
        factors.removed(session, session.get_one(Staff, by.id), "one-time codes")


def _key() -> Any:
    return AESGCM(hmac.digest(settings().signing_key.encode(), b"one-time codes", "sha256"))


def _sealed(secret: str, staff_id: int) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + _key().encrypt(nonce, secret.encode(), str(staff_id).encode())).decode()


def _opened(row: OneTimeCodes) -> str:
    """The secret; "" where the shop's key is another one than when it was made."""
    sealed = base64.b64decode(row.sealed_secret)
    try:
        plain = _key().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], str(row.staff_id).encode())
    except InvalidTag:
        return ""
    return plain.decode()
