"""A shop is opened from an empty production database: set-up, first product, first paid and packed order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import select

from shop_app.core.settings import ROOT
from shop_app.models import FulfilmentStatus, Order, PaymentStatus, Staff
from tests import https
from tests.journeys.admin.test_orders import axe
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.shop import Shop, end, free_port, running

KEY, SECRET = "sk_test_ofTheJourney", "whsec_kZ2rX9vQm4TbW7yLc1HnD8sJ"
PASSWORD = "seven lamps on a long table"
PRODUCTS = """Title,URL handle,Description,Status,SKU,Price,Inventory tracker,Inventory quantity
Ash Stool,ash-stool,<p>Made of ash.</p>,Active,ASH-1,120.00,shopify,5
"""


@dataclass(frozen=True, slots=True)
class Production:
    """A shop in production mode behind https, and the payment company's server beside it."""

    shop: Shop
    url: str
    environment: dict[str, str]

    def token(self) -> str:
        printed = re.search(r"with this token: ([A-Z0-9-]{29})", self.shop.printed())
        assert printed
        return printed[1]

    def command(self, *arguments: str) -> str:
        """What a command of the shop prints."""
        completed = subprocess.run(
            [sys.executable, "-m", "shop_app", *arguments],
            cwd=ROOT, env=os.environ | self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return completed.stdout


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Production]:
    port, public, hooks, company = (free_port() for _port in range(4))
    url = f"https://localhost:{public}"
    environment = {
        "SHOP_MODE": "production",
        "SHOP_BASE_URL": url,
        "SHOP_SECRET_KEY": "kZ2rX9vQm4TbW7yLc1HnD8sJf5GpA3eU",
        "SHOP_ALLOW_TEST_KEYS": "1",
        "SHOP_TRUSTED_PROXY_HOPS": "0",
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": f"http://127.0.0.1:{company}/sandbox",
    }
    with (
        _company(tmp_path, company, hooks),
        https.proxy(tmp_path, public=public, hooks=hooks, to=port),
        running(tmp_path, PORT=str(port), **environment) as shop,
    ):
        data = {"PORT": str(port), "SHOP_DATA_DIR": str(shop.data)}
        yield Production(shop, url, environment | data)


@contextmanager
def _company(folder: Path, port: int, hooks: int) -> Iterator[None]:
    """The payment company: the sandbox as a server of its own."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "shop_app.sandbox",
            "--port", str(port), "--webhook-url", f"http://127.0.0.1:{hooks}/webhooks/stripe",
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "SHOP_DATA_DIR": str(folder / "company"),
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": SECRET,
        },
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/sandbox/v1/payment_method_configurations")
        yield
    finally:
        end(process)


def _wait(url: str) -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing answers at {url}")


@pytest.fixture
def come(production: Production, browser: Browser) -> Iterator[type[Shopper]]:
    """A visitor of the production shop: come(size=PHONE, scripts=False)."""
    opened: list[Shopper] = []

    def one(*, size: tuple[int, int] = DESKTOP, scripts: bool = True) -> Shopper:
        context = browser.new_context(
            base_url=production.url,
            viewport={"width": size[0], "height": size[1]},
            locale="en-GB",
            reduced_motion="reduce",
            java_script_enabled=scripts,
            ignore_https_errors=True,
        )
        context.set_default_timeout(15_000)
        opened.append(Shopper(context, production.url))
        return opened[-1]

    yield one  # pyright: ignore[reportReturnType]
    for shopper in opened:
        shopper.context.close()


def test_from_an_empty_database_to_the_first_packed_order(production: Production, come):
    owner = come(size=PHONE, scripts=False)
    owner.page.goto("/admin/orders")
    expect(owner.page.get_by_role("heading", name="Open your shop")).to_be_visible()

    owner.page.get_by_label("Token").fill("WRONG-TOKEN")
    owner.page.get_by_label("Country of the shop").select_option("AT")
    owner.page.get_by_role("button", name="Continue").click()
    expect(owner.page.get_by_role("alert")).to_contain_text("This isn't the token")
    owner.page.get_by_label("Token").fill(production.token())
    owner.page.get_by_role("button", name="Continue").click()

    expect(owner.page.get_by_label("Currency")).to_have_value("EUR")
    expect(owner.page.get_by_label("Time zone")).to_have_value("Europe/Vienna")
    expect(owner.see("set-up-tax")).to_contain_text("VAT 20 % in Austria")
    owner.page.get_by_label("Your name").fill("Ada Berg")
    owner.page.get_by_label("E-mail address").fill("ada@example.com")
    owner.page.get_by_label("Password").fill(PASSWORD)
    owner.page.get_by_label("Name of the shop").fill("Berg Ceramics")
    price = owner.see("set-up-zone", value="home").get_by_label("Price in EUR")
    price.fill("4.90")
    owner.see("set-up-zone", value="union").get_by_role("checkbox").check()
    # Enter in a field opens the shop as well.
    price.press("Enter")
    owner.page.wait_for_url("**/admin")

    with production.shop.session() as session:
        assert [(one.email, one.role) for one in session.exec(select(Staff))] == [
            ("ada@example.com", "owner")
        ]
    answer = owner.page.goto("/admin/set-up")
    assert answer
    assert answer.status == 404

    file = production.shop.data / "products.csv"
    file.write_text(PRODUCTS)
    assert "1 new" in production.command("import-products", str(file))

    shopper = come()
    shopper.open("/products/ash-stool")
    expect(shopper.page.get_by_role("link", name="Berg Ceramics").first).to_be_visible()
    shopper.add_to_cart()
    shopper.check_out()
    expect(shopper.see("shipping-method", value="home-standard")).to_be_checked()
    shopper.page.locator('[autocomplete~="postal-code"]').first.fill("1010")
    shopper.page.locator('[autocomplete~="address-level2"]').first.fill("Wien")
    shopper.page.keyboard.press("Tab")
    shopper.pay()
    shopper.pay_by_card()
    expect(shopper.see("order-status").first).to_have_text(re.compile("paid|confirmed|thank", re.I))
    with production.shop.session() as session:
        order = session.exec(select(Order)).one()
        assert (order.payment_status, order.currency) == (PaymentStatus.PAID, "EUR")
        assert (order.shipping_minor, order.total_minor) == (490, 12_490)

    desk = come()
    desk.context.add_cookies(owner.context.cookies())
    desk.page.goto("/admin")
    desk.page.locator('[data-desk][data-ready="true"]').wait_for()
    states = desk.see("task").evaluate_all("all => all.map(one => [one.dataset.name, one.dataset.done])")
    facts = dict(states)
    assert (facts["product"], facts["delivery"], facts["tax"], facts["payment"]) == ("true",) * 4
    expect(desk.see("kpi", name="orders_to_pack")).to_contain_text("1")
    assert axe(desk.page) == []

    desk.page.goto(f"/admin/orders/{order.number}")
    desk.see("order-fulfil").click()
    expect(desk.see("order-shipment")).to_have_count(1)
    with production.shop.session() as session:
        packed = session.exec(select(Order)).one()
        assert packed.fulfilment_status == FulfilmentStatus.SHIPPED
