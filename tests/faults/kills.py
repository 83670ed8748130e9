"""The kill harness: a shop under SIGKILL, a faulty payment provider, and a verdict on what is left.

    python -m tests.faults.kills --kills 300 --seed 11 [--at WORD] [--database postgresql://…] [--data FOLDER]

The sandbox and the crowd live on; shop processes are killed at named lines and at random moments, and
begin again, some lives taking money with the order and some with its first shipment. At the end faults stop,
the shop recovers, and every invariant is checked. Exits with 1 and a line for each violation. The same seed
gives the same plan, not the same interleaving.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.kill_points import POINTS
from tests.faults.shoppers import INITIAL, Crowd

ROOT = Path(__file__).resolve().parents[2]
QUIET_SECONDS = 15


@dataclass
class Run:
    """What happened, and what is wrong."""

    seed: int
    database: str
    at: str = ""
    """A word of the named points where processes die; all of them without it."""
    deaths: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        kills = sum(self.deaths.values())
        where = f" at {self.at!r}" if self.at else ""
        return (
            f"{kills:,} kills on {self.database}{where}, seed {self.seed}, {self.seconds:.0f} s,"
            f" {len(self.violations)} violations\n  {_listed(self.deaths)}\n  {_listed(self.seen)}"
            f"\n  {_listed(self.figures)}"
        )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in sorted(counts.items()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _make_shop() -> None:
    """The database, and three things to sell."""
    from shop_app.core import db, migrate
    from tests.factories import make_basics, make_product

    migrate.migrate(db.engine())
    with db.transaction() as session:
        make_basics(session)
        for sku, units in INITIAL.items():
            make_product(session, sku.title(), sku=sku, price_minor=2000, stock=units)
    db.engine().dispose()


def _start_provider(stack: ExitStack, folder: Path, port: int, shop: str) -> dict[str, str]:
    """The sandbox as a process; the settings by which the shop finds it."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.faults.provider_process",
            "--port",
            str(port),
            "--webhook-url",
            f"{shop}/webhooks/stripe",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        stderr=(folder / "provider.log").open("wb"),
        env=os.environ | {"SHOP_DATA_DIR": str(folder)},
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout
    lines = [process.stdout.readline().strip() for _line in range(4)]
    return dict(line.split("=", 1) for line in lines[1:])


async def _watch(lives: asyncio.subprocess.Process, run: Run) -> None:
    """Count deaths until the last life runs."""
    assert lives.stdout
    while line := await lives.stdout.readline():
        message = json.loads(line)
        if "died" in message:
            run.deaths[message["died"]] += 1
        if "last" in message:
            return
    raise RuntimeError("The shop's processes ended before their time.")


async def _wait_until_quiet(crowd: Crowd, provider_db: Path) -> None:
    """Sweep and reconcile until nothing is wrong, or what is wrong stays so for `QUIET_SECONDS`."""
    from tests.faults.provider_books import ProviderBooks
    from tests.faults.verdict import judge

    before, until = None, 0.0
    while True:
        await crowd.client.post(f"{crowd.shop}/click/recover", json={"whole": True}, timeout=60)
        wrong = await asyncio.to_thread(lambda: judge(ProviderBooks.read(provider_db)))
        if wrong != before:
            before, until = wrong, time.monotonic() + QUIET_SECONDS
        if not wrong or time.monotonic() > until:
            return
        await asyncio.sleep(0.5)


async def _drive(run: Run, kills: int, listener: socket.socket, crowd: Crowd, provider_db: Path) -> None:
    lives = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.processes",
        "--listen",
        str(listener.fileno()),
        "--kills",
        str(kills),
        "--seed",
        str(run.seed),
        "--at",
        run.at,
        cwd=ROOT,
        pass_fds=[listener.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=2**20,
    )
    try:
        assert lives.stdout
        assert lives.stdin
        if not await lives.stdout.readline():
            raise RuntimeError("The shop didn't start.")
        shopping = asyncio.create_task(crowd.shop_until_over())
        await _watch(lives, run)
        crowd.over.set()
        await shopping
        await _wait_until_quiet(crowd, provider_db)
        lives.stdin.close()
        await asyncio.wait_for(lives.wait(), 10)
    finally:
        if lives.returncode is None:
            lives.kill()


def run(kills: int, seed: int, folder: Path, database: str = "", at: str = "") -> Run:
    """Kill so many shop processes and judge what is left. Changes the environment of this process."""
    from shop_app.core import db
    from shop_app.core.settings import settings

    began = time.monotonic()
    result = Run(seed, "PostgreSQL" if database else "SQLite", at)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        shop = f"http://127.0.0.1:{listener.getsockname()[1]}"
        port = _free_port()
        (folder / "provider").mkdir(parents=True)
        os.environ |= _start_provider(stack, folder / "provider", port, shop)
        os.environ |= {"SHOP_DATA_DIR": str(folder), "SHOP_DATABASE_URL": database}
        settings.cache_clear()
        db.engine.cache_clear()
        _make_shop()
        crowd = Crowd(shop, f"http://127.0.0.1:{port}/sandbox", seed)
        provider_db = folder / "provider" / "sandbox.db"
        asyncio.run(_drive(result, kills, listener, crowd, provider_db))
        _conclude(result, crowd, provider_db)
    result.seconds = time.monotonic() - began
    return result


def _conclude(result: Run, crowd: Crowd, provider_db: Path) -> None:
    from shop_app.core import db
    from tests.faults.provider_books import ProviderBooks
    from tests.faults.verdict import figures, judge

    provider_books = ProviderBooks.read(provider_db)
    result.seen = crowd.seen
    result.figures = figures(provider_books)
    result.violations = judge(provider_books)
    if by_themselves := result.deaths["ended by itself"]:
        result.violations.append(f"{by_themselves} lives ended by themselves")
    db.engine().dispose()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--database", default="", help="a fresh PostgreSQL database; SQLite without it")
    parser.add_argument("--at", default="", help="a word of the named points to die at, such as credit")
    parser.add_argument("--data", type=Path, help="keep everything in this folder")
    given = parser.parse_args()
    if not any(given.at in name for name in POINTS):
        parser.error(f"No point has {given.at!r} in its name: {', '.join(POINTS)}")
    with tempfile.TemporaryDirectory() as passing:
        result = run(given.kills, given.seed, given.data or Path(passing), given.database, given.at)
    sys.stdout.write(f"{result}\n")
    sys.stdout.writelines(f"  VIOLATED: {violation}\n" for violation in result.violations)
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
