"""A shopper: the steps that people take in the shop, by the test marks of the contract."""

from __future__ import annotations

import re
import time

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

DESKTOP, PHONE, NARROW, WIDE = (1280, 900), (390, 844), (320, 640), (1920, 1080)

GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
NO_FUNDS_CARD = "4000 0000 0000 9995"

ADDRESS = {
    "email": "sam@example.com",
    "given-name": "Sam",
    "family-name": "Shopper",
    "address-line1": "Am Speicher 4",
    "postal-code": "10115",
    "address-level2": "Berlin",
}


class Shopper:
    """A visitor with a browser profile of their own, and one open tab to begin with."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context, self.base = context, base
        self.troubles: list[str] = []
        """What no page may do: errors on the console, refused content, requests to other hosts."""
        self.requests: list[Request] = []
        self.expected: list[str] = []
        """Console errors that a test provokes, as regular expressions."""
        context.on("page", self._watch)
        self.page = context.new_page()

    def _watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._trouble(f"page error: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _trouble(self, what: str) -> None:
        if not any(re.search(pattern, what) for pattern in self.expected):
            self.troubles.append(what)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self._trouble(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((self.base, "data:", "blob:", self.base.replace("http", "ws", 1))):
            self._trouble(f"asked another host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self._trouble(f"{response.status} for {response.url}")

    def tab(self) -> Page:
        """A further tab of the same browser profile."""
        return self.context.new_page()

    # --- Looking around ---------------------------------------------------------------------------

    def see(self, mark: str, page: Page | None = None, **data: str) -> Locator:
        """What carries a test mark, and these data attributes."""
        more = "".join(f'[data-{name}="{value}"]' for name, value in data.items())
        return (page or self.page).locator(f'[data-testid="{mark}"]{more}')

    def open(self, path: str, page: Page | None = None) -> None:
        """Go to an address and wait until the page is the reactive one."""
        page = page or self.page
        page.goto(path)
        self.ready(page)

    def ready(self, page: Page | None = None) -> None:
        """Wait until the page shows its own content, and the served one has made way."""
        page = page or self.page
        page.locator('[data-ready="true"]').first.wait_for()
        page.locator("#served").wait_for(state="detached")

    def until(self, script: str, page: Page | None = None) -> None:
        """Wait until an expression of the browser is true; asked from outside, as the policy allows."""
        page = page or self.page
        ends = time.monotonic() + 15
        while not page.evaluate(script):
            assert time.monotonic() < ends, f"never true: {script}"
            page.wait_for_timeout(50)

    # --- Buying -----------------------------------------------------------------------------------

    def choose(self, value: str) -> None:
        self.see("variant-option", value=value).first.click()

    def add_to_cart(self) -> None:
        """Add what the product page shows, and see it in the drawer."""
        self.see("add-to-cart").first.click()
        expect(self.see("cart-drawer").first).to_be_visible()

    def fill_cart(self, slug: str, *, value: str = "") -> None:
        self.open(f"/products/{slug}")
        if value:
            self.choose(value)
        self.add_to_cart()

    def check_out(self, *, email: str = "sam@example.com") -> None:
        """From anywhere to a filled form, ready to pay."""
        self.open("/checkout")
        if self.see("checkout-change").count():
            # What is known from before is folded.
            self.see("checkout-change").click()
        for name, text in {**ADDRESS, "email": email}.items():
            self.page.locator(f'[autocomplete~="{name}"]').first.fill(text)
            self.page.keyboard.press("Tab")

    def pay(self) -> None:
        """Go on to the payment page."""
        self.see("pay").first.click()
        self.see("card-number").wait_for()

    def pay_by_card(self, number: str = GOOD_CARD) -> None:
        """Type a card at the payment page and send it."""
        self.see("card-number").fill(number)
        self.see("sandbox-pay").click()

    def buy(self, slug: str, *, value: str = "") -> str:
        """The whole way to a paid order; its number."""
        self.fill_cart(slug, value=value)
        self.check_out()
        self.pay()
        self.pay_by_card()
        expect(self.see("order-status").first).to_have_text(re.compile("paid|confirmed|thank", re.I))
        return self.see("order-number").first.inner_text()
