"""Webhooks of the sandbox: signed by the stripe package's own function, retried until they are accepted."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import secrets
from contextlib import suppress

import httpx

from . import charges, faults, sessions
from .store import Store, seconds

log = logging.getLogger(__name__)

AT_ONCE = 8
CLAIM_SECONDS = 30
TIMEOUT_SECONDS = 20
IDLE_SECONDS = 20
RETRY_FOR = 40
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1, 3600


def wait_seconds(attempts: int) -> float:
    """How long after that many failures the next try comes: doubling, with some chance in it."""
    doubled = FIRST_WAIT_SECONDS * 2 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_WAIT_SECONDS) * random.uniform(0.8, 1.2)


class Deliveries:
    """Sends due deliveries. Several processes may do so at once: a delivery is claimed before it is sent."""

    def __init__(self, store: Store, *, url: str, secret: str) -> None:
        self._store = store
        self._url = url
        self._secret = secret
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Look for due deliveries now; callable from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Send until cancelled."""
        self._loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            while True:
                self._wake.clear()
                try:
                    claimed = await asyncio.to_thread(self.claim)
                    await asyncio.gather(*(self._send(client, *one) for one in claimed))
                    pause = 0.0 if claimed else await asyncio.to_thread(self._until_next)
                except Exception:
                    log.exception("The sandbox couldn't deliver its events")
                    pause = 5.0
                if pause:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), pause)

    def claim(self) -> list[tuple[int, str, str]]:
        """Claim the deliveries that are due: (seq, body, signature header) of each."""
        import stripe

        with self._store.change() as tables:
            sessions.end_overdue(tables)
            charges.end_overdue(tables)
            charges.settle_debits(tables)
            webhook_faults = faults.in_force(tables).webhooks
            if webhook_faults.paused:
                return []
            rows = tables.execute(
                "SELECT seq, event_id, forged FROM delivery WHERE delivered_at IS NULL AND gone_at IS NULL"
                " AND next_try_at <= ? ORDER BY seq LIMIT ?",
                seconds(),
                AT_ONCE,
            ).fetchall()
            claimed = []
            for seq, event_id, forged in rows:
                tables.execute(
                    "UPDATE delivery SET next_try_at = ? WHERE seq = ?", seconds() + CLAIM_SECONDS, seq
                )
                event = tables.get("event", event_id) or {}
                if forged:
                    event["id"] = f"evt_forged{secrets.token_hex(8)}"
                body = json.dumps(event, indent=2)
                secret = "whsec_forged" if forged else self._secret
                header = stripe.WebhookSignature.generate_signature_header(body, secret, int(seconds()))
                claimed.append((seq, body, header))
        if webhook_faults.shuffle:
            random.shuffle(claimed)
        return claimed

    async def _send(self, client: httpx.AsyncClient, seq: int, body: str, header: str) -> None:
        status = 0
        if not await asyncio.to_thread(self._gets_lost):
            try:
                headers = {"stripe-signature": header, "content-type": "application/json; charset=utf-8"}
                status = (await client.post(self._url, content=body.encode(), headers=headers)).status_code
            except httpx.HTTPError as error:
                log.info("The sandbox can't reach %s: %s", self._url, type(error).__name__)
        await asyncio.to_thread(self.note, seq, status)

    def _gets_lost(self) -> bool:
        with self._store.change() as tables:
            return faults.drops_delivery(tables)

    def note(self, seq: int, status: int) -> None:
        """Store the outcome of a delivery: accepted, or to be retried later."""
        with self._store.change() as tables:
            row = tables.execute("SELECT attempts, forged FROM delivery WHERE seq = ?", seq).fetchone()
            attempts = row[0] + 1
            taken = seconds() if 200 <= status < 300 else None
            # A forged one is sent once.
            gone = seconds() if (row[1] or attempts >= RETRY_FOR) and not taken else None
            tables.execute(
                "UPDATE delivery SET attempts = ?, last_status = ?, delivered_at = ?, gone_at = ?,"
                " next_try_at = ? WHERE seq = ?",
                attempts,
                status,
                taken,
                gone,
                seconds() + wait_seconds(attempts),
                seq,
            )

    def _until_next(self) -> float:
        with self._store.reading() as tables:
            (first,) = tables.execute(
                "SELECT min(next_try_at) FROM delivery WHERE delivered_at IS NULL AND gone_at IS NULL"
            ).fetchone()
        return IDLE_SECONDS if first is None else min(max(first - seconds(), 0.05), IDLE_SECONDS)
