"""The sockets of people who are signed in: each belongs to the session that it was opened with.

A socket sends its cookie once, when it is opened, so a new key of the same session doesn't disturb it. Once
the session has ended, or its owner's rights are others, its page is emptied within a second, whatever the
reason and whichever process it happened in: the database is asked a little more often than that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State, StateUpdate
from reflex_base.event import Event

from shop_app import reflex_private
from shop_app.core import db
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.tasks import meanwhile
from shop_app.realtime import rooms
from shop_app.services.accounts import sessions

from .private_states import empty_unless_filled_for

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.25
ShowEnded = Callable[[Any], Awaitable[bool]]
"""Takes the root of a tab's States, and has its page say that the session has ended.

True where the page goes on without a session: it then loads again."""

_bound: dict[str, Principal] = {}
"""By the id of the socket: whose session it was opened with, as the page knows them."""


def session_of(sid: str) -> int:
    """The session that a socket was opened with, 0 for none."""
    principal = _bound.get(sid)
    return principal.session_id if principal else 0


def bind(sid: str, principal: Principal) -> None:
    """Note whose session a socket was opened with."""
    if sid and principal.session_id:
        _bound[sid] = principal


@asynccontextmanager
async def watched(app: rx.App, show_ended: ShowEnded) -> AsyncIterator[None]:
    """Look for sessions that ended or changed, for as long as this is entered."""
    try:
        async with meanwhile(_repeat(app, show_ended)):
            yield
    finally:
        _bound.clear()


async def _repeat(app: rx.App, show_ended: ShowEnded) -> None:
    over: set[str] = set()
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await _look(app, show_ended, over)
        except Exception:
            log.exception("Sessions of open pages couldn't be looked up; it is tried again")


async def _look(app: Any, show_ended: ShowEnded, over: set[str]) -> None:
    for sid in _bound.keys() - app.event_namespace.sid_to_token.keys():
        del _bound[sid]
    over &= _bound.keys()
    followed = {sid: principal for sid, principal in _bound.items() if sid not in over}
    if not followed:
        return
    ids = {principal.session_id for principal in followed.values()}
    are = await db.read(sessions.who_of, ids)
    for sid, before in followed.items():
        principal = are.get(before.session_id, NOBODY)
        if principal == before:
            continue
        if principal == NOBODY:
            over.add(sid)
        else:
            _bound[sid] = principal
        await _tell(app, sid, before, principal, show_ended)


async def _tell(app: Any, sid: str, before: Principal, principal: Principal, show_ended: ShowEnded) -> None:
    """Empty the page of a socket; one that goes on without its session, or with another right, loads anew."""
    token = app.event_namespace.sid_to_token.get(sid)
    if token is None:
        return
    if principal == NOBODY:
        await _leave_rooms(app, sid, before)
    # A handler that is at work holds the State: other sockets don't wait for it.
    task = asyncio.create_task(_empty(app, token, principal, show_ended))
    _emptying.add(task)
    task.add_done_callback(_emptying.discard)


_emptying: set[asyncio.Task[None]] = set()


async def _empty(app: Any, token: str, principal: Principal, show_ended: ShowEnded) -> None:
    async with app.modify_state(BaseStateToken(ident=token, cls=State)) as root:
        await empty_unless_filled_for(root, principal)
        goes_on = principal != NOBODY or await show_ended(root)
    if goes_on:
        update = StateUpdate(events=[Event(name=reflex_private.load_again())])
        await app.event_namespace.emit_update(update, token=token)


async def _leave_rooms(app: Any, sid: str, before: Principal) -> None:
    """Leave the rooms of the account; a page that loads again joins its own."""
    namespace = app.event_namespace.namespace
    stays_in = rooms.OF_EVERYBODY if before.kind == "customer" else rooms.OF_SHOPPERS
    try:
        for room in list(app.sio.rooms(sid, namespace)):
            if room and room != sid and not room.startswith(stays_in):
                await app.sio.leave_room(sid, room, namespace=namespace)
    except (KeyError, ValueError):
        log.debug("A socket left before its session had ended")
