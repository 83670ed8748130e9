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
    """A value as pages get it."""

    value: Any
    """Keeps the object, so that its identity is nobody else's."""
    text: str
    digest: str


class _Kept:
    """Shared values by their identity."""

    def __init__(self) -> None:
        self._written: OrderedDict[int, Written] = OrderedDict()
        self.chars = 0

    def find(self, value: Any) -> Written | None:
        return self._written.get(id(value))

    def add(self, value: Any) -> None:
        if id(value) in self._written:
            self._written.move_to_end(id(value))
            return
        written = self._written[id(value)] = write(value)
        self.chars += len(written.text) + _BESIDE_CHARS
        while self.chars > MAX_CHARS:
            self.chars -= len(self._written.popitem(last=False)[1].text) + _BESIDE_CHARS


_kept = _Kept()


def share(view: Any) -> None:
    """Keep the JSON of a view's fields for all who are sent the same objects. Nobody changes them any more."""
    for field in fields(view):
        value = getattr(view, field.name)
        if not isinstance(value, _SCALARS):
            _kept.add(value)


def text(value: Any) -> str:
    """The JSON of a value."""
    written = _kept.find(value)
    return _json(value) if written is None else written.text


def digest(value: Any) -> str:
    """What stands for the JSON of a value: equal for equal JSON, 16 hexadecimal digits."""
    written = _kept.find(value)
    return write(value).digest if written is None else written.digest


def _json(value: Any) -> str:
    return json_dumps(value, (",", ":"))


def write(value: Any) -> Written:
    """The JSON of a value and its digest, made anew; from any thread."""
    written = _json(value)
    return Written(value, written, hashlib.sha1(written.encode()).hexdigest()[:16])


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
