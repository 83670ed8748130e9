"""The supervisor of workers, with real processes that are small: all of them answer, and none stays away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shop_app import supervisor
from shop_app.supervisor import Supervisor

PATIENCE_SECONDS = 30
STAYS = """
import os, sys, time
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
os.write(0, b"r")
time.sleep(600)
"""


class Shop:
    """Workers that run `code(number)`, each with a file that it may write its process number to."""

    def __init__(self, folder: Path, count: int, code: Callable[[int], str]) -> None:
        self.folder = folder
        self.announced = 0
        self.supervisor = Supervisor(count, self._announce, self._command)
        self._code = code

    def _announce(self) -> None:
        self.announced += 1

    def _command(self, number: int) -> Sequence[str]:
        return (sys.executable, "-c", self._code(number), str(self.folder / f"{number}.pids"))

    def pids(self, number: int) -> list[int]:
        file = self.folder / f"{number}.pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []


async def until(holds_now: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds_now():
        assert time.monotonic() < ends, "it didn't happen"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(shop: Shop) -> AsyncIterator[asyncio.Task[int]]:
    task = asyncio.create_task(shop.supervisor.run())
    try:
        yield task
    finally:
        shop.supervisor.stop()
        await task


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_says_that_they_answer_when_the_last_one_does_and_once(tmp_path):
    gate = tmp_path / "gate"
    waits = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
    shop = Shop(tmp_path, 3, lambda number: (waits if number == 2 else "") + STAYS)
    async with running(shop):
        await until(lambda: shop.pids(1) and shop.pids(3))
        assert shop.announced == 0
        gate.touch()
        await until(lambda: shop.announced)
        os.kill(shop.pids(1)[0], signal.SIGKILL)
        await until(lambda: len(shop.pids(1)) == 2)
    assert shop.announced == 1


async def test_one_that_dies_is_named_with_its_exit_code_and_started_again(tmp_path, caplog):
    shop = Shop(tmp_path, 2, lambda _number: STAYS)
    async with running(shop) as task:
        await until(lambda: shop.announced)
        os.kill(shop.pids(2)[0], signal.SIGKILL)
        await until(lambda: len(shop.pids(2)) == 2)
    assert "Worker 2 ended: killed by SIGKILL. It is started again" in caplog.text
    assert len(shop.pids(1)) == 1
    assert task.result() == 0
    assert not any(map(lives, [*shop.pids(1), *shop.pids(2)]))


async def test_one_that_falls_again_and_again_ends_the_shop_with_one_sentence(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(supervisor, "PAUSE_SECONDS", 0.01)
    shop = Shop(tmp_path, 2, lambda number: STAYS if number == 1 else "raise SystemExit(3)")
    task = asyncio.create_task(shop.supervisor.run())
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await task == 1
    assert "Worker 2 ended 5 times in a row (exit code 3 at last); the shop stops" in caplog.text
    assert not any(map(lives, shop.pids(1)))


async def test_one_that_lived_for_a_while_may_die_as_often_as_it_likes(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "SOON_SECONDS", 0)
    shop = Shop(tmp_path, 1, lambda _number: STAYS)
    async with running(shop):
        for deaths in range(supervisor.FALLS + 1):
            await until(lambda: len(shop.pids(1)) == deaths + 1)  # noqa: B023
            os.kill(shop.pids(1)[-1], signal.SIGKILL)
        await until(lambda: len(shop.pids(1)) == supervisor.FALLS + 2)


async def test_sigterm_stops_all_and_one_that_does_not_stop_is_killed(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 1)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    shop = Shop(tmp_path, 2, lambda number: (deaf if number == 2 else "") + STAYS)
    task = asyncio.create_task(shop.supervisor.run())
    await until(lambda: shop.announced)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await task == 0
    assert "Worker 2 doesn't stop, and is killed" in caplog.text
    assert not any(map(lives, [*shop.pids(1), *shop.pids(2)]))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "exit code 0"),
        (-11, "killed by SIGSEGV"),
        (-64, "killed by SIGRTMAX"),
        (-77, "killed by signal 77"),
    ],
)
def test_how_a_process_ended(code: int, said: str):
    assert supervisor._how(code) == said
