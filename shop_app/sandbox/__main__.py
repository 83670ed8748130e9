"""`python -m shop_app.sandbox`: the sandbox as a server of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from dataclasses import replace

from granian.constants import Interfaces
from granian.server.embed import Server

from ..core import own_files
from . import Sandbox, Wiring


async def serve(sandbox: Sandbox, port: int) -> None:
    server = Server(
        sandbox.alone(), address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    await server.serve()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m shop_app.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=4242)
    parser.add_argument("--webhook-url", default="http://127.0.0.1:3000/webhooks/stripe")
    given = parser.parse_args()
    own_files.make_private()
    address = f"http://127.0.0.1:{given.port}/sandbox"
    wiring = replace(Wiring.from_settings(), webhook_url=given.webhook_url, public_url=address)
    sys.stdout.write(
        "The shop talks to this sandbox with these settings:\n"
        f"STRIPE_API_BASE={address}\nSTRIPE_SECRET_KEY={wiring.key}\n"
        f"STRIPE_WEBHOOK_SECRET={wiring.webhook_secret}\n"
    )
    sys.stdout.flush()
    asyncio.run(serve(Sandbox(wiring), given.port))


main()
