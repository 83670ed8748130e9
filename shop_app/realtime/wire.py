"""How values are written for pages: what many tabs are sent is made JSON once.

A shared value is one object that every tab's State refers to, and nobody changes. Its JSON is kept beside it,
and an update that has the value is put together from texts. On the server's loop alone.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import fields
from typing import Any, NamedTuple

from reflex.state import StateUpdate
from reflex_base.utils.format import json_dumps

MAX_CHARS = 16 * 1024 * 1024
"""Of JSON that is kept; the values that were asked for the longest ago go first."""
_BESIDE_CHARS = 300
"""What an entry takes up beside its JSON."""
_SCALARS = (str, int, float, bool, type(None))


class Written(NamedTuple):
    """The JSON of a value, and what stands for it: equal for equal JSON, 16 hexadecimal digits."""

    text: str
    digest: str


class _Kept:
    """Shared values by their identity, which is nobody else's while they are kept."""

    def __init__(self) -> None:
        self._values: OrderedDict[int, tuple[Any, Written | None]] = OrderedDict()
        self.chars = 0

    def add(self, value: Any) -> None:
        if id(value) in self._values:
            self._values.move_to_end(id(value))
        else:
            self._values[id(value)] = value, None
            self._count(_BESIDE_CHARS)

    def find(self, value: Any) -> Written | None:
        _value, written = self._values.get(id(value), (None, None))
        if written is None and id(value) in self._values:
            written = write(value)
            self._values[id(value)] = value, written
            self._count(len(written.text))
        return written

    def _count(self, chars: int) -> None:
        self.chars += chars
        while self.chars > MAX_CHARS:
            _value, written = self._values.popitem(last=False)[1]
            self.chars -= _BESIDE_CHARS + (len(written.text) if written else 0)


_kept = _Kept()


def share(view: Any) -> None:
    """Keep the JSON of a view and of its fields, for all who are sent the same objects.

    It is made when it is first needed. Nobody changes them any more.
    """
    for value in (view, *(getattr(view, field.name) for field in fields(view))):
        if not isinstance(value, _SCALARS):
            _kept.add(value)


def text(value: Any) -> str:
    """The JSON of a value."""
    written = _kept.find(value)
    return _json(value) if written is None else written.text


def digest(value: Any) -> str:
    """What stands for the JSON of a value."""
    written = _kept.find(value)
    return write(value).digest if written is None else written.digest


def _json(value: Any) -> str:
    return json_dumps(value, (",", ":"))


def write(value: Any) -> Written:
    """The JSON of a value and its digest, made anew; from any thread."""
    written = _json(value)
    return Written(written, hashlib.sha1(written.encode()).hexdigest()[:16])


def dumps(packet: Any, **options: Any) -> str:
    """The JSON of what a socket is sent, in place of socket.io's own."""
    if isinstance(packet, list) and len(packet) == 2 and isinstance(packet[1], StateUpdate):
        return f"[{_json(packet[0])},{_update(packet[1])}]"
    return json_dumps(packet, **options)


def _update(update: StateUpdate) -> str:
    """An update as Reflex writes it: without the parts that are empty."""
    parts = []
    if update.delta:
        states = (f"{_json(name)}:{_object(values)}" for name, values in update.delta.items())
        parts.append(f'"delta":{{{",".join(states)}}}')
    if update.events:
        parts.append(f'"events":{_json(update.events)}')
    return f"{{{','.join(parts)}}}"


def _object(values: Any) -> str:
    return f"{{{','.join([f'{_json(name)}:{text(value)}' for name, value in values.items()])}}}"
