"""What servers have used: a shop with all its workers, and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.shop import Shop


def of_shop(shop: Shop) -> float:
    """The seconds of a shop's process and of all below it."""
    return _of_tree(shop.process.pid)


def memory_mb(shop: Shop) -> float:
    """The memory of a shop's process and of all below it; what they share counts once."""
    top = psutil.Process(shop.process.pid)
    return sum(one.memory_full_info().pss for one in (top, *top.children(recursive=True))) / 1e6


def of_postgres(address: str) -> float:
    """The seconds of a PostgreSQL of the tests, autovacuum left out: it comes when it comes.

    What a process has used is gone with it: connections have to stay open between two calls.
    """
    folder = Path(address.partition("host=")[2])
    postmaster = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
    return sum(
        _of(process) for process in postmaster.children() if "autovacuum worker" not in _title(process)
    )


def _of_tree(pid: int) -> float:
    top = psutil.Process(pid)
    return sum(_of(process) for process in (top, *top.children(recursive=True)))


def _of(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return used.user + used.system


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
