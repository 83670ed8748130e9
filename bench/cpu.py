"""The processors' time that servers have used: a shop with all its workers, and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.shop import Shop


def of_shop(shop: Shop) -> float:
    """The seconds of a shop's process and of all below it."""
    return _of_tree(shop.process.pid)


def of_postgres(address: str) -> float:
    """The seconds of a PostgreSQL of the tests, its connections that have ended among them."""
    folder = Path(address.partition("host=")[2])
    return _of_tree(int((folder / "data" / "postmaster.pid").read_text().split()[0]))


def _of_tree(pid: int) -> float:
    top = psutil.Process(pid)
    seconds = 0.0
    for process in (top, *top.children(recursive=True)):
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        # What ended processes used is counted at their parent.
        seconds += used.user + used.system + used.children_user + used.children_system
    return seconds
