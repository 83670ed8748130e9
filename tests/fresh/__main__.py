"""The shop on bare machines: `make test-fresh`, as root, on Debian with debootstrap.

Each of Debian 12, 13 and unstable is laid out in a folder of its own, with the packages that README names
and no other. There an ordinary user without rights clones the last commit into a folder with blanks and an
umlaut in its name, and does what README says. The table at the end has the seconds of each step.

`python -m tests.fresh debian-13` runs one of them. FRESH_DIR names the folder (default /var/tmp/shop-fresh);
the bare systems in it are kept for the next time. FRESH_MIRROR says where debootstrap takes them from.
"""

from __future__ import annotations

import signal
import sys
import time

from tests.fresh import steps
from tests.fresh.machine import BASES, CantRun, Failed, Machine, look, new_machine

Figures = dict[str, str]
"""Step -> its seconds, or `FAILED`."""
FAILED = "failed"


def try_out(name: str, figures: Figures) -> None:
    """Do every step on a new machine, and note its figures."""
    with new_machine(name) as machine:
        figures["Python"] = machine.run("python3", "--version").split()[1]
        for step, work in steps.STEPS.items():
            if not _done(machine, step, work, figures) and step in steps.NEEDED:
                break
        machine.keep = FAILED in figures.values()


def _done(machine: Machine, step: str, work: steps.Step, figures: Figures) -> bool:
    print(f"{machine.name}: {step} …", flush=True)
    began = time.monotonic()
    try:
        seconds = work(machine)
    except Failed as failed:
        figures[step] = FAILED
        print(f"{machine.name}: {step} failed\n{failed}\n", flush=True)
        return False
    figures[step] = f"{time.monotonic() - began if seconds is None else seconds:.1f}"
    print(f"{machine.name}: {step}: {figures[step]} s", flush=True)
    return True


def table(done: dict[str, Figures]) -> str:
    """The figures, a column for each machine."""
    rows = list(dict.fromkeys(step for figures in done.values() for step in figures))
    wide = max(map(len, rows))
    lines = [" " * wide + "".join(f"{name:>18}" for name in done)]
    lines += [
        f"{row:<{wide}}" + "".join(f"{figures.get(row, '–'):>18}" for figures in done.values())
        for row in rows
    ]
    return "\n".join(lines)


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in BASES]:
        print(f"There is no {unknown[0]}; there are {', '.join(BASES)}.", file=sys.stderr)
        return 2
    done: dict[str, Figures] = {}
    # However it is ended, what runs on the machines ends too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    was_ended = False
    try:
        look()
        for name in names or BASES:
            try_out(name, done.setdefault(name, {}))
    except CantRun as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        was_ended = True
    if done:
        print(f"\nSeconds on bare machines:\n{table(done)}", flush=True)
    return 1 if was_ended or any(FAILED in figures.values() for figures in done.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
