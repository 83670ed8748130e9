"""This machine: the data folder and who can read it, room on its disk, failures, pictures, the front end."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from ...core import own_files, starting
from ...core.cant_start import FAILURES, CantStart
from ...core.settings import ROOT, Settings
from .finding import Finding

LITTLE_MB, TOO_LITTLE_MB = 1_000, 200
_FAILED = re.compile(r"(\d{4}-\d\d-\d\dT\S+) (\S*)")


def data_folder(chosen: Settings) -> Iterator[Finding]:
    try:
        starting.look_at_folder(chosen.data_dir)
    except CantStart as cant:
        yield Finding("fails", "data folder", cant.sentence)
        return
    yield Finding("ok", "data folder", str(chosen.data_dir))
    yield _room(chosen.data_dir)


def _room(folder: Path) -> Finding:
    free = os.statvfs(folder)
    megabytes = free.f_bavail * free.f_frsize // 2**20
    if free.f_files and not free.f_favail:
        return Finding("fails", "disk", f"no file can be made any more where {folder} is: inodes are used up")
    text = f"{megabytes:,} MB free"
    if megabytes >= LITTLE_MB:
        return Finding("ok", "disk", text)
    mark = "warns" if megabytes >= TOO_LITTLE_MB else "fails"
    return Finding(mark, "disk", f"{text} where {folder} is: make room")


def permissions(chosen: Settings) -> Iterator[Finding]:
    """Whether other users of this machine can read keys, database or letters."""
    folder, env_file = chosen.data_dir, Settings.model_config.get("env_file")
    if folder.is_dir() and folder.stat().st_mode & stat.S_ISVTX:
        text = f"{folder} is a folder that all users share: name one of the shop's own in SHOP_DATA_DIR"
        yield Finding("warns", "permissions", text)
        return
    wide = own_files.open_to_others(folder)
    if isinstance(env_file, Path) and env_file.is_file() and env_file.stat().st_mode & 0o077:
        wide.append(env_file)
    for path in wide:
        mode = own_files.FOLDER_MODE if path.is_dir() else own_files.FILE_MODE
        text = f"other users of this machine can get at {path}: chmod {mode:o} {path}"
        yield Finding("warns", "permissions", text)
    if not wide:
        yield Finding("ok", "permissions", "keys and data are this user's alone")


def failures(chosen: Settings) -> Iterator[Finding]:
    """What commands have failed with that was a mistake of the shop's."""
    path = chosen.data_dir / FAILURES
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    heads = [head for line in lines if (head := _FAILED.fullmatch(line))]
    if not heads:
        yield Finding("ok", "failures", "no command has failed by a mistake of the shop")
        return
    last_at, command = heads[-1].groups()
    text = f"{len(heads)} commands failed by a mistake of the shop, the last one {command} at {last_at}:"
    yield Finding("warns", "failures", f"{text} {path} has it; report it, then delete the file")


def pictures(_chosen: Settings) -> Iterator[Finding]:
    from PIL import features

    lacking = [name for name in ("avif", "webp", "jpg") if not features.check(name)]
    if lacking:
        yield Finding("fails", "pictures", f"Pillow was built without {', '.join(lacking)}")
    else:
        yield Finding("ok", "pictures", "AVIF, WebP and JPEG can be made")


def front_end(_chosen: Settings) -> Iterator[Finding]:
    if (ROOT / ".web" / "build" / "client").is_dir():
        yield Finding("ok", "front end", "built")
    else:
        yield Finding("missing", "front end", "not built yet; the first start does it")
