"""A product file by another hand: its characters, its separator, and what it is where it is no CSV."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

from charset_normalizer import from_bytes

from ...core.errors import ShopError
from ...core.i18n import _
from .csv_columns import column_of

MAX_FILE_BYTES = 500 * 1024 * 1024
_CHUNK = 1 << 20
_SAMPLE = 64 * 1024
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEP_LINE = re.compile(r"\"?sep=(?P<separator>.)\"?[;,\t|]*\s*", re.IGNORECASE)
_OTHER_FILES = {
    b"PK\x03\x04": "an Excel workbook (.xlsx) or another ZIP file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a file packed with gzip",
    b"{\\rtf": "a text document (RTF)",
    b"SQLite format 3": "a database",
}
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|body|table|\?xml|!--)", re.IGNORECASE)
_WESTERN = ("cp1252", "mac_roman")
_OTHERS = ("cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "cp949", *_WESTERN)
"""What spreadsheets save in, besides Unicode."""
_MARK_IN_WORD = re.compile(r"[¢¤¥¦§¨ª¬¯±²³´µ¶·¸¹º»¼½¾](?=[^\W\d_])|(?<=[^\W\d_])[¡¿](?=[^\W\d_])")
"""What western encodings make of other languages' letters: ³ for the Polish ł."""
_QUOTES_AND_SIGNS = r"[\x00-\x7f‘’“”„«»–—…€•™®©°]"
NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp932": "Shift JIS",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "cp949": "Korean (CP949)",
}


@dataclass(frozen=True, slots=True)
class CsvFile:
    """How a file is written: `encoding` is Python's name, `separator` what stands between cells."""

    path: Path
    encoding: str
    separator: str

    def records(self) -> Iterator[Record]:
        """Each row that has any cells; "sep=" is no row. What can't be decoded comes as lone surrogates."""
        limit = csv.field_size_limit(2**31 - 1)
        try:
            with _open(self.path, self.encoding) as file:
                yield from _records(file, self.separator)
        finally:
            csv.field_size_limit(limit)


class Record(NamedTuple):
    """The cells of a row, and the line of its start as an editor counts it.

    `is_open` says that a quote in the file's last row never ends, so that it may have swallowed others.
    """

    line: int
    cells: list[str]
    is_open: bool = False


def _records(file: TextIO, separator: str) -> Iterator[Record]:
    own: list[str] = []
    last: list[str] = []
    before, line = None, 1
    reader = csv.reader(_noted(file, own), delimiter=separator)
    for cells in reader:
        if before:
            yield before
        is_row = any(cell.strip() for cell in cells) and not (line == 1 and _is_sep_line(cells))
        before, line = Record(line, cells) if is_row else None, reader.line_num + 1
        last = own[:]
        own.clear()
    if before:
        yield before._replace(is_open=_is_open(last, separator))


def _noted(file: TextIO, own: list[str]) -> Iterator[str]:
    for text in file:
        own.append(text)
        yield text


def _is_open(lines: list[str], separator: str) -> bool:
    try:
        list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _is_sep_line(cells: list[str]) -> bool:
    return cells[0].lower().startswith("sep=") and not any(cells[2:])


def count_lines(path: Path) -> int:
    """The lines of the file, for a progress bar."""
    feeds = returns = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            feeds, returns = feeds + chunk.count(b"\n"), returns + chunk.count(b"\r")
    return feeds or returns


def look_at(path: Path, encoding: str = "") -> CsvFile:
    """How this file is written; `encoding` is Python's name of one where somebody said it.

    Errors  ShopError for a file that is empty, too large, or something else than CSV, and says what it is.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ShopError(_("The file is larger than 500 MB. Split it into several."))
    _refuse_other_files(start)
    encoding = _known_encoding(encoding) if encoding else _encoding(path, start)
    with _open(path, encoding) as file:
        text = file.read(_SAMPLE)
    if not text.strip():
        raise ShopError(_("The file is empty."))
    if _MARKUP.match(text[:4096].encode(errors="replace")):
        raise ShopError(_("This is a web page or XML, not a CSV file. Save the products as CSV in UTF-8."))
    if text.lstrip()[:1] in ("{", "["):
        raise ShopError(_("This is JSON, not a CSV file. Save the products as CSV in UTF-8."))
    if "\x00" in text[:512]:
        raise ShopError(_("This isn't a CSV file. Save the products as CSV in UTF-8."))
    return CsvFile(path, encoding, _separator(text))


def _open(path: Path, encoding: str) -> TextIO:
    errors = "surrogateescape" if encoding == "utf-8-sig" else "lone_surrogate"
    return path.open(encoding=encoding, errors=errors, newline="")


def _lone_surrogate(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("lone_surrogate", _lone_surrogate)


def _refuse_other_files(start: bytes) -> None:
    for signature, name in _OTHER_FILES.items():
        if start.startswith(signature):
            raise ShopError(
                _("This is {what}, not a CSV file. Save the products as CSV in UTF-8.").format(what=name)
            )


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except LookupError:
        raise ShopError(_("There is no encoding {name}.").format(name=name[:40])) from None
    return "utf-8-sig" if found == "utf-8" else found


def _encoding(path: Path, start: bytes) -> str:
    """UTF-8 where it is, UTF-16 by its mark or zeros, and else what charset-normalizer takes it for."""
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start.count(0) > len(start) // 4:
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    broken, proper = _not_utf8(path)
    # A file that is UTF-8 but for some rows is UTF-8, and those rows are refused.
    return "utf-8-sig" if not broken or proper >= 3 * broken else _legacy(path)


def _not_utf8(path: Path) -> tuple[int, int]:
    """How many bytes aren't UTF-8, and how many characters beyond ASCII are."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    broken = proper = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if not text.isascii():
                lone = len(re.findall("[\udc80-\udcff]", text))
                broken, proper = broken + lone, proper + len(re.findall(r"[^\x00-\x7f]", text)) - lone
    return broken, proper


def _legacy(path: Path) -> str:
    """The encoding of a file that isn't Unicode.

    What spreadsheets of western Europe save comes first, because in a few words the others can't be told
    from it; unless it would put marks such as ³ and ¯ into words, as it does with Polish.
    """
    sample = _telling_cells(path)
    if not re.sub(_QUOTES_AND_SIGNS, "", sample.decode("cp1252", "replace")).strip():
        return "cp1252"
    for match in from_bytes(sample, cp_isolation=list(_WESTERN)):
        if match.chaos < 0.15 and not _MARK_IN_WORD.search(str(match)):
            return match.encoding
    best = from_bytes(sample, cp_isolation=list(_OTHERS)).best()
    return best.encoding if best else "cp1252"


def _telling_cells(path: Path) -> bytes:
    """What stands between separators and has bytes beyond ASCII; the first 64 KB of it."""
    cells, size = [], 0
    with path.open("rb") as file:
        while size < _SAMPLE and (chunk := file.read(_CHUNK)):
            for cell in re.split(rb"[\r\n,;|\t\"]+", chunk):
                if not cell.isascii() and size < _SAMPLE:
                    cells.append(cell)
                    size += len(cell)
    return b"\n".join(cells)


def _separator(text: str) -> str:
    """What stands between the cells: what the file says itself, or what gives the most columns we know."""
    first = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    if told := _SEP_LINE.fullmatch(first):
        return told["separator"]
    return max(SEPARATORS, key=lambda separator: _columns(text, separator))


def _columns(text: str, separator: str) -> tuple[int, int]:
    for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        if any(cell.strip() for cell in cells):
            return len({column_of(cell) for cell in cells} - {""}), len(cells)
    return 0, 0
