"""The tasks of a new shop: each is done when the facts say so, never because somebody ticked it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, or_, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import today
from ...core.i18n import _
from ...core.settings import settings
from ...models import FOR_SALE, Letter, Product, StockLevel, StockPolicy, Variant, table_of
from ...providers.taxes import Place
from ..customers import addresses
from ..payments import provider_checks
from ..shipping import queries as shipping_queries
from ..taxes import queries as taxes_queries

PERMISSION = "settings.view"

_product, _variant = table_of(Product), table_of(Variant)
_level, _letter = table_of(StockLevel), table_of(Letter)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a shop needs before it sells."""

    key: str
    title: str
    is_done: bool
    text: str
    """What is missing, or what is so."""
    href: str
    """The page that does it."""
    action: str
    """What the link to it says."""


@dataclass(frozen=True, slots=True)
class TasksView:
    tasks: list[Task] = field(default_factory=list)
    done: int = 0
    """How many of them are."""
    all_done: bool = True


def tasks(session: Session, *, by: Principal) -> TasksView:
    """All tasks in their order; none for staff who may not see the settings."""
    if PERMISSION not in by.permissions:
        return TasksView()
    listed = [task for check in _CHECKS for task in check(session)]
    done = sum(task.is_done for task in listed)
    return TasksView(listed, done, done == len(listed))


def _a_product(session: Session) -> Iterator[Task]:
    for_sale = _product.c.status.in_([status.value for status in FOR_SALE])
    free = _level.c.on_hand - _level.c.allocated - _level.c.held
    bought = (
        select(_variant.c.id)
        .join(_product, _product.c.id == _variant.c.product_id)
        .join(_level, _level.c.variant_id == _variant.c.id)
        .where(for_sale, _variant.c.active)
        .where(or_(_level.c.policy != StockPolicy.DENY.value, free > 0))
    )

    def some(statement: Select[Any]) -> bool:
        return session.connection().execute(statement.limit(1)).first() is not None

    can_be_bought = some(bought)
    if can_be_bought:
        text = _("There is one.")
    elif some(select(_product.c.id).where(for_sale)):
        text = _("Products are live, and nothing of them is in stock.")
    elif some(select(_product.c.id)):
        text = _("There are products, and none of them is live.")
    else:
        text = _("There is no product yet. Add one by hand, or import a file.")
    yield Task(
        "product", _("A product that can be bought"), can_be_bought, text, "/admin/products", _("Products")
    )


def _home() -> str:
    return addresses.country_name(settings().country, settings().locale)


def _delivery(session: Session) -> Iterator[Task]:
    methods = shipping_queries.methods(session, fresh=True).get(settings().country, ())
    text = (
        ", ".join(method.label for method in methods)
        if methods
        else _("Nothing is delivered in {country} yet.").format(country=_home())
    )
    title = _("Delivery in {country}").format(country=_home())
    yield Task("delivery", title, bool(methods), text, "/admin/settings/delivery", _("Delivery"))


def _taxes(session: Session) -> Iterator[Task]:
    rates = taxes_queries.rates(session, Place(settings().country, settings().region), today(), fresh=True)
    text = (
        ", ".join(dict.fromkeys(rate.label for rate in rates.values()))
        if rates
        else _("No tax is charged in {country}.").format(country=_home())
    )
    title = _("Tax rates for {country}").format(country=_home())
    yield Task("tax", title, bool(rates), text, "/admin/settings/taxes", _("Taxes"))


def _payment(session: Session) -> Iterator[Task]:
    tested = provider_checks.was_tested(session)
    mode = {"sandbox": _("the sandbox"), "test": _("test mode"), "live": _("live mode")}[
        provider_checks.mode()
    ]
    text = (
        _("The payment company has answered in {mode}.")
        if tested
        else _("Nobody has seen a payment work in {mode} yet. Call the company, or pay an order.")
    ).format(mode=mode)
    yield Task("payment", _("Payments tested"), tested, text, "/admin/settings/payments", _("Payments"))


def _mail(session: Session) -> Iterator[Task]:
    sent = select(_letter.c.id).where(_letter.c.sent_at.is_not(None)).limit(1)
    is_sent = session.connection().execute(sent).first() is not None
    if not settings().smtp_url:
        text = _(
            "No mail server is set (SHOP_SMTP_URL): letters are written to files, and nobody receives them."
        )
    elif is_sent:
        text = _("A letter was sent.")
    else:
        text = _("No letter was sent yet. Send one to yourself.")
    done = is_sent and bool(settings().smtp_url)
    yield Task("mail", _("Mail tested"), done, text, "/admin/settings/letters", _("Letters"))


_CHECKS: tuple[Callable[[Session], Iterator[Task]], ...] = (_a_product, _delivery, _taxes, _payment, _mail)
