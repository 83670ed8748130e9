"""From where something is done just now: a page, a request, the command line, a job; for the audit."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

PAGE, REQUEST, COMMAND_LINE = "page", "request", "command line"


@dataclass(frozen=True, slots=True)
class Origin:
    """`kind` is one of the above or a job's name, "" where nobody said; `address` a network address or ""."""

    kind: str = ""
    address: str = ""


_NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def set_origin(kind: str, address: str = "") -> None:
    """Say where what follows in this context comes from."""
    _origin.set(Origin(kind[:32], address[:64]))


def current_origin() -> Origin:
    return _origin.get()
