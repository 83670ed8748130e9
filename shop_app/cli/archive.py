"""The file of a backup: a ZIP archive with a part for each table and each picture, and a manifest at its end.

A ZIP archive has its list of parts at the end, so one that was cut off can't be opened; the manifest names
every part with its digest, so one that was changed is found before anything is done with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from pydantic import TypeAdapter, ValidationError, with_config

from ..core.errors import Conflict, Invalid
from ..core.i18n import _

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK_BYTES = 1024 * 1024
COMPRESSION_LEVEL = 3
_UNREADABLE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, RuntimeError)
"""What reading a damaged archive raises."""


@with_config(extra="forbid")
@dataclass(frozen=True, slots=True)
class TablePart:
    name: str
    columns: dict[str, str]
    """Each column, and the kind of its values (`tables.KINDS`)."""
    rows: int
    last_id: int | None
    """The last id that the database gave out, where it gives out any."""
    digest: str

    @property
    def part(self) -> str:
        return f"tables/{self.name}.jsonl"


@with_config(extra="forbid")
@dataclass(frozen=True, slots=True)
class PicturePart:
    name: str
    """In the storage: originals/KEY.jpg."""
    bytes: int
    digest: str

    @property
    def part(self) -> str:
        return f"media/{self.name}"


@with_config(extra="forbid")
@dataclass(slots=True)
class Manifest:
    revision: str
    """Of the database's schema."""
    made_at: str
    release: str = ""
    """That has migrated the database, or wrote this where none had said so."""
    format: int = FORMAT
    tables: list[TablePart] = field(default_factory=list)
    pictures: list[PicturePart] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


_MANIFEST = TypeAdapter(Manifest)


class Writer:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def part(self, name: str, *, compressed: bool) -> Iterator[HashedFile]:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o600 << 16
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        # `open` takes the level from here; its own argument doesn't have it before Python 3.13.
        cast(Any, info)._compresslevel = COMPRESSION_LEVEL
        with self._archive.open(info, "w", force_zip64=True) as file:
            yield HashedFile(file)

    def finish(self, manifest: Manifest) -> None:
        with self.part(MANIFEST, compressed=True) as file:
            file.write(json.dumps(asdict(manifest)).encode())


class HashedFile:
    """A part that is being written, and the digest of what was written so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """Write an archive, which has its name only once it is whole and on the disk; for its owner alone.

    Errors  Conflict where there is a file of that name. OSError.
    """
    _refuse_existing(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        _refuse_existing(path)
        os.replace(unfinished, path)
        _sync(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise Conflict(_("{path} is there already; choose another name.").format(path=path))


def _sync(folder: Path) -> None:
    """Have the folder's list of names on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Reader:
    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def lines(self, table: TablePart) -> Iterator[list[Any]]:
        with self._archive.open(table.part) as file:
            for line in file:
                yield json.loads(line)

    def copy(self, picture: PicturePart, target: Path) -> None:
        with self._archive.open(picture.part) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, CHUNK_BYTES)

    def verify(self) -> Iterator[int]:
        """Compare every part with its digest; yields how many bytes were read since the last time.

        Errors  Invalid where one differs or is missing.
        """
        for part in (*self.manifest.tables, *self.manifest.pictures):
            digest = hashlib.sha256()
            try:
                with self._archive.open(part.part) as file:
                    while chunk := file.read(CHUNK_BYTES):
                        digest.update(chunk)
                        yield len(chunk)
            except _UNREADABLE as error:
                raise _damaged() from error
            if digest.hexdigest() != part.digest:
                raise _damaged()

    @property
    def bytes(self) -> int:
        """Of all parts as they are read."""
        return sum(info.file_size for info in self._archive.infolist())


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """A backup to read.

    Errors  Invalid where it is none, is damaged, or is of a newer version of the shop. OSError.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged() from error
    with archive:
        yield Reader(archive, _manifest(archive))


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        values = json.loads(archive.read(MANIFEST))
    except (*_UNREADABLE, RecursionError) as error:
        raise _damaged() from error
    if isinstance(values, dict) and values.get("format") != FORMAT:
        raise Invalid(_("The backup is of another version of the shop."))
    try:
        return _MANIFEST.validate_python(values)
    except ValidationError as error:
        raise _damaged() from error


def _damaged() -> Invalid:
    return Invalid(_("The file is no whole backup of a shop: it is damaged, cut off, or something else."))
