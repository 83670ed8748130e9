"""What is done on each bare machine, in this order. A step answers its seconds where not all of it counts."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from tests.fresh import purchase
from tests.fresh.machine import CLONE, HOME, Failed, Machine
from tests.shop import free_port
from tests.socket_client import Closed

Step = Callable[[Machine], float | None]
SHORT_PARTS = ("rules", "house", "state", "services", "http")
"""The quick ones first."""
UNPACKED = HOME / "from an archive"


def clone(machine: Machine) -> None:
    machine.run("mkdir", "-p", str(CLONE.parent))
    machine.run("git", "clone", "--quiet", str(HOME / "shop.bundle"), str(CLONE))


def first_run(machine: Machine) -> float:
    """`make run` from nothing; then somebody buys, and the books add up."""
    port = free_port()
    with machine.serving("make", "run", port=port) as seconds:
        try:
            purchase.buy(f"http://localhost:{port}")
        except (AssertionError, OSError, TimeoutError, Closed, aiohttp.ClientError) as error:
            raise Failed(f"the purchase failed: {error!r}") from error
    machine.run(".venv/bin/python", "-m", "shop_app", "check-books", at=CLONE)
    _is_clean(machine)
    return seconds


def run_offline(machine: Machine) -> float:
    """The same with a network in which nobody else is."""
    with machine.serving("make", "run", port=free_port(), network=False) as seconds:
        pass
    return seconds


def check(machine: Machine) -> None:
    machine.run("make", "check", at=CLONE)
    _is_clean(machine)


def dev(machine: Machine) -> float:
    """With hot reload: `reflex run`."""
    with machine.serving("make", "dev", port=free_port()) as seconds:
        pass
    _is_clean(machine)
    return seconds


def part(name: str) -> Step:
    """One part of the suite."""

    def run(machine: Machine) -> None:
        machine.run("make", "test", f"ARGS=--part {name}", at=CLONE, seconds=3600)
        _is_clean(machine)

    return run


def former_data(machine: Machine) -> None:
    """Shops of former releases, with orders and refunds, brought to this one."""
    machine.run("make", "test", "ARGS=-q tests/upgrade", at=CLONE)
    _is_clean(machine)


def other_way(machine: Machine) -> float:
    """A source archive without git, and the other way that README names: pip install, reflex run."""
    machine.run("mkdir", str(UNPACKED))
    machine.run("tar", "-xf", str(HOME / "shop.tar"), at=UNPACKED)
    machine.run("python3", "-m", "venv", "env", at=UNPACKED)
    machine.run("env/bin/pip", "install", "--quiet", "-r", "requirements.txt", at=UNPACKED)
    port = free_port()
    command = ("env/bin/reflex", "run", "--frontend-port", str(port))
    with machine.serving(*command, port=port, at=UNPACKED) as seconds:
        pass
    return seconds


def _is_clean(machine: Machine) -> None:
    """Errors  Failed where the clone isn't as git has it."""
    if changed := machine.run("git", "status", "--porcelain", at=CLONE):
        raise Failed(f"the clone has changed:\n{changed}")


STEPS: dict[str, Step] = {
    "git clone": clone,
    "make run, from nothing to open": first_run,
    "make run, offline": run_offline,
    "former releases' data": former_data,
    **{f"make test, part {name}": part(name) for name in SHORT_PARTS},
    "make dev": dev,
    "make check": check,
    "source archive, pip install, reflex run": other_way,
}
NEEDED = ("git clone", "make run, from nothing to open")
"""Without these there is nothing to go on with."""
