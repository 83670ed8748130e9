"""A server that speaks S3 and checks signatures (moto), behind a gate: while that is shut, it is away."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3

from tests.shop import free_port

STARTS_SECONDS = 60
SET_UP_REQUESTS = 3
"""So many requests are taken without a check: those that make the user and its key."""


class Gate:
    """Hands connections on to a server, or refuses them while it is shut; its port stays the same."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._listener: socket.socket | None = None
        self._connections: list[socket.socket] = []

    def open(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        if self._listener:
            # A thread that waits in accept() isn't woken by closing alone.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _address = listener.accept()
                there = socket.create_connection(("127.0.0.1", self._target_port))
                self._connections += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._hand_on, args=pair, daemon=True).start()

    @staticmethod
    def _hand_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True, slots=True)
class Server:
    gate: Gate
    port: int
    access_key_id: str
    secret_access_key: str

    def client(self) -> Any:
        """Another client than the shop's, past the gate."""
        return _client("s3", self.port, self.access_key_id, self.secret_access_key)

    def settings(self, bucket: str, **changed: str) -> dict[str, str]:
        """The settings for a bucket, which is made where it isn't there."""
        self.client().create_bucket(Bucket=bucket)
        return {
            "SHOP_MEDIA_URL": f"s3://{bucket}/shop?endpoint=http://127.0.0.1:{self.gate.port}",
            "SHOP_MEDIA_ACCESS_KEY_ID": self.access_key_id,
            "SHOP_MEDIA_SECRET_ACCESS_KEY": self.secret_access_key,
        } | changed

    def names(self, bucket: str) -> list[str]:
        return [found["Key"] for found in self.client().list_objects_v2(Bucket=bucket).get("Contents", ())]


def _client(service: str, port: int, key_id: str, secret: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )


@contextmanager
def server() -> Iterator[Server]:
    """A running server, its gate open."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": str(SET_UP_REQUESTS)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    gate = Gate(port)
    try:
        _wait_for(port)
        gate.open()
        yield Server(gate, port, *_make_user(port))
    finally:
        gate.shut()
        process.terminate()
        process.wait(10)


def _make_user(port: int) -> tuple[str, str]:
    iam = _client("iam", port, "anybody", "anything")
    iam.create_user(UserName="shop")
    statement = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="shop", PolicyName="pictures", PolicyDocument=document)
    key = iam.create_access_key(UserName="shop")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def _wait_for(port: int) -> None:
    until = time.monotonic() + STARTS_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
