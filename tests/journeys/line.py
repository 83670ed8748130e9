"""A line between browser and shop that can be slow, and cut: documents in pieces, or no answer."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ALL = 65_536
PAUSE_SECONDS = 0.03


class Line:
    """Hands on connections to the shop at `url`; documents `piece` bytes at a time."""

    def __init__(self, shop_url: str, piece: int) -> None:
        self.shop_port = int(shop_url.rsplit(":", 1)[1])
        self.piece = piece
        self.is_cut = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection, and each new one, until `mend`."""
        self.is_cut = True
        for one in list(self.open):
            _end(one)

    def mend(self) -> None:
        self.is_cut = False

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
            else:
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = client.recv(ALL)
            if not received:
                client.close()
                return
            head += received
        is_document = b"sec-fetch-dest: document" in head.lower()
        head = head.replace(b"localhost:%d" % self.port, b"localhost:%d" % self.shop_port)
        if b"upgrade: websocket" not in head.lower():
            # One request for each connection, so that each is looked at; pieces of what isn't compressed.
            head = re.sub(rb"(?i)\r\n(connection|accept-encoding):[^\r]*", b"", head)
            head = head[:-2] + b"Connection: close\r\n\r\n"
        server = socket.create_connection(("127.0.0.1", self.shop_port))
        self.open |= {client, server}
        server.sendall(head)
        threading.Thread(target=self._hand_on, args=(client, server, ALL), daemon=True).start()
        self._hand_on(server, client, self.piece if is_document else ALL)

    def _hand_on(self, source: socket.socket, to: socket.socket, piece: int) -> None:
        try:
            while data := source.recv(ALL):
                for at in range(0, len(data), piece):
                    to.sendall(data[at : at + piece])
                    if piece < ALL:
                        time.sleep(PAUSE_SECONDS)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            _end(to)
        self.open.discard(source)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def line(shop_url: str, *, piece: int = ALL) -> Iterator[Line]:
    """A line to the shop; slow where documents come in pieces of so many bytes."""
    opened = Line(shop_url, piece)
    yield opened
    opened.listener.close()
    opened.cut()
