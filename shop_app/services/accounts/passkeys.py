"""Passkeys: added by whoever is signed in; one signs in by itself, or proves again who somebody is.

The device checks its owner (finger, face, PIN) each time. A challenge is a ticket of the shop, made for one
purpose, one browser, and customers or staff, and answered once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import webauthn
from pydantic import BaseModel, ValidationError
from sqlalchemy import ColumnElement, delete, func
from sqlmodel import Session, col, select
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.dates import full_moment
from ...core.errors import Conflict, Forbidden, NotFound, ShopError
from ...core.i18n import _
from ...core.settings import settings
from ...core.typed_text import prose
from ...core.upsert import Insert, upsert
from ...models import Passkey, SpentChallenge, Staff, table_of
from . import factors, tickets
from .browsers import Kind

Purpose = Literal["sign-in", "confirm", "add"]
CHALLENGE_MINUTES = 5
MAX_PASSKEYS = 20
_TRANSPORTS = {transport.value for transport in AuthenticatorTransport}
_spent, _passkey = table_of(SpentChallenge), table_of(Passkey)
T = TypeVar("T")


class WrongPasskey(ShopError):
    """What came can't be taken, whatever is wrong with it."""

    code = "wrong_passkey"

    def __init__(self) -> None:
        super().__init__(_("This passkey can't be used here. Try again, or sign in with your password."))


class _Response(BaseModel):
    clientDataJSON: str  # noqa: N815 - as browsers call it
    transports: list[str] = []


class _Answer(BaseModel):
    """What this module itself reads of a browser's answer; `webauthn` checks the whole."""

    id: str
    response: _Response


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """A passkey as its owner sees it; the moments are texts, "" for never."""

    id: int = 0
    name: str = ""
    added_at: str = ""
    used_at: str = ""


def add_options(session: Session, by: Principal, visitor_hash: str) -> str:
    """What the browser needs to make a new passkey, as JSON.

    Errors  Conflict where somebody has `MAX_PASSKEYS` already.
    """
    kind = _kind(by)
    own = _own(session, by.id, kind)
    if len(own) >= MAX_PASSKEYS:
        raise Conflict(_("That is the largest number of passkeys. Remove one first."))
    options = webauthn.generate_registration_options(
        rp_id=_host(),
        rp_name=_host(),
        user_name=by.email,
        user_display_name=by.name or by.email,
        user_id=f"{kind}-{by.id}".encode(),
        challenge=_challenge("add", visitor_hash, by.id, kind),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_descriptor(row) for row in own],
    )
    return webauthn.options_to_json(options)


def add(session: Session, by: Principal, answer: Any, visitor_hash: str, name: str) -> None:
    """Keep the passkey that the browser made.

    Errors  Expired; WrongPasskey; Conflict for one that is there already.
    """
    sent = _answer(answer)
    challenge = _spend(session, sent, "add", visitor_hash, by.id, _kind(by))
    made = _checked(
        lambda: webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=settings().public_url,
            require_user_verification=True,
        )
    )
    key = bytes_to_base64url(made.credential_id)
    if session.exec(select(Passkey.id).where(Passkey.credential_id == key)).first():
        raise Conflict(_("This passkey is there already."))
    session.add(
        Passkey(
            staff_id=by.id if by.kind == "staff" else None,
            customer_id=by.id if by.kind == "customer" else None,
            credential_id=key,
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            transports=[word for word in sent.response.transports if word in _TRANSPORTS],
            name=prose(name)[:100] or _("Passkey"),
        )
    )
    session.flush()
    if by.kind == "staff":
        factors.added(session, session.get_one(Staff, by.id), "passkey")


def options(
    session: Session, purpose: Purpose, visitor_hash: str, owner_id: int = 0, *, kind: Kind = "staff"
) -> str:
    """What the browser needs to prove a passkey, as JSON: any for a sign-in, else one of that owner's."""
    own = [_descriptor(row) for row in _own(session, owner_id, kind)] if owner_id else None
    asked = webauthn.generate_authentication_options(
        rp_id=_host(),
        challenge=_challenge(purpose, visitor_hash, owner_id, kind),
        allow_credentials=own,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(asked)


def prove(
    session: Session,
    answer: Any,
    purpose: Purpose,
    visitor_hash: str,
    owner_id: int = 0,
    *,
    kind: Kind = "staff",
) -> int:
    """The id of the customer or member of staff whose passkey answered; `owner_id` where it has to be theirs.

    Errors  Expired for a challenge that is too old or was answered; WrongPasskey.
    """
    sent = _answer(answer)
    challenge = _spend(session, sent, purpose, visitor_hash, owner_id, kind)
    row = session.exec(select(Passkey).where(Passkey.credential_id == sent.id)).first()
    owner = (row.staff_id if kind == "staff" else row.customer_id) if row else None
    if row is None or owner is None or owner_id not in (0, owner):
        raise WrongPasskey
    proven = _checked(
        lambda: webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=settings().public_url,
            credential_public_key=base64url_to_bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    )
    row.sign_count, row.last_used_at = proven.new_sign_count, now()
    return owner


def of(session: Session, owner_id: int, *, kind: Kind = "staff") -> list[PasskeyView]:
    """Their passkeys, the oldest first."""
    return [
        PasskeyView(
            row.id or 0,
            row.name,
            full_moment(row.created_at),
            full_moment(row.last_used_at) if row.last_used_at else "",
        )
        for row in _own(session, owner_id, kind)
    ]


def remove(session: Session, by: Principal, passkey_id: int) -> None:
    """Take one of one's own passkeys away.

    Errors  NotFound; Conflict where the role needs a second factor and there is no other.
    """
    statement = delete(Passkey).where(col(Passkey.id) == passkey_id, _is_of(by.id, _kind(by)))
    if not session.connection().execute(statement).rowcount:
        raise NotFound(_("There is no such passkey."))
    if by.kind == "staff":
        factors.removed(session, session.get_one(Staff, by.id), "passkey")


def count(session: Session, owner_id: int, *, kind: Kind = "staff") -> int:
    """How many passkeys they have."""
    return session.exec(select(func.count()).select_from(Passkey).where(_is_of(owner_id, kind))).one()


def _own(session: Session, owner_id: int, kind: Kind) -> list[Passkey]:
    statement = select(Passkey).where(_is_of(owner_id, kind)).order_by(col(Passkey.id))
    return list(session.exec(statement).all())


def _is_of(owner_id: int, kind: Kind) -> ColumnElement[bool]:
    return (_passkey.c.staff_id if kind == "staff" else _passkey.c.customer_id) == owner_id


def _kind(by: Principal) -> Kind:
    """Errors  Forbidden for nobody."""
    if by.kind == "nobody":
        raise Forbidden(_("You are signed out. Sign in again."))
    return by.kind


def _descriptor(row: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(word) for word in row.transports]
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(row.credential_id), transports=transports)


def _host() -> str:
    """The host that passkeys are made for: the shop's own."""
    return urlsplit(settings().public_url).hostname or "localhost"


def _challenge(purpose: Purpose, visitor_hash: str, owner_id: int, kind: Kind) -> bytes:
    step, nonce = _step(purpose, kind), secrets.token_urlsafe(16)
    return tickets.for_minutes(step, visitor_hash, CHALLENGE_MINUTES, s=owner_id, n=nonce).encode()


def _step(purpose: Purpose, kind: Kind) -> str:
    return f"passkey-{kind}-{purpose}"


def _answer(sent: Any) -> _Answer:
    """Errors  WrongPasskey for what no browser sends."""
    try:
        return _Answer.model_validate(sent, strict=True)
    except ValidationError:
        raise WrongPasskey from None


def _spend(
    session: Session, sent: _Answer, purpose: Purpose, visitor_hash: str, owner_id: int, kind: Kind
) -> bytes:
    """The challenge that is answered, which no other answer can bring again.

    Errors  Expired; WrongPasskey where there is none in it.
    """
    challenge = _checked(
        lambda: parse_client_data_json(base64url_to_bytes(sent.response.clientDataJSON)).challenge
    )
    ticket = tickets.read(_step(purpose, kind), _checked(challenge.decode), visitor_hash)
    if ticket["s"] != owner_id:
        raise tickets.Expired
    row = {
        "digest": hashlib.sha256(challenge).hexdigest(),
        "expires_at": datetime.fromtimestamp(ticket["u"], UTC) + timedelta(minutes=1),
    }
    if session.connection().execute(_spend_once(session), row).scalar() is None:
        raise tickets.Expired
    return challenge


@upsert(_spent)
def _spend_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_spent.c.digest]).returning(_spent.c.digest)


def _checked(read: Callable[[], T]) -> T:
    """What `read` makes of what a browser sent.

    Errors  WrongPasskey for everything that can be wrong with it.
    """
    try:
        return read()
    except Exception:
        # JSON, Base64, CBOR, certificates and signatures, each with errors of its own.
        raise WrongPasskey from None
