"""A small HTTP server for the tests: real sockets, and the answers that a test gives it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpStub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers: Mapping[str, Said], otherwise: Said) -> None:
        """`answers` by path, without the query."""
        super().__init__(("127.0.0.1", 0), _Talk)
        self.answers, self.otherwise = answers, otherwise
        self.asked: list[str] = []
        """Method and path of each request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Talk(BaseHTTPRequestHandler):
    server: HttpStub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        said = self.server.answers.get(path, self.server.otherwise)
        body = said.body.encode() if isinstance(said.body, str) else json.dumps(said.body).encode()
        self.send_response_only(said.status)
        for name, value in {"Date": self.date_time_string(), **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing on stderr."""


@contextmanager
def http_stub(answers: Mapping[str, Said], *, otherwise: Said | None = None) -> Iterator[HttpStub]:
    with HttpStub(answers, otherwise or Said(404, {})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
