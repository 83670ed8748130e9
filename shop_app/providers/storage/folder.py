"""Storage in a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...core import own_files


class FolderStorage:
    def __init__(self, folder: Path) -> None:
        self.drafts = self._folder = folder

    def find(self, name: str) -> Path | None:
        path = self._folder / name
        return path if path.is_file() else None

    def fetch(self, name: str) -> Path | None:
        return self.find(name)

    def put(self, name: str, draft: Path) -> Path:
        path = self._folder / name
        own_files.folder(path.parent)
        # Renaming is atomic: a reader, or another process that makes the same file, sees all or nothing.
        os.replace(draft, path)
        return path

    def names(self, folder: str) -> Iterator[str]:
        for path in (self._folder / folder).glob("[!.]*"):
            yield f"{folder}/{path.name}"
