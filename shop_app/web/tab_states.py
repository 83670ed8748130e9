"""What the server remembers of each open tab: bound to its visitor, bounded in number and in time.

A State is a view that may vanish at any moment; a page whose State is gone rebuilds itself with its next
event. So States of closed tabs are kept for a few minutes only, for those that come back.
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

from shop_app.core.settings import settings

from ..core.access import cookies

KEPT_SECONDS = 300
"""So long the State of a tab is kept after its socket has closed."""
MAX_LEFT = 500
"""States of closed tabs at the same time, of everybody together."""
MAX_LEFT_PER_ADDRESS = 50
SWEEP_SECONDS = 15


def state_key(cookie_header: str, token: str) -> str:
    """The key of a tab's State: the browser's token counts only together with its cookies.

    Whoever learns a token, which travels in addresses, opens an empty State with it; so does a browser
    that has signed in or out since.
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
        """The same of tabs without a socket, the one that left first in front."""
        self._left_of: Counter[str] = Counter()

    def came(self, key: str, address: str) -> None:
        """A socket of this tab is connected: its State stays until it leaves."""
        self._forget_leaving(key)
        self._open[key] = address
        if key in self._token_expires_at:
            self._track_token(_token(key))

    def left(self, key: str) -> None:
        """Its socket is gone: the State goes too, after a while or when too many others wait."""
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
            # Its own oldest goes, so that no address pushes out the States of others.
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
        """Forget a State now; one that is at work just now goes with the next sweep."""
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
        """Look regularly: deadlines aren't in order, as Reflex's own waiting for the first expects."""
        try:
            while self._token_expires_at:
                self._purge_expired_tokens()
                await asyncio.sleep(SWEEP_SECONDS)
        finally:
            if self._expiration_task is asyncio.current_task():
                self._expiration_task = None


def _token(key: str) -> BaseStateToken:
    return BaseStateToken(ident=key, cls=State)
