"""A load client that costs little: one connected tab in a process of its own, on a bare websocket.

A browser's event is a text frame; the answer has a prefix of its own, so nothing is parsed. Several
processes share the work, because one Python client costs about as much as the server that it loads.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from dataclasses import dataclass

from tests.socket_client import NAMESPACE, Tab, event

ANSWER = f'42{NAMESPACE},["event",{{"delta":{{"'
PUSH = "state___live____live"
"""A push about another tab or about stock: no answer to an event."""


@dataclass(frozen=True, slots=True)
class Load:
    """What `processes` x `tabs` did in `seconds`: the time of each event, and its bytes down."""

    events: int
    seconds: float
    milliseconds: list[float]
    frame_bytes: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds


async def _one(url: str, frames: list[str], ends: float, times: list[float]) -> tuple[int, int]:
    async with Tab(url) as tab:
        await tab.settle(quiet=0.4)
        tab.keep_frames = False
        assert tab._socket is not None
        send, receive = tab._socket.send_str, tab._socket.receive
        at = done = size = 0
        while time.perf_counter() < ends:
            started = time.perf_counter()
            await send(frames[at])
            at = (at + 1) % len(frames)
            while True:
                frame = (await receive()).data
                if frame == "2":
                    await send("3")
                elif isinstance(frame, str) and frame.startswith(ANSWER) and PUSH not in frame:
                    size += len(frame)
                    # The last update of an event says so; what comes before it belongs to it.
                    if '"final":false' not in frame:
                        break
                elif frame is None:
                    raise ConnectionError("the server closed the socket")
            times.append((time.perf_counter() - started) * 1000)
            done += 1
        return done, size


def _process(url: str, frames: list[str], tabs: int, seconds: float, results: multiprocessing.Queue) -> None:
    async def all_tabs() -> None:
        # Everybody is connected before anybody begins to count.
        ends = time.perf_counter() + seconds + 1.0
        times: list[float] = []
        counts = await asyncio.gather(*(_one(url, frames, ends, times) for _ in range(tabs)))
        results.put((sum(done for done, _ in counts), sum(size for _, size in counts), times))

    asyncio.run(all_tabs())


def run(url: str, events: list[tuple[str, dict]], *, processes: int, tabs: int, seconds: float) -> Load:
    """Send the events over and over from every tab, each waiting for its answer."""
    frames = [f"42{NAMESPACE},{json.dumps(['event', event(name, payload)])}" for name, payload in events]
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(target=_process, args=(url, frames, tabs, seconds, results)) for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    results_of_workers = [results.get(timeout=seconds + 60) for _ in workers]
    for worker in workers:
        worker.join()
    times = [time for _, _, some in results_of_workers for time in some]
    sent = sum(done for done, _, _ in results_of_workers)
    # What counts is the time that events took, not that of connecting: tabs x time is their sum.
    busy = sum(times) / 1000 / (processes * tabs)
    return Load(sent, busy, times, sum(size for _, size, _ in results_of_workers) / max(sent, 1))
