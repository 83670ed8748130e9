"""A bare machine: a system of its own in a folder, entered with mounts that end with what runs there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fresh import registries

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(os.environ.get("FRESH_DIR", "/var/tmp/shop-fresh"))
BASES = {"debian-12": "bookworm", "debian-13": "trixie", "debian-unstable": "sid"}
"""Each machine, and what Debian calls it."""
# What README says is needed: Python with venv, make and git, and the certificates of whom packages come from.
PACKAGES = ("python3", "python3-venv", "make", "git", "ca-certificates")
PROGRAMS = {"debootstrap": "debootstrap", "unshare": "util-linux", "mount": "mount", "git": "git"}
USER_ID = 1000
HOME = Path("/srv/keeper")
CLONE = HOME / "Lädchen am Eck" / "shop"
LAST_LINES = 40


class CantRun(Exception):
    """Bare machines can't be made here; the sentence says what is missing."""


class Failed(Exception):
    """A step failed; the message is what it printed last."""


def look() -> None:
    """Errors  CantRun."""
    if os.geteuid() != 0:
        raise CantRun("Bare machines are made by root: sudo make test-fresh.")
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        raise CantRun(f"Bare machines need {' and '.join(missing)}: apt-get install {' '.join(missing)}")


@dataclass(slots=True)
class Machine:
    name: str
    root: Path
    log: Path
    """All that was printed there."""
    keep: bool = True
    """Whether it is left for looking at."""
    environment: dict[str, str] = field(default_factory=dict)
    shown: list[Path] = field(default_factory=list)
    """What of this computer can be read there, at the same place."""

    def command(self, *command: str, at: Path, network: bool, more: Mapping[str, str]) -> list[str]:
        """The command of this computer that runs that one there, as the ordinary user."""
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(HOME),
            "USER": HOME.name,
            **self.environment,
            **more,
        }
        return [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            *([] if network else ["--net"]),
            sys.executable,
            str(ROOT / "tests" / "fresh" / "enter.py"),
            f"--root={self.root}",
            f"--user={USER_ID}",
            f"--at={at}",
            *(["--loopback"] if not network else []),
            *(f"--show={path}" for path in self.shown),
            *(f"--set={name}={value}" for name, value in environment.items()),
            "--",
            *command,
        ]

    def run(
        self, *command: str, at: Path = HOME, seconds: int = 1800, network: bool = True, **more: str
    ) -> str:
        """Run it to its end; what it printed.

        Errors  Failed.
        """
        try:
            done = subprocess.run(
                self.command(*command, at=at, network=network, more=more),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as late:
            output = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
            self._note(command, output)
            raise Failed(f"{' '.join(command)} took more than {seconds} s\n{last(output)}") from None
        self._note(command, done.stdout)
        if done.returncode:
            raise Failed(f"{' '.join(command)} ended with {done.returncode}\n{last(done.stdout)}")
        return done.stdout

    @contextmanager
    def serving(
        self, *command: str, port: int, at: Path = CLONE, network: bool = True, **more: str
    ) -> Iterator[float]:
        """Have it serve on that port inside the block; the seconds until the shop was open.

        Errors  Failed.
        """
        inside = ("python3", str(CLONE / "tests" / "fresh" / "inside.py"), str(port), *command)
        process = subprocess.Popen(
            self.command(*inside, at=at, network=network, more=more | {"PORT": str(port)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert process.stdin
        assert process.stdout
        printed = ""
        try:
            answer = process.stdout.readline()
            if not answer.startswith("open "):
                printed = answer + process.stdout.read()
                raise Failed(f"{' '.join(command)} never opened the shop\n{last(printed)}")
            yield float(answer.split()[1])
            process.stdin.close()
            printed = process.stdout.read()
            if process.wait(60):
                raise Failed(f"{' '.join(command)} ended with {process.returncode}\n{last(printed)}")
        finally:
            process.kill()
            process.wait()
            self._note(command, printed)

    def _note(self, command: tuple[str, ...], output: str) -> None:
        with self.log.open("a") as log:
            log.write(f"\n$ {' '.join(command)}\n{output}")


def last(output: str) -> str:
    return "\n".join(output.rstrip().splitlines()[-LAST_LINES:])


@contextmanager
def new_machine(name: str) -> Iterator[Machine]:
    """A new bare machine, removed at the end unless it is to be kept.

    Errors  CantRun where its system can't be had.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o711)
    root = FOLDER / name
    if root.exists():
        shutil.rmtree(root)
    base = _base(name)
    subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)
    machine = Machine(name, root, FOLDER / f"{name}.log")
    machine.log.write_text("")
    _furnish(machine)
    yield machine
    if machine.keep:
        print(f"{name}: it stays in {root}, what it printed is in {machine.log}", flush=True)
    else:
        shutil.rmtree(root)


def _base(name: str) -> Path:
    """The system as debootstrap leaves it, from the last time where there is one."""
    base = FOLDER / f"base-{name}"
    if base.exists():
        return base
    print(f"{name}: laying out the system …", flush=True)
    begun = base.with_name(base.name + "-begun")
    if begun.exists():
        shutil.rmtree(begun)
    options = ["--variant=minbase", f"--include={','.join(PACKAGES)}"]
    mirror = [found] if (found := os.environ.get("FRESH_MIRROR")) else []
    made = subprocess.run(
        ["debootstrap", *options, BASES[name], begun, *mirror],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if made.returncode:
        raise CantRun(f"debootstrap can't lay out {name}:\n{last(made.stdout)}")
    return begun.rename(base)


def _furnish(machine: Machine) -> None:
    """An ordinary user, this computer's way to the package registries, and the last commit to clone."""
    home = machine.root / HOME.relative_to("/")
    subprocess.run(
        [
            "chroot",
            machine.root,
            "useradd",
            "--uid",
            str(USER_ID),
            "--create-home",
            "--home-dir",
            HOME,
            HOME.name,
        ],
        check=True,
    )
    for path in (Path("/etc/resolv.conf"), Path("/etc/hosts")):
        shutil.copy(path, machine.root / path.relative_to("/"))
    machine.environment = registries.environment()
    machine.shown = registries.furnish(machine.root, home, USER_ID)
    bundle = home / "shop.bundle"
    subprocess.run(["git", "-C", ROOT, "bundle", "create", "--quiet", bundle, "HEAD"], check=True)
    archive = home / "shop.tar"
    subprocess.run(["git", "-C", ROOT, "archive", "--output", archive, "HEAD"], check=True)
    for path in (bundle, archive):
        os.chown(path, USER_ID, USER_ID)
