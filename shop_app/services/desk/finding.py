"""Finding a record by any of its names: what the palette searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Select, or_, select
from sqlmodel import Session, col

from ...core import money
from ...core.access.principal import Principal
from ...core.i18n import _
from ...core.shop import shop
from ...models import Order, Payment, Product, Shipment, Variant
from ..orders import finding as orders_finding

MOST = 6
"""Records of one kind."""
SHORTEST = 2
_BIGGEST_NUMBER = 2**53


@dataclass(frozen=True, slots=True)
class Hit:
    """A record; `kind` is order or product."""

    kind: str
    label: str
    detail: str
    href: str
    exact: bool = False
    """Whether the whole text is the record's own number, SKU, barcode or reference."""
    heading: str = ""
    """What stands above it: the name of its kind, for the first of them."""


def find(session: Session, text: str, by: Principal) -> list[Hit]:
    """Orders by number, name, e-mail, SKU, tracking number or the payment provider's id; products by title,
    SKU, barcode.

    What `by` may not see isn't found.
    """
    word = text.strip().removeprefix("#")
    if len(word) < SHORTEST and not word.isdigit():
        return []
    return [
        replace(hit, heading="" if position else heading)
        for needs, heading, search in _KINDS
        if needs in by.permissions
        for position, hit in enumerate(search(session, word))
    ]


def _orders(session: Session, word: str) -> Iterator[Hit]:
    found: dict[int, Hit] = {}
    for statement, exact in _order_statements(word):
        for row in session.connection().execute(statement.limit(MOST)):
            detail = f"{row.email} · {money.show(row.total_minor, row.currency, shop().locale)}"
            number = str(row.number)
            hit = Hit(
                "order", _("Order {number}").format(number=number), detail, f"/admin/orders/{number}", exact
            )
            found.setdefault(row.number, hit)
        if exact and found:
            break
    yield from list(found.values())[:MOST]


def _order_statements(word: str) -> Iterator[tuple[Select, bool]]:
    shown = select(col(Order.number), col(Order.email), col(Order.total_minor), col(Order.currency)).order_by(
        col(Order.placed_at).desc(), col(Order.id).desc()
    )
    if word.isascii() and word.isdigit() and int(word) < _BIGGEST_NUMBER:
        yield shown.where(col(Order.number) == int(word)), True
    references = select(col(Payment.order_id)).where(
        or_(col(Payment.reference) == word, col(Payment.intent_reference) == word)
    )
    yield shown.where(col(Order.id).in_(references)), True
    parcels = select(col(Shipment.order_id)).where(col(Shipment.tracking) == word)
    yield shown.where(col(Order.id).in_(parcels)), True
    yield shown.where(orders_finding.matching(word)), False


def _products(session: Session, word: str) -> Iterator[Hit]:
    shown = select(col(Product.slug), col(Product.title), col(Product.status), col(Variant.sku)).join(
        Variant, col(Variant.product_id) == col(Product.id)
    )
    codes = or_(col(Variant.sku) == word, col(Variant.barcode) == word)
    found: dict[str, Hit] = {}
    for statement, exact in (
        (shown.where(codes), True),
        (shown.where(_starts(Variant.sku, word)), False),
        (
            shown.where(_contains(Product.title, word)).order_by(col(Product.title), col(Variant.position)),
            False,
        ),
    ):
        for row in session.connection().execute(statement.limit(4 * MOST)):
            hit = Hit("product", row.title, row.sku, f"/admin/products/{row.slug}", exact)
            found.setdefault(row.slug, hit)
        if len(found) >= MOST or (exact and found):
            break
    yield from list(found.values())[:MOST]


def _starts(column: object, word: str) -> object:
    # A range, and no LIKE: the column's plain index answers it on both databases.
    field = col(column)  # pyright: ignore[reportArgumentType]
    return (field >= word) & (field < word[:-1] + chr(ord(word[-1]) + 1))


def _contains(column: object, word: str) -> object:
    return col(column).icontains(word, autoescape=True)  # pyright: ignore[reportArgumentType]


_KINDS: tuple[tuple[str, str, Callable[[Session, str], Iterator[Hit]]], ...] = (
    ("orders.view", _("Orders"), _orders),
    ("products.view", _("Products"), _products),
)
