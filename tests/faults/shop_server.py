"""The HTTP server of a shop process that is there to be killed: clicks and webhooks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import h11
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.credit import commands as credit_commands
from shop_app.web import webhooks
from shop_app.workflows import pay as pay_workflow
from shop_app.workflows import reconcile, recover
from tests.factories import key_hash
from tests.faults import returning, staff

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


async def fill(*, key: str, lines: dict[str, int], card: int = 0) -> dict[str, int]:
    """Put these things into the shopper's cart, with a gift card of so much, and go to checkout.

    Answers with what `pay` takes: the total that is shown there, and what of it the card pays.
    """
    for sku, quantity in lines.items():
        await db.write(cart_commands.add, key_hash(key), sku, quantity)
    if card:
        # Its key ends with its amount, which the verdict compares.
        issued = await db.write(
            credit_commands.issue, card, by=staff.CLERK, request_key=f"card-{key}-{card}", durable=True
        )
        await db.write(cart_commands.apply_credit, key_hash(key), issued.code)
    await db.write(cart_holds.enter, key_hash(key))
    page = await db.write(checkout.save, key_hash(key), FORM)
    return {"total": page.total_minor, "credit": page.credit_minor}


async def pay(*, key: str, total: int, credit: int) -> str:
    return await pay_workflow.pay(key_hash(key), FORM, total, expected_credit_minor=credit)


async def cancel_payment(*, token: str) -> None:
    await pay_workflow.cancel_payment(token)


async def recover_now(*, whole: bool = False) -> list[str]:
    """What the jobs do, and with `whole` the comparison that looks back two days."""
    await recover.sweep()
    return await reconcile.reconcile() if whole else []


COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {
    "fill": fill,
    "pay": pay,
    "cancel_payment": cancel_payment,
    "recover": recover_now,
    "refund": staff.refund,
    "refund_line": staff.refund_line,
    "send": staff.send,
    "cancel": staff.cancel,
    "send_back": returning.send_back,
    "withdraw": returning.withdraw,
    "receive": returning.receive,
    "pay_back": returning.pay_back,
}


async def click(request: Request) -> Response:
    """One click: 200 with what came of it, 409 with the shop's own sentence."""
    given = await request.json()
    try:
        done = await COMMANDS[request.path_params["command"]](**given)
    except ShopError as refusal:
        return JSONResponse({"code": refusal.code, "message": refusal.message}, 409)
    return JSONResponse({"done": done})


app = Starlette(routes=[Route("/click/{command}", click, methods=["POST"]), *webhooks.routes])


async def serve(listener: socket.socket) -> None:
    """Answer on an open socket: HTTP/1.1, one request a connection, as quick to start as to kill."""
    server = await asyncio.start_server(_answer, sock=listener)
    async with server:
        await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    wire = h11.Connection(h11.SERVER)
    request: h11.Request | None = None
    body = b""
    try:
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and request:
                await _run(request, body, wire, writer)
                return
            else:
                return
    except (h11.RemoteProtocolError, ConnectionError):
        return
    finally:
        writer.close()


async def _run(
    http_request: h11.Request, body: bytes, wire: h11.Connection, writer: asyncio.StreamWriter
) -> None:
    path = http_request.target.decode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": http_request.method.decode(),
        "path": path,
        "raw_path": http_request.target,
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in http_request.headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"connection", b"close")]
            writer.write(wire.send(h11.Response(status_code=message["status"], headers=headers)) or b"")
        else:
            writer.write(wire.send(h11.Data(data=message.get("body", b""))) or b"")
            if not message.get("more_body"):
                writer.write(wire.send(h11.EndOfMessage()) or b"")
                await writer.drain()
                # The client has its answer; background tasks go on after it.
                writer.close()

    await app(scope, receive, send)
