"""nginx and Caddy as docs/operations.md configures them, on ports of their own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shop_app.core.settings import ROOT
from tests import https, programs

KINDS = {"nginx": "nginx", "caddy": "caddyfile"}
"""Each proxy, and how the document marks its configuration."""
STARTS_SECONDS = 30


class NoProxy(Exception):
    """The proxy can't be started here; the message says why."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the proxy listens, and where the two servers behind it do."""

    plain: int
    secure: int
    servers: tuple[int, int]


def documented(kind: str) -> str:
    """The configuration as it stands in the document."""
    text = (ROOT / "docs" / "operations.md").read_text()
    (block,) = re.findall(rf"^```{KINDS[kind]}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return block


@contextmanager
def proxy(kind: str, folder: Path, ports: Ports) -> Iterator[Path]:
    """The proxy in front of the two servers; what is entered is its log.

    Errors  NoProxy.
    """
    program = programs.find(kind)
    if program is None:
        raise NoProxy(f"{kind} isn't installed")
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = https.certificate(folder)
    first, second = ports.servers
    places = {
        "/etc/ssl/shop.example.pem": str(certificate),
        "/etc/ssl/shop.example.key": str(key),
        "127.0.0.1:3000": f"127.0.0.1:{first}",
        "127.0.0.1:3001": f"127.0.0.1:{second}",
    }
    prepare = {"nginx": _nginx, "caddy": _caddy}[kind]
    arguments = prepare(_put(documented(kind), places), folder, ports)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *arguments],
            cwd=folder,
            env=os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, ports.secure, log)
            yield log
        finally:
            process.terminate()
            process.wait(20)


def _put(text: str, replaced: Mapping[str, str]) -> str:
    """The text with other places in it; each has to be there."""
    for former, new in replaced.items():
        assert former in text, f"the configuration no longer has {former!r}"
        text = text.replace(former, new)
    return text


def _nginx(text: str, folder: Path, ports: Ports) -> Sequence[str | Path]:
    own = "".join(
        f"\n    {kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    changes = {
        "/var/log/nginx/shop.log": f"{folder}/access.log",
        "listen 80;": f"listen 127.0.0.1:{ports.plain};",
        "listen 443 ": f"listen 127.0.0.1:{ports.secure} ",
        "https://shop.example": f"https://localhost:{ports.secure}",
        "server_name shop.example;": "server_name localhost;",
        "http {": "http {" + own,
    }
    configuration = folder / "nginx.conf"
    configuration.write_text(_put(text, changes))
    # Started as root, its workers would be another user, who may not read the test's folder.
    user = " user root;" if os.geteuid() == 0 else ""
    main = f"daemon off; pid {folder}/nginx.pid;{user}"
    return ["-p", folder, "-c", configuration, "-e", folder / "error.log", "-g", main]


def _caddy(text: str, folder: Path, ports: Ports) -> Sequence[str | Path]:
    own = f"\tadmin off\n\tskip_install_trust\n\thttp_port {ports.plain}\n\thttps_port {ports.secure}\n"
    changes = {"{\n\tservers {": "{\n" + own + "\tservers {", "shop.example {": "localhost {"}
    configuration = folder / "Caddyfile"
    configuration.write_text(_put(text, changes))
    return ["run", "--config", configuration, "--adapter", "caddyfile"]


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + STARTS_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise NoProxy(f"it doesn't listen: {log.read_text(errors='replace')[-2000:]}")
