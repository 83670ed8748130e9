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
from ...core.shop import shop
from ...models import FOR_SALE, Letter, Product, StockLevel, StockPolicy, Variant, table_of
from ...providers.taxes import Place
from ..accounts import factors
from ..customers import addresses
from ..payments import provider_checks
from ..shipping import queries as shipping_queries
from ..shop import legal
from ..taxes import queries as taxes_queries
from ..taxes import vat_numbers

PERMISSION = "settings.view"
NEEDED_TEXTS = ("imprint", "privacy", "terms", "withdrawal", "delivery", "returns")

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
    listed = [task for check in _CHECKS for task in check(session, by)]
    done = sum(task.is_done for task in listed)
    return TasksView(listed, done, done == len(listed))


def _a_product(session: Session, _by: Principal) -> Iterator[Task]:
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
    return addresses.country_name(shop().country, shop().locale)


def _delivery(session: Session, _by: Principal) -> Iterator[Task]:
    methods = shipping_queries.methods(session, fresh=True).get(shop().country, ())
    text = (
        ", ".join(method.label for method in methods)
        if methods
        else _("Nothing is delivered in {country} yet.").format(country=_home())
    )
    title = _("Delivery in {country}").format(country=_home())
    yield Task("delivery", title, bool(methods), text, "/admin/settings/delivery", _("Delivery"))


def _taxes(session: Session, _by: Principal) -> Iterator[Task]:
    rates = taxes_queries.rates(session, Place(shop().country, shop().region), today(), fresh=True)
    text = (
        ", ".join(dict.fromkeys(rate.label for rate in rates.values()))
        if rates
        else _("No tax is charged in {country}.").format(country=_home())
    )
    title = _("Tax rates for {country}").format(country=_home())
    yield Task("tax", title, bool(rates), text, "/admin/settings/taxes", _("Taxes"))


def _payment(session: Session, _by: Principal) -> Iterator[Task]:
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


def _mail(session: Session, _by: Principal) -> Iterator[Task]:
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


def _legal(session: Session, _by: Principal) -> Iterator[Task]:
    versions = legal.own(session)
    missing = [legal.newest(session, page).text.title for page in NEEDED_TEXTS if not versions[page]]
    text = (
        _("Not yet yours: {titles}.").format(titles=", ".join(missing)) if missing else _("All are your own.")
    )
    yield Task("legal", _("Legal texts of your own"), not missing, text, "/admin/settings/legal", _("Texts"))


def _guarantee(_session: Session, _by: Principal) -> Iterator[Task]:
    if shop().country not in vat_numbers.MEMBERS:
        return
    shown = shop().guarantee_notice
    text = (
        _("Products, cart and checkout show it.")
        if shown
        else _("Shops in the EU have to show the notice of the legal guarantee, and it is switched off.")
    )
    yield Task(
        "guarantee", _("Notice of the legal guarantee"), shown, text, "/admin/settings/legal", _("Texts")
    )


def _second_factor(session: Session, by: Principal) -> Iterator[Task]:
    has_one = factors.has_any(session, by.id)
    text = (
        _("Your account has one.")
        if has_one
        else _("A password can be guessed or stolen. Add a passkey, or codes of an app.")
    )
    yield Task(
        "factor", _("A second factor for your account"), has_one, text, "/admin/security", _("Your account")
    )


_CHECKS: tuple[Callable[[Session, Principal], Iterator[Task]], ...] = (
    _a_product,
    _delivery,
    _taxes,
    _payment,
    _legal,
    _mail,
    _guarantee,
    _second_factor,
)
