"""Finds a browser for the tests, or installs one: `python -m tests.browser` says which.

A Chromium without windows on the PATH comes first: a test takes half as long in it. Then come Playwright's
own and any Chromium or Chrome on the PATH. Where there is none, Debian's is installed, or Playwright's. Found
means that it has said its version: one that lacks its libraries doesn't count.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

WITHOUT_WINDOWS = "chromium-headless-shell"
ON_THE_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LOUD = "BROWSER TESTS SKIPPED: no browser was found, and none could be installed"


def _works(path: str | Path | None) -> bool:
    if not path or not Path(path).exists():
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _playwrights_own() -> str:
    # In a process of its own: Playwright's driver leaves an event loop behind.
    code = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    return completed.stdout.strip()


@lru_cache(maxsize=1)
def find() -> str | None:
    """The path of a browser that works, or None."""
    quick = (os.environ.get("CHROME_PATH"), shutil.which(WITHOUT_WINDOWS))
    if found := next((path for path in quick if _works(path)), None):
        return found
    others = (_playwrights_own(), *map(shutil.which, ON_THE_PATH))
    return next((str(path) for path in others if _works(path)), None)


def install() -> None:
    """Try Debian's browsers, then Playwright's; what fails says so and goes on."""
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        install = ["apt-get", "install", "-qy"]
        debian = [["apt-get", "update", "-q"], [*install, WITHOUT_WINDOWS], [*install, "chromium"]]
        commands = debian + commands
    for command in commands:
        print("Looking for a browser:", " ".join(command[-3:]), flush=True)
        try:
            subprocess.run(
                command,
                timeout=420,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            )
        except (OSError, subprocess.SubprocessError) as error:
            print(f"That failed: {error}", flush=True)
        find.cache_clear()
        if find() and command[1] != "update":
            return


def main() -> int:
    if not find() or (shutil.which("apt-get") and os.geteuid() == 0 and not shutil.which(WITHOUT_WINDOWS)):
        install()
    path = find()
    print(f"Browser for the tests: {path}" if path else f"\n*** {LOUD} ***\n", flush=True)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
