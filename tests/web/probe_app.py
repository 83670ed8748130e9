"""The real shop with one more State to attack: `python -m tests.web.probe_app PORT` serves it.

`/probe` (GET) answers which handlers ran with what; POST pushes to a room or sends a product's news.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from enum import Enum
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field, StringConstraints
from reflex.istate.manager.token import BaseStateToken
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_app.core import migrate
from shop_app.core.access import cookies
from shop_app.core.access.policy import set_look_up
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import ShopError
from shop_app.realtime import rooms
from shop_app.realtime.bus import Push, bus
from shop_app.serve import asgi, serve_until_stopped
from shop_app.shop_app import app
from shop_app.state.base import asked_by, customer, internal, public, say, staff, visitor_hash
from shop_app.state.forms import Form, FormState
from shop_app.state.input_types import LongText, Quantity, ShortText, Sku
from shop_app.state.live import handler_name, join_cart, watch
from shop_app.web import event_entry
from tests.web.probe_names import CLERK, CUSTOMER, LEAVER

FieldName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z][A-Za-z0-9_.\[\]-]{0,63}\z", max_length=64)
]
AnyForm = Annotated[dict[FieldName, LongText], Field(max_length=60)]
Skus = Annotated[list[Sku], Field(max_length=100)]
ran: list[list[Any]] = []
released: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
revoked: set[str] = set()


def say_in_log(text: str) -> None:
    """A line for the test that reads this server's output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class ContactForm(Form):
    email: Annotated[str, StringConstraints(strict=True, max_length=20)] = ""
    units: Quantity = 1
    note: ShortText = ""


class Probe(FormState, rx.State):
    count: int = 0
    secret: str = ""

    def _private(self, secret: str):
        ran.append(["_private", secret])

    @rx.event
    @public
    async def take(self, sku: Sku, quantity: Quantity = 1):
        ran.append(["take", sku, quantity])
        self.count = 5

    @rx.event
    @public
    async def form(self, data: AnyForm):
        ran.append(["form", data])

    @rx.event
    @public
    async def contact(self, form: ContactForm):
        ran.append(["contact", form.model_dump()])

    @rx.event
    @staff("orders.refund")
    async def contact_staff(self, form: ContactForm):
        ran.append(["contact_staff", form.model_dump()])

    @rx.event
    @public
    async def choose(self, size: Size, sort: Literal["new", "price"] = "new"):
        ran.append(["choose", str(size), sort])

    @rx.event
    @public
    async def many(self, skus: Skus, text: ShortText = ""):
        ran.append(["many", skus, text])

    @rx.event
    @customer
    async def mine(self):
        ran.append(["mine", (await asked_by(self)).id])

    @rx.event
    @staff("orders.refund")
    async def refund(self):
        ran.append(["refund", (await asked_by(self)).id])

    @rx.event
    @staff("staff.edit")
    async def promote(self):
        ran.append(["promote"])

    @rx.event
    @internal
    async def inner(self, value: int):
        ran.append(["inner", value])

    @rx.event
    @public
    async def chain(self):
        ran.append(["chain"])
        return [Probe.inner(42), say("Chained")]

    @rx.event
    @public
    async def chain_to_staff(self):
        return Probe.promote

    @rx.event
    @public
    async def who_am_i(self):
        ran.append(["who_am_i", visitor_hash(self)])

    @rx.event
    @public
    async def fail(self):
        raise ValueError("CANARY-inside")

    @rx.event
    @public
    async def refuse(self):
        raise ShopError("Only 2 are left.")

    @rx.event
    @public
    async def slow(self):
        ran.append(["slow begins"])
        await asyncio.sleep(1.5)
        say_in_log("SLOW FINISHED")

    @rx.event
    @public
    async def wait_for(self, mark: ShortText):
        """Stays at work until the mark is posted to /probe."""
        ran.append(["waits", mark])
        await released[mark].wait()
        ran.append(["waited", mark])

    @rx.event
    @staff("orders.refund")
    async def learn_secret(self):
        self.secret = "CANARY-of-the-probe"

    @rx.event
    @public
    async def open_page(self, skus: Skus):
        await watch(self, skus)
        await join_cart(self)
        ran.append(["open_page"])


async def sessions(session_hash: str) -> Principal:
    """What stands for the accounts: one customer, clerks; a session that was revoked is gone."""
    if session_hash in revoked:
        return NOBODY
    return {
        cookies.key_hash(CUSTOMER): Principal("customer", 7),
        cookies.key_hash(CLERK): Principal("staff", 3, permissions=frozenset({"orders.refund"})),
        cookies.key_hash(LEAVER): Principal("staff", 4, permissions=frozenset({"orders.refund"})),
    }.get(session_hash, NOBODY)


async def probe(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell what ran, or do what the body says."""
    if scope["method"] == "POST":
        request = json.loads((await receive())["body"])
        if "slug" in request:
            patch = {
                rooms.product_key(request["slug"]): {**request["fields"], "at": time.time_ns() // 1_000_000}
            }
            bus().publish(Push(rooms.PRODUCT + request["slug"], patch))
        if "release" in request:
            released[request["release"]].set()
        if request.get("forget"):
            for key in list(app.state_manager.states):  # pyright: ignore[reportAttributeAccessIssue]
                app.state_manager._purge_token(BaseStateToken(ident=key, cls=rx.State))  # pyright: ignore[reportAttributeAccessIssue]
        if "revoke" in request:
            revoked.add(cookies.key_hash(request["revoke"]))
        if "visitor" in request:
            bus().publish(Push(rooms.CART + request["visitor"], ask=(handler_name(Probe.who_am_i),)))
    body = json.dumps({"ran": ran, "name": Probe.get_full_name(), **at_work()}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def at_work() -> dict[str, Any]:
    """What the server has in hand: nothing of it may grow with what strangers send."""
    processor = app.event_processor
    return {
        "futures": len(processor._futures),
        "events": len(processor._tasks),
        "queues": len(processor._token_queues),
        # The socket server's own of a socket that has closed sleeps until its next ping, and ends then.
        "tasks": sum("_send_ping" not in str(task.get_coro()) for task in asyncio.all_tasks()),
        "states": sorted(app.state_manager.states),  # pyright: ignore[reportAttributeAccessIssue]
        "sockets": len(app.event_namespace.sid_to_token) if app.event_namespace else 0,
        "rooms": len(app.sio.manager.rooms.get("/_event", ())) if app.sio else 0,
        # What the socket server itself keeps for clients that don't read; it has no bound there.
        "unsent": sum(line.queue.qsize() for line in app.sio.eio.sockets.values()) if app.sio else 0,
        "kept_open": len(app.state_manager._open),  # pyright: ignore[reportAttributeAccessIssue]
        "dropped": dict(event_entry.dropped),
        "cpu_seconds": time.process_time(),
    }


def shop() -> ASGIApp:
    """The whole shop, with the probe in front."""
    inner = asgi()

    # After the check at the start, as nothing in the shop can: the guard has to refuse it too.
    class Forgotten(rx.State):
        def helper(self, secret: str):
            ran.append(["helper", secret])

    async def with_probe(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/probe":
            await probe(scope, receive, send)
        else:
            await inner(scope, receive, send)

    return with_probe


if __name__ == "__main__":
    # The pages' own handlers run when a tab opens; they find an empty shop.
    migrate.migrate()
    set_look_up(sessions)
    serve_until_stopped(shop(), int(sys.argv[1]), host="127.0.0.1")
