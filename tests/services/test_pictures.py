"""Pictures: what is taken, what is refused with which sentence, and the sizes that are made."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from sqlmodel import Session, select

from shop_app.errors import Invalid, NotFound
from shop_app.models import Picture
from shop_app.services.catalog import pictures


def photo(
    width: int = 800, height: int = 1000, colour: str = "#406080", format: str = "JPEG", **how: object
) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, format, **how)
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.both
def test_a_picture_is_kept_once_with_its_size_and_average_colour(session: Session):
    data = photo(format="PNG")
    first = pictures.take(session, data, "lamp.png")
    again = pictures.take(session, data, "other.jpg")
    assert first.id == again.id
    assert (first.width, first.height, first.source) == (800, 1000, "lamp.png")
    assert first.colour == "#406080"
    assert (pictures.media_dir() / "originals" / f"{first.key}.jpg").is_file()


def test_the_key_is_made_of_the_bytes_alone():
    assert pictures.key_of(b"") == "e3b0c44298fc1c149afbf4c8"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not_a_picture"),
        (b"<html>hello</html>", "not_a_picture"),
        (b"PK\x03\x04" + b"\0" * 100, "not_a_picture"),
        (photo()[:900], "broken"),
        (huge_png(20_000, 20_000), "too_large"),
        (huge_png(60_000, 60_000), "too_large"),
    ],
    ids=["empty", "svg", "html", "zip", "cut off", "400 Mpx", "3600 Mpx"],
)
def test_what_is_no_good_picture_is_refused_and_leaves_nothing(session: Session, data: bytes, code: str):
    with pytest.raises(Invalid) as refusal:
        pictures.take(session, data)
    assert refusal.value.code == code
    assert session.exec(select(Picture)).all() == []
    assert not (pictures.media_dir() / "originals").exists()


def test_more_than_25_mb_is_refused_before_it_is_looked_at():
    with pytest.raises(Invalid, match="larger than 25 MB"):
        pictures.examine(b"\xff" * (25 * 1024 * 1024 + 1))


def test_exif_is_turned_into_pixels_and_then_gone():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "CANARY-exif"
    found = pictures.examine(photo(400, 300, exif=exif))
    assert (found.width, found.height) == (300, 400)
    assert b"CANARY" not in found.data
    assert not Image.open(io.BytesIO(found.data)).getexif()


def test_what_hides_behind_the_pixels_is_left_behind():
    assert b"<?php" not in pictures.examine(photo() + b"<?php evil").data


def test_transparent_pictures_stay_transparent_and_are_white_behind_in_jpeg(session: Session):
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    key = pictures.take(session, out.getvalue()).key
    with Image.open(pictures.derivative(key, 320, "jpg")) as made:
        assert made.convert("RGB").getpixel((25, 25)) == (255, 255, 255)


@pytest.mark.parametrize(("ext", "format"), [("avif", "AVIF"), ("webp", "WEBP"), ("jpg", "JPEG")])
def test_each_format_is_made_once_at_its_width(session: Session, ext: str, format: str):
    key = pictures.take(session, photo()).key
    path = pictures.derivative(key, 320, ext)
    with Image.open(path) as made:
        assert (made.format, made.width, made.height) == (format, 320, 400)
    written = path.stat().st_mtime_ns
    assert pictures.derivative(key, 320, ext) == path
    assert path.stat().st_mtime_ns == written


def test_nothing_is_made_larger_than_it_was(session: Session):
    key = pictures.take(session, photo(800, 1000)).key
    path = pictures.derivative(key, 1440, "webp")
    assert path.name == "960.webp"
    with Image.open(path) as made:
        assert made.width == 800
    assert not (pictures.media_dir() / key / "1440.webp").exists()


@pytest.mark.parametrize(
    ("key", "width", "ext"),
    [
        ("0" * 24, 320, "avif"),
        ("../../etc/passwd", 320, "jpg"),
        ("e" * 24, 321, "jpg"),
        ("e" * 24, 320, "svg"),
    ],
)
def test_an_unknown_key_width_or_format_is_not_found(key: str, width: int, ext: str):
    with pytest.raises(NotFound):
        pictures.derivative(key, width, ext)


def test_the_demo_pictures_are_there_ready_made():
    known = pictures.shipped()
    assert len(known) == 95
    for key, facts in known.items():
        assert pictures.key_of((pictures.SHIPPED / facts["file"]).read_bytes()) == key
        assert all(pictures.ready(key, width, "avif") for width in (320, 640, 960))
    assert pictures.derivative(next(iter(known)), 640, "webp").parent.parent == pictures.media_dir()
