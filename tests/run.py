"""Runs the whole suite part by part, says how long each took, and closes with one line of totals.

With arguments it is one call of pytest: `python -m tests.run -k cart`; `--part NAME` runs that part alone.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests import browser

TESTS = Path(__file__).parent
PARTS = {
    "rules": ("models",),
    "services": ("services", "providers", "sandbox", "seed", "bench"),
    "state": ("state", "realtime", "components", "pages"),
    "http": ("web",),
    "races": ("races",),
    "faults": ("faults",),
    "scale": ("scale",),
    "journeys": ("journeys",),
}
NOTHING_COLLECTED = 5
SLOWEST_FILES = 20
OF_REAL_TIME = ("state", "http", "faults", "scale", "journeys")
"""Parts whose tests wait for browsers, servers and the clock: where others use the machine too, one may fail
that is well. It is run once more, alone, and named as unsteady where it passes then (decision 79)."""
NEVER_AGAIN = ("tests/faults/test_kills.py",)
"""What goes wrong by chance there is what these tests are for; so it is in the rules, services and races."""
MOST_AGAIN = 5
# Worth the start of a second process only where there is enough to do.
SPREAD = ("rules", "services", "state", "http", "races", "faults", "scale", "journeys")


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


def run(part: Part) -> None:
    """Run one part with pytest, and read its numbers from the report."""
    # What has a browser or several servers stays together by file: two of each are enough.
    how = "loadfile" if part.name in ("scale", "journeys") else "worksteal"
    spread = ["-n", "2", "--dist", how] if part.name in SPREAD and (os.cpu_count() or 1) > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        report, figures = Path(folder) / "report.xml", Path(folder) / "figures"
        started, used_before = time.monotonic(), _cpu_of_children()
        part.status = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "--no-header",
                f"--junitxml={report}",
                *spread,
                *part.paths,
            ],
            cwd=TESTS.parent,
            env=os.environ | {"TESTS_FIGURES": str(figures)},
        ).returncode
        part.seconds, part.cpu_seconds = time.monotonic() - started, _cpu_of_children() - used_before
        if report.exists():
            part.counts, part.file_seconds = _counts(report), _file_seconds(report)
        if part.status == 1 and part.name in OF_REAL_TIME:
            _run_again(part)
        if figures.exists():
            part.figures = figures.read_text()


def _run_again(part: Part) -> None:
    """Run what failed once more, by itself, if it is little; what passes then is unsteady, not red."""
    failed = [name for name in _last_failed() if any(name.startswith(_inside(path)) for path in part.paths)]
    if not 0 < len(failed) <= MOST_AGAIN or any(name.startswith(NEVER_AGAIN) for name in failed):
        return
    print(f"\n--- {part.name}, once more, alone: {', '.join(failed)}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *failed]
    if subprocess.run(command, cwd=TESTS.parent).returncode == 0:
        part.status, part.unsteady = 0, failed
        part.counts["passed"] += part.counts["failed"] + part.counts["errors"]
        part.counts["failed"] = part.counts["errors"] = 0
    part.seconds += time.monotonic() - started


def _last_failed() -> list[str]:
    """The tests that failed in the last run, as pytest has noted them."""
    path = TESTS.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"
    return sorted(json.loads(path.read_text())) if path.exists() else []


def _inside(path: Path) -> str:
    return path.relative_to(TESTS.parent).as_posix()


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def close(done: list[Part]) -> int:
    """Print the table and, last, the totals as pytest says them; the exit code."""
    seconds = sum(part.seconds for part in done)
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
    done = []
    for part in chosen:
        print(f"\n--- {part.name}", flush=True)
        run(part)
        done.append(part)
    return close(done)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
