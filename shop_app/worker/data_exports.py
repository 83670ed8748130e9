"""Makes the files of people's data that were asked for, and removes those whose day is over."""

from __future__ import annotations

import os
import time

from ..core import db, own_files
from ..core.errors import NotFound
from ..services.personal import archive, exports, person
from ..services.personal.exports import ToMake
from .jobs import Pause


def make(pause: Pause = time.sleep) -> int:
    """Make all files that wait; returns how many. One that failed is tried again when its claim is over."""
    made = 0
    _remove_old()
    while True:
        with db.transaction() as session:
            wanted = exports.claim(session)
        if wanted is None:
            return made
        began = time.monotonic()
        made += _make(wanted)
        if pause(time.monotonic() - began):
            return made


def _make(wanted: ToMake) -> bool:
    path = archive.path_of(wanted.token)
    unfinished = own_files.folder(path.parent) / f".{wanted.token}.{os.getpid()}.part"

    def said(percent: int) -> bool:
        with db.transaction() as session:
            return exports.got_on(session, wanted, percent)

    try:
        with db.reading() as session:
            whole = archive.write(session, person.of_customer(session, wanted.customer_id), unfinished, said)
        if whole:
            unfinished.replace(path)
            with db.transaction() as session:
                whole = exports.finish(session, wanted, path.stat().st_size)
        if not whole:
            path.unlink(missing_ok=True)
        return whole
    except NotFound:
        # The account was erased meanwhile.
        return False
    finally:
        unfinished.unlink(missing_ok=True)


def _remove_old() -> None:
    """Remove files that nobody may fetch any more: of accounts that are gone too."""
    folder = archive.folder()
    if not folder.is_dir():
        return
    with db.reading() as session:
        tokens = exports.tokens(session)
    for path in folder.iterdir():
        old = path.suffix == ".zip" and path.stem not in tokens
        left = path.suffix == ".part" and path.stat().st_mtime < time.time() - exports.LASTS.total_seconds()
        if old or left:
            path.unlink(missing_ok=True)
