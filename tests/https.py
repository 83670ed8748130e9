"""The shop behind https, as in production: a proxy with a certificate of its own, on this machine."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOST = re.compile(rb"\r\nhost: [^\r\n]*", re.IGNORECASE)


@contextmanager
def proxy(folder: Path, *, public: int, hooks: int, to: int) -> Iterator[None]:
    """While entered, https://localhost:`public` is the server at the port `to`.

    What comes to http://127.0.0.1:`hooks` goes there too, under the public host: for programs that don't know
    the certificate.
    """
    ready = threading.Event()
    stopped: list[Callable[[], object]] = []

    async def serve() -> None:
        host = f"localhost:{public}".encode()
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(*certificate(folder))
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        stopped.append(lambda: loop.call_soon_threadsafe(ended.set))
        await asyncio.start_server(lambda r, w: _forward(r, w, to, b""), "127.0.0.1", public, ssl=secure)
        await asyncio.start_server(lambda r, w: _forward(r, w, to, host), "127.0.0.1", hooks)
        ready.set()
        await ended.wait()

    # Connections that are still open end with the loop.
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        stopped[0]()
        thread.join(10)


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, host: bytes
) -> None:
    """Carry one connection; with `host`, its first request is for that host."""
    behind, ahead = await asyncio.open_connection("127.0.0.1", port)
    if host:
        head = await reader.readuntil(b"\r\n\r\n")
        ahead.write(_HOST.sub(b"\r\nHost: " + host, head, count=1))
    await asyncio.gather(_carry(reader, ahead), _carry(behind, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError, asyncio.CancelledError):
        writer.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of localhost and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    moment = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(days=1))
        .not_valid_after(moment + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
