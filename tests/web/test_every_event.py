"""Walks every event handler over the raw socket, as nobody, with junk: nothing runs that may not or leaks."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import inspect
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_type_hints

import pytest
from pydantic import BaseModel
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY
from sqlalchemy import inspect as inspect_database
from sqlalchemy import text
from sqlmodel import Session, col, select

from shop_app.core.access.cookies import key_hash
from shop_app.core.clock import now
from shop_app.core.settings import ROOT
from shop_app.models import Address, Customer, LoginSession, Order, Staff, Variant
from shop_app.services import retention
from shop_app.services.books import check as books
from tests.shop import Shop, demo_running
from tests.socket_client import STATE, Closed, Tab, delta_of

from .fuzz import frames
from .test_attacks import MESSAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CANARY_COST = 9_191_919_191_9
CANARIES = re.compile(r"canary|91919191919", re.I)
INSIDES = re.compile(r"Traceback|sqlalchemy|psycopg|sqlite3|\.py\", line \d+|SELECT .{1,500} FROM ")
PAGES = (
    "/",
    "/products",
    "/products?category=table",
    "/products?q=example.org",
    "/products/dune-mug",
    "/cart",
    "/checkout",
    "/orders/lookup",
    "/withdrawal",
    "/about",
    "/robots.txt",
    "/sitemap.xml",
    "/healthz",
    "/readyz",
    "/no/such/page",
    "/admin",
    "/account",
)
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "x" * 20_000,
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "\x00\u202e",
    {"$ne": 1},
    {"__class__": "x"},
    [],
    [[["x"] * 50] * 5],
    "../../etc/passwd",
    "FH-DNM-OAT",
    "1e9",
    {"form": {"a": 1}},
)


DAY = timedelta(days=1)
OF_A_CART = ("cart_line", "stock_hold", "stock_movement")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    secret = "CANARY-secret-" + "s" * 40
    with demo_running(tmp_path_factory.mktemp("shop"), SHOP_LOAD_TEST="1", SHOP_SECRET_KEY=secret) as started:
        with started.session() as session:
            _plant(session)
            # The server's own job would do it a minute after its start, in the middle of a walk.
            for forget in retention.COMMANDS.values():
                forget(session, 100_000)
            session.commit()
        yield started


def _plant(session: Session) -> None:
    """Things that nobody but their owner or the staff may ever see."""
    session.connection(execution_options={"writes": True})
    session.execute(text("UPDATE variant SET cost_minor = :cost"), {"cost": CANARY_COST})
    other = Customer(email="canary-other@example.org", name="CANARY-name", password_hash="CANARY-hash")
    clerk = Staff(
        email="canary-clerk@example.org", name="CANARY-clerk", role="clerk", password_hash="CANARY-hash"
    )
    session.add_all([other, clerk])
    session.flush()
    assert other.id is not None
    session.add(Address(customer_id=other.id, line1="CANARY-street", country="DE"))
    session.add(
        LoginSession(
            token_hash=hashlib.sha256(b"CANARY").hexdigest(), staff_id=clerk.id, expires_at=now() + DAY
        )
    )
    session.execute(
        text("UPDATE customer_order SET email = 'canary-buyer@example.org', note = 'CANARY-note'")
    )


def handlers() -> dict[str, Any]:
    """Every handler that the shop registers, by its full name."""
    from reflex_base.registry import RegistrationContext

    import shop_app.shop_app  # noqa: F401  (registers the states)

    # Other tests of this process declare States of their own, of which the served shop knows nothing.
    found = RegistrationContext.get().event_handlers
    return {
        name: handler.handler.fn
        for name, handler in found.items()
        if not handler.handler.fn.__module__.startswith("tests.")
    }


def payloads(handler: Any) -> list[dict[str, Any]]:
    """Junk for each argument by itself, for all at once, too few and too many."""
    names = [name for name in inspect.signature(handler).parameters if name != "self"]
    forms = {
        name: list(kind.model_fields)
        for name, kind in get_type_hints(handler).items()
        if inspect.isclass(kind) and issubclass(kind, BaseModel)
    }
    payload_list: list[dict[str, Any]] = [{}, {"no_such_argument": 1}, {"self": "x"}]
    payload_list += [dict.fromkeys(names, junk) for junk in JUNK if names]
    if len(names) > 1:
        payload_list += [
            {**dict.fromkeys(names, "FH-DNM-OAT"), name: junk} for name in names for junk in JUNK
        ]
    for name, fields in forms.items():
        # The other arguments are good, so that the form itself is what is judged.
        others = {other: 1 for other in names if other != name}
        payload_list += [{**others, name: {field: junk}} for field in fields for junk in JUNK]
        payload_list += [{**others, name: dict.fromkeys([*fields, "quantity-0", "x"], junk)} for junk in JUNK]
        payload_list += [
            {**others, name: {FORM_DATA_ENTRIES_KEY: [[field, junk] for field in fields]}} for junk in JUNK
        ]
    return payload_list


def test_forms_are_walked_field_by_field():
    pay = next(handler for name, handler in handlers().items() if name.endswith("checkout____checkout.pay"))
    sent = [payload["form"] for payload in payloads(pay) if isinstance(payload.get("form"), dict)]
    assert {"postal_code": "\x00\u202e"} in sent
    assert {"shown_minor": 10**30} in sent
    with_forms = [name for name, handler in handlers().items() if len(payloads(handler)) > 3 + 2 * len(JUNK)]
    assert len(with_forms) >= 12


def rows(session: Session, visitors: set[str]) -> dict[str, str]:
    """A hash of every table, without the carts and wish lists of these visitors."""
    collected = {}
    carts = {row[0] for row in session.execute(text("SELECT id, key_hash FROM cart")) if row[1] in visitors}
    all_lists = session.execute(text("SELECT id, shopper_key FROM wish_list"))
    lists = {row[0] for row in all_lists if row[1] in visitors}
    owned = {"cart": ("id", carts), "wish_list": ("id", lists), "wish_item": ("list_id", lists)}
    owned |= dict.fromkeys(OF_A_CART, ("cart_id", carts))
    for table in sorted(inspect_database(session.get_bind()).get_table_names()):
        if table.startswith("search_") or table == "job_run":
            continue
        lines = []
        for row in session.execute(text(f"SELECT * FROM {table}")).mappings():
            column, mine = owned.get(table, ("", set()))
            if row.get(column) not in mine:
                # What a cart in checkout holds is its visitor's to change.
                lines.append(repr([value for name, value in row.items() if name != "held"]))
        collected[table] = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
    return collected


def test_every_handler_has_a_policy_or_is_judged(shop: Shop):
    from shop_app.web.guard import unguarded

    assert len(handlers()) > 30
    assert unguarded() == []


async def test_nobody_with_junk_changes_nothing_and_sees_nothing(shop: Shop):
    visitors: set[str] = set()
    with shop.session() as session:
        before = rows(session, visitors)
    tabs: list[Tab] = []
    wrong: list[str] = []

    async def fresh() -> Tab:
        tab = Tab(shop.url)
        visitors.add(key_hash(tab.visitor))
        tabs.append(tab)
        await tab.connect("/products/dune-mug")
        # The page's own load touches every State: it has to be over before anything is judged.
        while not any('is_hydrated_rx_state_":true' in frame for frame in tab.frames):
            await tab.settle()
        await tab.settle()
        return tab

    tab = await fresh()
    for name, handler in handlers().items():
        policy = getattr(handler, "__shop_policy__", None)
        owner = name.rpartition(".")[0]
        updates = []
        for payload in payloads(handler):
            try:
                await tab.send(name, payload)
            except Closed:
                tab = await fresh()
        try:
            updates = await tab.settle(quiet=0.15, seconds=10)
        except Closed:
            tab = await fresh()
        closed = (policy and policy.kind != "public") or name.endswith((".setvar", ".update_vars_internal"))
        touched = {state for update in updates for state in (update.get("delta") or {})}
        # A refusal sets the notice, and every load touches Reflex's own root.
        if closed and owner in touched and not owner.endswith(("____notice", "state____state")):
            wrong.append(f"{name} ran")
    await tab.close()
    frames = [frame for tab in tabs for frame in tab.frames]
    assert wrong == []
    assert len(frames) > 50
    assert [frame[:300] for frame in frames if CANARIES.search(frame)] == []
    assert [frame[:300] for frame in frames if INSIDES.search(frame)] == []
    with shop.session() as session:
        after = rows(session, visitors)
    assert {table for table in before if before[table] != after[table]} == set()
    # A refusal is foreseen; a traceback would be a bug.
    assert _failures(shop.printed()) == []


def _failures(printed: str) -> list[str]:
    """Of each traceback the last line that is ours, and what was raised there."""
    collected = []
    for part in printed.split("Traceback (most recent call last):")[1:]:
        ours = re.findall(r'File ".*/(shop_app/[\w/]+\.py", line \d+)', part)
        raised = re.findall(r"^[\w.]+(?:Error|Exception|Refused)\b.*", part, re.M)
        collected.append(f"{ours[-1] if ours else '?'}: {raised[-1][:200] if raised else '?'}")
    return sorted(set(collected))


async def test_a_lie_about_the_connection_is_not_believed(shop: Shop):
    """Headers, address and session in an event's router_data are the server's to write."""
    from tests.socket_client import event

    with shop.session() as session:
        variant = session.exec(select(Variant).where(col(Variant.active)).order_by(col(Variant.id))).first()
        assert variant is not None
        sku = variant.sku
    victim, liar = Tab(shop.url), Tab(shop.url)
    add = next(name for name in handlers() if name.endswith("cart____cart.add"))
    async with liar:
        await liar.settle()
        frame = event(add, {"sku": sku, "quantity": 1})
        frame["router_data"]["headers"] = {"cookie": f"shop_visitor={victim.visitor}"}
        frame["token"] = victim.token
        await liar.send_raw("event", frame)
        await liar.settle()
    with shop.session() as session:
        row = session.execute(
            text("SELECT count(*) FROM cart WHERE key_hash = :key"), {"key": key_hash(victim.visitor)}
        ).scalar()
    assert row == 0


async def test_another_tab_of_somebody_else_is_not_taken_over(shop: Shop):
    """The token of a tab is no key: who knows it gets a state of his own."""
    async with Tab(shop.url) as owner:
        await owner.settle()
        add = next(name for name in handlers() if name.endswith("cart____cart.add"))
        await owner.call(add, {"sku": "FH-DNM-OAT", "quantity": 1})
        thief = Tab(shop.url)
        thief.token = owner.token
        await thief.connect("/cart")
        updates = await thief.settle()
        await thief.close()
    assert "FH-DNM-OAT" not in json.dumps(updates)


@pytest.mark.parametrize("origin", ["", "https://evil.example", "null", "http://localhost:1"])
async def test_another_origin_gets_no_socket(shop: Shop, origin: str):
    tab = Tab(shop.url)
    with pytest.raises(Closed):
        await tab.connect(origin=origin)


async def test_a_message_that_is_too_large_ends_the_socket_and_nothing_else(shop: Shop):
    load = next(name for name in handlers() if name.endswith("cart____cart.load"))
    async with Tab(shop.url) as tab:
        await tab.settle()
        with pytest.raises(Closed):
            await tab.send(load, {"sku": "x" * 1_000_000})
            await tab.settle(seconds=3)
    assert shop.get("/healthz")[0] == 200


@pytest.mark.parametrize(
    "frame", ["42/_event,[", '42/_event,["event"]', '42/_event,["event",5]', "49", "42/other,[]"]
)
async def test_broken_frames_break_nobody(shop: Shop, frame: str):
    async with Tab(shop.url) as tab:
        await tab.settle()
        assert tab._socket is not None
        await tab._socket.send_str(frame)
        with contextlib.suppress(Closed):
            await tab.settle(quiet=0.1)
    assert shop.get("/healthz")[0] == 200
    async with Tab(shop.url) as other:
        assert await other.settle()


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_a_canary(shop: Shop, path: str):
    status, html = shop.get(path, headers={"Cookie": "shop_visitor=" + "v" * 43})
    assert status < 500
    assert CANARIES.findall(html) == []
    assert INSIDES.findall(html) == []


def test_no_built_file_shows_a_canary_or_a_secret(shop: Shop):
    built = ROOT / ".web" / "build" / "client"
    leaks = []
    for path in built.rglob("*"):
        if path.is_file() and path.suffix in (".js", ".css", ".html", ".json", ".map"):
            words = path.read_text(errors="replace")
            if re.search(
                r"canary|sk_(test|live)_\w{8}|whsec_\w{8}|password_hash|cost_minor|argon2", words, re.I
            ):
                leaks.append(path.name)
            assert path.suffix != ".map", "source maps show how the shop is built"
    assert leaks == []


def test_no_log_line_shows_a_canary_or_a_key(shop: Shop):
    printed = shop.printed()
    assert CANARIES.findall(printed) == []
    assert re.findall(r"shop_visitor=\S+|shop_session=\S+", printed) == []


def test_orders_of_others_are_not_found_by_guessing(shop: Shop):
    with shop.session() as session:
        number, token = session.exec(select(Order.number, Order.token)).first() or (0, "")
    for path in (f"/orders/{number}", f"/orders/{token[:-1]}", f"/orders/{token}x", "/orders/1"):
        status, html = shop.get(path)
        assert status == 404
        assert "canary" not in html.lower()


def test_pages_come_compressed_with_the_headers_that_guard_them(shop: Shop):
    import urllib.request

    request = urllib.request.Request(shop.url + "/products/dune-mug", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        body = answer.read()
    assert headers["content-encoding"] == "gzip"
    assert b"Dune Mug" in gzip.decompress(body)
    policy = headers["content-security-policy"]
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src", 1)[1].split(";", 1)[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_a_storm_of_odd_events_changes_nothing_and_a_whole_checkout_still_works(shop: Shop):
    visitors: set[str] = set()
    with shop.session() as session:
        before = rows(session, visitors)
    tab: Tab | None = None
    for frame in frames(list(handlers()), MESSAGES // 4, seed=11):
        if tab is None:
            tab = Tab(shop.url)
            visitors.add(key_hash(tab.visitor))
            await tab.connect()
            tab.keep_frames = False
        try:
            await tab.send_text(frame)
        except Closed:
            await tab.close()
            tab = None
    if tab:
        await tab.settle(seconds=30)
        await tab.close()
    with shop.session() as session:
        after = rows(session, visitors)
    assert {table for table in before if before[table] != after[table]} == set()
    assert _failures(shop.printed()) == []
    number = await _check_out(shop)
    with shop.session() as session:
        order = session.exec(select(Order).where(Order.number == number)).one()
        assert order.email == "storm@example.org"
        assert [violation.sentence for violation in books.check(session).violations] == []


async def _check_out(shop: Shop) -> int:
    """A whole checkout by bank transfer over the socket; the order's number."""
    cart, checkout = (f"{STATE}.shop_app___state___{name}____{name}" for name in ("cart", "checkout"))
    form = {
        "email": "storm@example.org",
        "given_name": "Sam",
        "family_name": "Shopper",
        "line1": "Am Speicher 4",
        "postal_code": "10115",
        "locality": "Berlin",
        "country": "DE",
        "shipping_method": "express",
        "payment_provider": "manual",
    }
    async with Tab(shop.url) as tab:
        await tab.settle()
        await tab.call(f"{cart}.add", {"sku": "FH-DNM-OAT", "quantity": 1})
        await tab.send(f"{checkout}.load", path="/checkout")
        await tab.settle()
        chosen = {"field": "shipping_method", "value": "express"}
        await tab.send(f"{checkout}.typed", chosen, path="/checkout")
        shown = delta_of(await tab.settle())["shop_app___state___checkout____checkout.view"]
        paid = {"form": form | {"shown_minor": str(shown["total_minor"]), "ticket": "t"}}
        await tab.send(f"{checkout}.pay", paid, path="/checkout")
        left = delta_of(await tab.settle())["shop_app___state___checkout____checkout.departure"]
    token = left["address"].rsplit("/", 1)[1]
    with shop.session() as session:
        return session.exec(select(Order.number).where(Order.token == token)).one()
