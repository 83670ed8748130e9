"""Storage in a bucket of a server that speaks S3, with copies of what is used on this machine's disk."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from ...core.errors import ProviderDown
from ...core.i18n import _
from ...core.settings_checks import Bucket
from . import draft
from .cache import Cache

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3
REQUEST_SECONDS = 20
"""For one request, the largest original included."""
RETRIES = 2
RETRY_SECONDS = 10
"""So long after its beginning a request is tried again."""
PAUSE_SECONDS = 5
"""So long after a failure nothing is fetched: pictures of a page would wait for each other's time-outs."""


class S3Storage:
    def __init__(self, bucket: Bucket, access_key_id: str, secret_access_key: str, cache: Cache) -> None:
        self._cache = cache
        self.drafts = cache.folder
        self._failed_at = -float("inf")
        address = {"endpoint": bucket.endpoint} if bucket.endpoint else {}
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            region=bucket.region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            client_options={
                "allow_http": bucket.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
            **address,
        )

    def find(self, name: str) -> Path | None:
        return self._cache.find(name)

    def fetch(self, name: str) -> Path | None:
        if kept := self.find(name):
            return kept
        if time.monotonic() - self._failed_at < PAUSE_SECONDS:
            raise _down()
        with self._asking(f"read {name}"), draft(self) as copy:
            try:
                answer = obstore.get(self._store, name)
            except FileNotFoundError:
                return None
            with copy.open("wb") as file:
                for part in answer.stream():
                    file.write(part)
            return self._cache.add(name, copy)

    def put(self, name: str, draft: Path) -> Path:
        with self._asking(f"write {name}"):
            obstore.put(self._store, name, draft)
        return self._cache.add(name, draft)

    def names(self, folder: str) -> Iterator[str]:
        with self._asking(f"list {folder}"):
            for part in obstore.list(self._store, folder):
                yield from (found["path"] for found in part)

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except BaseError as error:
            self._failed_at = time.monotonic()
            # What follows is the server's answer, or the error in detail: both may repeat the signed request.
            reason = " ".join(re.split("<|Debug source", str(error))[0].split())[:300]
            log.warning("The media storage couldn't %s: %s", what, reason)
            raise _down(f"the pictures' bucket doesn't answer: {reason}") from None


def _down(reason: str = "the pictures' bucket doesn't answer") -> ProviderDown:
    text = _("Pictures can't be stored or fetched just now. Try again in a while.")
    return ProviderDown(text, reason=reason)
