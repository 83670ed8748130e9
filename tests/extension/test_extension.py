"""An extension from outside the package: its page, listeners, way to pay, job and permission; every clash."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import reflex as rx
from reflex_base.registry import RegistrationContext
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

import shop_app.shop_app as root
from shop_app.core import db
from shop_app.core.access import permissions
from shop_app.core.access.permissions import Permission
from shop_app.core.settings import ROOT
from shop_app.extension import Extension, ExtensionError, Job, Listener, Page, PaymentMethod, combined
from shop_app.providers.mail import Mailer
from shop_app.providers.mail.file import FileMailer
from shop_app.providers.payments import registry
from shop_app.providers.payments.manual import ManualProvider
from shop_app.providers.taxes import TaxEngine
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.search import listing_index
from shop_app.web.guard import NoPolicy, refuse_unknown_permissions
from shop_app.workflows import pay
from tests.factories import make_basics, make_product
from tests.paying import FORM, ME, everything, rows

SHELL = "<html><head><meta charset='utf-8'/><title>x</title></head><body><main></main></body></html>"


@pytest.fixture
def giftwrap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The extension's module, its States registered for this test alone."""
    monkeypatch.setattr(permissions, "_catalogue", {one.key: one for one in permissions.OWN})
    for name in ("tests.extension.giftwrap", "tests.extension.shop"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with RegistrationContext.ensure_context().fork():
        yield importlib.import_module("tests.extension.giftwrap")


def make_app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ASGIApp:
    """The whole application as a server has it, on a front end that consists of an empty page."""
    app = importlib.import_module("tests.extension.shop").app
    client = folder / ".web" / "build" / "client"
    client.mkdir(parents=True)
    (client / "__spa-fallback.html").write_text(SHELL)
    (client / "assets").mkdir()
    monkeypatch.setenv("REFLEX_ENV_MODE", "prod")
    monkeypatch.setenv("__REFLEX_SKIP_COMPILE", "true")
    monkeypatch.chdir(folder)
    return app()


async def while_it_runs(app: ASGIApp, visit: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Start the application's lifespan, visit it, and stop it."""
    messages_in: asyncio.Queue[Any] = asyncio.Queue()
    messages_out: asyncio.Queue[Any] = asyncio.Queue()
    serving = asyncio.create_task(app({"type": "lifespan", "state": {}}, messages_in.get, messages_out.put))  # pyright: ignore
    messages_in.put_nowait({"type": "lifespan.startup"})
    assert (await messages_out.get())["type"] == "lifespan.startup.complete"
    try:
        transport = httpx.ASGITransport(app)  # pyright: ignore[reportArgumentType]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
            await visit(client)
    finally:
        messages_in.put_nowait({"type": "lifespan.shutdown"})
        await serving


@pytest.fixture
def goods(engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        bowl = make_product(session, "Shoal Bowl", price_minor=2780, stock=3)
        listing_index.refresh(session, [bowl.id or 0])


def test_its_page_is_served_listed_and_reactive(giftwrap, goods, tmp_path, monkeypatch):
    app = make_app(tmp_path, monkeypatch)

    async def visit(client: httpx.AsyncClient) -> None:
        page = await client.get("/gift-wrap")
        assert page.status_code == 200
        assert "<p>For each of our 1 products.</p>" in page.text
        assert '<li><button type="button">Moss</button></li>' in page.text
        assert '<meta name="description" content="Papers that we wrap in." data-served>' in page.text
        assert "<title data-served>Gift wrap</title>" in page.text
        sitemap = (await client.get("/sitemap.xml")).text
        assert "<loc>http://localhost:3000/gift-wrap</loc>" in sitemap
        assert "<loc>http://localhost:3000/products/shoal-bowl</loc>" in sitemap
        assert "<loc>http://localhost:3000/about</loc>" in sitemap
        assert "/cart</loc>" not in sitemap
        assert (await client.get("/about")).status_code == 200
        assert (await client.get("/gift-wraps")).status_code == 404

    asyncio.run(while_it_runs(app, visit))
    handlers = RegistrationContext.get().event_handlers
    assert [name for name in handlers if name.endswith("gift_wrap.choose")]
    assert [name for name in handlers if name.endswith("gift_wrap_page.load")]
    make, title, load = giftwrap.GIFTWRAP.pages[0].reactive()
    assert (title, len(load)) == ("Gift wrap", 1)
    component = str(make().render())
    assert "papers" in component
    assert "choose" in component


def test_an_order_is_placed_and_paid_with_its_way_to_pay_and_its_listeners_hear(
    giftwrap, goods, tmp_path, monkeypatch
):
    app = make_app(tmp_path, monkeypatch)

    async def visit(client: httpx.AsyncClient) -> None:
        await db.write(cart_commands.add, ME, "SHOAL-BOWL", 1)
        assert giftwrap.changes["CartChanged"] == 1
        view = await db.write(checkout.save, ME, FORM)
        assert [way.code for way in view.payments] == ["stripe", "manual", "points"]
        assert (view.payments[-1].label, view.payments[-1].chosen) == ("Gift points", False)
        form = replace(FORM, payment_provider="points")
        view = await db.write(checkout.save, ME, form)
        assert (view.pay_label, view.payments[-1].chosen) == ("Pay €32.70", True)
        assert (await pay.pay(ME, form, view.total_minor)).startswith("/orders/")
        assert giftwrap.changes["OrderPlaced"] == 1
        (payment,) = rows("payment")
        assert (payment.provider, payment.state, payment.amount_minor) == ("points", "open", 3270)
        await _notices(client, giftwrap, payment.reference)

    asyncio.run(while_it_runs(app, visit))
    (order,), (payment,) = rows("customer_order"), rows("payment")
    assert (order.status, order.payment_status, order.payment_provider) == ("placed", "paid", "points")
    assert (payment.state, payment.captured_minor) == ("captured", 3270)


async def _notices(client: httpx.AsyncClient, giftwrap: Any, reference: str) -> None:
    """A forged notice changes nothing; the signed one, also twice, pays the order."""
    body = json.dumps({"id": "n1", "reference": reference}).encode()
    before = everything()
    for address, signature in (("points", "0" * 64), ("pennies", giftwrap.signature(body))):
        answer = await client.post(
            f"/webhooks/{address}", content=body, headers={"points-signature": signature}
        )
        assert answer.status_code == (400 if address == "points" else 404)
    assert everything() == before
    for _time in range(2):
        answer = await client.post(
            "/webhooks/points", content=body, headers={"points-signature": giftwrap.signature(body)}
        )
        assert answer.status_code == 200


def test_a_rolled_back_change_reaches_no_listener_and_none_hears_after_the_end(
    giftwrap, goods, tmp_path, monkeypatch
):
    app = make_app(tmp_path, monkeypatch)

    def add_and_fail(session) -> None:
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
        raise RuntimeError("undone")

    async def visit(_client: httpx.AsyncClient) -> None:
        with pytest.raises(RuntimeError, match="undone"):
            await db.write(add_and_fail)
        assert giftwrap.changes["CartChanged"] == 0

    asyncio.run(while_it_runs(app, visit))
    with db.transaction() as session:
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    assert giftwrap.changes["CartChanged"] == 0


def test_its_permission_is_the_owners_alone_and_an_unknown_one_stops_the_start(giftwrap):
    root.build(giftwrap.GIFTWRAP)

    assert "giftwrap.edit" in permissions.of_role("owner", [])
    assert "giftwrap.edit" not in permissions.of_role("manager", permissions.BUILT_IN_ROLES["manager"])
    assert permissions.of_role("packer", ["giftwrap.edit", "x.y"]) == {"giftwrap.edit"}
    assert (permissions.label_of("giftwrap.edit"), permissions.label_of("x.y")) == ("Wrap gifts", "x.y")
    refuse_unknown_permissions(permissions.of_role("owner", []))
    with pytest.raises(NoPolicy, match=r"gift_wrap\.restock: no part of the shop has .* giftwrap\.edit"):
        refuse_unknown_permissions(permissions.BUILT_IN_ROLES["owner"])


def test_a_permission_may_be_a_key_alone_and_is_called_by_it(giftwrap):
    root.build(Extension("engraving", permissions=("engraving.edit",)))

    assert permissions.label_of("engraving.edit") == "engraving.edit"
    assert "engraving.edit" in permissions.of_role("owner", [])


def test_two_shops_of_one_process_share_no_pages(giftwrap):
    with_it = root.build(giftwrap.GIFTWRAP)
    bare = root.build()
    assert "giftwrap.edit" not in permissions.of_role("owner", [])

    assert set(with_it._unevaluated_pages) - set(bare._unevaluated_pages) == {"gift-wrap"}
    assert [method.name for method in registry.providers()] == ["stripe", "manual"]


def test_the_server_runs_the_module_that_is_named_and_builds_its_pages_anew():
    code = (
        "from shop_app import serve; from shop_app.providers.payments import registry;"
        "hashed = serve.sources_hash(); serve.application();"
        "print(hashed, *(method.name for method in registry.providers()))"
    )
    output = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | named,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for named in ({}, {"REFLEX_APP_MODULE_IMPORT": "tests.extension.shop"})
    ]
    assert [names for _hash, *names in output] == [["stripe", "manual"], ["stripe", "manual", "points"]]
    assert output[0][0] != output[1][0]


def test_the_example_in_the_docs_is_the_file_that_is_tested():
    text = (ROOT / "docs" / "extending.md").read_text()
    for name in ("giftwrap.py", "shop.py"):
        assert (ROOT / "tests" / "extension" / name).read_text().strip() in text, name


def _draw() -> rx.Component:
    return rx.fragment()


A = Extension("a", pages=(Page("/a/[id]", _draw, "A"),))
CLASHES = [
    (Extension("shop"), "shop and shop both have the name shop."),
    (
        Extension("b", pages=(Page("/products/[id]", _draw, "B"),)),
        "shop and b both have the address GET /products/*.",
    ),
    (
        Extension("b", routes=(Route("/cart", _draw, methods=["GET"]),)),
        "shop and b both have the address GET /cart.",
    ),
    (
        Extension("b", routes=(Route("/webhooks/{name}", _draw, methods=["POST"]),)),
        "shop and b both have the address POST /webhooks/*.",
    ),
    (
        Extension("b", routes=(Mount("/sandbox", routes=[]),)),
        "sandbox and b both have what is mounted at /sandbox.",
    ),
    (
        Extension("b", routes=(Route("/robots.txt", _draw),)),
        "sitemap and b both have the address GET /robots.txt.",
    ),
    (
        Extension("b", routes=(Mount("/", routes=[]),)),
        "b: Mount(path='', name='', app=<starlette.routing.Router object at …>) would take what pages say to "
        "the server.",
    ),
    (
        Extension("b", payment_methods=(PaymentMethod("manual", ManualProvider),)),
        "shop and b both have a way to pay with the key manual.",
    ),
    (Extension("b", permissions=("orders.refund",)), "shop and b both have the permission orders.refund."),
    (
        Extension("b", pages=(Page("/nowhere", _draw, "B", replaces=True),)),
        "b replaces the page at /nowhere, and there is none.",
    ),
    (
        Extension("b", listeners=(Listener(int, print),)),
        "b listens for int, which isn't an event of the shop.",
    ),
    (
        Extension("b", providers={dict: dict}),
        "b provides dict, which the shop doesn't ask for; it asks for TaxEngine and Mailer.",
    ),
    (Extension("b", pages=("/b",)), "b: pages takes Page, and '/b' isn't one."),  # pyright: ignore
    (
        Extension("b", payment_methods=(PaymentMethod("credit", ManualProvider),)),
        "b: a way to pay can't have the key 'credit'; take other letters a-z, digits and hyphens, "
        "32 at most.",
    ),
]


@pytest.mark.parametrize(("extension", "sentence"), CLASHES, ids=lambda value: str(value)[:40])
def test_what_clashes_with_the_shop_is_refused_and_nothing_is_offered(extension, sentence):
    before = registry.providers()
    with RegistrationContext.ensure_context().fork(), pytest.raises(ExtensionError) as refused:
        root.build(extension)
    assert re.sub(" at 0x[0-9a-f]+", " at …", str(refused.value)) == sentence
    assert registry.providers() == before


@pytest.mark.parametrize(
    ("field", "value", "claim"),
    [
        ("jobs", (Job("sweep_up", print, 60),), "a job named sweep_up"),
        ("providers", {TaxEngine: dict}, "a provider of the kind TaxEngine"),
        ("permissions", ("x.edit",), "the permission x.edit"),
        ("permissions", (Permission("x.edit", "Change x"),), "the permission x.edit"),
    ],
)
def test_two_extensions_that_claim_the_same_are_refused(field, value, claim):
    with pytest.raises(ExtensionError, match=f"^one and two both have {claim}.$"):
        combined([Extension("one", **{field: value}), Extension("two", **{field: value})])


def test_a_page_may_take_the_place_of_the_shops_where_it_says_so(giftwrap):
    own = Page("/about", _draw, "About us", replaces=True)

    parts = combined([root.SHOP, Extension("b", pages=(own,))])
    assert [page for page in parts.pages if page.route == "/about"] == [own]
    assert [page.route for page in parts.pages] == [page.route for page in root.SHOP.pages]
    with pytest.raises(ExtensionError, match=r"^b and c both replace /about\.$"):
        combined([root.SHOP, Extension("b", pages=(own,)), Extension("c", pages=(own,))])


def test_a_provider_takes_the_place_of_the_shops_own(giftwrap, tmp_path):
    mailer = FileMailer(tmp_path)

    root.build(Extension("b", providers={Mailer: lambda: mailer}))
    assert root.mail.mailer() is mailer
    root.build()
    assert root.mail.mailer() is not mailer
