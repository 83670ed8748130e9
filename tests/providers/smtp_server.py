"""A small mail server for the tests: real sockets, the extensions and the answers that a test asks for."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SmtpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *, unicode: bool = False, **answers: str) -> None:
        """`unicode`: offers SMTPUTF8. `answers` are given to these commands, in place of 250."""
        super().__init__(("127.0.0.1", 0), _Talk)
        self.extensions = ["8BITMIME", *(["SMTPUTF8"] if unicode else [])]
        self.answers = answers
        self.recipients: list[str] = []
        """As RCPT named them, refused ones included."""
        self.taken: list[str] = []
        """The letters, as they came."""
        self.talks = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Talk(socketserver.StreamRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        self.server.talks += 1
        self._say(self.server.answers.get("GREETING", "220 hello"))
        while line := self.rfile.readline().decode().strip():
            command = line.split(" ")[0].split(":")[0].upper()
            if command == "QUIT":
                return self._say("221 bye")
            if command == "EHLO" and "EHLO" not in self.server.answers:
                lines = ["mail.example", *self.server.extensions]
                self._say("\r\n".join([*(f"250-{text}" for text in lines[:-1]), f"250 {lines[-1]}"]))
                continue
            if command == "RCPT":
                self.server.recipients.append(line.partition("<")[2].partition(">")[0])
            if command == "DATA" and "DATA" not in self.server.answers:
                self._say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                self.server.taken.append(text.decode())
            self._say(self.server.answers.get(command, "250 ok"))
        return None

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def smtp_server(*, unicode: bool = False, **answers: str) -> Iterator[SmtpServer]:
    with SmtpServer(unicode=unicode, **answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
