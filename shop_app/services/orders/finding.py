"""Finding orders: by number, name, e-mail address, SKU, tracking number, or a payment provider's id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, false, insert, select, union_all
from sqlmodel import Session

from ...core.email_addresses import normal_email
from ...core.typed_text import code
from ...models import Dispute, OrderWord, Payment, Refund, Shipment, table_of
from ...models.base import MAX_PREFIX
from ..search.folding import composed, folded
from .queries import order, order_line

order_word = table_of(OrderWord)
_shipment, _payment = table_of(Shipment), table_of(Payment)
_refund, _dispute = table_of(Refund), table_of(Dispute)

MAX_TEXT = 200
MAX_NUMBER = 15
MOST_WORDS = 6
LAST = "\U0010ffff"
"""Comes after every text that begins with the same letters."""
_WORD = re.compile(r"[^\W_]+")
_FORGET = delete(order_word).where(order_word.c.order_id == bindparam("order"))
_WRITE = insert(order_word)


def words_of(email: str, *people: Mapping[str, Any]) -> list[str]:
    """The folded words that an order with this e-mail address and these addresses is found by.

    >>> words_of("m.lind@example.com", {"given_name": "Márta", "family_name": "Lind", "company": ""})
    ['lind', 'm.lind@example.com', 'marta']
    """
    texts = [
        str(person.get(name, "")) for person in people for name in ("given_name", "family_name", "company")
    ]
    words = {word for text in texts for word in _words(text)}
    if email:
        words.add(email.casefold()[:MAX_PREFIX])
    return sorted(words)


def write_words(
    session: Session, order_id: int, email: str, *people: Mapping[str, Any], new: bool = False
) -> None:
    """Write what an order is found by, in place of what was; call it whenever its name or address changes.

    A `new` order has nothing to be replaced.
    """
    connection = session.connection()
    if not new:
        connection.execute(_FORGET, {"order": order_id})
    if rows := [{"word": word, "order_id": order_id} for word in words_of(email, *people)]:
        connection.execute(_WRITE, rows)


def matching(text: str) -> ColumnElement[bool]:
    """The condition for orders that a typed text finds; an index answers each part of it.

    Names and e-mail addresses are found by the beginnings of their words, the rest as a whole.
    """
    found = list(_found(code(text[:MAX_TEXT])))
    return order.c.id.in_(union_all(*found)) if found else false()


def number_of(typed: str) -> int | None:
    """The order's number that was typed, with or without "#" and spaces; None for another text."""
    digits = code(typed).replace(" ", "").lstrip("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MAX_NUMBER else None


def _found(typed: str) -> Iterator[Select[Any]]:
    number = number_of(typed)
    if number is not None:
        yield select(order.c.id).where(order.c.number == number)
    if words := _words(typed)[:MOST_WORDS]:
        first, *others = words
        yield _beginning(first).where(*(order_word.c.order_id.in_(_beginning(word)) for word in others))
    if "@" in typed:
        yield _beginning((normal_email(typed) or typed.casefold())[:MAX_PREFIX])
    squeezed = typed.replace(" ", "")
    if squeezed:
        yield select(_shipment.c.order_id).where(_shipment.c.tracking.in_(sorted({typed, squeezed})))
    if squeezed == typed != "":
        yield select(order_line.c.order_id).where(order_line.c.sku.in_(sorted({typed, typed.upper()})))
        yield from _with_reference(typed)


def _beginning(word: str) -> Select[Any]:
    return select(order_word.c.order_id).where(order_word.c.word >= word, order_word.c.word < word + LAST)


def _with_reference(reference: str) -> Iterator[Select[Any]]:
    """Orders with a payment, refund or dispute that the provider knows by this id."""
    for column in (_payment.c.intent_reference, _payment.c.reference):
        yield select(_payment.c.order_id).where(column == reference)
    for table in (_refund, _dispute):
        joined = _payment.join(table, table.c.payment_id == _payment.c.id)
        yield select(_payment.c.order_id).select_from(joined).where(table.c.provider_reference == reference)


def _words(text: str) -> list[str]:
    plain = folded(composed(text)).casefold()
    return [word[:MAX_PREFIX] for word in _WORD.findall(plain)]
