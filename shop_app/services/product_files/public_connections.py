"""Connections to public addresses alone, with one deadline for all their steps."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from .public_addresses import public_address


class TooLate(Exception):
    """The deadline has passed."""


class PublicNetwork(httpcore.NetworkBackend):
    """Looks a host up, checks its address and connects to that; until `ends` (monotonic, seconds)."""

    def __init__(self, ends: float) -> None:
        self._ends = ends
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Errors  Invalid for a host that isn't public."""
        address = public_address(host, port)
        return _Ending(self._network.connect_tcp(address, port, _left(self._ends, timeout)), self._ends)


class _Ending(httpcore.NetworkStream):
    """A stream whose every step has at most the time that is left for all of them."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream, self._ends = stream, ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._ends, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._ends, timeout))
        return _Ending(stream, self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(ends: float, timeout: float | None) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TooLate
    return left if timeout is None else min(left, timeout)
