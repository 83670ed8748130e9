"""What every page of the back office shows around its content: who is signed in, open work, alerts, the
palette.

A page's own State loads before it; `denied` says that the page isn't for this member of staff.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.i18n import _
from shop_app.core.shop import shop
from shop_app.services.desk import alerts, counts, finding
from shop_app.services.desk.alerts import Alert
from shop_app.services.desk.finding import Hit

from ..base import Notice, asked_by, say, staff
from ..input_types import ShortText

_needs: dict[str, str] = {}
"""By the route of each page of the back office: the permission that it needs, "" for none."""

Undo = Callable[[Principal, Mapping[str, Any]], Awaitable[str]]
"""Takes back what was done, and says so."""
_undos: dict[str, Undo] = {}


def offer(needs: Mapping[str, str]) -> None:
    """Say which pages there are, and what each needs; called once, by the composition root."""
    _needs.clear()
    _needs.update({route.strip("/"): permission for route, permission in needs.items()})


def pages() -> Mapping[str, str]:
    """The addresses of the back office's pages, each with the permission that it needs."""
    return {f"/{route}": permission for route, permission in _needs.items()}


def can_undo(kind: str, undo: Undo) -> None:
    """Say how something that was done is taken back; called once for each kind, when its module is
    imported."""
    _undos[kind] = undo


class BackOffice(rx.State):
    shop_name: str = ""
    name: str = ""
    initials: str = ""
    role: str = ""
    rights: list[str] = []
    denied: bool = False
    counts: dict[str, int] = {}
    alerts: list[Alert] = []
    hits: list[Hit] = []
    asked: str = ""
    """What `hits` were searched for."""
    undo_number: int = 0
    """The notice beside which there is something to take back."""
    loaded: bool = False

    _undo: tuple[str, Mapping[str, Any]] | None = None

    @rx.event
    @staff()
    async def load(self):
        by = await asked_by(self)
        self.name, self.role, self.rights = by.name or by.email, by.role, sorted(by.permissions)
        self.initials = _initials(self.name)
        needed = _needs.get(self.rx_router_route_id.strip("/"), "")
        self.denied = bool(needed) and needed not in by.permissions
        self.shop_name = shop().name
        self.counts, self.alerts = await db.read(_frame, by)
        self.loaded = True

    @rx.event
    @staff()
    async def refresh(self):
        """The counts and alerts again: something has changed."""
        self.counts, self.alerts = await db.read(_frame, await asked_by(self))

    @rx.event
    @staff()
    async def find(self, text: ShortText):
        self.hits = await db.read(finding.find, text, await asked_by(self))
        self.asked = text

    @rx.event
    @staff()
    async def undo(self):
        """Take back what was done last, once."""
        kept, self._undo, self.undo_number = self._undo, None, 0
        if kept is None:
            return say(_("There is nothing to take back any more."), "info")
        kind, what = kept
        return say(await _undos[kind](await asked_by(self), what))


async def say_with_undo(state: rx.State, text: str, kind: str, what: Mapping[str, Any]) -> None:
    """The notice that something was done, with a button that takes it back: `await say_with_undo(self, …)`.

    `kind` was named to `can_undo`; `what` stays on the server.
    """
    desk = await state.get_state(BackOffice)
    notice = await state.get_state(Notice)
    desk._undo, desk.undo_number = (kind, what), notice._announce(text, "good")


def _frame(session: Session, by: Principal) -> tuple[dict[str, int], list[Alert]]:
    return counts.open_work(session, by), alerts.alerts(session, by)


def _initials(name: str) -> str:
    """One or two letters for a name or an address.

    >>> _initials("Elin Moberg"), _initials("owner@example.com")
    ('EM', 'O')
    """
    words = name.split("@")[0].replace(".", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
