"""Whoever runs the shop is told what is of use to them: one sentence and a code, and no shopper's words."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.exc import OperationalError

from shop_app.cli.main import main
from shop_app.core import failures
from shop_app.core.errors import ProviderDown
from shop_app.core.settings import ROOT, settings
from tests.prepared import put_demo_into_place
from tests.program.test_starting import start

FULL = OperationalError("INSERT", {"email": "anna@example.com"}, Exception("database or disk is full\nanna"))
AGAIN = "Run this again once that is mended: what was done stays, and isn't done twice."
DATABASE = "The database can't be worked with: database or disk is full. `doctor` looks at it."


def unavailable() -> Exception:
    try:
        raise failures.unsaved(FULL) from FULL
    except failures.Unavailable as refusal:
        return refusal


ENDINGS: dict[str, tuple[Callable[[], BaseException], int, str]] = {
    "a provider": (
        lambda: ProviderDown("Your cart is kept. Try again.", reason="Stripe can't be reached: look there"),
        1,
        f"Stripe can't be reached: look there. {AGAIN}",
    ),
    "a provider that says it well": (
        lambda: ProviderDown("The mail server doesn't answer."),
        1,
        f"The mail server doesn't answer. {AGAIN}",
    ),
    "a full database": (unavailable, 6, DATABASE),
    "the same of the driver": (lambda: FULL, 6, DATABASE),
    "a file": (
        lambda: PermissionError(errno.EACCES, "Permission denied", "/srv/x.csv"),
        1,
        "/srv/x.csv can't be read or written: Permission denied.",
    ),
    "a full disk": (
        lambda: OSError(errno.ENOSPC, "No space left on device"),
        1,
        "The output can't be written: No space left on device.",
    ),
    "Ctrl-C": (KeyboardInterrupt, 130, "\nInterrupted. What was finished stays."),
}


def check_books_that_ends_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> Result:
    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr("shop_app.services.books.check.check", fail)
    return CliRunner().invoke(main, ["check-books"])


@pytest.mark.parametrize("cause", ENDINGS)
def test_what_no_code_can_help_is_a_sentence(engine, monkeypatch, cause: str):
    make, code, sentence = ENDINGS[cause]
    result = check_books_that_ends_with(make(), monkeypatch)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"{sentence}\n")
    assert not (settings().data_dir / "failures.log").exists()


def test_a_mistake_of_the_shop_is_a_sentence_where_its_file_can_t_be_written(engine, monkeypatch):
    path = settings().data_dir / "failures.log"
    path.mkdir()
    result = check_books_that_ends_with(KeyError("of the inside"), monkeypatch)
    assert (result.exit_code, result.stdout) == (70, "")
    sentence = f"That failed by a mistake in the shop. {path} can't be written: Is a directory.\n"
    assert result.stderr == sentence


TARGETS = (
    ("letter", "order_paid", "--out", "{}"),
    ("backup", "{}"),
    ("export-products", "{}"),
    ("export-person", "shopper@example.com", "{}"),
)


@pytest.mark.parametrize("command", TARGETS, ids=lambda command: command[0])
def test_a_target_in_no_folder_is_named(tmp_path: Path, command: tuple[str, ...]):
    put_demo_into_place()
    target = tmp_path / "no" / "such.file"
    result = CliRunner().invoke(main, [word.format(target) for word in command])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(": No such file or directory.\n")
    assert result.stderr.count("\n") == 1


# --- In processes of their own ------------------------------------------------------------------


def test_reconcile_without_a_network_says_so_to_whoever_runs_the_shop(tmp_path: Path):
    put_demo_into_place()
    ended = start(tmp_path, "reconcile", STRIPE_SECRET_KEY="sk_test_1", STRIPE_API_BASE="http://127.0.0.1:1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1] == (
        f"Stripe can't be reached from this machine: look at its network, and at STRIPE_API_BASE. {AGAIN}"
    )
    assert "cart" not in ended.stderr
    assert "Traceback" not in ended.stderr


def letter_to(target: Any, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "SHOP_DATA_DIR": str(settings().data_dir)}
    return subprocess.run(
        [sys.executable, "-m", "shop_app", "letter", "order_paid"],
        cwd=ROOT,
        env=own | environment,
        stdout=target,
        stderr=subprocess.PIPE,
        check=False,
    )


def test_a_terminal_without_the_letters_shows_their_numbers(tmp_path: Path):
    put_demo_into_place()
    western = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    ended = letter_to(subprocess.PIPE, tmp_path, **western)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"We have your payment of \\u20ac" in ended.stdout


def test_nobody_reads_on_and_no_room_for_what_is_written(tmp_path: Path):
    put_demo_into_place()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed, Path("/dev/full").open("wb") as full:
        ended = [letter_to(target, tmp_path) for target in (closed, full)]
    assert [(one.returncode, one.stderr) for one in ended] == [
        (1, b""),
        (1, b"The output can't be written: No space left on device.\n"),
    ]
