"""Pictures from addresses: only public ones are ever connected to, and nothing is waited for without end."""

from __future__ import annotations

import gzip
import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from shop_app.core.errors import Invalid
from shop_app.services.product_files import fetching, public_addresses
from shop_app.services.product_files.fetching import Fetcher, web_address
from shop_app.services.product_files.public_addresses import is_public, public_address
from tests.conftest import NetworkRefused

INSIDE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "5f00::1",
    "2001:db8::1",
    "3fff::1",
    "2001:10::1",
    "2001:20::1",
    "2001:2::1",
    # An inner IPv4 address under another name: mapped, compatible, translated, NAT64, its local form,
    # 6to4, Teredo.
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::10.0.0.1",
    "::93.184.216.34",
    "::ffff:0:10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1::93.184.216.34",
    "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:5db8:d822::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
)
OUTSIDE = (
    "93.184.216.34",
    "8.8.8.8",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80e::200e",
    "::ffff:93.184.216.34",
    "64:ff9b::93.184.216.34",
)


@pytest.mark.parametrize("address", INSIDE)
def test_what_leads_inside_by_whatever_name_is_not_public(address: str):
    assert not is_public(address)
    if "%" not in address:
        shown = f"[{address}]" if ":" in address else address
        with pytest.raises(Invalid, match="isn't a public address"):
            Fetcher().fetch(f"http://{shown}/a.jpg")


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_out_in_the_world_is_public_and_connected_to_as_it_was_looked_up(address: str):
    assert is_public(address)
    address_found = public_address(address, 443)
    assert ipaddress.ip_address(address_found) == ipaddress.ip_address(address)
    shown = f"[{address}]" if ":" in address else address
    for scheme in ("http", "https"):
        with pytest.raises(NetworkRefused, match=f"'{re.escape(address_found)}'"):
            Fetcher().fetch(f"{scheme}://{shown}/a.jpg")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a.jpg",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "file:///etc/passwd",
        "ftp://93.184.216.34/a.jpg",
        "http://93.184.216.34:8080/a.jpg",
        "https://93.184.216.34:80/",
        "http://a:x/",
        "http://93.184.216.34:443/",
        "http://user:pw@93.184.216.34/a.jpg",
        "http://@93.184.216.34/",
        "http://a:99999/",
        "http://93.184.216.34\\@127.0.0.1/",
        "gopher://x",
        "http://",
        "http:///a",
        "not an address",
        "",
        "http://[::1",
        "http://" + "a" * 300 + ".example/",
        "http://93.184.216.34/" + "a" * 2_000,
    ],
)
def test_other_addresses_are_never_asked(monkeypatch: pytest.MonkeyPatch, url: str):
    answers(monkeypatch, ["127.0.0.1"])
    with pytest.raises(Invalid):
        Fetcher().fetch(url)


def answers(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> None:
    """Have each look-up answered with the next of these; the last one stays."""
    left = list(rounds)

    def look_up(host: str, port: int, *_how: object, **_more: object) -> list[tuple]:
        if re.fullmatch(r"\d+(\.\d+){3}", host):
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))]
        now = left.pop(0) if len(left) > 1 else left[0]
        return [(None, None, None, "", (address, port)) for address in now]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_a_name_that_turns_inside_after_the_check_gains_nothing(monkeypatch: pytest.MonkeyPatch):
    answers(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    with pytest.raises(NetworkRefused, match=r"93\.184\.216\.34"):
        Fetcher().fetch("http://rebound.example/a.jpg")


def test_a_name_with_one_inner_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch):
    answers(monkeypatch, ["93.184.216.34", "64:ff9b::a00:1"])
    with pytest.raises(Invalid, match="isn't a public address"):
        Fetcher().fetch("http://both.example/a.jpg")


# --- Over a real connection, to a server on this machine that counts as public --------------------

Serve = Callable[[socket.socket, bytes], None]


class Server:
    """Hands each connection and the head of its request to `serve`; `asked` is what came."""

    def __init__(self, serve: Serve) -> None:
        self._serve, self.asked = serve, list[bytes]()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _address = self._listening.accept()
            except OSError:
                return
            with connection:
                head = connection.recv(65_536)
                self.asked.append(head)
                try:
                    self._serve(connection, head)
                except OSError:
                    continue  # The fetcher has hung up.

    def close(self) -> None:
        self._listening.close()


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> Iterator[Server]:
    """A server that stands for pictures.example on port 80; every other name leads inside."""
    server = Server(serve)
    connect = socket.create_connection

    def here(address: tuple[str, int], *args: object, **more: object) -> socket.socket:
        assert address == ("127.0.0.1", 80)
        return connect(("127.0.0.1", server.port), *args, **more)  # pyright: ignore

    hosts = {"pictures.example": "127.0.0.1", "inner.example": "10.0.0.1"}

    def look_up(host: str, port: int, *_how: object, **_more: object) -> list[tuple]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (hosts.get(host, host), port))]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        patch.setattr(socket, "create_connection", here)
        patch.setattr(public_addresses, "is_public", "127.0.0.1".__eq__)
        yield server
    server.close()


def sends(answer: bytes) -> Serve:
    return lambda connection, _head: connection.sendall(answer)


def headed(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()


def test_a_picture_is_fetched_by_the_name_of_its_host(monkeypatch: pytest.MonkeyPatch):
    with serving(monkeypatch, sends(headed("200 OK", "Content-Length: 3") + b"abc")) as server:
        assert Fetcher().fetch("http://pictures.example/a b/ü.jpg?x=1&y=ä#part") == b"abc"
    first, *headers = server.asked[0].decode().split("\r\n")
    assert first == "GET /a%20b/%C3%BC.jpg?x=1&y=%C3%A4 HTTP/1.1"
    assert {"Host: pictures.example", "Accept-Encoding: identity"} <= set(headers)


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("http://inner.example/a.jpg", "inner.example isn't a public address"),
        ("http://10.0.0.1/a.jpg", "isn't a public address"),
        ("file:///etc/passwd", "isn't a web address that"),
        ("http://pictures.example:22/", "isn't a web address that"),
        ("http://user:pw@pictures.example/", "isn't a web address that"),
        ("/again", "leads on too many times"),
        ("", "leads on too many times"),
    ],
)
def test_an_address_that_leads_on_is_checked_again(
    monkeypatch: pytest.MonkeyPatch, location: str, sentence: str
):
    with serving(monkeypatch, sends(headed("302 Found", f"Location: {location}"))) as server:
        with pytest.raises(Invalid, match=sentence):
            Fetcher().fetch("http://pictures.example/a.jpg")
        assert len(server.asked) == (4 if "too many" in sentence else 1)


def test_more_than_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "MAX_BYTES", 100_000)
    sent = []

    def endless(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(headed("200 OK", "Content-Length: 100000000"))
        while True:
            connection.sendall(b"x" * 50_000)
            sent.append(50_000)

    with serving(monkeypatch, endless), pytest.raises(Invalid, match="larger than"):
        Fetcher().fetch("http://pictures.example/a.jpg")
    assert sum(sent) < 50_000_000


def test_what_is_packed_is_not_unpacked(monkeypatch: pytest.MonkeyPatch):
    packed = gzip.compress(b"\0" * 10_000_000)
    head = headed("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(packed)}")
    with serving(monkeypatch, sends(head + packed)), pytest.raises(Invalid, match="packed data"):
        Fetcher().fetch("http://pictures.example/a.jpg")


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 200 OK\r\nX-Slow: ", headed("200 OK", "Content-Length: 9999999")]
)
def test_one_who_speaks_without_end_is_not_listened_to(monkeypatch: pytest.MonkeyPatch, begun: bytes):
    """Each step is quick enough by itself; together they aren't."""
    monkeypatch.setattr(fetching, "SECONDS", 0.3)
    over = threading.Event()

    def drip(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(begun)
        while not over.wait(0.01):
            connection.sendall(b"x")

    with serving(monkeypatch, drip):
        fetched = []

        def fetch() -> None:
            with pytest.raises(Invalid) as refusal:
                Fetcher().fetch("http://pictures.example/a.jpg")
            fetched.append(refusal.value.message)

        fetching_thread = threading.Thread(target=fetch, daemon=True)
        fetching_thread.start()
        fetching_thread.join(20)
        over.set()
    assert len(fetched) == 1


def test_a_host_that_does_not_answer_is_asked_three_times_and_no_more(monkeypatch: pytest.MonkeyPatch):
    fetcher = Fetcher()
    with serving(monkeypatch, sends(b"no HTTP at all\r\n\r\n")) as server:
        for _ in range(5):
            with pytest.raises(Invalid):
                fetcher.fetch("http://pictures.example/a.jpg")
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    "url", ["http://pictures.example/a.jpg", "https://pictures.example:443/", "HTTP://X/"]
)
def test_web_addresses_are_let_through(url: str):
    assert web_address(url).hostname
