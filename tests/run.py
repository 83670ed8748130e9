"""Runs the whole suite part by part, says how long each took, and closes with one line of totals.

Parts that don't disturb each other run side by side. With arguments it is one call of pytest:
`python -m tests.run -k cart`; `--part NAME` runs that part alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests import browser, postgres

TESTS = Path(__file__).parent
PARTS = {
    "rules": (),
    "house": ("house",),
    "services": ("services", "providers", "sandbox", "machines"),
    "state": ("state", "realtime", "components"),
    "http": ("web",),
    "program": ("program", "upgrade", "demo", "extension"),
    "races": ("races",),
    "faults": ("faults",),
    "scale": ("scale",),
    "journeys": ("journeys",),
}
SIDE_BY_SIDE = (("journeys", "http"), ("rules", "house", "services", "state", "program"))
"""Run at the same time, each row in its order; whatever isn't named has the machine to itself afterwards."""
NOTHING_COLLECTED = 5
SLOWEST_FILES = 20
OF_REAL_TIME = ("state", "http", "program", "faults", "scale", "journeys")
"""Parts whose tests wait for browsers, servers and the clock: where others use the machine too, one may fail
that is well. It is run once more, alone, and named as unsteady where it passes then (decision 79)."""
NEVER_AGAIN = ("tests/faults/test_kills.py",)
"""What goes wrong by chance there is what these tests are for; so it is in the rules, services and races."""
MOST_AGAIN = 5
BUILT = ("http", "program", "scale", "journeys")
"""Parts that serve the built front end."""


@dataclass(slots=True)
class Part:
    name: str
    paths: list[Path]
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """What its processes used, and those that they waited for."""
    counts: Counter[str] = field(default_factory=Counter)
    file_seconds: Counter[str] = field(default_factory=Counter)
    """What the tests of each file took together, in all processes."""
    status: int = 0
    failed: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    """Tests that failed among the others and passed alone."""
    figures: str = ""
    """What its tests have measured (`tests.figures`), a line each."""


def parts() -> list[Part]:
    """Every test file in exactly one part; a folder that nobody has named goes to the rules."""
    named = {folder for folders in PARTS.values() for folder in folders}
    strays = [path for path in sorted(TESTS.iterdir()) if path.is_dir() and path.name not in named]
    strays = [path for path in strays if any(path.rglob("test_*.py"))]
    collected = []
    for name, folders in PARTS.items():
        paths = [TESTS / folder for folder in folders if any((TESTS / folder).rglob("test_*.py"))]
        if name == "rules":
            paths += [*sorted(TESTS.glob("test_*.py")), *strays]
        if paths:
            collected.append(Part(name, paths))
    return collected


def run_all(chosen: Sequence[Part]) -> float:
    """Run the parts, those that may be side by side first; the seconds that all took together."""
    started = time.monotonic()
    by_name = {part.name: part for part in chosen}
    rows = [[by_name.pop(name) for name in row if name in by_name] for row in SIDE_BY_SIDE]
    beside = [threading.Thread(target=_run_row, args=(row, any(rows[1:]))) for row in rows[1:]]
    for thread in beside:
        thread.start()
    _run_row(rows[0], any(rows[1:]))
    for thread in beside:
        thread.join()
    _run_row(list(by_name.values()), False)
    for part in chosen:
        if part.status == 1 and part.name in OF_REAL_TIME:
            _run_again(part)
    return time.monotonic() - started


def _run_row(row: Sequence[Part], has_others: bool) -> None:
    for part in row:
        if part.name in BUILT:
            _build_front_end()
        _run(part, quietly=has_others)


def _build_front_end() -> None:
    """Build the pages where they changed: once for all parts, and in no test's time."""
    code = "from shop_app import serve; serve.build_front_end()"
    subprocess.run([sys.executable, "-c", code], cwd=TESTS.parent, check=True, stdout=subprocess.DEVNULL)


def _run(part: Part, *, quietly: bool) -> None:
    """Run one part with pytest, and read its numbers from the report.

    quietly  show what pytest says when it has ended, as others say something at the same time
    """
    # What has a browser or several servers stays together by file: two of each are enough.
    how = "loadfile" if part.name in ("scale", "journeys") else "worksteal"
    spread = ["-n", "2", "--dist", how] if (os.cpu_count() or 1) > 1 else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = ["-m", "pytest", "-q", "--no-header", f"--junitxml={folder / 'report.xml'}"]
        command += ["-o", f"cache_dir={folder / 'cache'}", *spread, *map(str, part.paths)]
        print(f"\n--- {part.name}", flush=True)
        started = time.monotonic()
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=TESTS.parent,
                env=os.environ | {"TESTS_FIGURES": str(folder / "figures")},
                stdout=output if quietly else None,
                stderr=subprocess.STDOUT if quietly else None,
            )
            _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = part.status = os.waitstatus_to_exitcode(status)
        part.seconds, part.cpu_seconds = time.monotonic() - started, used.ru_utime + used.ru_stime
        if quietly:
            said = (folder / "output").read_text(errors="replace")
            sys.stdout.write(f"\n--- {part.name} has ended\n{said}")
            sys.stdout.flush()
        if (folder / "report.xml").exists():
            part.counts, part.file_seconds = (
                _counts(folder / "report.xml"),
                _file_seconds(folder / "report.xml"),
            )
        with suppress(FileNotFoundError):
            part.failed = sorted(json.loads((folder / "cache" / "v" / "cache" / "lastfailed").read_text()))
        with suppress(FileNotFoundError):
            part.figures = (folder / "figures").read_text()


def _run_again(part: Part) -> None:
    """Run what failed once more, by itself, if it is little; what passes then is unsteady, not red."""
    if not 0 < len(part.failed) <= MOST_AGAIN or any(name.startswith(NEVER_AGAIN) for name in part.failed):
        return
    print(f"\n--- {part.name}, once more, alone: {', '.join(part.failed)}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *part.failed]
    if subprocess.run(command, cwd=TESTS.parent).returncode == 0:
        part.status, part.unsteady = 0, part.failed
        part.counts["passed"] += part.counts["failed"] + part.counts["errors"]
        part.counts["failed"] = part.counts["errors"] = 0


@contextmanager
def prepared() -> Iterator[None]:
    """A folder and a PostgreSQL server that the processes of all parts share (`tests.prepared`)."""
    memory = postgres.fast_folder()
    with tempfile.TemporaryDirectory(prefix="shop-tests-", dir=memory) as folder, _server() as address:
        os.environ |= {"TESTS_PREPARED": folder, "TESTS_POSTGRES": address}
        # Hundreds of processes are started: each would compile the whole shop anew.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        if memory:
            # Where pytest makes each test's own folder.
            os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        yield


@contextmanager
def _server() -> Iterator[str]:
    """The address of a PostgreSQL; "" where none can be had: the tests that want one say so."""
    try:
        with postgres.server() as address:
            yield address
    except postgres.NoPostgres:
        yield ""


def _counts(report: Path) -> Counter[str]:
    counts = Counter[str]()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        tests, failed, errors, skipped = (
            int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
        )
        counts += Counter(
            passed=tests - failed - errors - skipped, failed=failed, errors=errors, skipped=skipped
        )
    return counts


def _file_seconds(report: Path) -> Counter[str]:
    seconds = Counter[str]()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        seconds[case.get("classname", "")] += float(case.get("time", 0))
    return seconds


def close(done: Sequence[Part], seconds: float) -> int:
    """Print the table and, last, the totals as pytest says them; the exit code."""
    counts = sum((part.counts for part in done), Counter[str]())
    broken = [part.name for part in done if part.status not in (0, NOTHING_COLLECTED)]
    print("\npart        seconds      CPU  passed  failed  errors  skipped")
    for part in done:
        numbers = "".join(f"{part.counts[name]:8d}" for name in ("passed", "failed", "errors", "skipped"))
        print(
            f"{part.name:<10}{part.seconds:9.1f}{part.cpu_seconds:9.1f}{numbers}"
            + ("   <- red" if part.name in broken else "")
        )
    slowest = sum((part.file_seconds for part in done), Counter[str]()).most_common(SLOWEST_FILES)
    print("\nThe slowest files: " + ", ".join(f"{name} {took:.0f} s" for name, took in slowest))
    for part in done:
        if part.unsteady:
            print(f"\n*** Unsteady in {part.name}, passed alone: {', '.join(part.unsteady)} ***")
        if part.figures:
            sys.stdout.write(f"\nMeasured by {part.name}:\n{part.figures}")
    if not browser.find():
        print(f"\n*** {browser.LOUD} ***")
    words = {"failed": "failed", "passed": "passed", "skipped": "skipped", "errors": "errors"}
    totals_line = ", ".join(
        f"{counts[name]} {word}" for name, word in words.items() if counts[name] or name == "passed"
    )
    minutes = f" ({int(seconds // 3600)}:{int(seconds // 60 % 60):02d}:{int(seconds % 60):02d})"
    line = f" {totals_line} in {seconds:.2f}s{minutes if seconds >= 60 else ''} "
    print("\n" + line.center(80, "="), flush=True)
    return 1 if broken else 0


def main(arguments: list[str]) -> int:
    chosen = parts()
    if arguments[:1] == ["--part"] and len(arguments) == 2:
        chosen = [part for part in chosen if part.name == arguments[1]]
        if not chosen:
            print(f"There is no part {arguments[1]}; there are {', '.join(part.name for part in parts())}.")
            return 2
    elif arguments:
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])
    with prepared():
        seconds = run_all(chosen)
    return close(chosen, seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
