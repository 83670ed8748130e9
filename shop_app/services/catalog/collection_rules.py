"""Collections by rule: which products a rule means, kept as rows like those of a collection by hand.

They are written anew with each change of a product, in its transaction, and by a job for what the clock
changes: "new" ends without anybody's doing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, update
from sqlmodel import Session, col

from ...core import events, money
from ...core.clock import now
from ...core.errors import Invalid
from ...core.i18n import _
from ...core.settings import settings
from ...core.typed_text import prose
from ...models import (
    LISTED,
    Category,
    Collection,
    CollectionProduct,
    Product,
    ProductTag,
    Tag,
    Variant,
    table_of,
)

Field = Literal["price", "tag", "category", "vendor", "kind", "title", "sale", "new"]
OPS: dict[str, tuple[str, ...]] = {
    "price": ("max", "min"),
    "tag": ("is", "not"),
    "category": ("is", "not"),
    "vendor": ("is", "not"),
    "kind": ("is", "not"),
    "title": ("has",),
    "sale": ("is",),
    "new": ("days",),
}
"""What each field can be asked. Amounts are in minor units, days whole; "sale" needs no value."""
MAX_CONDITIONS = 20
MAX_VALUE = 255
MAX_DAYS = 3650
MAX_RULES = 50
"""So many collections by rule a shop may have: each is looked at with every change of a product."""

_collection = table_of(Collection)
_member = table_of(CollectionProduct)
_rules = select(_collection.c.id, _collection.c.slug, _collection.c.rule).where(_collection.c.by_rule)


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    op: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Products that fulfil all conditions, or any of them; without conditions there are none."""

    conditions: tuple[Condition, ...] = ()
    any: bool = False


def checked(rule: Rule) -> Rule:
    """The rule with its values folded.

    Errors  Invalid names what is wrong: no condition, too many, one that can't be, or a value that is none.
    """
    if not rule.conditions:
        raise Invalid(_("Add a condition: without one the collection is empty."), field="rule")
    if len(rule.conditions) > MAX_CONDITIONS:
        raise Invalid(_("A rule has {most} conditions at most.").format(most=MAX_CONDITIONS), field="rule")
    return Rule(tuple(map(_checked, rule.conditions)), rule.any)


def typed(session: Session, conditions: Iterable[Condition], any: bool) -> Rule:
    """The rule as it was typed: amounts in whole currency, "19.50"; categories by name or address.

    Errors  Invalid for an amount that can't be read.
    """
    return Rule(tuple(_typed(session, condition) for condition in conditions), any)


def _typed(session: Session, condition: Condition) -> Condition:
    value = prose(condition.value)
    if condition.field == "price":
        try:
            value = str(money.parse_minor(value, settings().currency))
        except ValueError:
            raise Invalid(_("Enter an amount in figures, such as 20 or 19.50."), field="rule") from None
    elif condition.field == "category":
        meant = select(col(Category.slug)).where(
            or_(col(Category.slug) == value, func.lower(col(Category.title)) == value.lower())
        )
        slugs = list(session.connection().execute(meant).scalars())
        if value not in slugs:
            if len(slugs) != 1:
                raise Invalid(_("There is no category {name}.").format(name=value or "…"), field="rule")
            value = slugs[0]
    return Condition(condition.field, condition.op, value)


def _checked(condition: Condition) -> Condition:
    if condition.op not in OPS.get(condition.field, ()):
        raise Invalid(_("This condition can't be read. Remove it and add it again."), field="rule")
    value = prose(condition.value)
    if condition.field == "sale":
        value = ""
    elif condition.field in ("price", "new"):
        most = MAX_DAYS if condition.field == "new" else 10**11
        if not (value.isascii() and value.isdigit() and int(value[:13]) <= most):
            raise Invalid(_("Enter a number from 0 up."), field="rule")
    elif not value or len(value) > MAX_VALUE:
        raise Invalid(_("Each condition needs a value."), field="rule")
    return Condition(condition.field, condition.op, value)


def to_json(rule: Rule) -> dict[str, Any]:
    return {
        "any": rule.any,
        "conditions": [[condition.field, condition.op, condition.value] for condition in rule.conditions],
    }


def from_json(stored: Mapping[str, Any]) -> Rule:
    """What can't be read any more is left out."""
    conditions = (Condition(*map(str, parts)) for parts in stored.get("conditions", ()) if len(parts) == 3)
    return Rule(
        tuple(condition for condition in conditions if condition.op in OPS.get(condition.field, ())),
        bool(stored.get("any")),
    )


def meant(session: Session, rule: Rule, among: Sequence[int] | None = None) -> set[int]:
    """The ids of the listed products that the rule means, among these or all.

    Errors  none: a rule without conditions means nothing.
    """
    if not rule.conditions:
        return set()
    parts = [_sql(session, condition) for condition in rule.conditions]
    statement = select(col(Product.id)).where(
        col(Product.status) == LISTED, or_(*parts) if rule.any else and_(*parts)
    )
    if among is not None:
        statement = statement.where(col(Product.id).in_(among))
    return {key for key in session.connection().execute(statement).scalars() if key is not None}


def _sql(session: Session, condition: Condition) -> ColumnElement[bool]:
    is_so = _positive(session, condition)
    return ~is_so if condition.op == "not" else is_so


def _positive(session: Session, condition: Condition) -> ColumnElement[bool]:
    field, value = condition.field, condition.value
    sold = and_(col(Variant.product_id) == col(Product.id), col(Variant.active))
    if field == "price":
        if condition.op == "max":
            return exists().where(sold, col(Variant.price_minor) <= int(value))
        cheaper = exists().where(sold, col(Variant.price_minor) < int(value))
        return and_(exists().where(sold), ~cheaper)
    if field == "sale":
        return exists().where(sold, col(Variant.compare_at_minor).is_not(None))
    if field == "new":
        return col(Product.published_at) >= now() - timedelta(days=int(value))
    if field == "tag":
        return exists().where(
            col(ProductTag.product_id) == col(Product.id),
            col(ProductTag.tag_id) == col(Tag.id),
            col(Tag.name) == value,
        )
    if field == "category":
        return col(Product.category_id).in_(_branch(session, value)) & col(Product.category_id).is_not(None)
    if field == "title":
        return col(Product.title).icontains(value, autoescape=True)
    return (col(Product.vendor) if field == "vendor" else col(Product.kind)) == value


def _branch(session: Session, slug: str) -> list[int]:
    """The category of that slug and all under it."""
    rows = (
        session.connection()
        .execute(select(col(Category.id), col(Category.parent_id), col(Category.slug)))
        .all()
    )
    ids = {row.id for row in rows if row.slug == slug}
    while more := {row.id for row in rows if row.parent_id in ids} - ids:
        ids |= more
    return sorted(ids)


def write(session: Session, collection_id: int, rule: Rule, among: Sequence[int] | None = None) -> bool:
    """Make the rows of a collection what its rule means, among these products or all; whether any changed."""
    session.flush()
    stored = select(_member.c.product_id).where(_member.c.collection_id == collection_id)
    if among is not None:
        stored = stored.where(_member.c.product_id.in_(among))
    connection = session.connection()
    before, after = set(connection.execute(stored).scalars()), meant(session, rule, among)
    gone, new = before - after, after - before
    if gone:
        connection.execute(
            delete(_member).where(_member.c.collection_id == collection_id, _member.c.product_id.in_(gone))
        )
    if new:
        rows = [{"collection_id": collection_id, "product_id": key, "position": 0} for key in sorted(new)]
        connection.execute(insert(_member), rows)
    return bool(gone or new)


def refresh_all(session: Session) -> int:
    """Look at every rule again; returns how many collections changed."""
    changed = [
        row.slug
        for row in session.connection().execute(_rules).all()
        if write(session, row.id, from_json(row.rule))
    ]
    if changed:
        events.publish(session, events.CollectionsChanged(tuple(changed)))
    return len(changed)


def follow_catalogue(session: Session, event: events.CatalogueChanged) -> None:
    """Products changed: they enter and leave collections. The listing index reads it after this."""
    rules = session.connection().execute(_rules).all() if event.product_ids else ()
    for row in rules:
        write(session, row.id, from_json(row.rule), event.product_ids)


def rename_category(session: Session, old: str, new: str) -> None:
    """Rules go on to mean the category whose slug changed."""
    for row in session.connection().execute(_rules).all():
        rule = from_json(row.rule)
        named = _with_category(rule.conditions, old, new)
        if named != rule.conditions:
            session.connection().execute(
                update(_collection)
                .where(_collection.c.id == row.id)
                .values(rule=to_json(Rule(named, rule.any)))
            )


def _with_category(conditions: Iterable[Condition], old: str, new: str) -> tuple[Condition, ...]:
    return tuple(
        Condition(one.field, one.op, new) if (one.field, one.value) == ("category", old) else one
        for one in conditions
    )
