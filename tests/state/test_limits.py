"""Every handler that takes a secret is limited: by visitor, and by address, whatever cookies are invented."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from types import FunctionType, ModuleType
from typing import Any

import pytest
import reflex as rx
from sqlalchemy.exc import NoResultFound

from shop_app.core import db
from shop_app.core.access import rates, security_log
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.policy import policy_of
from shop_app.core.errors import ShopError
from shop_app.services.cart import commands as cart_commands
from shop_app.state.account.credit import Credit
from shop_app.state.account.security import AccountSecurity
from shop_app.state.admin.invitation import Invitation
from shop_app.state.again import Again
from shop_app.state.cart import Cart
from shop_app.state.checkout import Checkout
from shop_app.state.lookup import Lookup
from shop_app.state.order import Order
from shop_app.state.order_reviews import OrderReviews
from shop_app.state.returning import Returning
from shop_app.state.shared_list import SharedList
from shop_app.state.withdrawal import Who, Withdrawal
from tests.state.conftest import VISITOR, send, submit
from tests.state.test_checkout import GOOD

SECRETS = {"token", "code", "password", "secret", "email", "number"}
"""Names of parameters that are secrets, in a service's command. A key is the visitor's own, and hashed."""
HARMLESS = {
    "remove_code": "takes a code of the visitor's own cart out of it",
    "country_name": "the code of a country",
}
TOO_OFTEN = "That was too often in a short time. Wait a few minutes and try again."


async def _find(tab: Any) -> str:
    await submit(tab, "find", {"number": "999999", "email": "marta@example.com"})
    return tab.refused


async def _look(tab: Any) -> str:
    await submit(tab, "look", {"number": "999999", "email": "marta@example.com", "name": "M"})
    return tab.refused


async def _confirm(tab: Any) -> str:
    # As if `look` had made an offer, which it makes for whoever knows the number and the address alone.
    tab._offered, tab._request_key = Who("999999", "marta@example.com", "M"), "k" * 20
    await submit(tab, "confirm", {"quantity-0": "1"})
    return tab.refused


async def _discount(tab: Any) -> str:
    await submit(tab, "apply_code", {"code": "GUESS"})
    return tab.errors.get("code", "")


async def _credit(tab: Any) -> str:
    await submit(tab, "apply_credit", {"credit": "GUES-SGUE-SSGU"})
    return tab.errors.get("credit", "")


async def _load(tab: Any) -> str:
    await tab.load()
    return ""


async def _accept(tab: Any) -> str:
    await submit(tab, "accept", {"name": "Ada", "password": "a long enough one"})
    return tab.refused


async def _send(tab: Any) -> str:
    tab._request_key = "k" * 20
    await submit(tab, "send", {"quantity-0": "1", "reason": "damaged"})
    return tab.refused


async def _show_more(tab: Any) -> str:
    await tab.show_more()
    return ""


async def _review(tab: Any) -> str:
    await submit(tab, "send", {"slug": "fable-lamp", "stars": "5", "body": "Good.", "author": "M."})
    return tab.refused


async def _take_back(tab: Any) -> str:
    await send(tab, "take_back", slug="fable-lamp")
    return ""


async def _again(tab: Any) -> str:
    await tab.of_page()
    return ""


async def _redeem(tab: Any) -> str:
    await submit(tab, "redeem", {"credit": "GUES-SGUE-SSGU"})
    return tab.errors.get("credit", "")


async def _confirm_email(tab: Any) -> str:
    # Nobody is signed in, so there is no account to show afterwards.
    with suppress(NoResultFound):
        await submit(tab, "confirm_email", {"code": "123456"})
    return tab.refused


NO_ORDER, NO_LIST = "/orders/a-token-that-no-order-has", "/lists/a-token-that-no-list-has"
TRIES: dict[str, tuple[type[rx.State], str, Callable[[Any], Awaitable[str]]]] = {
    "AccountSecurity.confirm_email": (AccountSecurity, "/account/security", _confirm_email),
    "Again.of_page": (Again, NO_ORDER, _again),
    "Cart.apply_code": (Cart, "/cart", _discount),
    "Cart.apply_credit": (Cart, "/cart", _credit),
    "Checkout.apply_code": (Checkout, "/checkout", _discount),
    "Checkout.apply_credit": (Checkout, "/checkout", _credit),
    "Credit.redeem": (Credit, "/account/credit", _redeem),
    "Invitation.accept": (Invitation, "/admin/invitation/a-token-of-no-invitation", _accept),
    "Invitation.load": (Invitation, "/admin/invitation/a-token-of-no-invitation", _load),
    "Lookup.find": (Lookup, "/orders/lookup", _find),
    "Order.load": (Order, NO_ORDER, _load),
    "OrderReviews.load": (OrderReviews, NO_ORDER, _load),
    "OrderReviews.send": (OrderReviews, NO_ORDER, _review),
    "OrderReviews.take_back": (OrderReviews, NO_ORDER, _take_back),
    "Returning.send": (Returning, NO_ORDER, _send),
    "SharedList.load": (SharedList, NO_LIST, _load),
    "SharedList.show_more": (SharedList, NO_LIST, _show_more),
    "Withdrawal.confirm": (Withdrawal, "/withdrawal", _confirm),
    "Withdrawal.load": (Withdrawal, "/withdrawal?order=a-token-that-no-order-has", _load),
    "Withdrawal.look": (Withdrawal, "/withdrawal", _look),
}
"""Each handler that takes a secret, and how it is tried with a wrong one; answers with what it says."""


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that answers were slowed by, without the waiting."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(rates.asyncio, "sleep", sleep)
    return pauses


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reached a service: every reading and transaction, by its command's name."""
    calls: list[str] = []

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        async def call(command: Callable[..., Any], *args: Any, **more: Any) -> Any:
            calls.append(command.__name__)
            return await original(command, *args, **more)

        return call

    for name in ("read", "write"):
        monkeypatch.setattr(db, name, noting(getattr(db, name)))
    return calls


async def _until_refused(
    tries: Iterator[Awaitable[str]], most: int, calls: list[str], commands: set[str]
) -> int:
    """How many tries were made before the services weren't asked any more."""
    for count, one in enumerate(tries):
        calls.clear()
        sentence = ""
        try:
            sentence = await one
        except ShopError as refusal:
            sentence = refusal.message
        if not commands & set(calls):
            assert sentence in (TOO_OFTEN, ""), sentence
            return count
        assert count < most, "it is never refused"
    raise AssertionError("not enough tries")


COMMANDS = {"change_and_view", "look_up", "view", "request", "withdraw", "by_token", "offer", "welcome"}
COMMANDS |= {"of_order", "write", "take_back", "shared", "of_token", "redeem", "confirm", "_view_and_claim"}
WALL = 1300


@pytest.mark.parametrize("name", TRIES)
async def test_guessing_is_limited_by_visitor_whatever_the_address(name, open_tab, shop, counted, no_waiting):
    kind, path, attempt = TRIES[name]

    async def one(number: int) -> str:
        tab = await open_tab(kind, path, address=f"10.0.{number // 250}.{number % 250}")
        return await attempt(tab)

    commands = COMMANDS - ({"view"} if kind in (Checkout, AccountSecurity) else set())
    tries_made = await _until_refused((one(n) for n in range(WALL)), 250, counted, commands)
    assert 0 < tries_made <= 240


@pytest.mark.parametrize("name", TRIES)
async def test_guessing_is_limited_by_the_64_of_an_ipv6_address_whatever_the_cookie(
    name, open_tab, shop, counted, no_waiting, monkeypatch
):
    if name.endswith((".load", ".show_more", ".of_page")):
        # Its limit takes long to reach; a lower one is the same code.
        for link in ("order link", "list link"):
            lower = rates.Limit(link, "30/10 minutes", visitor="240/10 minutes")
            monkeypatch.setattr(rates, link.replace(" ", "_").upper(), lower)
    kind, path, attempt = TRIES[name]

    async def one(number: int) -> str:
        tab = await open_tab(
            kind, path, visitor=f"{number:043}", address=f"2001:db8:1:2:{number:x}::{number:x}"
        )
        return await attempt(tab)

    commands = COMMANDS - ({"view"} if kind in (Checkout, AccountSecurity) else set())
    tries_made = await _until_refused((one(n) for n in range(WALL)), 130, counted, commands)
    assert 0 < tries_made <= 120
    elsewhere = await open_tab(kind, path, visitor="e" * 43, address="2001:db8:1:3::1")
    counted.clear()
    with _quiet():
        await attempt(elsewhere)
    assert commands & set(counted), "another household isn't limited"


class _quiet:
    def __enter__(self) -> None: ...

    def __exit__(self, _kind: Any, error: Any, _trace: Any) -> bool:
        return isinstance(error, ShopError)


def test_every_handler_that_takes_a_secret_is_tried_here():
    """Found by what it asks of the services: a new one has to be added to `TRIES`, and so is tried."""
    import shop_app.shop_app  # noqa: F401  (registers the states)

    handlers = {
        f"{state.__name__}.{name}"
        for state in _states(rx.State)
        if state.__module__.startswith("shop_app.state.")
        for name, handler in state.event_handlers.items()
        if (policy := policy_of(handler.fn)) and policy.kind in ("public", "customer")
        if name in vars(state) and _secrets_of(handler.fn, state)
    }
    assert handlers == set(TRIES)


def _states(state: type[rx.State]) -> Iterator[type[rx.State]]:
    for below in state.get_substates():
        yield below  # pyright: ignore[reportReturnType]
        yield from _states(below)  # pyright: ignore[reportArgumentType]


def _secrets_of(handler: Callable[..., Any], state: type[rx.State]) -> set[str]:
    """The commands of services and workflows that it reaches, itself or by helpers, and that take a
    secret."""
    seen: set[Any] = set()
    commands: set[str] = set()
    waiting: list[Any] = [handler]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        for reached in _reached(function, state):
            if reached.__module__.startswith(("shop_app.services.", "shop_app.workflows.")):
                names = set(inspect.signature(reached).parameters)
                if names & SECRETS and reached.__name__ not in HARMLESS and _is_a_secret(names):
                    commands.add(reached.__name__)
            elif reached.__module__.startswith("shop_app.state."):
                waiting.append(reached)
    return commands


def _is_a_secret(names: set[str]) -> bool:
    return bool(names & {"token", "code", "password", "secret"}) or {"email", "number"} <= names


def _reached(function: Any, state: type[rx.State]) -> Iterator[FunctionType]:
    module = sys.modules[function.__module__]
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        target = None
        if isinstance(node, ast.Name):
            target = getattr(module, node.id, None)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = state if node.value.id == "self" else getattr(module, node.value.id, None)
            if isinstance(owner, ModuleType) or owner is state:
                target = getattr(owner, node.attr, None)
        target = getattr(target, "fn", target)
        if inspect.isfunction(inspect.unwrap(target) if callable(target) else None):
            yield inspect.unwrap(target)  # pyright: ignore[reportArgumentType]


# --- What is said and kept -------------------------------------------------------------------------


async def test_an_office_behind_one_address_is_slowed_before_it_is_refused(open_tab, shop, no_waiting):
    for number in range(20):
        tab = await open_tab(Lookup, "/orders/lookup", visitor=f"{number:043}")
        assert await _find(tab) != TOO_OFTEN
    assert len(no_waiting) == 20 - rates.LOOK_UP.free
    assert no_waiting == sorted(no_waiting)
    assert 0 < no_waiting[0] < no_waiting[-1] <= rates.LONGEST_PAUSE_SECONDS


async def test_those_who_are_slowed_are_few_and_the_next_is_refused(open_tab, shop, monkeypatch):
    gate = rates.asyncio.Event()

    async def sleep(_seconds: float) -> None:
        await gate.wait()

    monkeypatch.setattr(rates.asyncio, "sleep", sleep)
    tabs = [await open_tab(Lookup, "/orders/lookup", visitor=f"{number:043}") for number in range(30)]
    tries = [rates.asyncio.ensure_future(_find(tab)) for tab in tabs]
    for _round in range(20):
        await rates.asyncio.wait(tries, timeout=0.005)
    waiting = [one for one in tries if not one.done()]
    assert len(waiting) == rates.MAX_WAITING_OF_ONE
    gate.set()
    answers = await rates.asyncio.gather(*tries)
    assert answers.count(TOO_OFTEN) == 30 - rates.LOOK_UP.free - rates.MAX_WAITING_OF_ONE
    assert not rates._waiting


async def test_a_refused_visitor_uses_up_nothing_of_the_office(open_tab, shop, no_waiting):
    tab = await open_tab(Lookup, "/orders/lookup")
    for _try in range(200):
        await _find(tab)
    other = await open_tab(Lookup, "/orders/lookup", visitor="o" * 43)
    assert await _find(other) != TOO_OFTEN


async def test_one_mailbox_is_counted_however_its_address_is_written(open_tab, shop, no_waiting):
    sentences = []
    for number in range(110):
        tab = await open_tab(Lookup, "/orders/lookup", visitor=f"{number:043}", address=f"10.1.{number}.1")
        await submit(tab, "find", {"number": "999999", "email": f"Marta+{number}@example.com"})
        sentences.append(tab.refused)
    assert sentences.index(TOO_OFTEN) == 100


async def test_what_is_limited_and_what_isnt_found_is_logged(open_tab, shop, caplog, no_waiting):
    security_log.forget()
    tab = await open_tab(Lookup, "/orders/lookup", address="2001:db8:1:2:3::4")
    for _try in range(11):
        await _find(tab)
    lines = [record.getMessage() for record in caplog.records if "Security" in record.getMessage()]
    who = f"from 2001:db8:1:2::, visitor {key_hash(VISITOR)[:8]}"
    assert lines == [
        f"Security: look-up failed, {who}, 1 time(s): look-up",
        f"Security: limit, {who}, 1 time(s): look-up by visitor",
    ]


async def test_the_counts_keep_no_more_than_their_bound(monkeypatch):
    from shop_app.core.access import counts
    from shop_app.core.access.clients import Client

    monkeypatch.setattr(counts, "MAX_KEPT", 100)
    for number in range(300):
        await rates.take(rates.HOLD, Client(f"10.2.{number}.1", f"{number:064}"))
    assert len(rates._limiter().storage._kept) == 100  # pyright: ignore[reportAttributeAccessIssue]


# --- The withdrawal --------------------------------------------------------------------------------


@pytest.fixture
async def order_of_two(open_tab, shop) -> None:
    """Orders 1001 of marta@example.com and 1002 of another address, a bowl each."""
    for number, email in enumerate(("marta@example.com", "ivo@example.com")):
        with db.transaction() as session:
            cart_commands.add(session, key_hash(f"{number:043}"), "SHOAL-BOWL", 1)
        tab = await open_tab(Checkout, "/checkout", visitor=f"{number:043}")
        await tab.load()
        await submit(tab, "pay", GOOD | {"email": email, "shown_minor": "2490"})
        assert tab.departure.address


async def test_the_second_step_acts_on_what_the_first_has_offered_to_this_tab_alone(open_tab, order_of_two):
    from tests.paying import rows

    tab = await open_tab(Withdrawal, "/withdrawal")
    await submit(tab, "look", {"number": "1001", "email": "marta@example.com", "name": "Marta"})
    assert tab.step == "check"
    for _try in range(10):
        await submit(tab, "look", {"number": "1", "email": "ivo@example.com", "name": "Eve"})
    # Refused by the limit, although number and address are right: so it must not be declared either.
    await submit(tab, "look", {"number": "1002", "email": "ivo@example.com", "name": "Eve"})
    assert (tab.refused, tab.step, tab.offer.number) == (TOO_OFTEN, "form", "")
    await submit(tab, "confirm", {"quantity-0": "1"})
    assert (tab.refused, tab.step) == ("Say first which order it is about.", "form")
    assert rows("return_request") == []


async def test_whoever_keeps_too_much_unpaid_reads_so_and_it_is_logged(
    open_tab, shop, configure, caplog, no_waiting
):
    from tests.paying import rows

    configure(SHOP_UNPAID_UNITS="5")
    security_log.forget()
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "SHOAL-BOWL", 6)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    assert (tab.hold.state, tab.refused, rows("stock_hold")) == ("", "", [])
    await submit(tab, "pay", GOOD | {"shown_minor": "12000"})
    assert tab.refused.startswith("The shop keeps 5 things at most for somebody who hasn't paid yet. Order 5")
    assert (tab.refused_kind, tab.departure.address, rows("customer_order")) == ("other", "", [])
    assert "Security: limit, from 127.0.0.1" in caplog.text
    assert caplog.text.rstrip().endswith("unpaid units")


async def test_orders_are_limited_by_visitor_and_the_hold_is_only_a_courtesy(open_tab, shop, no_waiting):
    from tests.paying import rows

    tab = await open_tab(Checkout, "/checkout")
    for _time in range(20):
        with db.transaction() as session:
            cart_commands.add(session, key_hash(VISITOR), "SHOAL-BOWL", 1)
        await tab.load()
        await submit(tab, "pay", GOOD | {"shown_minor": "2490"})
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "SHOAL-BOWL", 1)
    await tab.load()
    await submit(tab, "pay", GOOD | {"shown_minor": "2490"})
    assert (tab.refused, len(rows("customer_order"))) == (TOO_OFTEN, 20)
    assert [row.problem for row in rows("letter")].count("") == 20
    assert sum(row.next_try_at - row.created_at < timedelta(hours=1) for row in rows("letter")) == 10
    for _time in range(100):
        await tab.load()
    assert (tab.loaded, tab.empty, tab.view.total_minor) == (True, False, 2490)


async def test_nobody_is_kept_from_buying_by_orders_that_others_try_in_their_name(open_tab, shop, no_waiting):
    from tests.paying import rows

    for number in range(30):
        visitor, address = f"{number:043}", f"10.1.{number % 2}.1"
        with db.transaction() as session:
            cart_commands.add(session, key_hash(visitor), "SHOAL-BOWL", 1)
        tab = await open_tab(Checkout, "/checkout", visitor=visitor, address=address)
        await tab.load()
        # Refused, for the price has risen since then: it costs nobody anything.
        await submit(tab, "pay", GOOD | {"shown_minor": "1"})
    assert rows("customer_order") == []
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "SHOAL-BOWL", 1)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD | {"shown_minor": "2490"})
    assert (tab.refused, len(rows("customer_order"))) == ("", 1)
    assert max(no_waiting) <= rates.LONGEST_PAUSE_SECONDS
    assert no_waiting[-1] > 0, "orders in one name are slowed"
