"""Several workers on one port: each is a server process of its own, which is started again when it dies.

A worker and its supervisor hold the two ends of a socket, the worker's as its standard input: it writes when
it answers, and stops when the other end is gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import suppress

from shop_app.web import logs

log = logging.getLogger(__name__)

STOP_SECONDS = 45
"""So long workers may take to stop: requests and handlers, then jobs, then what came meanwhile."""
FALLS = 5
"""Deaths of one worker in a row, each soon after its start, that end the shop."""
SOON_SECONDS = 5
PAUSE_SECONDS = 1
"""Before a worker is started again that died soon after its start."""
READY = b"r"
_STDIN = 0


# --- The supervisor's end ------------------------------------------------------------------------


def supervise(count: int, announce: Callable[[], object]) -> int:
    """Keep `count` workers running until SIGINT or SIGTERM; returns the exit code.

    `announce` is called when all of them answer for the first time.
    """
    logs.redact()
    return asyncio.run(Supervisor(count, announce).run())


def _command(number: int) -> Sequence[str]:
    return (sys.executable, "-m", "shop_app", "serve", "--worker", str(number))


class Supervisor:
    """Keeps workers running; `command` gives the command line that starts the one with a number."""

    def __init__(
        self,
        count: int,
        announce: Callable[[], object],
        command: Callable[[int], Sequence[str]] = _command,
    ) -> None:
        self._command = command
        self._numbers = range(1, count + 1)
        self._announce = announce
        self._not_ready = set(self._numbers)
        self._processes: dict[int, Process] = {}
        self._stops = asyncio.Event()
        self._gave_up = False

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        stops = asyncio.create_task(self._stops.wait())
        workers = [asyncio.create_task(self._keep(number)) for number in self._numbers]
        try:
            # A worker's task ends before only by an error of this process's own.
            await asyncio.wait([stops, *workers], return_when=asyncio.FIRST_COMPLETED)
            if not self._stops.is_set():
                self.stop()
            await asyncio.wait(workers, timeout=STOP_SECONDS)
        finally:
            for number, process in self._processes.items():
                log.error("Worker %s doesn't stop, and is killed", number)
                _send(process, signal.SIGKILL)
        await asyncio.gather(*workers)
        return 1 if self._gave_up else 0

    def stop(self) -> None:
        """Ask all workers to stop; asked again, they don't wait for what is under way."""
        self._stops.set()
        for process in self._processes.values():
            _send(process, signal.SIGTERM)

    async def _keep(self, number: int) -> None:
        falls = 0
        while not self._stops.is_set():
            answered_at, code = await self._live(number)
            if self._stops.is_set():
                return
            lived = answered_at is not None and time.monotonic() - answered_at > SOON_SECONDS
            falls = 0 if lived else falls + 1
            if falls >= FALLS:
                log.error(
                    "Worker %s ended %s times in a row (%s at last); the shop stops",
                    number,
                    falls,
                    _how(code),
                )
                self._gave_up = True
                self.stop()
                return
            log.error("Worker %s ended: %s. It is started again", number, _how(code))
            if falls:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stops.wait(), PAUSE_SECONDS)

    async def _live(self, number: int) -> tuple[float | None, int]:
        """Start a worker and wait for its end: the moment when it answered, if it did, and its exit code."""
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            with theirs:
                process = await asyncio.create_subprocess_exec(*self._command(number), stdin=theirs)
            self._processes[number] = process
            if self._stops.is_set():
                _send(process, signal.SIGTERM)
            answered_at = None
            with suppress(ConnectionError):
                if await asyncio.get_running_loop().sock_recv(ours, 1) == READY:
                    answered_at = time.monotonic()
                    self._answers(number)
            code = await process.wait()
        del self._processes[number]
        return answered_at, code

    def _answers(self, number: int) -> None:
        first, self._not_ready = self._not_ready, self._not_ready - {number}
        if first and not self._not_ready:
            self._announce()


def _send(process: Process, signal_number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal_number)


def _how(code: int) -> str:
    """How a process ended.

    >>> _how(3), _how(-9)
    ('exit code 3', 'killed by SIGKILL')
    """
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


# --- A worker's end ------------------------------------------------------------------------------

_supervised = False


def obey() -> None:
    """Leave it to the supervisor to stop this process: Ctrl-C in a terminal reaches both."""
    global _supervised
    _supervised = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def stop_signals() -> tuple[signal.Signals, ...]:
    """The signals that this process stops at."""
    return (signal.SIGTERM,) if _supervised else (signal.SIGINT, signal.SIGTERM)


def watch(stop: Callable[[], object]) -> None:
    """In a worker, call `stop` when the supervisor is gone."""
    if not _supervised:
        return
    loop = asyncio.get_running_loop()

    def gone() -> None:
        # It writes nothing: what can be read is the end.
        loop.remove_reader(_STDIN)
        log.error("The supervisor is gone: this worker stops")
        stop()

    loop.add_reader(_STDIN, gone)


def say_ready() -> None:
    """Tell the supervisor that this worker answers."""
    with suppress(OSError):
        os.write(_STDIN, READY)
