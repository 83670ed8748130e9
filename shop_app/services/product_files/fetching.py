"""Fetching a picture from an address that a file names: public ones only, with limits of size and time."""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from ...errors import Invalid
from ...words import _

MAX_BYTES = 25 * 1024 * 1024
SECONDS = 20.0
CONNECT_SECONDS = 5.0
REDIRECTS = 3
GIVE_UP_AFTER = 3


@dataclass(slots=True)
class Fetcher:
    """Fetches bytes; a host that failed to answer three times in a row isn't asked again.

    The name is looked up once and the connection goes to that very address, so that a name which
    turns to an inner address between the check and the call gains nothing.
    """

    failures: dict[str, int] = field(default_factory=dict)

    def fetch(self, url: str) -> bytes:
        """The bytes behind an address.

        Errors  Invalid says why there are none; the file's other parts go in without them.
        """
        ends = time.monotonic() + SECONDS
        for _step in range(REDIRECTS + 1):
            host = urlsplit(url).hostname or ""
            if self.failures.get(host, 0) >= GIVE_UP_AFTER:
                raise Invalid(_("{host} didn't answer for other pictures either.").format(host=host))
            found = self._ask(url, host, ends)
            if isinstance(found, bytes):
                return found
            url = urljoin(url, found)
        raise Invalid(_("The address leads on too many times."))

    def _ask(self, url: str, host: str, ends: float) -> bytes | str:
        import httpx

        parts = urlsplit(url)
        address = public_address(url)
        shown = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=f"{shown}:{parts.port}" if parts.port else shown, fragment="").geturl()
        try:
            with (
                httpx.Client(timeout=httpx.Timeout(CONNECT_SECONDS), trust_env=False) as client,
                client.stream(
                    "GET", target, headers={"Host": host, "User-Agent": "shop-import", "Accept": "image/*"},
                    extensions={"sni_hostname": host},
                ) as answer,
            ):  # fmt: skip
                if answer.is_redirect:
                    return answer.headers.get("location", "")
                if answer.status_code != 200:
                    raise Invalid(_("The address answers with {status}.").format(status=answer.status_code))
                return _body(answer, ends)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):
            self.failures[host] = self.failures.get(host, 0) + 1
            raise Invalid(_("{host} can't be reached.").format(host=host)) from None


def _body(answer: object, ends: float) -> bytes:
    chunks, size = [], 0
    for chunk in answer.iter_bytes():  # pyright: ignore[reportAttributeAccessIssue]
        size += len(chunk)
        if size > MAX_BYTES:
            raise Invalid(_("The picture is larger than 25 MB."))
        if time.monotonic() > ends:
            raise Invalid(_("The picture took longer than {seconds} seconds.").format(seconds=int(SECONDS)))
        chunks.append(chunk)
    return b"".join(chunks)


def public_address(url: str) -> str:
    """The IP address that a web address stands for.

    Errors  Invalid for anything but http and https on their own ports, and for hosts that are unknown
            or inside: this machine, private networks, link-local and the like.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Invalid(_("This isn't a web address.")) from None
    host = parts.hostname or ""
    if (
        parts.scheme not in ("http", "https")
        or not host
        or port not in (80, 443)
        or parts.username
        or parts.password
    ):
        raise Invalid(_("This isn't a web address that pictures are fetched from."))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Invalid(_("{host} can't be found.").format(host=host)) from None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_is_public(address) for address in addresses):
        raise Invalid(_("{host} isn't a public address.").format(host=host))
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast
