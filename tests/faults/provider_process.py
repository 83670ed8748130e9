"""The sandbox as a process of its own that is never killed, and that tries its webhooks again at once."""

from __future__ import annotations

import runpy

from shop_app.sandbox import deliveries


def main() -> None:
    deliveries.FIRST_WAIT_SECONDS, deliveries.LONGEST_WAIT_SECONDS = 0.3, 1.5
    deliveries.CLAIM_SECONDS, deliveries.TIMEOUT_SECONDS = 3, 2
    deliveries.RETRY_FOR = 100_000
    runpy.run_module("shop_app.sandbox", run_name="__main__")


if __name__ == "__main__":
    main()
