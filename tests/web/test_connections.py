"""Thousands of connections that say little or nothing: everybody else is served, and they are closed."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import psutil
import pytest

from shop_app import serve
from shop_app.web import bodies

from .conftest import Probe, start_probe_app

MOST = 3_000
CLOSED_WITHIN_SECONDS = 40


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    running = start_probe_app(tmp_path_factory.mktemp("connections"))
    yield running
    running.process.terminate()
    running.process.wait(20)


@pytest.fixture(scope="module")
def many() -> Iterator[int]:
    """So many connections as this machine lets a test open, 3,000 where it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = MOST + 500 if hard == resource.RLIM_INFINITY else min(MOST + 500, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    yield min(MOST, count - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def requests(probe: Probe) -> dict[str, bytes]:
    host = probe.url.removeprefix("http://")
    post = f"POST /webhooks/stripe HTTP/1.1\r\nHost: {host}\r\nOrigin: {probe.url}\r\n"
    return {
        "says nothing": b"",
        "half a head": post.encode(),
        "half a body": f"{post}Content-Length: 1000\r\n\r\n{{".encode(),
        "chunks that stop": f"{post}Transfer-Encoding: chunked\r\n\r\n5\r\n{{".encode(),
        "stays after its answer": f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(),
    }


def opened(stack: ExitStack, probe: Probe, request: bytes, count: int) -> list[socket.socket]:
    port = int(probe.url.rsplit(":", 1)[1])
    collected = []
    for _ in range(count):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        connection.sendall(request)
        collected.append(connection)
    return collected


def closed_by_the_server(connection: socket.socket, ends_at: float) -> bool:
    connection.settimeout(max(0.1, ends_at - time.monotonic()))
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("kind", list(requests(Probe("http://x", None, None))))  # pyright: ignore
def test_thousands_of_connections_stop_nobody(probe: Probe, many: int, kind: str) -> None:
    with ExitStack() as stack:
        opened(stack, probe, requests(probe)[kind], many)
        for _ in range(5):
            assert httpx.get(f"{probe.url}/healthz", timeout=20).status_code == 200
            assert httpx.get(f"{probe.url}/robots.txt", timeout=20).status_code == 200


def test_each_of_them_is_closed_in_the_end(probe: Probe) -> None:
    with ExitStack() as stack:
        connections = {kind: opened(stack, probe, request, 3) for kind, request in requests(probe).items()}
        ends_at = time.monotonic() + CLOSED_WITHIN_SECONDS
        left = [
            kind
            for kind, those in connections.items()
            for one in those
            if not closed_by_the_server(one, ends_at)
        ]
    assert left == []


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the bound is Linux's")
def test_who_never_reads_the_answers_is_closed(probe: Probe) -> None:
    """As many as there may be connections once stayed for as long as they liked, and nobody else got one."""
    request_bytes = requests(probe)["stays after its answer"] * 30_000
    with ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", int(probe.url.rsplit(":", 1)[1])))
            connection.setblocking(False)
            left_to_ask = memoryview(request_bytes)
            with suppress(BlockingIOError):
                while left_to_ask:
                    left_to_ask = left_to_ask[connection.send(left_to_ask) :]
        server_process = psutil.Process(probe.process.pid)
        ends_at = time.monotonic() + CLOSED_WITHIN_SECONDS
        while left := [one for one in server_process.net_connections("tcp") if one.status == "ESTABLISHED"]:
            if time.monotonic() > ends_at:
                break
            time.sleep(0.5)
    assert left == []


def test_half_a_body_is_answered_before_its_connection_is_closed(probe: Probe) -> None:
    with ExitStack() as stack:
        [one] = opened(stack, probe, requests(probe)["half a body"], 1)
        one.settimeout(bodies.SILENT_SECONDS + 20)
        # Until it is closed: head and body may come in two parts.
        answer = b"".join(iter(lambda: one.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"The rest of the request didn't arrive in time." in answer


def test_a_body_that_grows_past_the_limit_is_answered_whatever_it_promised(probe: Probe) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(bodies.BODY_BYTES // 2**20 + 2):
            yield b"x" * 2**20

    for content in (parts(), b"".join(parts())):
        answer = httpx.post(f"{probe.url}/webhooks/stripe", content=content, timeout=30)
        assert (answer.status_code, answer.text[:10]) == (413, "too large")


def test_http_2_is_not_spoken(probe: Probe) -> None:
    with ExitStack() as stack:
        [one] = opened(
            stack, probe, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 1
        )
        answer = one.recv(4096)
    assert b"\x00\x00" not in answer[:9]
    assert not answer or answer.startswith(b"HTTP/1.1 4")


def test_the_server_takes_as_many_connections_as_the_system_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"now": (1024, 20_000)}
    monkeypatch.setattr(serve.resource, "getrlimit", lambda _kind: limits["now"])
    monkeypatch.setattr(serve.resource, "setrlimit", lambda _kind, pair: limits.update(now=pair))
    assert serve.most_connections() == serve.MAX_CONNECTIONS
    assert limits["now"] == (serve.MAX_CONNECTIONS + serve.FILES_BESIDE, 20_000)
    limits["now"] = (1024, 4096)
    assert serve.most_connections() == 4096 - serve.FILES_BESIDE
    limits["now"] = (256, 256)
    assert serve.most_connections() == 128
    limits["now"] = (1024, resource.RLIM_INFINITY)
    assert serve.most_connections() == serve.MAX_CONNECTIONS
