"""Runs the benchmarks: `python -m bench` all of them, `python -m bench events memory` these."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import report

ALL = (
    "start",
    "weight",
    "documents",
    "events",
    "checkout",
    "postgres_cpu",
    "memory",
    "hydration",
    "signed_in",
    "strangers",
    "catalogue",
    "lighthouse",
    "lists",
    "accounts",
    "reconnects",
    "scale",
    "waiting",
    "migrations",
)
"""Each is a module here with `run(folder) -> list[Row]`, or with a command line and a table of its own."""


def main(names: list[str]) -> int:
    unknown = set(names) - set(ALL)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}.")
        return 2
    failed = missed = 0
    for name in names or ALL:
        started = time.monotonic()
        print(f"\n{name}", flush=True)
        try:
            module = importlib.import_module(f"bench.{name}")
            if not hasattr(module, "run"):
                subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
                continue
            with tempfile.TemporaryDirectory(prefix="shop-bench-") as folder:
                rows = module.run(Path(folder))
        except (Exception, SystemExit) as error:
            print(f"  could not be measured: {type(error).__name__}: {str(error)[-400:]}", flush=True)
            failed += 1
            continue
        print(report.table(rows))
        missed += sum(row.good is False for row in rows)
        path = report.keep(name, rows)
        print(f"  ({time.monotonic() - started:.0f} s; bench/results/{path.name})", flush=True)
    print(f"\n{missed} goals missed, {failed} benchmarks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
