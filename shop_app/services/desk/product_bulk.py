"""What staff do to many products at once: status, tags and prices, each product in a transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from sqlalchemy import func, select
from sqlmodel import Session

from ...core import money
from ...core.access.principal import Principal
from ...core.errors import Invalid, NotFound
from ...core.i18n import _
from ...core.settings import settings
from ...models import Product, ProductStatus, Variant, table_of
from ..catalog import commands, product_actions
from ..catalog.product_draft import ProductDraft, VariantDraft
from ..catalog.product_form import STATUS_LABELS
from ..lists.spec import Action, Arguments, Ask, Plan, Unchanged

EDIT = "products.edit"
product, variant = table_of(Product), table_of(Variant)


def _slug(session: Session, product_id: int) -> str:
    slug = session.connection().execute(select(product.c.slug).where(product.c.id == product_id)).scalar()
    if slug is None:
        raise NotFound(_("There is no such product any more."))
    return slug


def _plan_status(status: str) -> Callable[[Session, Sequence[int], Principal], Plan]:
    def plan(session: Session, ids: Sequence[int], _by: Principal) -> Plan:
        wanted = select(product.c.id, product.c.title, product.c.status).where(product.c.id.in_(ids))
        rows = session.connection().execute(wanted).all()
        reason = _("It is {status} already").format(status=STATUS_LABELS[ProductStatus(status)].lower())
        skipped = tuple((row.id, row.title, reason) for row in rows if row.status == status)
        return Plan(tuple(row.id for row in rows if row.status != status), skipped)

    return plan


def _set_status(status: str) -> Callable[[Session, int, Principal, Arguments], object]:
    def run(session: Session, product_id: int, by: Principal, _arguments: Arguments) -> None:
        saved = product_actions.set_status(session, _slug(session, product_id), status, by=by)
        if saved.outcome == "same":
            raise Unchanged(_("Nothing to change"))

    return run


def _status_action(key: str, label: str, icon: str, status: str, *, danger: bool = False) -> Action:
    return Action(key, label, icon, EDIT, _plan_status(status), _set_status(status), danger=danger)


def _edit(
    session: Session, product_id: int, by: Principal, change: Callable[[ProductDraft], ProductDraft]
) -> None:
    by.need(EDIT)
    slug = _slug(session, product_id)
    draft, _version = commands.draft_of(session, slug)
    if commands.save(session, slug, change(draft), actor=by.actor).outcome == "same":
        raise Unchanged(_("Nothing to change"))


def _names(arguments: Arguments) -> set[str]:
    return {name.strip() for name in arguments.get("tags", "").split(",") if name.strip()}


def _add_tags(session: Session, product_id: int, by: Principal, arguments: Arguments) -> None:
    names = _names(arguments)
    _edit(session, product_id, by, lambda draft: replace(draft, tags=tuple(sorted({*draft.tags, *names}))))


def _remove_tags(session: Session, product_id: int, by: Principal, arguments: Arguments) -> None:
    names = _names(arguments)
    _edit(session, product_id, by, lambda draft: replace(draft, tags=tuple(sorted({*draft.tags} - names))))


_PERCENT = re.compile(r"([+-])\s*(\d{1,3})(?:[.,](\d))?\s*%")
_AMOUNT = re.compile(r"([+-])\s*(\S.*)")


def _new_price(text: str) -> Callable[[int], int]:
    """What "+10 %", "-5,5 %" or "-2.00" makes of a price in minor units.

    Errors  Invalid.
    """
    text = text.strip().replace("−", "-")
    step = money.step(settings().currency)
    if percent := _PERCENT.fullmatch(text):
        tenths = int(percent[2] + (percent[3] or "0")) * (1 if percent[1] == "+" else -1)
        return lambda minor: money.round_half_up(Fraction(minor * (1000 + tenths), 1000), step)
    try:
        matched = _AMOUNT.fullmatch(text)
        by = money.parse_minor(matched[2], settings().currency) if matched else 0
    except ValueError:
        matched, by = None, 0
    if not matched or not by:
        raise Invalid(_("Write +10 % or -2.00."), field="change")
    return lambda minor: minor + (by if matched[1] == "+" else -by)


def _check_price(arguments: Arguments) -> None:
    _new_price(arguments.get("change", ""))


_HIGHEST = (
    select(variant.c.product_id, func.max(variant.c.price_minor))
    .where(variant.c.active)
    .group_by(variant.c.product_id)
)


def _plan_price(session: Session, ids: Sequence[int], _by: Principal) -> Plan:
    wanted = select(product.c.id, product.c.title, product.c.status).where(product.c.id.in_(ids))
    rows = session.connection().execute(wanted).all()
    highest = dict(session.connection().execute(_HIGHEST.where(variant.c.product_id.in_(ids))).tuples().all())
    skipped = []
    for row in rows:
        if row.status == ProductStatus.ARCHIVED:
            skipped.append((row.id, row.title, _("It is archived")))
        elif not highest.get(row.id):
            skipped.append((row.id, row.title, _("It has no price")))
    left_out = {skip[0] for skip in skipped}
    return Plan(tuple(row.id for row in rows if row.id not in left_out), tuple(skipped))


def _change_price(session: Session, product_id: int, by: Principal, arguments: Arguments) -> None:
    new_price = _new_price(arguments.get("change", ""))

    def changed(each: VariantDraft) -> VariantDraft:
        if not each.active or not each.price_minor:
            return each
        price_minor = new_price(each.price_minor)
        if price_minor <= 0:
            raise Invalid(_("{sku} would cost nothing, or less").format(sku=each.sku))
        if each.compare_at_minor is not None and each.compare_at_minor <= price_minor:
            raise Invalid(_("{sku} would cost as much as its compare-at price").format(sku=each.sku))
        return replace(each, price_minor=price_minor)

    _edit(
        session,
        product_id,
        by,
        lambda draft: replace(draft, variants=tuple(changed(each) for each in draft.variants)),
    )


_TAGS = Ask("tags", _("Tags"), hint=_("Separated by commas"))

ACTIONS = (
    _status_action("activate", _("Make live"), "eye", ProductStatus.ACTIVE.value),
    _status_action("draft", _("Make drafts"), "edit", ProductStatus.DRAFT.value),
    Action("add-tags", _("Add tags"), "tag", EDIT, run=_add_tags, ask=(_TAGS,)),
    Action("remove-tags", _("Remove tags"), "tag", EDIT, run=_remove_tags, ask=(_TAGS,)),
    Action(
        "price",
        _("Change prices"),
        "edit",
        EDIT,
        _plan_price,
        _change_price,
        ask=(Ask("change", _("By how much"), hint=_("+10 % or -2.00, for every variant for sale")),),
        check=_check_price,
    ),
    _status_action("archive", _("Archive"), "cancelled", ProductStatus.ARCHIVED.value, danger=True),
)
