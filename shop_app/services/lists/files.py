"""A list as rows of a file: what is asked, in the columns that are shown, a batch at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlmodel import Session

from ...core.access.principal import Principal
from . import engine, view
from .query import ListQuery
from .spec import Cell, Column, ListSpec

BATCH = 500
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet reads a cell that begins with one of them as a formula, or as more than one cell."""
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,8})?")


def columns(spec: ListSpec, asked: ListQuery) -> list[Column]:
    return view.shown_columns(spec, asked.columns)


def batch(
    session: Session, spec: ListSpec, asked: ListQuery, by: Principal
) -> tuple[list[list[str]], ListQuery | None]:
    """So many rows as texts, and what asks for those behind them, None where these are the last.

    Errors  Forbidden without the list's permission.
    """
    by.need(spec.needs)
    found = engine.page(session, spec, asked, BATCH)
    if asked.after and found.is_lost:
        return [], None
    loaded = spec.load(session, found.ids, by) if found.ids else {}
    shown = columns(spec, asked)
    rows = [
        [_plain(loaded[id].cells.get(column.key, Cell())) for column in shown]
        for id in found.ids
        if id in loaded
    ]
    following = replace(asked, after=found.following, before="") if found.following else None
    return rows, following


def _plain(cell: Cell) -> str:
    if cell.plain:
        return cell.plain
    return f"{cell.text}\n{cell.sub}" if cell.sub else cell.text


def safe(text: str) -> str:
    """The text as a cell of a CSV file that no spreadsheet takes for a formula; numbers stay as they are.

    >>> safe("=1+1"), safe("-5.00"), safe("Lind")
    ("'=1+1", '-5.00', 'Lind')
    """
    return f"'{text}" if text.startswith(_DANGEROUS) and not NUMBER.fullmatch(text) else text


def safe_row(texts: Sequence[str]) -> Iterator[str]:
    return map(safe, texts)
