"""Credit: gift cards and store credit. Every movement is an entry, once, and the balance is their sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update
from sqlmodel import Session

from ...core import clock, dates
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.money import show, step_problem
from ...core.shop import shop
from ...core.upsert import Insert, upsert
from ...models import Counter, CreditAccount, CreditEntry, CreditEntryKind, CreditKind, table_of
from .. import outbox
from ..accounts.sessions import clean_email
from ..staff import audit
from . import codes as credit_codes

MAX_MINOR = 1_000_000
"""The most that one gift card, one adjustment or one grant may be."""
PERMISSION = "credit.edit"
_MAX_KEY = 48

account = table_of(CreditAccount)
entry = table_of(CreditEntry)

_MOVE = (
    update(account)
    .where(
        account.c.id == bindparam("account"),
        account.c.balance_minor + bindparam("amount") >= 0,
        or_(
            bindparam("spends") == 0,
            account.c.active & or_(account.c.expires_at.is_(None), account.c.expires_at > bindparam("at")),
        ),
    )
    .values(balance_minor=account.c.balance_minor + bindparam("amount"))
)
_BY_KEY = select(entry.c.account_id, entry.c.kind, entry.c.amount_minor).where(
    entry.c.request_key == bindparam("key")
)
_ACCOUNT = select(account).where(account.c.id == bindparam("account"))
_STORE_CREDIT = (
    select(account.c.id)
    .where(
        account.c.email == bindparam("whose"),
        account.c.currency == bindparam("money"),
        account.c.kind == CreditKind.STORE_CREDIT.value,
    )
    .order_by(account.c.id)
    .limit(1)
)
_counter = table_of(Counter)


@upsert(entry)
def _append_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[entry.c.request_key]).returning(entry.c.id)


@upsert(_counter)
def _lock_new_accounts(insert: Insert) -> Any:
    """Wait for other transactions that make accounts: then the same card or account isn't made twice."""
    return insert.values(name="credit", value=1).on_conflict_do_update(
        index_elements=[_counter.c.name], set_={"value": _counter.c.value + 1}
    )


@dataclass(frozen=True, slots=True)
class Issued:
    account_id: int
    code: str
    """In groups, for whoever gets the card; "" for store credit. The database doesn't have it."""
    last_four: str


def issue(
    session: Session,
    amount_minor: int,
    *,
    by: Principal,
    email: str = "",
    kind: str = "gift_card",
    expires_at: datetime | None = None,
    note: str = "",
    request_key: str,
) -> Issued:
    """A new gift card, or store credit for an address. A card with an address is sent there.

    The same `request_key` is the same card, with the same code. Choose a key that can't be guessed, such
    as a UUID.

    Errors  Forbidden; Invalid for an amount, address, expiry or key that can't be used; Conflict where the
            key was used with other values.
    """
    by.need(PERMISSION)
    _check_new(amount_minor, kind, email, expires_at, request_key)
    address = clean_email(email) if email.strip() else ""
    currency, key = shop().currency, f"issued:{request_key}"
    session.connection().execute(_lock_new_accounts(session))
    issued = session.connection().execute(_BY_KEY, {"key": key}).first()
    code = credit_codes.make(request_key) if kind == CreditKind.GIFT_CARD else ""
    if issued:
        account_id = issued.account_id
    elif kind == CreditKind.STORE_CREDIT:
        account_id = account_of(session, address, currency)
    else:
        account_id = _new(
            session,
            kind=kind,
            email=address,
            currency=currency,
            expires_at=expires_at,
            code_hash=credit_codes.hashed(code),
            last_four=credit_codes.normal(code)[-4:],
        )
    if add_entry(session, account_id, amount_minor, CreditEntryKind.ISSUED, key, note=note, actor=by.actor):
        after = {"amount_minor": amount_minor, "kind": kind, "email": address, "note": note}
        audit.record(
            session, by.actor, "issued", "credit", str(account_id), after=after, staff_id=by.id or None
        )
        if address:
            write_letter(
                session, kind, address, key, account_id, amount_minor, currency, request_key=request_key
            )
    return Issued(account_id, code, account_row(session, account_id).last_four)


def add_entry(
    session: Session,
    account_id: int,
    amount_minor: int,
    kind: CreditEntryKind,
    request_key: str,
    *,
    order_id: int | None = None,
    refund_id: int | None = None,
    payment_id: int | None = None,
    note: str = "",
    actor: str = "system",
) -> bool:
    """Add an entry and change the balance by it, in one guarded statement; negative amounts take off.

    False where there is an entry with that key already: then nothing changes. Only spending needs an
    account that is active and hasn't expired.

    Errors  Conflict where the balance is too small, the account can't be spent, or the key was used with
            other values; NotFound for an account that isn't there.
    """
    connection = session.connection()
    values = {
        "account_id": account_id,
        "kind": kind.value,
        "amount_minor": amount_minor,
        "request_key": request_key,
        "order_id": order_id,
        "payment_id": payment_id,
        "refund_id": refund_id,
        "note": note[:500],
        "actor": actor[:200],
        "at": now(),
    }
    account_row(session, account_id)
    if connection.execute(_append_once(session), values).first() is None:
        same_key = connection.execute(_BY_KEY, {"key": request_key}).one()
        if tuple(same_key) != (account_id, kind.value, amount_minor):
            raise Conflict(_("This was asked for before, with other values."))
        return False
    spends = int(kind == CreditEntryKind.SPENT)
    moved = connection.execute(
        _MOVE, {"account": account_id, "amount": amount_minor, "spends": spends, "at": now()}
    )
    if moved.rowcount != 1:
        raise Conflict(_("There isn't enough credit left."), code="too_little_credit")
    return True


def account_of(session: Session, email: str, currency: str) -> int:
    """The store credit account of that address; made if there is none.

    Errors  Invalid for an address that can't be one.
    """
    address, connection = clean_email(email), session.connection()
    params = {"whose": address, "money": currency}
    account_id = connection.execute(_STORE_CREDIT, params).scalar()
    if account_id is None:
        connection.execute(_lock_new_accounts(session))
        account_id = connection.execute(_STORE_CREDIT, params).scalar()
    return account_id or _new(session, kind=CreditKind.STORE_CREDIT.value, email=address, currency=currency)


def account_of_payment(session: Session, payment_id: int) -> int:
    """The account that a credit payment was taken from, which its refunds go back to.

    Errors  NotFound for a payment that wasn't made with credit.
    """
    statement = select(entry.c.account_id).where(
        entry.c.payment_id == payment_id, entry.c.kind == CreditEntryKind.SPENT.value
    )
    account_id = session.connection().execute(statement).scalar()
    if account_id is None:
        raise NotFound(_("There is no such credit."))
    return account_id


def write_letter(
    session: Session,
    kind: str,
    email: str,
    key: str,
    account_id: int,
    amount_minor: int,
    currency: str,
    **more: str,
) -> None:
    """Write the letter with amount and balance, after the entry that it is about.

    The code isn't stored with it: `letters.about_credit` makes it when the letter is sent.
    """
    row, locale = account_row(session, account_id), shop().locale
    data = {
        "account_id": account_id,
        "amount": show(amount_minor, currency, locale),
        "balance": show(row.balance_minor, currency, locale),
        "until": dates.full_day(clock.last_day_before(row.expires_at)) if row.expires_at else "",
    } | more
    outbox.write(session, kind, email, f"{kind}:{key}", data)


def find(session: Session, code: str) -> int | None:
    """The account of a code, however it is typed; None where there is none."""
    typed_code = credit_codes.normal(code)[:64]
    statement = select(account.c.id).where(account.c.code_hash == credit_codes.hashed(typed_code))
    return session.connection().execute(statement).scalar() or credit_codes.account_of(typed_code)


def account_row(session: Session, account_id: int) -> Row[Any]:
    """Errors  NotFound."""
    row = session.connection().execute(_ACCOUNT, {"account": account_id}).first()
    if row is None:
        raise NotFound(_("There is no such credit."))
    return row


def name_of(kind: str, last_four: str) -> str:
    """The name to show: "Gift card ending 4F2K"."""
    if kind == CreditKind.STORE_CREDIT:
        return _("Store credit")
    return _("Gift card ending {end}").format(end=last_four)


def _new(session: Session, **values: Any) -> int:
    row = {"balance_minor": 0, "active": True, "last_four": "", "created_at": now()} | values
    return session.connection().execute(insert(account).values(**row).returning(account.c.id)).scalar_one()


def _check_new(amount_minor: int, kind: str, email: str, expires_at: datetime | None, key: str) -> None:
    check_amount(amount_minor)
    if kind not in tuple(CreditKind):
        raise Invalid(_("Choose a gift card or store credit."), field="kind")
    if kind == CreditKind.STORE_CREDIT and not email.strip():
        raise Invalid(_("Store credit needs an email address."), field="email")
    if expires_at is not None and (kind != CreditKind.GIFT_CARD or expires_at <= now()):
        raise Invalid(_("Choose a day to come for the end of a gift card."), field="expires_at")
    check_key(key)


def check_amount(amount_minor: int) -> None:
    if type(amount_minor) is not int or not 0 < amount_minor <= MAX_MINOR:
        most = show(MAX_MINOR, shop().currency, shop().locale)
        raise Invalid(_("Enter an amount above zero, {most} at most.").format(most=most), field="amount")
    if off_step := step_problem(amount_minor, shop().currency, shop().locale):
        raise Invalid(off_step, field="amount")


def check_key(key: str) -> None:
    if not 1 <= len(key) <= _MAX_KEY:
        raise Invalid(_("The page is out of date. Reload it and try again."))
