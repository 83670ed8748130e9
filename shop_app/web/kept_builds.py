"""The built files of the last releases: a tab that was opened before an upgrade asks for them by their names.

A page loads what another page needs when somebody goes there, by a name with the content's digest in it, and
a build deletes the files of the build before. So each server copies the hashed files of its build into the
data folder as it starts. Servers of two releases that share a data folder have each other's.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from shop_app.core import own_files

from .shells import BuiltFile, built_file

FOLDER = "builds"
"""Their place in the data folder."""
FORMER = 2
"""So many releases before the newest are kept."""
_ASSET = re.compile(r"/assets/(\w[\w.-]{0,199})")


def keep(client: Path, folder: Path) -> None:
    """Copy the hashed files of the build in `client` to `folder`, and delete all but the newest there.

    A release that is started again is the newest again, so one that was gone back to stays.
    """
    assets = client / "assets"
    if not assets.is_dir():
        return
    own_files.folder(folder)
    names = "\n".join(sorted(path.name for path in assets.iterdir()))
    kept = folder / hashlib.sha256(names.encode()).hexdigest()[:16]
    with FileLock(folder / ".lock"):
        if not kept.exists():
            fresh = Path(tempfile.mkdtemp(prefix=".", dir=folder))
            shutil.copytree(assets, fresh, dirs_exist_ok=True)
            fresh.rename(kept)
        os.utime(kept)
        for old in _newest_first(folder)[1 + FORMER :]:
            shutil.rmtree(old)
        for unfinished in folder.glob(".*/"):
            shutil.rmtree(unfinished)


def find(folder: Path, path: str) -> BuiltFile | None:
    """The file of a kept release at this address, None where no release has it.

    Looked for on the disk each time: another server may have put it there since.
    """
    name = _ASSET.fullmatch(path)
    if name is None:
        return None
    # A server that starts meanwhile deletes the oldest.
    with suppress(FileNotFoundError):
        candidates = (kept / name[1] for kept in _newest_first(folder))
        return next((built_file(candidate) for candidate in candidates if candidate.is_file()), None)
    return None


def _newest_first(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    kept = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    return [Path(entry) for entry in sorted(kept, key=lambda one: one.stat().st_mtime_ns, reverse=True)]
