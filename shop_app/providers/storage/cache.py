"""Copies of stored files on this machine's disk, within a bound: what was used longest ago goes first."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ...core import own_files

ROUND = 16
"""The folder is looked through after this part of the bound has been added, and goes over it by as much for
each process that shares it."""


class Cache:
    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        # The first file that is added has the folder looked through: the bound may have been another.
        self._added_bytes = max_bytes

    def find(self, name: str) -> Path | None:
        """The copy, which counts as used now and so isn't removed for a while."""
        path = self.folder / name
        try:
            # The time of change stays: answers over HTTP are recognised by it.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except OSError:
            return None
        return path

    def add(self, name: str, draft: Path) -> Path:
        """Take over a finished file of this folder."""
        path = self.folder / name
        own_files.folder(path.parent)
        size = draft.stat().st_size
        os.replace(draft, path)
        with self._lock:
            self._added_bytes += size
            if is_due := self._added_bytes >= self._max_bytes // ROUND:
                self._added_bytes = 0
        if is_due:
            self._remove_beyond_bound()
        return path

    def _remove_beyond_bound(self) -> None:
        files = sorted(self._files(), reverse=True)
        kept_bytes = 0
        for _used_at, size, path in files:
            kept_bytes += size
            if kept_bytes > self._max_bytes:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each copy was used, how large it is, and where."""
        for folder, _folders, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    # Another process has just removed it.
                    continue
                if not name.startswith("."):
                    yield stat.st_atime, stat.st_size, path
