"""Gift wrap: a page about it, a count of carts that changed, and payment with gift points."""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import reflex as rx
from starlette.datastructures import QueryParams

from shop_app.components import layout
from shop_app.core import events
from shop_app.core.errors import NotFound
from shop_app.extension import Extension, Job, Listener, Page, PaymentMethod
from shop_app.providers.payments.base import (
    Forged,
    NeverTaken,
    Notice,
    PaymentSnapshot,
    ProviderRecord,
    RefundSnapshot,
    Started,
    StartPayment,
)
from shop_app.state.base import public, staff
from shop_app.state.input_types import ShortText
from shop_app.web.served import Served

PAPERS = ("Kraft", "Moss", "Sand")
KEY = b"the key that notices of points are signed with"

changes: Counter[str] = Counter()
paid: dict[str, PaymentSnapshot] = {}
"""The payments by points; a real provider asks its server for them."""


class GiftWrap(rx.State):
    paper: str = ""

    @rx.event
    @public
    async def choose(self, paper: ShortText):
        self.paper = paper if paper in PAPERS else ""

    @rx.event
    @staff("giftwrap.edit")
    async def restock(self):
        changes["restocked"] += 1


def page() -> rx.Component:
    papers = [rx.el.button(paper, on_click=GiftWrap.choose(paper)) for paper in PAPERS]
    return layout.page(rx.el.h1("Gift wrap"), *papers, rx.el.p(GiftWrap.paper))


def serve(_params: dict[str, str], _query: QueryParams) -> Served:
    papers = "".join(f"<li>{paper}</li>" for paper in PAPERS)
    return Served(html=f"<h1>Gift wrap</h1><ul>{papers}</ul>", title="Gift wrap", canonical="/gift-wrap")


def count(event: events.CartChanged | events.OrderPlaced) -> None:
    changes[type(event).__name__] += 1


class Points:
    """A provider that takes payments at once by points, and sends a signed notice of each."""

    name = "points"
    pays_now = True

    def label(self, *, collected: bool) -> str:
        return "Gift points"

    def note(self, *, collected: bool) -> str:
        return "Your points are taken with the order."

    def is_offered(self, *, collected: bool) -> bool:
        return True

    def methods(self) -> tuple[str, ...]:
        return ()

    def start(self, request: StartPayment) -> Started:
        reference = f"points-{request.key}"
        paid[reference] = PaymentSnapshot(
            reference=reference,
            state="captured",
            amount_minor=request.amount_minor,
            captured_minor=request.amount_minor,
            refunded_minor=0,
            currency=request.currency,
            intent_reference=reference,
            attempt_key=request.key,
            order_token=request.order_token,
        )
        return Started(reference=reference, redirect_url="", expires_at=None)

    def retrieve(self, reference: str, *, disputes: bool = False) -> PaymentSnapshot:
        if reference not in paid:
            raise NotFound("The points provider doesn't know this payment.")
        return paid[reference]

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        if not hmac.compare_digest(headers.get("points-signature", ""), signature(body)):
            raise Forged("The signature doesn't fit.")
        return self.notice_of(body.decode())

    def notice_of(self, body: str) -> Notice:
        fields = json.loads(body)
        return Notice(self.name, fields["id"], "paid", body, reference=fields["reference"])

    def expire(self, reference: str) -> None:
        """Points are taken at once: there is nothing that could still be paid."""

    def refund(self, intent_reference: str, amount_minor: int, key: str, reason: str = "") -> RefundSnapshot:
        raise NeverTaken("Points aren't given back.")

    def recent(self, since: datetime) -> list[ProviderRecord]:
        return []

    def capture(self, intent_reference: str, amount_minor: int, key: str) -> None:
        """Points are taken with the order."""

    def void(self, intent_reference: str) -> None:
        """Nothing is ever only authorised."""


def signature(body: bytes) -> str:
    return hmac.digest(KEY, body, "sha256").hex()


GIFTWRAP = Extension(
    name="giftwrap",
    pages=(Page("/gift-wrap", page, "Gift wrap", serve=serve, sitemap=True),),
    listeners=(Listener(events.CartChanged, count), Listener(events.OrderPlaced, count)),
    payment_methods=(PaymentMethod("points", Points),),
    jobs=(Job("count_papers", lambda: changes.update(counted=1), every_seconds=3600),),
    permissions=("giftwrap.edit",),
)
