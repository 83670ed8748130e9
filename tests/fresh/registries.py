"""How this computer reaches the registries of pip and npm, for a bare machine that has to reach them too.

Whoever has a mirror of their own has said so to pip and npm by settings, files and certificates. Those are
taken over as they are, with the folders of this computer that they name. Elsewhere there are none.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where Debian keeps the certificates that are trusted, in one file."""
_NAMES = re.compile(r"(?i)pip_.*|npm_config_.*|uv_.*|(http|https|no|all)_proxy|.*(_ca_|cert).*")
_OF_ALL = (Path("/etc/pip.conf"), Path("/etc/xdg/pip"), Path("/etc/npmrc"), Path("/usr/etc/npmrc"))
_OF_THE_USER = (Path(".config/pip"), Path(".pip"), Path(".npmrc"), Path(".bunfig.toml"))
_PATHS = re.compile(r"(?:^|[\s=])(?:file://)?(/[^\s\"']+)")


def environment() -> dict[str, str]:
    """The settings of this process by which packages are fetched."""
    return {name: value for name, value in os.environ.items() if _NAMES.fullmatch(name)}


def furnish(root: Path, home: Path, user_id: int) -> list[Path]:
    """Copy the files into the system at `root`; the paths of this computer that they name."""
    copied: list[Path] = []
    if BUNDLE.exists():
        shutil.copy(BUNDLE, root / BUNDLE.relative_to("/"))
    for source in _OF_ALL:
        copied += _copy(source, root / source.relative_to("/"))
    for name in _OF_THE_USER:
        copied += _copy(Path.home() / name, home / name)
    for path in (home, *home.rglob("*")):
        os.lchown(path, user_id, user_id)
    texts = [path.read_text(errors="replace") for path in copied] + list(environment().values())
    return sorted({path for text in texts for path in _named(text, root)})


def _copy(source: Path, target: Path) -> list[Path]:
    """The files that were copied, none where the source isn't there."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
        return [path for path in target.rglob("*") if path.is_file()]
    if not source.is_file():
        return []
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    return [target]


def _named(text: str, root: Path) -> Iterator[Path]:
    """What of this computer a configuration names, and the bare system lacks."""
    for found in _PATHS.findall(text):
        path = Path(found)
        if path.name == "simple":
            # An index of pip's: its files lie beside it.
            path = path.parent
        if path.exists() and not (root / path.relative_to("/")).exists():
            yield path
