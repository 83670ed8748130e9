"""The values that a document was made with, as a script beside it: the reactive page begins with them.

Not in the document itself, which would be a fifth longer and so come a round trip later. A script is named by
the digest of what is in it and never changes. It is deferred, so it has run before React starts (shells.py).
A page whose script isn't kept any more is sent what it needs.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

import brotli
from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.responses import Response

from shop_app.realtime import page_values

from .document import coding_of, compressed

PREFIX = "/values/"
KEPT_BYTES = 16 * 1024 * 1024
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


class HeldValues:
    """The scripts of the newest documents, by address; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: LRUCache[str, bytes] = LRUCache(KEPT_BYTES, getsizeof=len)

    def add(self, states: Mapping[type[Any], Mapping[str, Any]]) -> str:
        """The address of the script with these values of States."""
        json = page_values.held(states).replace("\\", "\\\\").replace("'", "\\'")
        # Parsed, because in a literal a key "__proto__" would be no key.
        script = f"window.shopHeld=JSON.parse('{json}')".encode()
        address = f"{PREFIX}{hashlib.sha256(script).hexdigest()[:32]}.js"
        with self._lock:
            if address not in self._scripts:
                self._scripts[address] = compressed(script, "br")
        return address

    def answer(self, address: str, headers: Headers) -> Response:
        """The script of that address; an empty one where it isn't kept."""
        with self._lock:
            kept = self._scripts.get(address)
        if kept is None:
            return Response("", headers={"Cache-Control": "no-store"}, media_type="text/javascript")
        coding = coding_of(headers.get("accept-encoding", ""))
        body = kept if coding == "br" else brotli.decompress(kept)
        encoding = {"Content-Encoding": coding} if coding else {}
        if coding == "gzip":
            body = compressed(body, coding)
        return Response(body, headers=_FOR_EVER | encoding, media_type="text/javascript")
