"""Fetches a picture from an address in a file: public addresses only, with limits of size and time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ...core.errors import Invalid
from ...core.i18n import _

if TYPE_CHECKING:
    import httpcore

MAX_BYTES = 25 * 1024 * 1024
MAX_URL = 2_000
SECONDS = 20.0
"""For one picture, redirects included; DNS lookups aren't limited."""
SILENT_SECONDS = 5.0
REDIRECTS = 3
MAX_FAILURES = 3
"""Of one host."""
_PLAIN = "/%:=&?~+!$,;'@()*[]-._"


@dataclass(slots=True)
class Fetcher:
    """Fetches bytes; a host that failed `MAX_FAILURES` times isn't tried again.

    A name is looked up once per connection, and the connection goes to the address that was checked: DNS
    rebinding to an inner address has no effect.
    """

    failures: dict[str, int] = field(default_factory=dict)

    def fetch(self, url: str) -> bytes:
        """The bytes behind an address.

        Errors  Invalid with the reason why there are none.
        """
        ends = time.monotonic() + SECONDS
        for _step in range(REDIRECTS + 1):
            parts = web_address(url)
            host = parts.hostname or ""
            if self.failures.get(host, 0) >= MAX_FAILURES:
                raise Invalid(_("{host} didn't answer for other pictures either.").format(host=host))
            answer = self._get(parts, host, ends)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
        raise Invalid(_("The address leads on too many times."))

    def _get(self, parts: SplitResult, host: str, ends: float) -> bytes | str:
        """The bytes, or the target of a redirect."""
        import httpcore

        from .public_connections import PublicNetwork, TooLate

        try:
            name = host.encode("idna")
            with (
                httpcore.ConnectionPool(network_backend=PublicNetwork(ends)) as pool,
                pool.stream(
                    "GET",
                    _url(parts, name),
                    headers=_headers(name),
                    extensions={"timeout": dict.fromkeys(("connect", "read", "write"), SILENT_SECONDS)},
                ) as answer,
            ):
                return _read(answer)
        except TooLate:
            raise Invalid(
                _("The picture took longer than {seconds} seconds.").format(seconds=int(SECONDS))
            ) from None
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            OSError,
            UnicodeError,
        ):
            self.failures[host] = self.failures.get(host, 0) + 1
            raise Invalid(_("{host} can't be reached.").format(host=host)) from None


def _url(parts: SplitResult, name: bytes) -> httpcore.URL:
    """The address built from the parts that were checked."""
    import httpcore

    query = f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else ""
    target = (quote(parts.path or "/", safe=_PLAIN) + query).encode()
    return httpcore.URL(scheme=parts.scheme.encode(), host=name, port=parts.port, target=target)


def _headers(name: bytes) -> list[tuple[bytes, bytes]]:
    shown = b"[" + name + b"]" if b":" in name else name
    # Uncompressed, so that the limit of size counts what is really received.
    return [
        (b"Host", shown),
        (b"User-Agent", b"shop-import"),
        (b"Accept", b"image/*"),
        (b"Accept-Encoding", b"identity"),
        (b"Connection", b"close"),
    ]


def _read(answer: httpcore.Response) -> bytes | str:
    headers = {name.lower(): value for name, value in answer.headers}
    if answer.status in (301, 302, 303, 307, 308):
        return headers.get(b"location", b"").decode("latin-1")
    if answer.status != 200:
        raise Invalid(_("The address answers with {status}.").format(status=answer.status))
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Invalid(_("The address answers with packed data instead of a picture."))
    return _body(answer.iter_stream())


def _body(chunks: Iterator[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_BYTES:
            raise Invalid(_("The picture is larger than 25 MB."))
    return bytes(body)


def web_address(url: str) -> SplitResult:
    """The parts of an address that pictures may be fetched from.

    Errors  Invalid for anything but http and https on their own ports, and for names and passwords.
    """
    try:
        parts = urlsplit(url[: MAX_URL + 1])
        port = parts.port
    except ValueError:
        raise Invalid(_("This isn't a web address.")) from None
    if (
        len(url) > MAX_URL
        or port not in (None, {"http": 80, "https": 443}.get(parts.scheme))
        or parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
    ):
        raise Invalid(_("This isn't a web address that pictures are fetched from."))
    return parts
