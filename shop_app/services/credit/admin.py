"""Admin of gift cards and store credit: what staff see of them, adjust and switch off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.email_addresses import normal_email
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.money import show
from ...core.shop import shop
from ...core.typed_text import code
from ...models import CreditEntryKind, Order, table_of
from ..staff import audit
from . import commands as credit_commands
from .commands import PERMISSION, account, entry

PAGE = 50

_order = table_of(Order)
_SEARCH = (
    select(account)
    .where(
        account.c.id < bindparam("before"),
        or_(
            bindparam("text") == "",
            account.c.email == bindparam("text"),
            account.c.last_four == bindparam("end"),
        ),
    )
    .order_by(account.c.id.desc())
    .limit(PAGE)
)
_ENTRIES = (
    select(entry, _order.c.number)
    .outerjoin(_order, _order.c.id == entry.c.order_id)
    .where(entry.c.account_id == bindparam("account"))
    .order_by(entry.c.id)
)
_SWITCH_OFF = (
    update(account).where(account.c.id == bindparam("account"), account.c.active).values(active=False)
)


@dataclass(frozen=True, slots=True)
class AccountView:
    id: int
    label: str
    email: str
    balance: str
    balance_minor: int
    active: bool
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EntryView:
    """One movement: "−€20.00" for order 1042."""

    kind: str
    amount: str
    order_number: str
    note: str
    actor: str
    at: datetime


def accounts(session: Session, *, by: Principal, search: str = "", before: int = 2**53) -> list[AccountView]:
    """The newest first, `PAGE` at a time; `search` is a whole address or the end of a code.

    Errors  Forbidden.
    """
    by.need(PERMISSION)
    text = code(search)
    locale = shop().locale
    rows = session.connection().execute(
        _SEARCH, {"before": before, "text": normal_email(text) or text, "end": text.upper()[-4:]}
    )
    return [
        AccountView(
            row.id,
            credit_commands.name_of(row.kind, row.last_four),
            row.email,
            show(row.balance_minor, row.currency, locale),
            row.balance_minor,
            row.active,
            row.expires_at,
            row.created_at,
        )
        for row in rows
    ]


def entries(session: Session, account_id: int, *, by: Principal) -> list[EntryView]:
    """All entries of an account, oldest first.

    Errors  Forbidden; NotFound.
    """
    by.need(PERMISSION)
    account_values, locale = credit_commands.account_row(session, account_id), shop().locale
    return [
        EntryView(
            row.kind,
            show(row.amount_minor, account_values.currency, locale),
            str(row.number or ""),
            row.note,
            row.actor,
            row.at,
        )
        for row in session.connection().execute(_ENTRIES, {"account": account_id})
    ]


def adjust(
    session: Session, account_id: int, amount_minor: int, *, note: str, request_key: str, by: Principal
) -> bool:
    """Add to an account, or take off with a negative amount; False where this key did it already.

    Errors  Forbidden; Invalid without a reason or for an amount out of range; Conflict where the balance
            is too small; NotFound.
    """
    by.need(PERMISSION)
    credit_commands.check_amount(abs(amount_minor) if type(amount_minor) is int else amount_minor)
    credit_commands.check_key(request_key)
    if not note.strip():
        raise Invalid(_("Say why, for whoever reads it later."), field="note")
    is_new = credit_commands.add_entry(
        session,
        account_id,
        amount_minor,
        CreditEntryKind.ADJUSTED,
        f"adjusted:{request_key}",
        note=note.strip(),
        actor=by.actor,
    )
    if is_new:
        balance = credit_commands.account_row(session, account_id).balance_minor
        before, after = {"balance_minor": balance - amount_minor}, {"balance_minor": balance}
        _record(session, by, "adjusted", account_id, before, after | {"note": note.strip()})
    return is_new


def deactivate(session: Session, account_id: int, *, note: str, by: Principal) -> bool:
    """End spending from the account; its balance stays. False where it was inactive already.

    Errors  Forbidden; Invalid without a reason; NotFound.
    """
    by.need(PERMISSION)
    if not note.strip():
        raise Invalid(_("Say why, for whoever reads it later."), field="note")
    credit_commands.account_row(session, account_id)
    switched_off = session.connection().execute(_SWITCH_OFF, {"account": account_id}).rowcount == 1
    if switched_off:
        _record(
            session, by, "deactivated", account_id, {"active": True}, {"active": False, "note": note.strip()}
        )
    return switched_off


def _record(
    session: Session,
    by: Principal,
    action: str,
    account_id: int,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    audit.record(session, by, action, "credit", str(account_id), before, after)
