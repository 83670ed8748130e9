"""Storage: where the originals of pictures, and the sizes made of them, are kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from ...core import own_files
from ...core.settings import settings


class Storage(Protocol):
    """Files by name, such as "originals/KEY.jpg". A name always has the same content: nothing is replaced."""

    @property
    def drafts(self) -> Path:
        """The folder for files that are still being written: on the disk where `put` takes them."""
        ...

    def find(self, name: str) -> Path | None:
        """The file, if this machine has it. Asks nobody, so it may be called on the event loop."""
        ...

    def fetch(self, name: str) -> Path | None:
        """A file of this machine with that content, or None. For threads: it may take seconds.

        Errors  ProviderDown where the storage doesn't answer.
        """
        ...

    def put(self, name: str, draft: Path) -> Path:
        """Keep a finished draft under that name; its file on this machine from now on. For threads.

        Errors  ProviderDown where the storage doesn't take it; nothing of it is kept then.
        """
        ...

    def names(self, folder: str) -> Iterator[str]:
        """The names of all files directly in a folder, such as "originals". For threads.

        Errors  ProviderDown where the storage doesn't answer.
        """
        ...


@contextmanager
def draft(storage: Storage) -> Iterator[Path]:
    """An empty file to write into, gone at the end unless it was put."""
    handle, name = tempfile.mkstemp(dir=own_files.folder(storage.drafts), prefix=".", suffix=".part")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@lru_cache(maxsize=1)
def storage() -> Storage:
    """The bucket of SHOP_MEDIA_URL, else the folder `media` in the data folder."""
    chosen = settings()
    if bucket := chosen.media_bucket:
        from .cache import Cache
        from .s3 import S3Storage

        cache = Cache(chosen.data_dir / "media_cache", chosen.media_cache_mb * 2**20)
        return S3Storage(bucket, chosen.media_access_key_id, chosen.media_secret_access_key, cache)
    from .folder import FolderStorage

    return FolderStorage(chosen.data_dir / "media")
