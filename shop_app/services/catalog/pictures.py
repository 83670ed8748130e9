"""Pictures: what may come in as an original, and the sizes and formats made from it on first request."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from sqlmodel import Session, select

from ...core.errors import Invalid, NotFound, ProviderDown
from ...core.i18n import _
from ...core.settings import ROOT
from ...models import Picture
from ...providers.storage import draft, storage

log = logging.getLogger(__name__)

WIDTHS = (320, 640, 960, 1440)
FORMATS = ("avif", "webp", "jpg")
MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_WEBP_PIXELS = 10_000_000
"""Pillow 12 decodes WebP without releasing the interpreter's lock: every other thread waits meanwhile."""
READABLE = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")

SHIPPED = ROOT / "seed"
"""The demo's photos, with ready sizes in `media/` and an index from key to file."""

ORIGINALS = "originals"
"""The folder of the originals in the storage."""
KEY = re.compile(r"[0-9a-f]{24}")

# Decoders check this themselves, before they reserve memory for the pixels.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# Decoding the largest takes half a gigabyte: more at once could exhaust the memory.
_decoding = threading.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Original:
    """A picture that was checked. Its file is stored: upright, in sRGB, without EXIF, encoded again."""

    key: str
    suffix: str
    width: int
    height: int
    colour: str


def key_of(data: bytes) -> str:
    """The picture's name under /media/: the same bytes have the same key on every machine."""
    return hashlib.sha256(data).hexdigest()[:24]


def take_in(data: bytes) -> Original:
    """Check and clean the bytes of a picture, and store its file; `keep` adds its row.

    Takes seconds and much memory, two at a time: call it on a thread, outside of a transaction. A file
    without a row does no harm: the same bytes have the same name.

    Errors  Invalid for what isn't a picture, is damaged, or is too large; `code` says which. ProviderDown
            where it can't be stored; nothing of it is left then.
    """
    if len(data) > MAX_BYTES:
        raise Invalid(
            _("The picture is larger than 25 MB. Save it smaller and try again."),
            field="picture",
            code="too_large",
        )
    try:
        with draft(storage()) as path:
            with _decoding:
                original = _clean(data, path)
            storage().put(original_name(original.key, original.suffix), path)
    except OSError as error:
        log.warning("A picture couldn't be stored: %s", error)
        raise ProviderDown(_("The picture can't be stored just now. Try again in a while.")) from error
    return original


def _clean(data: bytes, path: Path) -> Original:
    """Write the picture anew at that path."""
    image = _decode(data)
    suffix = "png" if image.mode == "RGBA" else "jpg"
    with path.open("wb") as file:
        _encode_original(image, file)
    return Original(key_of(data), suffix, image.width, image.height, average_colour(image))


def keep(session: Session, original: Original, source: str = "") -> Picture:
    """The row of a picture that was taken in; the same bytes have the same row."""
    row = session.exec(select(Picture).where(Picture.key == original.key)).first()
    if row:
        return row
    picture = Picture(
        key=original.key,
        source=source[:2000],
        width=original.width,
        height=original.height,
        colour=original.colour,
    )
    session.add(picture)
    session.flush()
    return picture


def original_name(key: str, suffix: str) -> str:
    """The name of an original in the storage."""
    return f"{ORIGINALS}/{key}.{suffix}"


def own_width(session: Session, key: str) -> int:
    """How wide the picture is, which never changes.

    Errors  NotFound for a key that the shop has no picture of.
    """
    if key in shipped():
        return shipped()[key]["width"]
    width = session.exec(select(Picture.width).where(Picture.key == key)).first()
    if width is None:
        raise NotFound(_("There is no such picture."))
    return width


def made_width(width: int, own_width: int) -> int:
    """The width that is made where `width` is asked for: at most the step above the picture's own."""
    return min(width, next((step for step in WIDTHS if step >= own_width), WIDTHS[-1]))


def ready(key: str, width: int, ext: str) -> Path | None:
    """The file of that size if this machine has it; None where it hasn't."""
    name = _size_name(key, width, ext)
    if path := storage().find(name):
        return path
    path = SHIPPED / "media" / name
    return path if path.is_file() else None


def _size_name(key: str, width: int, ext: str) -> str:
    return f"{key}/{width}.{ext}"


def derivative(key: str, width: int, ext: str) -> Path:
    """The file of a picture in one of WIDTHS and FORMATS; made on the first request.

    Beyond the original's width it is as wide as the original. Takes up to a second, and what the storage
    takes: call it on a thread.

    Errors  NotFound for an unknown key, width or format; ProviderDown where the storage doesn't answer.
    """
    if not KEY.fullmatch(key) or width not in WIDTHS or ext not in FORMATS:
        raise NotFound(_("There is no such picture."))
    if made := _made(key, width, ext):
        return made
    source, its_width = _original(key)
    width = made_width(width, its_width)
    if made := _made(key, width, ext):
        return made
    with draft(storage()) as path:
        with _decoding, path.open("wb") as file:
            encode(source, file, width, ext)
        return storage().put(_size_name(key, width, ext), path)


def _made(key: str, width: int, ext: str) -> Path | None:
    """The file of that size if it was made before, on any machine."""
    return ready(key, width, ext) or storage().fetch(_size_name(key, width, ext))


def encode(source: Path, file: BinaryIO, width: int, ext: str, *, avif_speed: int = 8) -> None:
    """Write a trusted original in that format into `file`, at most `width` wide."""
    how: dict[str, dict[str, Any]] = {
        "avif": {"format": "AVIF", "quality": 60, "speed": avif_speed, "max_threads": 1},
        "webp": {"format": "WEBP", "quality": 80, "method": 4},
        "jpg": {"format": "JPEG", "quality": 82, "progressive": True, "optimize": True},
    }
    with Image.open(source) as image:
        # A JPEG is read at a fraction of its size where that is enough.
        image.draft(None, (width * 3, width * 3))
        shown = _flat(image)
        if shown.width > width:
            size = (width, max(1, round(shown.height * width / shown.width)))
            shown = shown.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        shown.save(file, **how[ext])


def average_colour(image: Image.Image) -> str:
    """The picture's average colour as #rrggbb."""
    # Small before it is laid on white: transparent pixels count by how much is seen of them either way.
    small = image.resize((1, 1), Image.Resampling.BOX)
    red, green, blue = _flat(small).getpixel((0, 0))  # pyright: ignore
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict[str, Any]]:
    """The demo's pictures by key: file, width, height, colour."""
    index = SHIPPED / "media" / "index.json"
    return json.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}


def _original(key: str) -> tuple[Path, int]:
    source = shipped().get(key)
    if source and (path := SHIPPED / source["file"]).is_file():
        return path, source["width"]
    for suffix in ("jpg", "png"):
        if path := storage().fetch(original_name(key, suffix)):
            return path, _width_of(path)
    raise NotFound(_("There is no such picture."))


@lru_cache(maxsize=4096)
def _width_of(path: Path) -> int:
    with Image.open(path) as image:
        return image.width


def _decode(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=READABLE) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            if image.format == "WEBP" and image.width * image.height > MAX_WEBP_PIXELS:
                raise Invalid(
                    _("A WebP picture may have 10 million pixels. Save it smaller, or as JPEG."),
                    field="picture",
                    code="too_large",
                )
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _in_srgb(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid(
            _("The picture has more than 40 million pixels. Save it smaller and try again."),
            field="picture",
            code="too_large",
        ) from None
    except UnidentifiedImageError:
        if _is_svg(data):
            raise Invalid(
                _("An SVG file can carry scripts, so the shop doesn't take it. Save it as PNG or WebP."),
                field="picture",
                code="svg",
            ) from None
        raise Invalid(
            _("This file isn't a picture that the shop can read. Use JPEG, PNG, WebP, AVIF or GIF."),
            field="picture",
            code="not_a_picture",
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError):
        raise Invalid(
            _("The picture is damaged and can't be read. Save it again and try once more."),
            field="picture",
            code="broken",
        ) from None


def _is_svg(data: bytes) -> bool:
    return b"<svg" in data[:4096].lower()


def _in_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    transparent = "A" in image.getbands() or "transparency" in image.info
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            if converted:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # A profile that can't be read is no reason to refuse the picture.
    mode = "RGBA" if transparent else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _flat(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA"):
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.convert("RGBA").getchannel("A"))
        return ground
    return image if image.mode == "RGB" else image.convert("RGB")


def _encode_original(image: Image.Image, file: BinaryIO) -> None:
    # Encoded again from the pixels alone: no EXIF, no comment, no appended data.
    image.info.clear()
    # Into a real file: into memory, the encoder would hold the interpreter's lock for a second.
    if image.mode == "RGBA":
        image.save(file, "PNG", exif=b"")
    else:
        image.save(file, "JPEG", quality=92, progressive=True, optimize=True, exif=b"")
