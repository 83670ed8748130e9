"""Gift wrap: a page about it, a count of carts that changed, and payment with gift points."""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import reflex as rx
from sqlmodel import Session, func, select

from shop_app.components import layout
from shop_app.components.kit import Component, each, el, of, text, when
from shop_app.core import events
from shop_app.core.access.permissions import Permission
from shop_app.core.errors import NotFound
from shop_app.core.pages import Address, Head
from shop_app.extension import Extension, Job, Listener, Page, PaymentMethod
from shop_app.models import ListingItem
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


@dataclass(frozen=True, slots=True)
class WrapView:
    """What the page shows."""

    papers: list[str] = field(default_factory=list)
    product_count: int = 0


def view(session: Session, _address: Address) -> WrapView:
    return WrapView(list(PAPERS), session.exec(select(func.count()).select_from(ListingItem)).one())


def page(view: WrapView) -> Component:
    """As Reflex compiles it and as it is served: the view's fields are Vars, or values."""

    def paper(name: str) -> Component:
        return el.li(el.button(name, type="button", on_click=GiftWrap.choose(name)))

    chosen = of(GiftWrap).paper
    return layout.page(
        el.h1("Gift wrap"),
        el.p("For each of our ", text(view.product_count), " products."),
        el.ul(each(view.papers, paper)),
        when(chosen, el.p("You chose ", chosen)),
    )


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
    pages=(Page("/gift-wrap", page, "Gift wrap", view, head=Head("Papers that we wrap in."), sitemap=True),),
    listeners=(Listener(events.CartChanged, count), Listener(events.OrderPlaced, count)),
    payment_methods=(PaymentMethod("points", Points),),
    jobs=(Job("count_papers", lambda: changes.update(counted=1), every_seconds=3600),),
    permissions=(Permission("giftwrap.edit", "Wrap gifts", "Orders", "Choose papers."),),
)
