"""A start that can't work ends with one sentence and an exit code, with nothing begun and no traceback."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from shop_app import prepare
from shop_app.core import starting
from shop_app.core.cant_start import CantStart, ExitCode
from shop_app.core.settings import ROOT, WrongSetting, settings, unknown_settings
from tests.programs import find
from tests.scale.servers import redis_server

PRODUCTION = {
    "SHOP_MODE": "production",
    "SHOP_BASE_URL": "https://shop.example",
    "SHOP_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEF",
    "STRIPE_SECRET_KEY": "sk_live_0123456789abcdefghijklmnop",
    "STRIPE_WEBHOOK_SECRET": "whsec_0123456789abcdefghijklmnop",
}
SEVERAL = {"SHOP_DATABASE_URL": "postgresql://shop:secret-word@127.0.0.1:1/shop"}


def start(
    folder: Path, *command: str, program: str = "shop_app", **environment: str
) -> subprocess.CompletedProcess[str]:
    """What a command says and ends with; nothing is waited for unless the environment says so."""
    given = {"SHOP_DATA_DIR": str(folder / "data"), "SHOP_START_WAIT_SECONDS": "0", "PORT": str(free_port())}
    return subprocess.run(
        [sys.executable, "-m", program, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)} | given | environment,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def data(folder: Path) -> Path:
    (folder / "data").mkdir()
    return folder / "data"


@contextmanager
def taken_port(folder: Path) -> Iterator[dict[str, str]]:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield {"PORT": str(taken.getsockname()[1])}


@contextmanager
def taken_on_ipv6(folder: Path) -> Iterator[dict[str, str]]:
    with socket.socket(socket.AF_INET6) as taken:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(("::1", 0))
        taken.listen()
        yield {"PORT": str(taken.getsockname()[1])}


@contextmanager
def no_folder(folder: Path) -> Iterator[dict[str, str]]:
    (folder / "file").write_text("")
    yield {"SHOP_DATA_DIR": str(folder / "file" / "data")}


@contextmanager
def read_only_folder(folder: Path) -> Iterator[dict[str, str]]:
    # Root may write anywhere but there.
    yield {"SHOP_DATA_DIR": "/proc/shop" if os.geteuid() == 0 else "/shop-data"}


@contextmanager
def no_database(folder: Path) -> Iterator[dict[str, str]]:
    (data(folder) / "shop.db").write_text("Dear diary, today I sold a lamp.")
    yield {}


@contextmanager
def damaged_database(folder: Path) -> Iterator[dict[str, str]]:
    path = data(folder) / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE one (id INTEGER)")
        connection.commit()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 400 + whole[500:])
    yield {}


@contextmanager
def another_programs_database(folder: Path) -> Iterator[dict[str, str]]:
    with closing(sqlite3.connect(data(folder) / "shop.db")) as connection:
        connection.execute("CREATE TABLE product (id INTEGER, title TEXT)")
        connection.execute("INSERT INTO product VALUES (1, 'Lamp')")
        connection.commit()
    yield {}


@contextmanager
def no_postgres(folder: Path) -> Iterator[dict[str, str]]:
    yield SEVERAL


@contextmanager
def taken_folder(folder: Path) -> Iterator[dict[str, str]]:
    with FileLock(data(folder) / ".serve.lock"):
        yield {}


@contextmanager
def misspelled(folder: Path) -> Iterator[dict[str, str]]:
    yield PRODUCTION | {"SHOP_WROKERS": "2"}


State = Callable[[Path], AbstractContextManager[dict[str, str]]]
STATES: Mapping[str, tuple[State, tuple[str, ...], int, str]] = {
    "port taken": (taken_port, ("serve",), 5, r"Port \d+ is taken by another program; set PORT"),
    "port taken on IPv6": (taken_on_ipv6, ("serve",), 5, r"Port \d+ is taken by another program on IPv6"),
    "folder can't be made": (no_folder, ("serve",), 4, r"The data folder .*/file/data can't be written: "),
    "folder is read-only": (read_only_folder, ("migrate",), 4, r"The data folder /\S+ can't be written: "),
    "no database": (no_database, ("serve",), 6, r".*/shop\.db isn't a database of SQLite\. Move it away"),
    "no database for books": (no_database, ("check-books",), 6, r".*/shop\.db isn't a database of SQLite\."),
    "damaged": (damaged_database, ("migrate",), 6, r"The database .*/shop\.db is damaged: "),
    "another's tables": (another_programs_database, ("serve",), 6, r"The database has tables that no rel"),
    "no PostgreSQL": (no_postgres, ("serve",), 6, r"PostgreSQL at 127\.0\.0\.1:1 doesn't answer\. Start it"),
    "no PostgreSQL for a seed": (no_postgres, ("seed",), 6, r"PostgreSQL at 127\.0\.0\.1:1 doesn't answer"),
    "folder taken": (taken_folder, ("serve",), 8, r"Another server works with the data folder /"),
    "misspelled": (misspelled, ("serve",), 3, r"There is no setting SHOP_WROKERS; did you mean SHOP_WORKERS"),
}


@pytest.mark.parametrize("state", STATES)
def test_what_keeps_the_shop_from_starting_is_said_in_one_sentence(tmp_path: Path, state: str):
    prepare, command, code, sentence = STATES[state]
    with prepare(tmp_path) as set_:
        before = kept(tmp_path)
        ended = start(tmp_path, *command, **set_)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert re.match(sentence, ended.stderr), ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "secret-word" not in ended.stderr
    assert kept(tmp_path) == before


def test_reflex_run_looks_first_too(tmp_path: Path):
    with no_database(tmp_path):
        ended = start(tmp_path, "run", "--backend-only", program="reflex")
    assert (ended.returncode, ended.stdout) == (6, "")
    assert re.match(r".*/shop\.db isn't a database of SQLite\.", ended.stderr), ended.stderr
    assert ended.stderr.count("\n") == 1


def test_reflex_run_keeps_others_from_its_data_folder(engine, configure, monkeypatch):
    monkeypatch.setattr(prepare, "_data_folder", [])
    # Without the demo.
    configure(**PRODUCTION)
    try:
        prepare.begin_reflex_run()
        prepare.begin_reflex_run()
        with pytest.raises(CantStart, match=r"^Another server works with the data folder "):
            starting.take_data_folder(settings())
    finally:
        for lock in prepare._data_folder:
            lock.release()


def kept(folder: Path) -> dict[str, bytes]:
    """Every file but those by which processes take turns."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith((".lock", "-shm", "-wal"))
    }


def test_a_port_for_which_the_right_is_missing_is_named(monkeypatch, configure):
    configure(PORT="80")

    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(starting.socket.socket, "bind", refuse)
    with pytest.raises(CantStart, match=r"^This user may not listen on port 80; set PORT") as cant:
        starting.refuse_taken_port(settings())
    assert cant.value.exit_code == ExitCode.PORT


def test_a_database_that_this_user_may_not_write_is_named(engine, monkeypatch):
    path = settings().data_dir / "shop.db"
    monkeypatch.setattr(starting.os, "access", lambda asked, mode: (asked, mode) != (path, os.W_OK))
    with pytest.raises(
        CantStart, match=r"^This user may not write the database /\S+/shop\.db: chown"
    ) as cant:
        starting.look(settings())
    assert cant.value.exit_code == ExitCode.DATABASE


def test_what_may_be_coming_up_is_waited_for(tmp_path: Path):
    ended = start(tmp_path, "migrate", **SEVERAL, SHOP_START_WAIT_SECONDS="1")
    assert ended.returncode == 6
    waiting, sentence = ended.stderr.splitlines()
    assert waiting == "Waiting up to 1 s for PostgreSQL at 127.0.0.1:1 …"
    assert sentence.startswith("PostgreSQL at 127.0.0.1:1 doesn't answer.")


def test_a_database_that_postgresql_refuses_is_no_traceback(tmp_path: Path, postgres_server: str):
    address = postgres_server.format(database="no_such_shop")
    ended = start(tmp_path, "migrate", SHOP_DATABASE_URL=address, SHOP_START_WAIT_SECONDS="30")
    assert (ended.returncode, ended.stdout) == (6, "")
    assert re.match(
        r"PostgreSQL at /\S+ refuses the shop: database .no_such_shop. does not exist\.", ended.stderr
    )


def test_a_redis_that_is_away_or_refuses_stops_a_start_but_no_command(tmp_path: Path, postgres_url: str):
    several = {"SHOP_DATABASE_URL": postgres_url}
    away = start(tmp_path, "serve", **several, SHOP_REDIS_URL="redis://:secret-word@127.0.0.1:1/0")
    assert (away.returncode, away.stdout) == (7, "")
    assert away.stderr == "Redis at 127.0.0.1:1 doesn't answer. Start it, or look at SHOP_REDIS_URL.\n"
    migrated = start(tmp_path, "migrate", **several, SHOP_REDIS_URL="redis://127.0.0.1:1/0")
    assert migrated.returncode == 0
    if find("redis-server"):
        with redis_server() as server:
            address = server.url.replace("redis://", "redis://:secret-word@")
            refused = start(tmp_path, "serve", **several, SHOP_REDIS_URL=address)
        assert refused.returncode == 7
        assert refused.stderr.startswith("Redis at 127.0.0.1:")
        assert "refuses the shop" in refused.stderr
        assert "secret-word" not in refused.stderr


def test_unknown_settings_are_named_with_the_nearest_known_one(configure):
    configure(SHOP_WROKERS="2", SHOP_XYZZY="1", SHOP_LOAD_TEST="1")
    assert unknown_settings() == [
        "There is no setting SHOP_WROKERS; did you mean SHOP_WORKERS?",
        "There is no setting SHOP_XYZZY.",
    ]
    with pytest.raises(
        WrongSetting, match=r"^There is no setting SHOP_WROKERS; did you mean SHOP_WORKERS\?$"
    ):
        configure(**PRODUCTION)


def test_a_mistake_of_the_shop_is_a_sentence_and_its_traceback_a_file(tmp_path: Path, monkeypatch, engine):
    from click.testing import CliRunner

    from shop_app.cli import books

    def fail(*_arguments: object) -> None:
        raise KeyError("of the inside")

    monkeypatch.setattr("shop_app.services.books.check.check", fail)
    ended = CliRunner().invoke(books.check_books)
    assert ended.exit_code == 70
    path = settings().data_dir / "failures.log"
    assert ended.stderr == f"That failed by a mistake in the shop. What happened stands in {path}.\n"
    assert "KeyError: 'of the inside'" in path.read_text()


def test_doctor_reports_everything_in_a_state_in_which_nothing_can_start(tmp_path: Path):
    (data(tmp_path) / "shop.db").write_text("Dear diary")
    ended = start(tmp_path, "doctor", SHOP_SMTP_URL="smtp://127.0.0.1:1", SHOP_WROKERS="2")
    assert (ended.returncode, ended.stderr) == (1, "")
    marks = {line.split(":")[0] for line in ended.stdout.splitlines()}
    assert {"fails    database", "fails    mail", "missing  settings", "ok       pictures"} <= marks
    wrong = start(tmp_path, "doctor", PORT="eighty")
    assert (wrong.returncode, wrong.stdout.splitlines()[0][:47]) == (
        1,
        "fails    settings:          The setting PORT ca",
    )
