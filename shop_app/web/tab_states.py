"""The States of tabs in the server's memory: bound to their visitors, bounded in number and in time.

A State may vanish at any moment: a page whose State is gone loads it again with its next event. So States of
closed tabs are kept for a few minutes only, for tabs that reconnect.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import math
import time
from collections import Counter, OrderedDict

from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken, StateToken
from reflex.state import State

from shop_app.core.access import cookies
from shop_app.core.settings import settings

KEPT_SECONDS = 300
"""So long the State of a tab is kept after its socket has closed."""
MAX_LEFT = 500
"""States of closed tabs at the same time, of all addresses together."""
MAX_LEFT_PER_ADDRESS = 50
SWEEP_SECONDS = 15


def state_key(cookie_header: str, token: str) -> str:
    """The key of a tab's State, made of the browser's token and its cookies.

    Tokens are sent in addresses, so others may learn one: with other cookies it gets an empty State. The same
    happens after signing in or out.
    """
    visitor, session = cookies.visitor_key(cookie_header), cookies.session_key(cookie_header)
    identity = f"{visitor or ''}|{session or ''}|{token}".encode()
    digest = hmac.digest(settings().signing_key.encode(), b"state of a tab:" + identity, "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class TabStates(StateManagerMemory):
    """Reflex's States in memory: those of open tabs, and for a few minutes those of closed ones."""

    def __init__(self) -> None:
        super().__init__(token_expiration=KEPT_SECONDS)
        self._open: dict[str, str] = {}
        """Key -> the address that its socket is connected from."""
        self._left: OrderedDict[str, str] = OrderedDict()
        """The same for tabs without a socket, in the order in which they left."""
        self._left_of: Counter[str] = Counter()

    def came(self, key: str, address: str) -> None:
        """Note that a socket of this tab is connected: its State stays until the socket leaves."""
        self._forget_leaving(key)
        self._open[key] = address
        if key in self._token_expires_at:
            self._track_token(_token(key))

    def left(self, key: str) -> None:
        """Note that its socket is gone: the State is dropped after `KEPT_SECONDS`, or for newer ones."""
        address = self._open.pop(key, "")
        if key in self.states:
            self._track_token(_token(key), address)

    def _track_token(self, token: StateToken, address: str = "") -> None:
        key = token.cache_key
        if key in self._open:
            self._token_expires_at[key] = (math.inf, token)
        else:
            self._token_expires_at[key] = (time.time() + self.token_expiration, token)
            self._note_leaving(key, address)
        self._ensure_expiration_task()

    def _note_leaving(self, key: str, address: str) -> None:
        address = self._left.get(key, address)
        self._forget_leaving(key)
        self._left[key] = address
        self._left_of[address] += 1
        if self._left_of[address] > MAX_LEFT_PER_ADDRESS:
            # An address's own oldest State goes, so that it doesn't push out those of others.
            self._drop(next(old for old, place in self._left.items() if place == address))
        if len(self._left) > MAX_LEFT:
            self._drop(next(iter(self._left)))

    def _forget_leaving(self, key: str) -> None:
        address = self._left.pop(key, None)
        if address is not None:
            self._left_of[address] -= 1
            if not self._left_of[address]:
                del self._left_of[address]

    def _drop(self, key: str) -> None:
        """Drop a State now; one that an event is being handled on goes with the next sweep."""
        self._forget_leaving(key)
        lock = self._states_locks.get(key)
        if lock is not None and lock.locked():
            self._token_expires_at[key] = (0.0, _token(key))
        else:
            self._purge_token(_token(key))

    def _purge_token(self, token: StateToken) -> None:
        self._forget_leaving(token.cache_key)
        super()._purge_token(token)

    async def _expire_states(self) -> None:
        """Drop expired States regularly; Reflex's own version expects the deadlines to be in order."""
        try:
            while self._token_expires_at:
                self._purge_expired_tokens()
                await asyncio.sleep(SWEEP_SECONDS)
        finally:
            if self._expiration_task is asyncio.current_task():
                self._expiration_task = None


def _token(key: str) -> BaseStateToken:
    return BaseStateToken(ident=key, cls=State)
