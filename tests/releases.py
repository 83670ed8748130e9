"""Another release of the shop: a copy of it with other names of built files, and another State if asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from shop_app import serve
from shop_app.core.settings import ROOT

CODE = (
    "shop_app",
    "alembic",
    "alembic.ini",
    "assets",
    "locales",
    "pyproject.toml",
    "reflex.lock",
    "rxconfig.py",
    "seed",
)
CLIENT = Path(".web") / "build" / "client"
_HASHED = re.compile(r"(.+-)([\w-]{8})(\.(?:js|css))")
_SCHEMA = re.compile(r"\bstateSchema=[`\"'](\w+)")
_OTHER_STATE = ("    loaded: bool = False\n", "    loaded: bool = False\n    of_another_release: int = 0\n")
# As a build leaves it.
_STAMP = "from shop_app import serve; serve.STAMP.write_text(serve.sources_hash())"
_PRINT_SCHEMA = "print(serve.application()._state._to_frontend_schema())"


def another(folder: Path, mark: str, *, changes_states: bool) -> Path:
    """The root folder of another release, ready to be served without a build.

    mark  two letters for the names of its built files
    """
    serve.build_front_end()
    root = folder / f"release-{mark}"
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, root / name)
    shutil.copytree(ROOT / CLIENT, root / CLIENT, ignore=shutil.ignore_patterns("*.br", "*.gz"))
    renamed: dict[str, str] = {}
    if changes_states:
        shell = root / "shop_app" / "state" / "shell.py"
        shell.write_text(shell.read_text().replace(*_OTHER_STATE))
        renamed[_built_schema()] = _run(root, f"{_STAMP}; {_PRINT_SCHEMA}")
    else:
        _run(root, _STAMP)
    _rename(root / CLIENT, mark, renamed)
    return root


def chunks(root: Path) -> set[str]:
    """The names of a release's built scripts."""
    return {path.name for path in (root / CLIENT / "assets").glob("*.js")}


def _built_schema() -> str:
    found = {
        match[1]
        for path in (ROOT / CLIENT / "assets").glob("*.js")
        for match in _SCHEMA.finditer(path.read_text())
    }
    (schema,) = found
    return schema


def _rename(client: Path, mark: str, renamed: dict[str, str]) -> None:
    """Give every hashed file another name, wherever that stands, and put these other texts too."""
    for path in (client / "assets").iterdir():
        if match := _HASHED.fullmatch(path.name):
            renamed[path.name] = f"{match[1]}{mark}{match[2][2:]}{match[3]}"
    everything = re.compile("|".join(map(re.escape, sorted(renamed, key=len, reverse=True))))
    for path in list(client.rglob("*")):
        if path.suffix in (".js", ".css", ".html"):
            path.write_text(everything.sub(lambda found: renamed[found[0]], path.read_text()))
            path.rename(path.with_name(renamed.get(path.name, path.name)))


def _run(root: Path, code: str) -> str:
    """The last line that this code prints, run in that release."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SHOP_", "STRIPE_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=inherited | {"SHOP_DATA_DIR": str(root / "no-data"), "REFLEX_ENV_MODE": "prod"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip().rpartition("\n")[2]
