"""Requests as bytes over a connection of their own: what no client library would send."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Raw:
    """One request, byte for byte. `hosts` are its Host headers: none, one or several."""

    target: bytes = b"/"
    method: bytes = b"GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    hosts: tuple[bytes, ...] | None = None
    version: bytes = b"HTTP/1.1"
    line_end: bytes = b"\r\n"
    close: bool = True

    def written(self, own_host: bytes) -> bytes:
        """The request as it goes over the wire."""
        hosts = (own_host,) if self.hosts is None else self.hosts
        lines = [b" ".join((self.method, self.target, self.version))]
        lines += [b"Host: " + host for host in hosts]
        lines += [name + b": " + value for name, value in self.headers]
        lines += [b"Connection: close"] if self.close else []
        lines += [b"", b""]
        return self.line_end.join(lines) + self.body


@dataclass(slots=True)
class Answer:
    """What came back; `status` 0 where the line was closed without an answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def ask(url: str, request: Raw, *, timeout_seconds: float = 2) -> Answer:
    """Send one request and read until the server closes."""
    address = urlsplit(url)
    assert address.port
    with socket.create_connection(("127.0.0.1", address.port), timeout_seconds) as connection:
        # It may answer and close before all was sent, and the answer can still be read.
        with suppress(OSError):
            connection.sendall(request.written(address.netloc.encode()))
        return _read(connection)


def _read(connection: socket.socket) -> Answer:
    came = b""
    # Closed on us; or it waits for the rest of a body that was promised.
    with suppress(ConnectionResetError, TimeoutError):
        while part := connection.recv(65536):
            came += part
            # A switched protocol stays open: its head is the whole answer.
            if came.startswith(b"HTTP/1.1 101") and b"\r\n\r\n" in came:
                break
    head, _, body = came.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/"):
        return Answer()
    pairs = (line.split(":", 1) for line in lines)
    return Answer(int(first.split()[1]), {name.lower(): value.strip() for name, value in pairs}, body)


def chunked(*parts: bytes) -> bytes:
    """A body sent in chunks, which says nothing of its length beforehand."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
