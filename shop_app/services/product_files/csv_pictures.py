"""The pictures that a product's rows name: their order, their places, and those that are one too many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...core.i18n import _
from ..catalog.product_draft import MAX_PICTURES, PictureDraft, ProductDraft
from .csv_cells import Problem, Row, short_text


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that the file names: where it is, at which place, with which alt text, on which line."""

    url: str
    place: int
    alt: str
    line: int


def pictures_of(rows: list[Row]) -> list[Shown]:
    """The pictures that these rows name, in their order, each address once; as many as a product can have."""
    return _all_pictures(rows)[:MAX_PICTURES]


def _all_pictures(rows: list[Row]) -> list[Shown]:
    pictures: dict[str, Shown] = {}
    for row in rows:
        url = row["Image Src"]
        if url and url not in pictures:
            text = row["Image Position"]
            place = int(text) if _is_place(text) else 0
            pictures[url] = Shown(url, place, row["Image Alt Text"], row.line)
    for row in rows:
        url = row["Variant Image"]
        if url and url not in pictures:
            pictures[url] = Shown(url, 0, "", row.line)
    taken = {shown.place for shown in pictures.values()}
    placed = []
    for shown in pictures.values():
        place = shown.place
        if not place or any(other.place == place for other in placed):
            place = next(number for number in range(1, 20_000) if number not in taken)
            taken.add(place)
        placed.append(replace(shown, place=place))
    return sorted(placed, key=lambda shown: shown.place)


def warn_of_pictures(rows: list[Row], warnings: list[Problem]) -> None:
    """Say which places are none, and which pictures are too many."""
    for row in rows:
        text = row["Image Position"]
        if row["Image Src"] and text and not _is_place(text):
            said = _("Image Position is {value}, which is no place; the picture comes after the others.")
            warnings.append(Problem(row.line, said.format(value=short_text(text)), warning=True))
    shown = _all_pictures(rows)
    if len(shown) > MAX_PICTURES:
        said = _("a product has at most {most} pictures. Left out from here on: {count}.")
        line = shown[MAX_PICTURES].line
        warnings.append(
            Problem(line, said.format(most=MAX_PICTURES, count=len(shown) - MAX_PICTURES), warning=True)
        )


def _is_place(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 10_000


def picture_drafts(
    shown: list[Shown], base: ProductDraft, keys: Mapping[str, str]
) -> tuple[PictureDraft, ...]:
    """The product's pictures: those of the file first, and then the others that it has."""
    alts = {picture.key: picture.alt for picture in base.pictures}
    pictures: dict[str, PictureDraft] = {}
    for picture in shown:
        key = keys.get(picture.url)
        if key and key not in pictures:
            pictures[key] = PictureDraft(key, picture.alt or alts.get(key, ""))
    for picture in base.pictures:
        pictures.setdefault(picture.key, picture)
    return tuple(pictures.values())
