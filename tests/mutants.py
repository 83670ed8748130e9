"""Proves that the tests can fail: takes one guard out at a time, and wants a red test for each.

`python -m tests.mutants` runs them all on copies of the sources, `python -m tests.mutants NAME …` these.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("shop_app", "tests", "alembic", "pyproject.toml", "seed/shop.json")
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    """Where it should be found; the first red one is enough."""


MUTANTS: tuple[Mutant, ...] = ()


def copy_of_sources(into: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return into


def run(mutant: Mutant, copy: Path) -> tuple[bool, float, str]:
    """Whether a test went red, after how many seconds, and what pytest said last."""
    path = copy / mutant.file
    whole = path.read_text()
    if whole.count(mutant.old) != 1:
        return False, 0.0, f"its text stands {whole.count(mutant.old)} times in {mutant.file}, not once"
    path.write_text(whole.replace(mutant.old, mutant.new))
    started = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests],
            cwd=copy, capture_output=True, text=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    finally:
        path.write_text(whole)
    said = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    # 1 is a red test; anything else means that the tests themselves couldn't be run.
    found = done.returncode == 1
    last = said[0] if said else (done.stdout + done.stderr).strip().splitlines()[-1]
    return found, time.monotonic() - started, last


def main(names: list[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        print(f"There is no mutant {', '.join(sorted(unknown))}; there are:")
        print("\n".join(f"  {mutant.name:<24} {mutant.what}" for mutant in MUTANTS))
        return 2
    with tempfile.TemporaryDirectory(prefix="shop-mutants-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(AT_ONCE):
            copies.put(copy_of_sources(Path(folder) / str(number)))
        survivors = []

        def hunt(mutant: Mutant) -> None:
            copy = copies.get()
            found, seconds, said = run(mutant, copy)
            copies.put(copy)
            print(
                f"{'red     ' if found else 'SURVIVED'} {seconds:5.1f} s  {mutant.name:<24} {said[:150]}",
                flush=True,
            )
            if not found:
                survivors.append(mutant.name)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(hunt, chosen))
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants turn a test red")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
