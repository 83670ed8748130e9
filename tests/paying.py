"""The shop and its payment provider in one process: real code on both sides, no port, no background."""

from __future__ import annotations

import asyncio
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stripe
from sqlalchemy import Row, select
from sqlmodel import SQLModel
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.providers.payments import registry
from shop_app.providers.payments.base import PaymentMethod
from shop_app.providers.payments.manual import MANUAL
from shop_app.providers.payments.stripe import API_VERSION, StripeProvider
from shop_app.sandbox import Sandbox, Wiring
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.web import webhooks
from shop_app.workflows import pay
from tests.factories import key_hash, make_basics, make_product

with warnings.catch_warnings():
    # It would rather have httpx2, which the shop has no other use for.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

KEY = "sk_test_sandbox_for_tests"
SECRET = "whsec_for_tests"
SANDBOX = "http://127.0.0.1/sandbox"
GOOD = "4242 4242 4242 4242"
ME = key_hash()
MANAGER = Principal("staff", 0, "manager@example.com", permissions=BUILT_IN_ROLES["manager"])
FORM = CheckoutForm(
    email="marta@example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="stripe",
)


class InProcess(stripe.HTTPClient):
    """Carries the stripe package's requests to the sandbox without a socket."""

    name = "in-process"

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1))

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        try:
            response = self._client.request(method, url, headers=dict(headers), content=post_data)
        except ConnectionAbortedError as error:
            raise stripe.APIConnectionError("cut", should_retry=True) from error
        return response.content, response.status_code, response.headers

    def close(self) -> None:
        self._client.close()

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0


def make_sandbox(folder: Path) -> Sandbox:
    return Sandbox(
        Wiring(
            database=folder / "sandbox.db",
            key=KEY,
            webhook_secret=SECRET,
            webhook_url="http://shop/webhooks/stripe",
            public_url=SANDBOX,
        )
    )


def client_of(sandbox: Sandbox, *, key: str = KEY, retries: int = 0) -> stripe.StripeClient:
    """The official package, talking to that sandbox."""
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": SANDBOX},
        max_network_retries=retries,
        http_client=InProcess(sandbox.alone()),
    )


@dataclass
class World:
    """A shop with products, the sandbox, and a browser to pay with."""

    sandbox: Sandbox
    browser: TestClient = field(init=False)
    webhooks: TestClient = field(init=False)
    """Sends webhooks to the shop."""

    def __post_init__(self) -> None:
        self.browser = TestClient(
            self.sandbox.alone(), base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 1)
        )
        self.webhooks = TestClient(Starlette(routes=webhooks.routes), raise_server_exceptions=False)
        payment_provider = StripeProvider(key=KEY, base=SANDBOX, webhook_secrets=(SECRET,))
        payment_provider.__dict__["client"] = client_of(self.sandbox, retries=2)
        registry.offer([PaymentMethod("stripe", lambda: payment_provider), MANUAL])

    # The shopper.

    def fill_cart(self, sku: str = "SHOAL-BOWL", quantity: int = 1) -> int:
        """Put something into the cart; the total that checkout shows then."""
        with db.transaction() as session:
            cart_commands.add(session, ME, sku, quantity)
        with db.transaction() as session:
            return checkout.save(session, ME, FORM).total_minor

    def pay(self, form: CheckoutForm = FORM, total_minor: int | None = None) -> str:
        """Click on pay; the address that the browser is sent to."""
        if total_minor is None:
            total_minor = self.fill_cart()
        return asyncio.run(pay.pay(ME, form, total_minor))

    def enter_card(self, url: str, number: str = GOOD, **more: str) -> Any:
        return self.browser.post(url, data={"card": number, "expiry": "12/34", "cvc": "123"} | more)

    # The way of webhooks.

    def deliver(self) -> list[int]:
        """Deliver what is due; the shop's answers in the order of the events."""
        answers = []
        while claimed := self.sandbox.deliveries.claim():
            for seq, body, header in claimed:
                answers.append(self.post_event(body, header))
                self.sandbox.deliveries.note(seq, answers[-1])
        return answers

    def post_event(self, body: str | bytes, header: str) -> int:
        headers = {"stripe-signature": header} if header else {}
        return self.webhooks.post("/webhooks/stripe", content=body, headers=headers).status_code

    def faults(self, **faults: Any) -> None:
        assert self.browser.post("/sandbox/_faults", json=faults).status_code == 200


def make_world(folder: Path) -> World:
    """A shop on the database of `db.engine()`: a bowl at €27.80, of which three are there."""
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Shoal Bowl", price_minor=2780, stock=3)
        make_product(session, "Dune Mug", price_minor=2400, stock=5)
    return World(make_sandbox(folder))


def rows(table: str) -> list[Row[Any]]:
    """All rows of a table as they are committed."""
    named = SQLModel.metadata.tables[table]
    with db.reading() as session:
        return list(session.connection().execute(select(named).order_by(*named.primary_key)))


def everything() -> dict[str, list[Any]]:
    """Every row of the tables that money and stock stand in: equal before and after a refusal."""
    names = (
        "customer_order",
        "payment",
        "payment_event",
        "provider_event",
        "refund",
        "stock_level",
        "stock_movement",
        "letter",
        "order_event",
        "cart",
    )
    return {name: [tuple(row) for row in rows(name)] for name in names}
