"""Lighthouse for phones, on the running shop: `python -m bench.lighthouse [URL]`, or as a benchmark.

Lighthouse comes from npm, into .node/, at the version that stands here; node comes with the tools
for tests. Each page is measured three times, and the median of each category counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench import report
from bench.report import Row
from tests import browser
from tests.shop import running

VERSION = "12.8.2"
ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / ".node"
PROGRAM = NODE / "node_modules" / "lighthouse" / "cli" / "index.js"
PAGES = {"home": "/", "catalogue": "/products", "product": "/products/dune-mug"}
GOALS = {"performance": 95, "accessibility": 100, "best-practices": 95, "seo": 100}
TIMES = 3


def _bin(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def install() -> None:
    """Put Lighthouse into .node/, once."""
    package = NODE / "node_modules" / "lighthouse" / "package.json"
    if package.exists() and json.loads(package.read_text())["version"] == VERSION:
        return
    NODE.mkdir(exist_ok=True)
    subprocess.run(
        [_bin("npm"), "install", "--prefix", str(NODE), "--no-audit", "--no-fund", f"lighthouse@{VERSION}"],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"},
    )


def audit(url: str) -> dict:
    """One run of Lighthouse on one address: its whole report."""
    flags = "--headless=new" + (" --no-sandbox" if os.geteuid() == 0 else "")
    completed = subprocess.run(
        [
            _bin("node"),
            str(PROGRAM),
            url,
            "--quiet",
            "--output=json",
            f"--chrome-flags={flags}",
            f"--only-categories={','.join(GOALS)}",
        ],
        capture_output=True,
        text=True,
        timeout=180,
        env=os.environ | {"CHROME_PATH": browser.find() or ""},
    )
    if completed.returncode:
        raise RuntimeError(completed.stderr[-1000:])
    return json.loads(completed.stdout)


def measure(base: str) -> list[Row]:
    """The scores of every page of a running shop."""
    install()
    rows = []
    for name, path in PAGES.items():
        runs = [audit(base + path) for _ in range(TIMES)]
        for category, goal in GOALS.items():
            score = statistics.median(run["categories"][category]["score"] * 100 for run in runs)
            rows.append(Row(f"{name}: {category}", score, "of 100", goal, at_least=True))
        for what in ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time"):
            value = statistics.median(run["audits"][what]["numericValue"] for run in runs)
            rows.append(Row(f"{name}: {what}", value, "ms"))
        shift = statistics.median(run["audits"]["cumulative-layout-shift"]["numericValue"] for run in runs)
        rows.append(Row(f"{name}: layout shift", shift, ""))
        _say_what_failed(name, runs[-1])
    return rows


def _say_what_failed(name: str, run: dict) -> None:
    for category in GOALS:
        for reference in run["categories"][category]["auditRefs"]:
            audit = run["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                print(f"  {name}: {category}: {audit['title']} {audit.get('displayValue', '')}".rstrip())


def run(folder: Path) -> list[Row]:
    with running(folder) as shop:
        return measure(shop.url)


if __name__ == "__main__":
    rows = measure((sys.argv[1] if len(sys.argv) > 1 else "http://localhost:3000").rstrip("/"))
    print(report.table(rows))
    report.keep("lighthouse", rows)
