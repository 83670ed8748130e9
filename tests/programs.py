"""Programs that some tests run for real: found on the PATH, or installed from Debian's packages.

`python -m tests.programs` installs what is missing and says what is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "redis-server": "redis-server",
    "nginx": "nginx-light",
    "caddy": "caddy",
    "pgbouncer": "pgbouncer",
}
"""Each program, and the package of Debian's that has it."""
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")
"""Where servers lie that aren't on everybody's PATH."""


def find(name: str) -> Path | None:
    """The program's path, or None where it isn't there."""
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(_FOLDERS))
    return Path(path) if path else None


def install(packages: list[str]) -> None:
    """Try Debian's packages, without starting a service of theirs; what fails says so and goes on."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    # Packages of servers start them; this is how Debian lets an administrator forbid it.
    policy = Path("/usr/sbin/policy-rc.d")
    forbidden = not policy.exists()
    if forbidden:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", *packages]):
            print("Installing for the tests:", " ".join(command), flush=True)
            subprocess.run(
                command,
                timeout=420,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"That failed: {error}", flush=True)
    finally:
        if forbidden:
            policy.unlink()


def main() -> int:
    if missing := [package for name, package in PACKAGES.items() if not find(name)]:
        install(missing)
    for name in PACKAGES:
        print(f"{name} for the tests: {find(name) or 'not found; its tests are skipped'}", flush=True)
    return 0 if all(map(find, PACKAGES)) else 1


if __name__ == "__main__":
    sys.exit(main())
