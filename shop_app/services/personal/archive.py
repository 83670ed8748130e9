"""The archive of an export: a ZIP file with each table as JSON and as CSV, written row by row."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from ...core.clock import now
from ...core.i18n import _
from ...core.settings import settings
from ...core.shop import shop
from ..lists.files import safe_row
from . import exports
from .exports import Part
from .person import Person

ROWS_AT_ONCE = 500


def folder() -> Path:
    """Where the files are, for a day."""
    return settings().data_dir / "exports"


def path_of(token: str) -> Path:
    return folder() / f"{token}.zip"


def write(
    session: Session, person: Person, path: Path, said: Callable[[int], bool] = lambda _percent: True
) -> bool:
    """Write everything about a person into a new file; `said` hears the percent that is written.

    Where `said` answers False the file isn't wanted any more: it isn't finished, and the answer is False.
    """
    parts = list(exports.parts(person))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _read_me())
        for place, part in enumerate(parts):
            _write_json(archive, part, _rows(session, part))
            _write_csv(archive, part, _rows(session, part))
            if not said(100 * (place + 1) // (len(parts) + 1)):
                return False
    return True


def _read_me() -> str:
    lines = (
        _("Everything that {shop} keeps about you, as of {moment}."),
        _("json has every table as a list of objects; csv has the same tables for spreadsheets."),
        _("Amounts ending in _minor are in the smallest unit of their currency; moments are in UTC."),
        _("Passwords and other secrets are left out: of them we keep what nobody can read."),
    )
    return "\n".join(lines).format(shop=shop().name, moment=now().isoformat(timespec="minutes")) + "\n"


def _rows(session: Session, part: Part) -> Iterator[tuple[Any, ...]]:
    streamed = part.statement.execution_options(yield_per=ROWS_AT_ONCE)
    for row in session.connection().execute(streamed):
        yield tuple(_plain(value) for value in row)


def _write_json(archive: zipfile.ZipFile, part: Part, rows: Iterator[tuple[Any, ...]]) -> None:
    with archive.open(f"json/{part.name}.json", "w", force_zip64=True) as file:
        before = "[\n"
        for row in rows:
            text = json.dumps(dict(zip(part.columns, row, strict=True)), ensure_ascii=False)
            file.write((before + text).encode())
            before = ",\n"
        file.write(b"[]\n" if before == "[\n" else b"\n]\n")


def _write_csv(archive: zipfile.ZipFile, part: Part, rows: Iterator[tuple[Any, ...]]) -> None:
    with archive.open(f"csv/{part.name}.csv", "w", force_zip64=True) as file:
        # Spreadsheets take a file without this mark for one of another encoding.
        file.write(b"\xef\xbb\xbf")
        file.write(_line(list(part.columns)))
        for row in rows:
            file.write(_line(safe_row([_text(value) for value in row])))


def _line(texts: list[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(texts)
    return written.getvalue().encode()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (datetime, date)) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else str(value)
