"""Permissions of the shop's own files (database, letters, keys): only the user that runs it may read them."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER_MODE, FILE_MODE = 0o700, 0o600
# Names of the shop's own files in the data folder begin with these. Other files there aren't touched.
_OURS = (
    "shop.db", "sandbox.db", "secret_key", "sandbox_key", "sandbox_webhook_secret", "folder_id",
    "erased", ".",
)  # fmt: skip
_OUR_FOLDERS = ("letters", "media", "media_cache", "builds", "exports")


def make_private() -> None:
    """Set the umask so that only this user may read new files; every command calls it first."""
    os.umask(0o077)


def folder(path: Path) -> Path:
    """Make the folder where it is missing, for its owner alone, and return it."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return path


def close(data_dir: Path) -> None:
    """Remove other users' permissions in the data folder, as an older version or a wider umask left them.

    Only from files that the shop made and this user owns. A folder that all users share, such as /tmp,
    keeps its permissions, and the log says so.
    """
    if os.name == "nt" or not data_dir.exists():
        return
    if data_dir.stat().st_mode & stat.S_ISVTX:
        log.warning("The data folder %s is one that all users share: choose one of the shop's own", data_dir)
    else:
        _narrow(data_dir, FOLDER_MODE)
    for path in _ours(data_dir):
        _narrow(path, FOLDER_MODE if path.is_dir() else FILE_MODE)


def open_to_others(data_dir: Path) -> list[Path]:
    """What of the shop's own files other users can get at: nothing below a folder of mode 700."""
    if os.name == "nt" or not data_dir.is_dir() or not data_dir.stat().st_mode & 0o077:
        return []
    paths = (data_dir, *sorted(path for path in data_dir.iterdir() if path.name.startswith(_OURS)))
    return [path for path in paths if path.lstat().st_mode & 0o077 and not path.is_symlink()]


def _ours(data_dir: Path) -> Iterator[Path]:
    yield from (path for path in data_dir.iterdir() if path.name.startswith(_OURS) and path.is_file())
    for name in _OUR_FOLDERS:
        for folder, _folders, names in os.walk(data_dir / name):
            yield Path(folder)
            yield from (Path(folder, name) for name in names)


def _narrow(path: Path, mode: int) -> None:
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode) or status.st_uid != os.geteuid() or not status.st_mode & 0o077:
            return
        path.chmod(mode)
    except FileNotFoundError:
        # Another process has just finished with it.
        return
    except OSError as error:
        log.warning("%s stays open to other users of this machine: %s", path, error.strerror)
