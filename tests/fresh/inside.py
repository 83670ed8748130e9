"""Runs on a bare machine: starts what serves the shop, says when it is open, ends it when its input ends.

`python3 inside.py PORT COMMAND…` prints "open SECONDS", or, where the shop doesn't open, what the command
printed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE_SECONDS = 900
END_SECONDS = 40


def is_open(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def main(port: str, command: list[str]) -> int:
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        while process.poll() is None and not is_open(port):
            if time.monotonic() - began > PATIENCE_SECONDS:
                break
            time.sleep(0.1)
        was_open = is_open(port)
        if was_open:
            print(f"open {time.monotonic() - began:.1f}", flush=True)
            sys.stdin.read()
        # As Ctrl-C in a terminal: every process of the command gets it.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            was_open = False
        output.seek(0)
        sys.stdout.write(output.read().decode(errors="replace"))
    return 0 if was_open else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
