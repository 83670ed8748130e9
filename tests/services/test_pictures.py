"""Pictures: what is taken, what is refused with which sentence, and the sizes that are made."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from sqlmodel import Session

from shop_app.core.errors import Invalid, NotFound
from shop_app.core.settings import settings
from shop_app.services.catalog import pictures


def photo(
    width: int = 800, height: int = 1000, colour: str = "#406080", format: str = "JPEG", **how: object
) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, format, **how)
    return out.getvalue()


def media_folder() -> Path:
    return settings().data_dir / "media"


def stored(original: pictures.Original) -> Path:
    """The file of an original that was taken in."""
    return media_folder() / pictures.original_name(original.key, original.suffix)


def kept(session: Session, data: bytes) -> str:
    """The key of a picture that the shop has."""
    return pictures.keep(session, pictures.take_in(data)).key


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
    first = pictures.keep(session, pictures.take_in(data), "lamp.png")
    again = pictures.keep(session, pictures.take_in(data), "other.jpg")
    assert first.id == again.id
    assert (first.width, first.height, first.source) == (800, 1000, "lamp.png")
    assert first.colour == "#406080"
    assert (media_folder() / "originals" / f"{first.key}.jpg").is_file()


def test_the_key_is_made_of_the_bytes_alone():
    assert pictures.key_of(b"") == "e3b0c44298fc1c149afbf4c8"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "svg"),
        (b"<html>hello</html>", "not_a_picture"),
        (b"PK\x03\x04" + b"\0" * 100, "not_a_picture"),
        (photo()[:900], "broken"),
        (huge_png(20_000, 20_000), "too_large"),
        (huge_png(60_000, 60_000), "too_large"),
        (photo(4_001, 2_500, format="WEBP", method=0), "too_large"),
    ],
    ids=["empty", "svg", "html", "zip", "cut off", "400 Mpx", "3600 Mpx", "10 Mpx of WebP"],
)
def test_what_is_no_good_picture_is_refused_and_leaves_nothing(data: bytes, code: str):
    with pytest.raises(Invalid) as refusal:
        pictures.take_in(data)
    assert refusal.value.code == code
    assert not list(media_folder().rglob("*.*"))


def test_more_than_25_mb_is_refused_before_it_is_looked_at():
    with pytest.raises(Invalid, match="larger than 25 MB"):
        pictures.take_in(b"\xff" * (25 * 1024 * 1024 + 1))


def test_exif_is_turned_into_pixels_and_then_gone():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "CANARY-exif"
    original = pictures.take_in(photo(400, 300, exif=exif))
    assert (original.width, original.height) == (300, 400)
    assert b"CANARY" not in stored(original).read_bytes()
    assert not Image.open(stored(original)).getexif()


def test_what_hides_behind_the_pixels_is_left_behind():
    assert b"<?php" not in stored(pictures.take_in(photo() + b"<?php evil")).read_bytes()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_words_beside_the_pixels_are_left_behind(format: str, mode: str):
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "CANARY-text")
    how = {"comment": b"CANARY-comment", "icc_profile": b"CANARY-profile", "xmp": b"CANARY-xmp"}
    if format == "JPEG" and mode in ("RGBA", "P"):
        mode = "CMYK"
    out = io.BytesIO()
    Image.new(mode, (30, 20)).save(out, format, pnginfo=words, **how)
    assert b"CANARY" in out.getvalue()
    assert b"CANARY" not in stored(pictures.take_in(out.getvalue())).read_bytes()


def test_transparent_pictures_stay_transparent_and_are_white_behind_in_jpeg(session: Session):
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    key = kept(session, out.getvalue())
    with Image.open(pictures.derivative(key, 320, "jpg")) as image:
        assert image.convert("RGB").getpixel((25, 25)) == (255, 255, 255)


@pytest.mark.parametrize(("ext", "format"), [("avif", "AVIF"), ("webp", "WEBP"), ("jpg", "JPEG")])
def test_each_format_is_made_once_at_its_width(session: Session, ext: str, format: str):
    key = kept(session, photo())
    path = pictures.derivative(key, 320, ext)
    with Image.open(path) as image:
        assert (image.format, image.width, image.height) == (format, 320, 400)
    written = path.stat().st_mtime_ns
    assert pictures.derivative(key, 320, ext) == path
    assert path.stat().st_mtime_ns == written


def test_nothing_is_made_larger_than_it_was(session: Session):
    key = kept(session, photo(800, 1000))
    path = pictures.derivative(key, 1440, "webp")
    assert path.name == "960.webp"
    with Image.open(path) as image:
        assert image.width == 800
    assert not (media_folder() / key / "1440.webp").exists()


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
    shipped = pictures.shipped()
    assert len(shipped) == 95
    for key, facts in shipped.items():
        assert pictures.key_of((pictures.SHIPPED / facts["file"]).read_bytes()) == key
        assert all(pictures.ready(key, width, "avif") for width in (320, 640, 960))
    assert pictures.derivative(next(iter(shipped)), 640, "webp").parent.parent == media_folder()


class Beats:
    """How often another thread had a turn while this was entered."""

    def __enter__(self) -> Beats:
        self.count, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def _beat(self) -> None:
        while not self._over.wait(0.001):
            self.count += 1

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


NOISE = Image.effect_noise((2_000, 1_500), 60)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_other_threads_go_on_while_a_picture_is_written(monkeypatch: pytest.MonkeyPatch, mode: str):
    """The encoder works in C for a long time; into memory it would keep all others waiting."""
    beats: list[int] = []
    save = Image.Image.save

    def counted(self: Image.Image, *args: object, **more: object) -> None:
        with Beats() as others:
            save(self, *args, **more)  # pyright: ignore
        beats.append(others.count)

    out = io.BytesIO()
    NOISE.convert(mode).save(out, "PNG", compress_level=1)
    monkeypatch.setattr(Image.Image, "save", counted)
    original = pictures.take_in(out.getvalue())
    with (media_folder() / "x").open("wb") as file:
        pictures.encode(stored(original), file, 1440, "jpg")
    assert len(beats) == 2
    assert beats[0] > 5
    assert beats[1] > 2


def test_at_most_two_pictures_are_in_memory_at_once(monkeypatch: pytest.MonkeyPatch):
    lock, too_many, inside, most = threading.Lock(), threading.Event(), 0, 0
    decode = pictures._decode

    def counted(data: bytes) -> Image.Image:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if most > 2:
                too_many.set()
        # Long enough for a third to come, if one could.
        too_many.wait(0.05)
        try:
            return decode(data)
        finally:
            with lock:
                inside -= 1

    monkeypatch.setattr(pictures, "_decode", counted)
    photos = [photo(600, 400, colour=f"#40608{number}", format="PNG") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(pictures.take_in, photos))) == 8
    assert most <= 2
