"""The tasks of a new shop: each is done when the facts say so, never because somebody ticked it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import today
from ...core.i18n import _, plural
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
    tasks: list[Task]
    done: int
    """How many of them are."""


def tasks(session: Session, *, by: Principal) -> TasksView:
    """All tasks in their order; none for staff who may not see the settings."""
    if PERMISSION not in by.permissions:
        return TasksView([], 0)
    listed = [task for check in _CHECKS for task in check(session)]
    return TasksView(listed, sum(task.is_done for task in listed))


def _a_product(session: Session) -> Iterator[Task]:
    for_sale = select(func.count(_product.c.id)).where(_product.c.status.in_([s.value for s in FOR_SALE]))
    free = _level.c.on_hand - _level.c.allocated - _level.c.held
    bought = (
        select(_variant.c.id)
        .join(_product, _product.c.id == _variant.c.product_id)
        .join(_level, _level.c.variant_id == _variant.c.id)
        .where(_product.c.status.in_([s.value for s in FOR_SALE]), _variant.c.active)
        .where(or_(_level.c.policy != StockPolicy.DENY.value, free > 0))
        .limit(1)
    )
    connection = session.connection()
    can_be_bought = connection.execute(bought).first() is not None
    there = connection.execute(select(func.count(_product.c.id))).scalar_one()
    live = connection.execute(for_sale).scalar_one()
    if can_be_bought:
        text = plural("{count} product is live.", "{count} products are live.", live)
    elif live:
        text = _("Products are live, and none of them has stock.")
    elif there:
        text = plural("{count} product is a draft.", "{count} products are drafts.", there)
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
