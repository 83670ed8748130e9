"""Goes into a bare machine, in namespaces of its own, and becomes the command that runs there.

What it mounts is seen by nobody else and ends with that command, however it ends.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import socket
import struct
import subprocess
from pathlib import Path

SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
"""Linux's call that switches a network interface, and the flag of one that is up."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--user", type=int, required=True)
    parser.add_argument("--at", required=True)
    parser.add_argument("--loopback", action="store_true", help="a network of its own, where nobody else is")
    parser.add_argument("--show", type=Path, action="append", default=[])
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    _mount("-t", "proc", "proc", given.root / "proc")
    for folder in ("dev", "sys"):
        _mount("--rbind", f"/{folder}", given.root / folder)
    # Shared memory of its own, which ends with it.
    _mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", given.root / "dev" / "shm")
    for path in given.show:
        place = given.root / path.relative_to("/")
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        _mount("--bind", "-o", "ro", path, place)
    if given.loopback:
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    os.chroot(given.root)
    os.setgroups([])
    os.setgid(given.user)
    os.setuid(given.user)
    os.chdir(given.at)
    environment = dict(setting.split("=", 1) for setting in given.set)
    os.execvpe(given.command[0], given.command, environment)


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()
