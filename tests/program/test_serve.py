"""Tests of the start: the front end is built once for all who start together."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from reflex_base.constants import GitIgnore

from shop_app import prepare, serve
from shop_app.core import starting
from shop_app.core.settings import ROOT, Settings, settings

Configure = Callable[..., Settings]


def test_two_who_start_together_build_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    built = tmp_path / ".web" / "build" / "index.html"
    monkeypatch.setattr(serve, "BUILT", built)
    monkeypatch.setattr(serve, "STAMP", tmp_path / ".web" / "sources.sha256")
    under_way, most = 0, 0
    counted = threading.Lock()

    def export(*_args: object, **_more: object) -> subprocess.CompletedProcess[str]:
        nonlocal under_way, most
        with counted:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        built.parent.mkdir(parents=True, exist_ok=True)
        built.write_text("built")
        with counted:
            under_way -= 1
        return subprocess.CompletedProcess([], 0, "")

    monkeypatch.setattr(serve.subprocess, "run", export)
    with ThreadPoolExecutor(4) as starts:
        answers = list(starts.map(lambda _number: serve.build_front_end(), range(4)))
    assert sorted(answers) == [False, False, False, True]
    assert most == 1
    assert serve.build_front_end(force=True)


def test_pages_that_are_built_need_nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An image has its pages built, and belongs to another user than the server's."""
    built = tmp_path / ".web" / "build" / "index.html"
    monkeypatch.setattr(serve, "BUILT", built)
    monkeypatch.setattr(serve, "STAMP", tmp_path / ".web" / "sources.sha256")

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(serve, "FileLock", refuse)
    with pytest.raises(SystemExit, match=r"\.web\.lock can't be written.* with SHOP_LOCALE=en,"):
        serve.build_front_end()
    built.parent.mkdir(parents=True)
    built.write_text("built")
    serve.STAMP.write_text(serve.sources_hash())
    assert serve.build_front_end() is False


def test_the_lock_of_the_front_end_is_written_as_a_build_writes_it() -> None:
    """Else the first start would leave a changed file in a fresh clone."""
    text = (ROOT / "reflex.lock" / "package.json").read_text()
    assert text == json.dumps(json.loads(text))


def test_what_git_ignores_is_written_as_a_build_writes_it() -> None:
    """Reflex adds what it misses there, and takes blanks away."""
    text = (ROOT / ".gitignore").read_text()
    lines = [line.strip() for line in text.splitlines()]
    assert set(GitIgnore.DEFAULTS) <= set(lines)
    assert text == "\n".join(lines) + "\n"


@pytest.mark.parametrize("missing", ["shop_app.core.migrate", "shop_app.demo.load"])
def test_a_part_that_can_not_be_imported_stops_the_start(monkeypatch: pytest.MonkeyPatch, missing: str):
    """With half of itself a shop must not open as if all were well."""
    with monkeypatch.context() as broken:
        broken.delattr(missing, raising=False)
        broken.setitem(sys.modules, missing, None)
        with pytest.raises(ImportError):
            prepare.prepare_database()


@pytest.mark.parametrize("exists", [True, False])
def test_in_development_what_the_shop_writes_is_no_changed_source(tmp_path: Path, exists: bool):
    """Reflex's server starts anew with every changed file below the project, the database among them."""
    data = tmp_path / "data"
    if exists:
        data.mkdir()
    output = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, rxconfig; print(os.environ.get('REFLEX_HOT_RELOAD_EXCLUDE_PATHS', ''))",
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SHOP_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # Reflex takes no folder that isn't there.
    assert output == (str(data) if exists else "")


@pytest.mark.parametrize("shares", [False, True])
def test_a_port_that_is_taken_stops_the_start_with_one_sentence(configure: Configure, shares: bool):
    """Another shop would share it: connections would go to either of the two."""
    with socket.socket() as taken:
        if shares:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        configure(PORT=str(port))
        with pytest.raises(SystemExit, match=rf"^Port {port} is taken by another program; set PORT"):
            starting.refuse_taken_port(settings())
    starting.refuse_taken_port(settings())


def test_an_address_of_another_machine_stops_the_start_with_one_sentence(configure: Configure):
    configure(SHOP_HOST="192.0.2.1")
    with pytest.raises(SystemExit, match=r"^The shop can't listen on 192\.0\.2\.1, port 3000: "):
        starting.refuse_taken_port(settings())
