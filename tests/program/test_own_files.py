"""What the shop keeps on disk is for its own user: on a running shop, and where it was open before."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import psutil
import pytest

from shop_app.core import own_files
from tests.shop import Shop, running
from tests.web.raw_http import Raw, ask


def open_to_others(folder: Path) -> dict[str, str]:
    """Everything in and below the folder that others may look at, with its mode."""
    paths = [folder, *folder.rglob("*")]
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in paths}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def test_a_started_shop_keeps_all_it_writes_to_itself(tmp_path: Path):
    data = tmp_path / "data"
    (data / "letters").mkdir(parents=True, mode=0o755)
    # As an older version left it, with a key of its own that must survive.
    for name in ("shop.db-journal", "secret_key", "letters/order-1.eml", ".order-2.part"):
        (data / name).write_text("x" * 64)
        (data / name).chmod(0o644)
    data.chmod(0o755)
    theirs = data / "notes.txt"
    theirs.touch(mode=0o644)
    with running(tmp_path) as shop:
        # A size that isn't shipped is made now, and kept.
        assert (
            ask(shop.url, Raw(b"/media/ef2e55ae23262294efd1c201/320.jpg"), timeout_seconds=20).status == 200
        )
        open_files = open_to_others(data)
        _listens_on_this_machine_alone(shop)
    assert [path.name for path in data.rglob("*.jpg")] == ["320.jpg"]
    assert open_files == {"notes.txt": "0o644"}
    assert {"shop.db", "shop.db-wal", "sandbox.db"} <= {path.name for path in data.iterdir()}
    assert (data / "secret_key").read_text() == "x" * 64
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert open_to_others(data) == {"notes.txt": "0o644"}


def _listens_on_this_machine_alone(shop: Shop) -> None:
    listening = [
        one.laddr.ip
        for one in psutil.Process(shop.process.pid).net_connections("tcp")
        if one.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]
    assert shop.get("/healthz")[0] == 200
    port = int(shop.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_a_folder_that_all_share_stays_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "shop.db").touch(mode=0o644)
    (shared / "elsewhere.db").touch(mode=0o644)
    own_files.close(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert open_to_others(shared) == {".": "0o1777", "elsewhere.db": "0o644"}
    assert "is one that all users share" in caplog.text


def test_links_and_what_belongs_to_others_are_let_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    outside = tmp_path / "outside.txt"
    outside.touch(mode=0o644)
    data = tmp_path / "data"
    (data / "media").mkdir(parents=True)
    (data / "media" / "link").symlink_to(outside)
    (data / "secret_key").symlink_to(outside)
    own_files.close(data)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    (data / "shop.db").touch(mode=0o644)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    own_files.close(data)
    assert stat.S_IMODE((data / "shop.db").stat().st_mode) == 0o644


def test_a_folder_that_isnt_there_yet_is_nothing_to_close(tmp_path: Path):
    own_files.close(tmp_path / "none")
    assert not (tmp_path / "none").exists()
