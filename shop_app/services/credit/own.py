"""A customer's own credit: the store credit of their address, and the gift cards that they redeemed.

A redeemed card belongs to the account: its code alone spends nothing any more. Store credit belongs to
whoever has verified its e-mail address, as the letters about it go there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, union, update
from sqlmodel import Session

from ...core import clock, dates
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Forbidden, Invalid, NotFound
from ...core.events import AccountAddressChanged
from ...core.i18n import _
from ...core.money import show
from ...core.shop import shop
from ...models import CreditEntryKind, CreditKind, Customer, Order, table_of
from . import commands as credit_commands
from .commands import account, entry

PAGE = 50
"""Entries that are shown, the newest."""
_customer, _order = table_of(Customer), table_of(Order)
# Two reads, each by an index: with an OR of them, databases look through all accounts.
_THEIRS = union(
    select(account.c.id).where(account.c.customer_id == bindparam("customer")),
    select(account.c.id)
    .join(_customer, _customer.c.email == account.c.email)
    .where(
        _customer.c.id == bindparam("customer"),
        _customer.c.verified_at.is_not(None),
        account.c.kind == CreditKind.STORE_CREDIT.value,
    ),
)
_ACCOUNTS = select(account).where(account.c.id.in_(_THEIRS)).order_by(account.c.kind.desc(), account.c.id)
_ENTRIES = (
    select(
        entry, account.c.currency, account.c.kind.label("account_kind"), account.c.last_four, _order.c.number
    )
    .join(account, account.c.id == entry.c.account_id)
    .outerjoin(_order, _order.c.id == entry.c.order_id)
    .where(entry.c.account_id.in_(bindparam("accounts", expanding=True)))
    .order_by(entry.c.id.desc())
    .limit(PAGE)
)
_REDEEM = (
    update(account)
    .where(
        account.c.id == bindparam("account"),
        account.c.kind == CreditKind.GIFT_CARD.value,
        account.c.active,
        or_(account.c.expires_at.is_(None), account.c.expires_at > bindparam("at")),
        or_(account.c.customer_id.is_(None), account.c.customer_id == bindparam("customer")),
        or_(account.c.balance_minor > 0, account.c.customer_id == bindparam("customer")),
    )
    .values(customer_id=bindparam("customer"))
)
_FOLLOW = (
    update(account)
    .where(account.c.kind == CreditKind.STORE_CREDIT.value, account.c.email == bindparam("former"))
    .values(email=select(_customer.c.email).where(_customer.c.id == bindparam("customer")).scalar_subquery())
)
_KINDS: dict[CreditEntryKind, str] = {
    CreditEntryKind.ISSUED: _("Received"),
    CreditEntryKind.SPENT: _("Paid with it"),
    CreditEntryKind.RETURNED: _("Back from an order"),
    CreditEntryKind.REFUNDED: _("Refund"),
    CreditEntryKind.ADJUSTED: _("Changed by us"),
}


@dataclass(frozen=True, slots=True)
class OwnAccount:
    id: int
    label: str
    balance: str
    is_usable: bool
    """Whether there is something on it that can be spent."""
    note: str = ""
    """Until when it can be spent, or why it can't."""


@dataclass(frozen=True, slots=True)
class OwnEntry:
    what: str
    """ "Paid with it", "Refund"."""
    amount: str
    account: str
    order_number: str
    on: str


@dataclass(frozen=True, slots=True)
class OwnCredit:
    total: str = ""
    """All that can be spent, in the shop's currency; "" where nothing can."""
    accounts: list[OwnAccount] = field(default_factory=list)
    history: list[OwnEntry] = field(default_factory=list)


def view(session: Session, by: Principal) -> OwnCredit:
    """Errors  Forbidden for everybody but customers."""
    of, run, locale = {"customer": _own_id(by)}, session.connection().execute, shop().locale
    rows = run(_ACCOUNTS, of).all()
    total = sum(row.balance_minor for row in rows if _is_usable(row) and row.currency == shop().currency)
    entries = [
        OwnEntry(
            _KINDS[CreditEntryKind(row.kind)],
            f"{'−' if row.amount_minor < 0 else '+'}{show(abs(row.amount_minor), row.currency, locale)}",
            credit_commands.name_of(row.account_kind, row.last_four),
            str(row.number or ""),
            dates.day(row.at),
        )
        for row in (run(_ENTRIES, {"accounts": [row.id for row in rows]}) if rows else ())
    ]
    return OwnCredit(
        show(total, shop().currency, locale) if total else "",
        [_account(row, locale) for row in rows],
        entries,
    )


def usable(session: Session, by: Principal) -> list[OwnAccount]:
    """What they can pay with.

    Errors  Forbidden for everybody but customers.
    """
    rows = session.connection().execute(_ACCOUNTS, {"customer": _own_id(by)})
    return [_account(row, shop().locale) for row in rows if _is_usable(row)]


def is_theirs(session: Session, by: Principal, account_id: int) -> bool:
    """Whether they may pay with that account."""
    statement = select(account.c.id).where(account.c.id == bindparam("account"), account.c.id.in_(_THEIRS))
    params = {"account": account_id, "customer": _own_id(by)}
    return session.connection().execute(statement, params).first() is not None


def redeem(session: Session, by: Principal, code: str) -> str:
    """Keep a gift card in the account, where its code alone can't spend it any more; its name.

    Errors  Forbidden; Invalid without a code; NotFound, the same sentence whatever is wrong with it.
    """
    customer_id = _own_id(by)
    if not code.strip():
        raise Invalid(_("Enter the code of a gift card."), field="credit")
    account_id = credit_commands.find(session, code)
    params = {"account": account_id or 0, "customer": customer_id, "at": now()}
    if account_id is None or session.connection().execute(_REDEEM, params).rowcount != 1:
        raise NotFound(
            _("This code has nothing left to spend, or isn't a gift card of ours. Check every sign of it.")
        )
    row = credit_commands.account_row(session, account_id)
    return credit_commands.name_of(row.kind, row.last_four)


def follow_address(session: Session, event: AccountAddressChanged) -> None:
    """The store credit of an account goes along from its former verified address to the present one."""
    if event.former:
        params = {"former": event.former, "customer": event.customer_id}
        session.connection().execute(_FOLLOW, params)


def _own_id(by: Principal) -> int:
    if by.kind != "customer":
        raise Forbidden(_("Sign in to see your credit."))
    return by.id


def _is_usable(row: Row[Any]) -> bool:
    return row.active and row.balance_minor > 0 and (row.expires_at is None or row.expires_at > now())


def _account(row: Row[Any], locale: str) -> OwnAccount:
    note = ""
    if not row.active:
        note = _("Can't be used any more")
    elif row.expires_at:
        last = dates.full_day(clock.last_day_before(row.expires_at))
        text = _("Until {day}") if row.expires_at > now() else _("Ended on {day}")
        note = text.format(day=last)
    return OwnAccount(
        row.id,
        credit_commands.name_of(row.kind, row.last_four),
        show(row.balance_minor, row.currency, locale),
        _is_usable(row),
        note,
    )
