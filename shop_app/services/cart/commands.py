"""Changes of a cart: its lines, what is saved for later, discount codes, credit, country.

Commands take the shopper's key; the first one makes the cart. Nothing is reserved here,
save that a hold which the cart has already follows its lines.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from ...core import events
from ...core.access.principal import Principal, account_of
from ...core.clock import now
from ...core.errors import Invalid, NotFound, OutOfStock, TooMany
from ...core.i18n import _
from ...core.shop import shop
from ...core.upsert import Insert, upsert
from ...models import MAX_LINES, MAX_QUANTITY
from ..credit import own as own_credit
from ..credit import payments as credit_payments
from ..inventory.ledger import only_left
from ..promotions import queries as promotions_queries
from ..shipping import queries as shipping_queries
from . import holds as cart_holds
from . import lines as cart_lines
from .lines import HEAD_COLUMNS, Head, Line, cart, cart_line, variant

# Raising the version first also locks the row, so that changing and placing a cart wait for each other.
_BUMP = (
    update(cart)
    .where(cart.c.key_hash == bindparam("key"), cart.c.completed_at.is_(None))
    .values(version=cart.c.version + 1, updated_at=bindparam("at"))
    .returning(*HEAD_COLUMNS)
)


@upsert(cart)
def _open_cart(insert: Insert) -> Any:
    return (
        insert.values(
            key_hash=bindparam("key"),
            customer_id=bindparam("account"),
            currency=bindparam("currency"),
            country=bindparam("country"),
            codes=[],
            checkout={},
            version=1,
            created_at=bindparam("at"),
            updated_at=bindparam("at"),
        )
        .on_conflict_do_update(
            index_elements=[cart.c.key_hash],
            index_where=cart.c.completed_at.is_(None),
            set_={"version": cart.c.version + 1, "updated_at": insert.excluded.updated_at},
        )
        .returning(*HEAD_COLUMNS)
    )


def _put_line(insert: Insert, quantity: Any) -> Any:
    values = select(
        bindparam("cart", type_=cart_line.c.cart_id.type),
        variant.c.id,
        bindparam("quantity", type_=cart_line.c.quantity.type),
        bindparam("saved", type_=cart_line.c.saved.type),
        variant.c.price_minor,
        bindparam("at", type_=cart_line.c.added_at.type),
        bindparam("at", type_=cart_line.c.added_at.type),
    ).where(variant.c.sku == bindparam("sku"))
    columns = ["cart_id", "variant_id", "quantity", "saved", "seen_price_minor", "added_at", "changed_at"]
    fresh = insert.excluded
    put = insert.from_select(columns, values).on_conflict_do_update(
        index_elements=[cart_line.c.cart_id, cart_line.c.variant_id],
        set_={
            "quantity": quantity,
            "saved": fresh.saved,
            "seen_price_minor": fresh.seen_price_minor,
            "changed_at": fresh.changed_at,
        },
    )
    return put.returning(cart_line.c.variant_id)


@upsert(cart_line)
def _add_to_line(insert: Insert) -> Any:
    units = case((cart_line.c.saved, 0), else_=cart_line.c.quantity)
    return _put_line(insert, units + insert.excluded.quantity)


@upsert(cart_line)
def _set_line(insert: Insert) -> Any:
    return _put_line(insert, insert.excluded.quantity)


_the_line = (
    cart_line.c.cart_id == bindparam("cart"),
    cart_line.c.variant_id == bindparam("variant"),
)
_REMOVE = delete(cart_line).where(*_the_line)
_MOVE = update(cart_line).where(*_the_line).values(saved=bindparam("to_saved"))
_SEEN = (
    update(cart_line)
    .where(cart_line.c.cart_id == bindparam("cart"), cart_line.c.variant_id == variant.c.id)
    .values(seen_price_minor=variant.c.price_minor)
)


def add(session: Session, key_hash: str, sku: str, quantity: int) -> None:
    """Put units of a variant into the cart, on top of those that are there.

    Errors  NotFound for an unknown or hidden SKU; OutOfStock when fewer are left, and says how many;
            Invalid for a quantity below 1 or past the limit, TooMany for too many lines.
    """
    _check_quantity(quantity, 1)
    head = _open(session, key_hash)
    _put(session, head, sku, quantity, _add_to_line(session))
    lines = cart_lines.lines(session, head.id)
    line = _line(lines, sku)
    if not line.for_sale:
        raise NotFound(_("This isn't for sale any more."))
    if line.quantity > line.available:
        raise OutOfStock(_too_few(line, line.quantity - quantity), left={sku: max(0, line.available)})
    if len(lines) > MAX_LINES:
        raise TooMany(_("A cart holds {count} different things at most.").format(count=MAX_LINES))
    _changed(session, head)


def set_quantity(session: Session, key_hash: str, sku: str, quantity: int) -> str:
    """Make it that many units (0 removes); where fewer are left, as many as are, and a sentence that says so.

    Errors  as `add`, but OutOfStock only where none is left.
    """
    _check_quantity(quantity, 0)
    if not quantity:
        remove(session, key_hash, sku)
        return ""
    head = _open(session, key_hash)
    _put(session, head, sku, quantity, _set_line(session))
    lines = cart_lines.lines(session, head.id)
    line = _line(lines, sku)
    if not line.for_sale:
        raise NotFound(_("This isn't for sale any more."))
    if line.available <= 0:
        raise OutOfStock(only_left(0, line.full_title), left={sku: 0})
    if len(lines) > MAX_LINES:
        raise TooMany(_("A cart holds {count} different things at most.").format(count=MAX_LINES))
    if quantity > line.available:
        _put(session, head, sku, line.available, _set_line(session))
    _changed(session, head)
    return only_left(line.available, line.title) if quantity > line.available else ""


def remove(session: Session, key_hash: str, sku: str) -> None:
    """Take the line out; `set_quantity` with its units undoes that."""
    head, line = _open_with_line(session, key_hash, sku)
    session.connection().execute(_REMOVE, {"cart": head.id, "variant": line.variant_id})
    _changed(session, head)


def save_for_later(session: Session, key_hash: str, sku: str) -> None:
    _move(session, key_hash, sku, to_saved=True)


def move_to_cart(session: Session, key_hash: str, sku: str) -> None:
    _move(session, key_hash, sku, to_saved=False)


def take_what_is_left(session: Session, key_hash: str) -> list[str]:
    """Make the cart fit what there is; a sentence for each line that this changes.

    A line of which nothing is left is saved for later, so that nothing goes without a word.
    """
    sentences = []
    for short in cart_holds.view(session, key_hash).short:
        if short.left:
            set_quantity(session, key_hash, short.sku, short.left)
            taken = _("We set the quantity to {count}.").format(count=short.left)
        else:
            save_for_later(session, key_hash, short.sku)
            taken = _("It is saved for later.")
        sentences.append(f"{short.sentence} {taken}")
    return sentences


def apply_code(session: Session, key_hash: str, code: str) -> None:
    """Enter a discount code. One that gives nothing yet stays, with its reason.

    Errors  NotFound for a code that doesn't exist, has ended or is used up, and says which.
    """
    code = promotions_queries.normal(code)
    if not code:
        raise Invalid(_("Enter a discount code."), field="discount_code")
    if len(code) > 64 or not code.isprintable():
        raise NotFound(_("There is no such code."))
    head = _open(session, key_hash)
    promotions_queries.check(session, code, now(), cart_id=head.id)
    if code not in head.codes and len(head.codes) >= promotions_queries.MAX_CODES:
        raise TooMany(_("Take another code out first."))
    others = [other for other in head.codes if other != code]
    _set(session, head, codes=[*others, code])


def remove_code(session: Session, key_hash: str, code: str) -> None:
    head, code = _open(session, key_hash), promotions_queries.normal(code)
    _set(session, head, codes=[other for other in head.codes if other != code])


def apply_credit(session: Session, key_hash: str, code: str) -> None:
    """Pay with a gift card or store credit. What it covers is worked out anew for each total.

    Errors  Invalid without a code; NotFound, the same sentence whatever is wrong with it; TooMany.
    """
    if not code.strip():
        raise Invalid(_("Enter the code of a gift card or of your credit."), field="credit_code")
    head = _open(session, key_hash)
    _pay_with(session, head, credit_payments.usable(session, code, head.id, head.currency))


def apply_own_credit(session: Session, key_hash: str, account_id: int, by: Principal) -> None:
    """Pay with credit of the customer's own account, for which no code is asked.

    Errors  Forbidden for all but customers; NotFound for what isn't theirs or has nothing left; TooMany.
    """
    head = _open(session, key_hash)
    if not (
        own_credit.is_theirs(session, by, account_id)
        and credit_payments.has_money(session, account_id, head.id, head.currency)
    ):
        raise NotFound(_("There is nothing left to spend on it."))
    _pay_with(session, head, account_id)


def _pay_with(session: Session, head: Head, account_id: int) -> None:
    if account_id not in head.credits and len(head.credits) >= credit_payments.MAX_CARDS:
        raise TooMany(_("Take another card out first."))
    others = [other for other in head.credits if other != account_id]
    _set(session, head, credits=[*others, account_id])


def remove_credit(session: Session, key_hash: str, account_id: int) -> None:
    """Keep that card for another time."""
    head = _open(session, key_hash)
    _set(session, head, credits=[other for other in head.credits if other != account_id])


def set_country(session: Session, key_hash: str, country: str) -> None:
    """Where it goes, for tax and shipping estimate.

    Errors  Invalid for a country that the shop doesn't deliver to.
    """
    if country not in shipping_queries.methods(session):
        raise Invalid(_("Choose a country that we deliver to."), field="country")
    _set(session, _open(session, key_hash), country=country)


def accept_changes(session: Session, key_hash: str) -> None:
    """The shopper has seen the new prices: clear their notices."""
    head = cart_lines.head(session, key_hash, lock=True)
    if head:
        session.connection().execute(_SEEN, {"cart": head.id})
        _changed(session, head)


def _check_quantity(quantity: Any, least: int) -> None:
    if type(quantity) is not int or not least <= quantity <= MAX_QUANTITY:
        text = _("Enter a whole number from 1 to {most}.")
        raise Invalid(text.format(most=MAX_QUANTITY), field="quantity")


def _open(session: Session, key_hash: str) -> Head:
    """The visitor's cart, made if need be, locked, its version raised."""
    connection, at = session.connection(), now()
    row = connection.execute(_BUMP, {"key": key_hash, "at": at}).first()
    if row is None:
        row = connection.execute(
            _open_cart(session),
            {
                "key": key_hash,
                "account": account_of(key_hash),
                "currency": shop().currency,
                "country": shop().country,
                "at": at,
            },
        ).one()
    return Head(*row)


def _put(session: Session, head: Head, sku: str, quantity: int, statement: Any) -> None:
    parameters = {"cart": head.id, "sku": sku, "quantity": quantity, "saved": False, "at": now()}
    try:
        variant_id = session.connection().execute(statement, parameters).scalar()
    except IntegrityError as error:
        text = _("The shop sells {most} of one thing at most in one order.").format(most=MAX_QUANTITY)
        raise Invalid(text, field="quantity") from error
    if variant_id is None:
        raise NotFound(_("This isn't for sale any more."))


def _line(lines: list[Line], sku: str) -> Line:
    for line in lines:
        if line.sku == sku:
            return line
    raise NotFound(_("This isn't in your cart any more."))


def _open_with_line(session: Session, key_hash: str, sku: str) -> tuple[Head, Line]:
    head = _open(session, key_hash)
    return head, _line(cart_lines.lines(session, head.id), sku)


def _too_few(line: Line, in_cart: int) -> str:
    sentence = only_left(line.available, line.title)
    if line.available > 0 and in_cart > 0:
        return sentence + " " + _("{count} of them in your cart already.").format(count=in_cart)
    return sentence


def _move(session: Session, key_hash: str, sku: str, *, to_saved: bool) -> None:
    head, line = _open_with_line(session, key_hash, sku)
    session.connection().execute(_MOVE, {"cart": head.id, "variant": line.variant_id, "to_saved": to_saved})
    _changed(session, head)


def _set(session: Session, head: Head, **values: Any) -> None:
    session.connection().execute(update(cart).where(cart.c.id == head.id).values(**values))
    _changed(session, head)


def _changed(session: Session, head: Head) -> None:
    events.publish(session, events.CartChanged(head.id))
    cart_holds.follow(session, head.id)
